"""One analysis from request to result: a pure function of its request, telling what it does as it goes.

The next image is decoded, cleaned and searched for candidates in a thread of its own while the networks look at the
one before: NumPy, OpenCV and the networks all release the interpreter lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mammoview import __version__
from mammoview.core.errors import InputError, Problem
from mammoview.core.findings import ExamResult, Finding, ImageResult, ModelUse, Provenance, ScoreMeaning, ValueMap
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.core.study import Mammogram
from mammoview.models.ensemble import Average
from mammoview.pipeline.doubts import doubts
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.fusing import fuse
from mammoview.pipeline.request import AnalysisRequest, EngineNote
from mammoview.pipeline.stages import PreparedImage, prepare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mammoview.pipeline.priors import Comparison
    from mammoview.pipeline.segmentation import Segmented

OnImage = Callable[[ImageResult], None]
OnNote = Callable[[EngineNote], None]
#: Told each image with its P-values and its result, so that whoever draws it need not decode it again.
OnPixels = Callable[[Mammogram, "NDArray[np.uint16]", ImageResult], None]


class Networks(Protocol):
    """The opened models of one analysis. Methods take several images at once where that is cheap."""

    @property
    def device(self) -> str:
        """Where the networks are computed now."""

    @property
    def backend(self) -> str:
        """What computes them now."""

    @property
    def uses(self) -> tuple[ModelUse, ...]:
        """The packages in use."""

    @property
    def meaning(self) -> ScoreMeaning | None:
        """What the scores of images say."""

    @property
    def finding_meaning(self) -> ScoreMeaning | None:
        """What the scores of findings say."""

    @property
    def batch(self) -> int:
        """Images to take at once."""

    def why_not_scored(self, image: Mammogram) -> str:
        """Why no whole-image network scores ``image``; empty when one does."""

    def left_out(self, image: Mammogram) -> tuple[str, ...]:
        """Which networks take no part for ``image`` though others of their kind do, one sentence each."""

    def score(self, images: Sequence[PreparedImage]) -> list[Average | None]:
        """Score whole images."""

    def explain(self, image: PreparedImage) -> ValueMap | None:
        """Where the score of an image that was just scored comes from."""

    def classify(self, images: Sequence[PreparedImage]) -> list[tuple[Finding, ...]]:
        """Look at the candidates of each image."""

    def patch_map(self, image: PreparedImage) -> tuple[ValueMap, ...]:
        """The patch classifier's five classes over the image."""

    def segment(self, image: PreparedImage, findings: tuple[Finding, ...]) -> Segmented:
        """Outline lesions, and sort the outlines into a benign and a malignant layer."""

    def comparison(self, request: AnalysisRequest) -> Comparison | None:
        """What compares the study with earlier ones; None where that was not asked for."""

    def notes(self) -> tuple[str, ...]:
        """What went otherwise than asked since the last call, out of memory for example."""


def run(
    request: AnalysisRequest,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
    *,
    networks: Networks,
    on_image: OnImage | None = None,
    on_note: OnNote | None = None,
    on_pixels: OnPixels | None = None,
) -> ExamResult:
    """Analyse one study.

    Parameters
    ----------
    request
        What to do.
    progress, cancel
        Told and asked between stages, on the calling thread.
    networks
        The opened models, see `mammoview.pipeline.shelf.Shelf`.
    on_image
        Told each image's result as soon as it is there.
    on_note
        Told when the engine does otherwise than asked.
    on_pixels
        Told each image's pixels with its result.

    Raises
    ------
    CancelledError
        When ``cancel`` says so.
    """
    started, start = time.strftime("%Y-%m-%dT%H:%M:%S%z"), time.perf_counter()
    steps = _Steps(request, networks, progress, cancel, on_note)
    done: list[ImageResult] = []
    comparison = networks.comparison(request)
    for group in steps.groups():
        for prepared, result in steps.analyse(group):
            if comparison is not None:
                comparison.see(prepared)
            if on_pixels is not None:
                on_pixels(prepared.image, prepared.shown, result)
            if on_image is not None:
                on_image(result)
            done.append(result)
    fused = fuse(request.images, done)
    priors = None
    if comparison is not None:
        priors = comparison.finish(lambda text: progress(1.0, text), cancel)
        steps.warnings += comparison.warnings
    progress(1.0, "Done")
    return ExamResult(
        study_uid=request.study_uid,
        fingerprint=request.fingerprint,
        provenance=Provenance(
            software=f"mammoview {__version__}",
            device=networks.device,
            backend=networks.backend,
            models=networks.uses,
            started=started,
            seconds=round(time.perf_counter() - start, 3),
        ),
        images=tuple(done),
        breasts=fused.breasts,
        p_malignant=fused.p_malignant,
        rule=fused.rule,
        meaning=networks.meaning,
        finding_meaning=networks.finding_meaning,
        members=fused.members,
        links=fused.links,
        priors=priors,
        warnings=tuple(dict.fromkeys([*steps.warnings, *_image_warnings(request.images, done)])),
        problems=tuple(steps.problems),
    )


def _image_warnings(images: Sequence[Mammogram], results: Sequence[ImageResult]) -> Iterator[str]:
    names = {image.id: image.relative_path or image.path for image in images}
    return (f"{names[result.image_id]}: {text}" for result in results for text in result.warnings)


class _Steps:
    """The stages of one request, with what they tell on the way."""

    def __init__(
        self,
        request: AnalysisRequest,
        networks: Networks,
        progress: Progress,
        cancel: Cancel,
        on_note: OnNote | None,
    ) -> None:
        self.request = request
        self.networks = networks
        self.warnings: list[str] = []
        self.problems: list[Problem] = []
        self._progress = progress
        self._cancel = cancel
        self._on_note = on_note
        self._images_done = 0

    def groups(self) -> Iterator[list[PreparedImage]]:
        """The images that could be prepared, as many at a time as the networks take; one group is made ahead."""
        group: list[PreparedImage] = []
        for prepared in self._prepared():
            group.append(prepared)
            if len(group) == self.networks.batch:
                yield group
                group = []
        if group:
            yield group

    def _prepared(self) -> Iterator[PreparedImage]:
        with ThreadPoolExecutor(1, thread_name_prefix="prepare") as pool:
            jobs = [pool.submit(self._prepare, image) for image in self.request.images[:1]]
            for index, image in enumerate(self.request.images):
                self._tell(0.0, f"Reading {image.label}")
                outcome = jobs.pop().result()
                if index + 1 < len(self.request.images):
                    jobs.append(pool.submit(self._prepare, self.request.images[index + 1]))
                if isinstance(outcome, Problem):
                    self.problems.append(outcome)
                    self._images_done += 1
                else:
                    yield outcome

    def _prepare(self, image: Mammogram) -> PreparedImage | Problem:
        try:
            return prepare(image, is_scored=not why_not_scored(image))
        except InputError as error:
            return Problem.from_error(error, image.path)

    def analyse(self, group: list[PreparedImage]) -> Iterator[tuple[PreparedImage, ImageResult]]:
        """Take a group of images through the networks."""
        share = 1.0 / len(group)
        names = ", ".join(prepared.image.label for prepared in group)
        self._tell(0.1, f"Scoring {names}")
        with group[0].watch.stage("classify"):
            scores = self.networks.score(group)
        self._tell(0.5, f"Looking at the candidates of {names}")
        with group[0].watch.stage("patches"):
            findings = self.networks.classify(group)
        for prepared in group[1:]:
            for stage in ("classify", "patches"):
                prepared.watch.add(stage, group[0].watch.seconds[stage] * share)
        for stage in ("classify", "patches"):
            group[0].watch.seconds[stage] *= share
        for prepared, score, found in zip(group, scores, findings, strict=True):
            result = self._finish(prepared, score, found)
            self._images_done += 1
            yield prepared, result

    def _finish(self, prepared: PreparedImage, score: Average | None, found: tuple[Finding, ...]) -> ImageResult:
        image, watch = prepared.image, prepared.watch
        self._tell(0.7, f"Outlining findings in {image.label}")
        with watch.stage("segment"):
            segmented = self.networks.segment(prepared, found)
        self._tell(0.85, f"Explaining {image.label}")
        with watch.stage("saliency"):
            saliency = self.networks.explain(prepared) if score is not None else None
        with watch.stage("patch_map"):
            patch_map = self.networks.patch_map(prepared)
        self._take_notes()
        breast = prepared.suppression.breast if prepared.suppression else None
        reason = self.networks.why_not_scored(image)
        if not reason and not prepared.has_breast:
            reason = "Not scored: no breast was found in the image."
        said = (reason,) if reason else self.networks.left_out(image)
        result = ImageResult(
            image_id=image.id,
            suppression=prepared.suppression,
            candidates=prepared.candidates,
            findings=segmented.findings,
            layers=segmented.layers,
            patch_map=patch_map,
            saliency=saliency,
            warnings=(*image.warnings, *said, *doubts(saliency, breast)),
            timings_s=watch.as_pairs(),
        )
        if score is None:
            return result
        return replace(
            result,
            p_malignant=score.p_malignant,
            members=score.members,
            uncertainty=score.uncertainty,
            spread_over=score.spread_over,
        )

    def _tell(self, fraction: float, text: str) -> None:
        stop_if_cancelled(self._cancel)
        self._progress((self._images_done + fraction) / max(1, len(self.request.images)), text)

    def _take_notes(self) -> None:
        for text in self.networks.notes():
            self.warnings.append(text)
            if self._on_note is not None:
                models = tuple(use.id for use in self.networks.uses)
                self._on_note(EngineNote(self.networks.device, models, text))
