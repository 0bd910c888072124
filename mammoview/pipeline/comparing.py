"""Two models of one task on the same images, one after the other. Nothing of it becomes a result of the study.

Light to import: the window needs the values, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mammoview.core.findings import ExamResult, ImageResult
from mammoview.core.progress import Cancel, Progress
from mammoview.core.study import Mammogram
from mammoview.pipeline.request import AnalysisRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mammoview.models.runtime import Runner
    from mammoview.pipeline.shelf import Shelf


class Side(StrEnum):
    """Which of the two models."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True)
class ComparisonRequest:
    """What two models are asked.

    Attributes
    ----------
    old, new
        The same question but for the models of ``task``.
    task
        A value of `mammoview.models.manifest.Task`.
    """

    old: AnalysisRequest
    new: AnalysisRequest
    task: str

    @property
    def fingerprint(self) -> str:
        """Equal for two requests that ask for the same thing."""
        return f"{self.task} {self.old.fingerprint} {self.new.fingerprint}"


@dataclass(frozen=True)
class SideImage:
    """What one side says of one image.

    Attributes
    ----------
    is_calibrated
        Whether the scores of each of the side's models were calibrated; None for what gives no score of its own.
    refusal
        Why no model of the side takes the image; empty where one does.
    outlined_px
        Pixels that a segmenter outlined; None of other models.
    dice
        Agreement of both sides' outlines, 0 to 1, told with the new one; None where neither outlines anything.
    """

    side: Side
    result: ImageResult
    is_calibrated: bool | None
    refusal: str = ""
    outlined_px: int | None = None
    dice: float | None = None


@dataclass(frozen=True)
class SideExam:
    """What one side says of all images.

    Attributes
    ----------
    models
        ``id@version`` of those that were to be compared.
    others
        Of those that do what these leave out: a segmenter may be made for one kind of finding alone.
    is_calibrated
        As in `SideImage`.
    """

    side: Side
    models: tuple[str, ...]
    is_calibrated: bool | None
    exam: ExamResult
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparedExams:
    """What both sides say."""

    old: SideExam
    new: SideExam


def compare(
    shelf: Shelf,
    request: ComparisonRequest,
    progress: Progress,
    cancel: Cancel,
    partial: Callable[[object], None],
) -> ComparedExams:
    """Ask both sides, the old one first.

    Parameters
    ----------
    shelf
        Opens the models; both sides' are opened before anything is computed.
    request
        What both are asked.
    progress, cancel
        Told and asked between stages.
    partial
        Told a `SideImage` for each image and side.

    Raises
    ------
    UsageError, DeviceError, ModelPackageError
        When the device or a package cannot be used.
    CancelledError
        When ``cancel`` says so.
    """
    from mammoview.imaging.truth import agreement, outlined
    from mammoview.models.manifest import Task

    task = Task(request.task)
    # A segmenter outlines what the patch classifiers find.
    wanted = (Task.PATCH, task) if task is Task.SEGMENTATION else (task,)
    progress(0.0, "Loading the models")
    for one in (request.old, request.new):
        shelf.open(one, wanted)
    outlines: dict[str, NDArray[np.bool_]] = {}

    def ask(side: Side, one: AnalysisRequest, share: float) -> SideExam:
        from mammoview.pipeline.runner import run

        networks = shelf.open(one, wanted)
        runners = {Task.WHOLE_IMAGE: networks.scorers, Task.PATCH: networks.patches}.get(task, networks.segmenters)
        images, is_calibrated = {image.id: image for image in one.images}, _is_calibrated(runners)

        def on_image(result: ImageResult) -> None:
            image = images[result.image_id]
            said = SideImage(side, result, is_calibrated, _refusal(runners, image, result))
            if task is Task.SEGMENTATION:
                own = outlined(result, (image.rows, image.columns))
                other = outlines.setdefault(image.id, own)
                dice = None if side is Side.OLD else agreement(other, own).dice
                said = replace(said, outlined_px=int(own.sum()), dice=dice)
            partial(said)

        def on_progress(fraction: float, text: str) -> None:
            progress(share + fraction / 2, f"{side.title()} model: {text}")

        exam = run(one, on_progress, cancel, networks=networks, on_image=on_image)
        keys = [runner.package.info.key for runner in runners]
        own, others = (tuple(key for key in keys if (key in one.models) is is_own) for is_own in (True, False))
        return SideExam(side, own, is_calibrated, exam, others)

    return ComparedExams(ask(Side.OLD, request.old, 0.0), ask(Side.NEW, request.new, 0.5))


def _refusal(runners: Sequence[Runner], image: Mammogram, result: ImageResult) -> str:
    from mammoview.pipeline.eligibility import why_not_scored

    reasons = [why_not_scored(image, runner.package.manifest.input) for runner in runners]
    said = (text for text in result.warnings if text.startswith("Not scored"))
    return reasons[0] if reasons and all(reasons) else next(said, "")


def _is_calibrated(runners: Sequence[Runner]) -> bool | None:
    if all(runner.package.manifest.score is None for runner in runners):
        return None
    return all(bool(runner.package.calibration.fitted_on) for runner in runners)
