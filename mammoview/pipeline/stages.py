"""The stages that need no network: decode, show, suppress, propose, and measure a mask. Value in, value out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import Candidate, Suppression
from mammoview.core.geometry import Box
from mammoview.core.study import Mammogram
from mammoview.pipeline.eligibility import has_breast_outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Candidates that the networks look at, best first.
CANDIDATE_LIMIT = 5


@dataclass
class Stopwatch:
    """Seconds spent in each stage of one image."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, share: float = 1.0) -> Iterator[None]:
        """Add the time of the block to ``name``; a block shared by several images adds its ``share``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - start) * share)

    def add(self, name: str, seconds: float) -> None:
        """Add time measured elsewhere."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def as_pairs(self) -> tuple[tuple[str, float], ...]:
        """(stage, seconds) in the order in which the stages began, rounded to 0.1 ms."""
        return tuple((name, round(seconds, 4)) for name, seconds in self.seconds.items())


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """One image on its way to the networks.

    Attributes
    ----------
    shown
        P-values, shape (rows, columns), uint16: what a reader sees with the default window.
    cleaned
        The copy that the models see: what is not breast is black.
    suppression
        None where suppression makes no sense (For Processing, tomosynthesis, specimens).
    has_breast
        Whether any breast was found; the networks would score a black image, too.
    """

    image: Mammogram
    shown: NDArray[np.uint16]
    cleaned: NDArray[np.uint16]
    suppression: Suppression | None
    candidates: tuple[Candidate, ...]
    watch: Stopwatch
    has_breast: bool = True


def prepare(image: Mammogram, *, is_scored: bool) -> PreparedImage:
    """Decode an image, suppress what is not breast, and propose places worth a look.

    Parameters
    ----------
    is_scored
        Whether the networks will look at it; candidates are proposed for such images alone.

    Raises
    ------
    InputError
        When the file cannot be decoded.
    """
    from mammoview.dicom.pixels import decode
    from mammoview.imaging.rois import propose
    from mammoview.imaging.suppress import clean, suppress
    from mammoview.imaging.windowing import to_presentation

    watch = Stopwatch()
    with watch.stage("decode"):
        stored = decode(image)
        shown = to_presentation(stored, image.grayscale)
    if not has_breast_outline(image):
        return PreparedImage(image, shown, shown, None, (), watch)
    with watch.stage("suppress"):
        suppression = suppress(
            shown, view=image.view, laterality=image.laterality, padding=stored.padding, spacing_mm=image.spacing_mm
        )
        cleaned = clean(shown, suppression)
    candidates: tuple[Candidate, ...] = ()
    has_breast = bool(suppression.breast.to_array().any())
    if is_scored and has_breast:
        with watch.stage("propose"):
            candidates = propose(cleaned, suppression, spacing_mm=image.spacing_mm, limit=CANDIDATE_LIMIT)
    return PreparedImage(image, shown, cleaned, suppression, candidates, watch, has_breast)


def area_mm2(mask: NDArray[np.bool_], spacing_mm: tuple[float, float] | None) -> float | None:
    """Area of a mask in mm², or None where the spacing is unknown."""
    if spacing_mm is None:
        return None
    return float(np.count_nonzero(mask)) * spacing_mm[0] * spacing_mm[1]


def paste(crop: NDArray[np.bool_], box: Box, rows: int, columns: int) -> NDArray[np.bool_]:
    """Lay the mask of a crop into an empty mask of the whole image.

    Parameters
    ----------
    crop
        Bool, one value for each native pixel that ``box`` touches, also outside the image.
    box
        Where the crop lies, native pixels; it may reach over the border.
    rows, columns
        Size of the image.

    Returns
    -------
    ndarray, shape (rows, columns), bool
    """
    whole = np.zeros((rows, columns), dtype=bool)
    row0, col0 = (part.start for part in box.slices())
    inside_rows, inside_cols = box.clipped(rows, columns).slices()
    whole[inside_rows, inside_cols] = crop[
        inside_rows.start - row0 : inside_rows.stop - row0, inside_cols.start - col0 : inside_cols.stop - col0
    ]
    return whole
