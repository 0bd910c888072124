"""What a comparison of two models shows: a row for each view, breast and exam, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from mammoview.core.findings import ExamResult
from mammoview.core.score_words import family
from mammoview.core.study import Laterality, Mammogram
from mammoview.pipeline.comparing import ComparedExams, Side, SideExam, SideImage

PATCH, SEGMENTATION = "patch", "segmentation"
_BREASTS: Final = {Laterality.RIGHT: "Right breast", Laterality.LEFT: "Left breast"}


@dataclass(frozen=True)
class SoFar:
    """What is known of a comparison by now.

    Attributes
    ----------
    task
        Of the compared models.
    views
        What each side says of each image, by side and image id.
    exams
        None until the comparison ended.
    """

    task: str
    images: tuple[Mammogram, ...]
    views: Mapping[tuple[Side, str], SideImage] = field(default_factory=lambda: MappingProxyType({}))
    exams: ComparedExams | None = None

    def exam_of(self, side: Side) -> SideExam | None:
        """What one side says of all images, once both did."""
        if self.exams is None:
            return None
        return self.exams.old if side is Side.OLD else self.exams.new

    def value_of(self, side: Side, image: Mammogram) -> float | None:
        """The number that is compared: the score; of a patch classifier the highest; what a segmenter outlined.

        An area is in mm² where the image has a spacing, else in pixels; see `unit_of`.
        """
        view = self.views.get((side, image.id))
        if view is None or view.refusal:
            return None
        if self.task == SEGMENTATION:
            spacing = image.spacing_mm or (1.0, 1.0)
            return (view.outlined_px or 0) * spacing[0] * spacing[1]
        if self.task == PATCH:
            return max((finding.p_malignant for finding in view.result.findings), default=None)
        return view.result.p_malignant

    def unit_of(self, image: Mammogram) -> str:
        """Of `value_of`; empty for scores."""
        if self.task != SEGMENTATION:
            return ""
        return "px" if image.spacing_mm is None else "mm²"

    def count_of(self, side: Side, image: Mammogram) -> int | None:
        """How many findings a side has in an image, outlined ones where segmenters are compared."""
        view = self.views.get((side, image.id))
        if view is None or view.refusal:
            return None
        findings = view.result.findings
        return sum(one.mask is not None for one in findings) if self.task == SEGMENTATION else len(findings)

    def problem_of(self, image: Mammogram) -> str:
        """Why an image was not analysed at all; empty where it was."""
        problems = self.exams.old.exam.problems if self.exams is not None else ()
        return next((f"{one.message} {one.hint}".strip() for one in problems if one.path == image.path), "")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    image_id
        Empty for a breast and for the exam.
    old, new
        None where there is none.
    unit
        Empty for scores.
    counts
        Findings of both sides; None where they are not compared.
    dice
        See `SideImage`.
    is_told
        Whether both sides have looked.
    """

    what: str
    image_id: str
    old: float | None
    new: float | None
    unit: str = ""
    counts: tuple[int | None, int | None] | None = None
    dice: float | None = None
    is_told: bool = True

    @property
    def change(self) -> float | None:
        """New less old."""
        return None if self.old is None or self.new is None else self.new - self.old


def rows(so_far: SoFar) -> tuple[Row, ...]:
    """The table: the views in their order, then what the sides say of breasts and exam, where they do."""
    return (*(_view(so_far, image) for image in so_far.images), *_breasts(so_far))


def _view(so_far: SoFar, image: Mammogram) -> Row:
    new = so_far.views.get((Side.NEW, image.id))
    counts = so_far.count_of(Side.OLD, image), so_far.count_of(Side.NEW, image)
    return Row(
        image.label,
        image.id,
        so_far.value_of(Side.OLD, image),
        so_far.value_of(Side.NEW, image),
        so_far.unit_of(image),
        counts if so_far.task in (PATCH, SEGMENTATION) else None,
        new.dice if new is not None else None,
        new is not None or so_far.exams is not None,
    )


def _breasts(so_far: SoFar) -> Iterator[Row]:
    if so_far.exams is None or so_far.task in (PATCH, SEGMENTATION):
        return
    old, new = so_far.exams.old.exam, so_far.exams.new.exam
    for side, name in _BREASTS.items():
        scores = [_of_breast(exam, side) for exam in (old, new)]
        if scores != [None, None]:
            yield Row(name, "", scores[0], scores[1])
    yield Row("Exam", "", old.p_malignant, new.p_malignant)


def _of_breast(exam: ExamResult, side: Laterality) -> float | None:
    return next((breast.p_malignant for breast in exam.breasts if breast.laterality is side), None)


def remarks(so_far: SoFar) -> tuple[str, ...]:
    """Sentences that stand below the table: what was not scored and why, and how far the numbers can be compared."""
    said = [*_refusals(so_far), *_unread(so_far)]
    exams = so_far.exams
    if exams is not None:
        said += _comparable(exams)
        if so_far.task == PATCH:
            said.append("Each view shows its highest finding. A patch classifier has no score of breast or exam.")
        if so_far.task == SEGMENTATION:
            said.append("Areas are of all outlines of a view; Dice is the agreement of both models with each other.")
            said += [
                f"What the {side.side} model does not outline is outlined by {family(side.others)}."
                for side in (exams.old, exams.new)
                if side.others
            ]
            said.append("The scores at the outlines are those of the patch classifiers in use, on both sides.")
        said += _warnings(so_far, exams)
    return tuple(said)


def _refusals(so_far: SoFar) -> Iterator[str]:
    labels = {image.id: image.label for image in so_far.images}
    grouped: dict[tuple[str, Side], list[str]] = {}
    for (side, image_id), view in so_far.views.items():
        if view.refusal:
            grouped.setdefault((view.refusal, side), []).append(labels[image_id])
    for (reason, side), views in grouped.items():
        both = grouped.get((reason, Side.NEW)) == grouped.get((reason, Side.OLD))
        if not both or side is Side.OLD:
            who = "Both models" if both else f"{side.title()} model"
            yield f"{who}, {', '.join(views)}: {reason_of(reason)}"


def reason_of(refusal: str) -> str:
    """Why a view is not scored, without saying that it is not."""
    return refusal.removeprefix("Not scored. ").removeprefix("Not scored: ")


def why_nothing(so_far: SoFar) -> str:
    """Why not a single view can be compared, where both models refuse each; empty where one can."""
    reasons = [view.refusal for view in so_far.views.values()]
    return reason_of(reasons[0]) if reasons and all(reasons) else ""


def _unread(so_far: SoFar) -> Iterator[str]:
    return (f"{image.label}: {text}" for image in so_far.images if (text := so_far.problem_of(image)))


def _comparable(exams: ComparedExams) -> Iterator[str]:
    sides = {"old": exams.old, "new": exams.new}
    without = [name for name, side in sides.items() if side.is_calibrated is False]
    if len(without) == 1:
        yield f"The {without[0]} model is not calibrated: its scores and the other model's are not on one scale."
    elif without:
        yield "Neither model is calibrated: a score orders images, and is no probability."
    meanings = {
        name: side.exam.meaning.text.rstrip(".")
        for name, side in sides.items()
        if side.is_calibrated is not None and side.exam.meaning
    }
    if len(set(meanings.values())) > 1:
        yield f"The scores do not mean the same. Old: {meanings['old']}. New: {meanings['new']}."


def _warnings(so_far: SoFar, exams: ComparedExams) -> Iterator[str]:
    """What the sides warn of, without what the image itself says and why it is not scored, and without files' names."""
    images = {image.id: image for image in so_far.images}
    every: set[str] = set()
    grouped: dict[str, dict[str, None]] = {}
    for (_, image_id), view in so_far.views.items():
        every.update(view.result.warnings)
        for text in view.result.warnings:
            if text not in images[image_id].warnings and "not scored" not in text.lower():
                grouped.setdefault(text, {})[images[image_id].label] = None
    yield from (f"{', '.join(views)}: {text}" for text, views in grouped.items())
    told = (*exams.old.exam.warnings, *exams.new.exam.warnings)
    yield from (text for text in dict.fromkeys(told) if not any(text.endswith(f": {one}") for one in every))
