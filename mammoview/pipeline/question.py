"""What a reader asks the models at a place of an image, and what they answer. Light to import: the window needs it."""

from __future__ import annotations

from dataclasses import dataclass

from mammoview.core.findings import LesionKind, MemberScore, ModelUse, PatchClass, ScoreMeaning
from mammoview.core.geometry import Box
from mammoview.core.marks import Point
from mammoview.core.study import Mammogram
from mammoview.pipeline.request import AnalysisRequest


@dataclass(frozen=True)
class ReadyQuestion:
    """Whether the models and an image are at hand, so that the next question about it is answered at once.

    Attributes
    ----------
    image
        What is asked about.
    how
        As an analysis of its study would be asked for: the same models on the same device. Its images do not count.
    """

    image: Mammogram
    how: AnalysisRequest


@dataclass(frozen=True)
class PointQuestion(ReadyQuestion):
    """What the patch classifier says at a place: ``point`` is (row, column), native pixels."""

    point: Point


@dataclass(frozen=True)
class ContourQuestion(ReadyQuestion):
    """Where the border of a lesion runs.

    Attributes
    ----------
    at
        (row, column), native pixels: a place within the lesion; None where a box is given.
    box
        A box around it, native pixels; None where a place is given.
    kind
        What to outline: of a cluster of calcifications all parts in the box count.

    Raises
    ------
    ValueError
        When neither a place nor a box is given, or both are.
    """

    at: Point | None = None
    box: Box | None = None
    kind: LesionKind = LesionKind.MASS

    def __post_init__(self) -> None:
        if (self.at is None) == (self.box is None):
            raise ValueError("a contour is asked for at a place or in a box")


@dataclass(frozen=True)
class PointAnswer:
    """What the patch classifier says at a place.

    Attributes
    ----------
    point
        As it was asked.
    box
        The native pixels that stand for a lesion there; the classifier saw their surroundings, too.
    probabilities
        One for each `PatchClass`, in its order, calibrated; they sum to 1.
    p_malignant
        Both malignant classes together.
    members, uncertainty, spread_over
        As in `mammoview.core.findings.Finding`.
    meaning
        What the number says; None where the models say nothing about it.
    models
        Which answered.
    """

    image_id: str
    point: Point
    box: Box
    probabilities: tuple[float, ...]
    p_malignant: float
    members: tuple[MemberScore, ...]
    uncertainty: float | None
    spread_over: str
    meaning: ScoreMeaning | None
    models: tuple[ModelUse, ...]

    @property
    def classes(self) -> tuple[tuple[PatchClass, float], ...]:
        """The classes with their probabilities, the likeliest first."""
        return tuple(sorted(zip(PatchClass, self.probabilities, strict=True), key=lambda pair: -pair[1]))


@dataclass(frozen=True)
class ContourAnswer:
    """The border that the segmenters see.

    Attributes
    ----------
    contour
        (row, column) points, native pixels; it closes by itself.
    box
        Around it.
    size_mm, area_mm2
        Longest diameter and area; None where the spacing is unknown.
    is_experimental
        Whether it comes from a segmenter that was not validated on real images of this kind.
    models
        Which answered.
    """

    image_id: str
    contour: tuple[Point, ...]
    box: Box
    size_mm: float | None
    area_mm2: float | None
    is_experimental: bool
    models: tuple[ModelUse, ...]
