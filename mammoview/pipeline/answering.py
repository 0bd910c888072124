"""The engine's answers to a reader's questions at a place. Images stay prepared, so that the next answer is quick."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mammoview.core.errors import QuestionError
from mammoview.core.findings import Candidate, LesionKind, ModelUse
from mammoview.core.progress import Cancel, Progress, stop_if_cancelled
from mammoview.core.reading.judging import longest_mm
from mammoview.core.study import Mammogram
from mammoview.imaging.breast_frame import believed_spacing
from mammoview.models.manifest import Task
from mammoview.models.preprocess import ORDINARY_LESION_MM
from mammoview.models.runtime import Runner
from mammoview.pipeline import contouring
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.networks import OpenNetworks
from mammoview.pipeline.question import (
    ContourAnswer,
    ContourQuestion,
    PointAnswer,
    PointQuestion,
    ReadyQuestion,
)
from mammoview.pipeline.segmentation import duties, is_unproven
from mammoview.pipeline.shelf import Shelf
from mammoview.pipeline.stages import PreparedImage, prepare

#: Prepared images that are kept: the four of an exam, at 2 bytes a pixel.
_KEPT = 4
_Partial = Callable[[object], None]


@dataclass
class Answering:
    """Answers questions one after the other.

    Attributes
    ----------
    shelf
        Keeps the models.
    """

    shelf: Shelf
    _images: OrderedDict[str, PreparedImage] = field(default_factory=OrderedDict)

    def get_ready(self, question: ReadyQuestion, progress: Progress, cancel: Cancel, _partial: _Partial) -> bool:
        """Open the models and prepare the image; whether questions about it can be answered."""
        self._open(question, progress, Task.PATCH, Task.SEGMENTATION)
        stop_if_cancelled(cancel)
        return not why_not_scored(question.image) and self._prepared(question.image, progress).has_breast

    def ask_point(self, question: PointQuestion, progress: Progress, cancel: Cancel, _partial: _Partial) -> PointAnswer:
        """What the patch classifier says at a place.

        Raises
        ------
        QuestionError
            When no classifier knows the image, or the place does not lie in the breast.
        MammoViewError
            When a model or the file cannot be used.
        """
        image = question.image
        _refuse_unknown(image)
        networks = self._open(question, progress, Task.PATCH)
        stop_if_cancelled(cancel)
        knowing = _knowing(networks.patches, image, "classifies patches")
        prepared = self._prepared(image, progress)
        _refuse_outside(prepared, *question.point)
        stop_if_cancelled(cancel)
        progress(0.5, "Looking at the place")
        assert prepared.suppression is not None
        spacing = believed_spacing(prepared.suppression.breast.to_array(), image.spacing_mm)
        box = contouring.box_at(question.point, ORDINARY_LESION_MM, spacing)
        asked = replace(prepared, candidates=(Candidate(box, 1.0, LesionKind.MASS),))
        ((told,),) = networks.look([asked])
        assert told is not None, "a classifier knows the image"
        return PointAnswer(
            image_id=image.id,
            point=question.point,
            box=box,
            probabilities=tuple(float(share) for share in told.probabilities),
            p_malignant=told.p_malignant,
            members=told.members,
            uncertainty=told.uncertainty,
            spread_over=told.spread_over,
            meaning=networks.finding_meaning,
            models=_uses(knowing),
        )

    def contour(
        self, question: ContourQuestion, progress: Progress, cancel: Cancel, _partial: _Partial
    ) -> ContourAnswer:
        """Where the border of a lesion runs.

        Raises
        ------
        QuestionError
            When no segmenter knows the image, or none sees a lesion there.
        MammoViewError
            When a model or the file cannot be used.
        """
        image = question.image
        _refuse_unknown(image)
        networks = self._open(question, progress, Task.SEGMENTATION)
        stop_if_cancelled(cancel)
        fit = _knowing(networks.segmenters, image, "outlines lesions")
        runners = next((own for own, kinds in duties(fit) if question.kind in kinds), [])
        if not runners:
            raise QuestionError(
                f"No installed model outlines a {question.kind.value}.", "Draw the contour by hand, or choose a model."
            )
        prepared = self._prepared(image, progress)
        point = question.at or (question.box.centre if question.box is not None else (0.0, 0.0))
        _refuse_outside(prepared, *point)
        stop_if_cancelled(cancel)
        progress(0.5, "Outlining")
        if question.at is not None:
            border = contouring.at_click(runners, prepared, question.at, kind=question.kind)
        else:
            assert question.box is not None
            border = contouring.in_box(runners, prepared, question.box, kind=question.kind)
        if border is None:
            raise QuestionError(
                "The segmenter sees no border there.",
                "Click nearer to the middle of the lesion, put a box around it, or draw the contour by hand.",
            )
        spacing = image.spacing_mm
        return ContourAnswer(
            image_id=image.id,
            contour=border.contour,
            box=border.box,
            size_mm=longest_mm(border.contour, spacing),
            area_mm2=None if spacing is None else border.area_px * spacing[0] * spacing[1],
            is_experimental=any(map(is_unproven, runners)),
            models=_uses(runners),
        )

    def _open(self, question: ReadyQuestion, progress: Progress, *tasks: Task) -> OpenNetworks:
        progress(0.0, "Loading the models")
        return self.shelf.open(question.how, tasks)

    def _prepared(self, image: Mammogram, progress: Progress) -> PreparedImage:
        key = repr(image)
        if key not in self._images:
            progress(0.2, f"Reading {image.label}")
            prepared = prepare(image, is_scored=False)
            # What the reader sees is not needed here, and as large as the rest.
            self._images[key] = replace(prepared, shown=prepared.cleaned)
        self._images.move_to_end(key)
        while len(self._images) > _KEPT:
            self._images.popitem(last=False)
        return self._images[key]


def _uses(runners: list[Runner]) -> tuple[ModelUse, ...]:
    return tuple(runner.package.info.as_use() for runner in runners)


def _refuse_unknown(image: Mammogram) -> None:
    reason = why_not_scored(image)
    if reason:
        raise QuestionError(f"The models do not know this image. {reason}", "Ask about a standard view instead.")


def _knowing(runners: tuple[Runner, ...], image: Mammogram, what: str) -> list[Runner]:
    """The models that know images of that kind.

    Raises
    ------
    QuestionError
        When none does.
    """
    if not runners:
        raise QuestionError(f"No model that {what} is installed.", "Install one, then ask again.")
    reasons = {runner: why_not_scored(image, runner.package.manifest.input) for runner in runners}
    knowing = [runner for runner, reason in reasons.items() if not reason]
    if not knowing:
        told = next(iter(reasons.values()))
        raise QuestionError(f"The models do not know this image. {told}", "Ask about a standard view instead.")
    return knowing


def _refuse_outside(prepared: PreparedImage, row: float, col: float) -> None:
    """Refuse a place outside the breast: there the models see black."""
    breast = prepared.suppression.breast.to_array() if prepared.suppression is not None else None
    rows, columns = prepared.cleaned.shape
    is_inside = breast is not None and 0 <= row < rows and 0 <= col < columns and bool(breast[int(row), int(col)])
    if not is_inside:
        raise QuestionError("This place does not lie in the breast.", "Ask at a place within the breast.")
