"""The analyses: one engine, newest study first, and only what is still current is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.findings import ExamResult, ImageResult
from mammoview.core.jobs import JobDone, JobFailed, JobPartial, JobProgress
from mammoview.core.study import Study
from mammoview.pipeline.request import AnalysisRequest, Backend, EngineNote, Outlining, SaliencyMethod
from mammoview.session.events import (
    AnalysisFailed,
    AnalysisProgress,
    AnalysisStarted,
    EngineState,
    Event,
    ExamAnalysed,
    ImageAnalysed,
    Level,
)
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.messages import Messages
from mammoview.session.settings import Settings

#: The setting that names the models of a task.
MODEL_SETTINGS: Final = {
    "whole_image": "model_whole_image",
    "patch": "model_patch",
    "segmentation": "model_segmentation",
}


@dataclass
class _Analysis:
    """What is known of one study. ``fingerprint`` says what it was asked; anything else that comes is dropped."""

    fingerprint: str
    is_running: bool = True
    images: dict[str, ImageResult] = field(default_factory=dict)
    result: ExamResult | None = None


def models_of(settings: Settings, instead: Mapping[str, tuple[str, ...]] = MappingProxyType({})) -> tuple[str, ...]:
    """The models that the settings name, but for tasks that have others ``instead``."""
    named = {task: tuple(getattr(settings, key).split(",")) for task, key in MODEL_SETTINGS.items()}
    return tuple(name for several in {**named, **instead}.values() for name in several if name)


def request_for(study: Study, settings: Settings, priors: tuple[Study, ...] = ()) -> AnalysisRequest:
    """What the engine is asked for a study, with its patient's earlier ones, under these settings."""
    return AnalysisRequest(
        images=study.images,
        study_uid=study.uid,
        models=models_of(settings),
        device=settings.device,
        backend=Backend(settings.backend),
        threads=settings.threads or None,
        saliency=SaliencyMethod(settings.saliency),
        flips=settings.flips,
        dropout_passes=settings.dropout_passes,
        outlining=Outlining(settings.outlining),
        priors=priors,
    )


class Analyses:
    """Asks the engine, keeps what it finds.

    Parameters
    ----------
    on_event
        Told what happens, never while the lock is held.

    Attributes
    ----------
    on_result
        Told every finished result, whatever others may hear of it, on the engine crew's thread: it must not wait.
    """

    def __init__(self, crew: Crew, on_event: Callable[[Event], None], messages: Messages) -> None:
        self._crew = crew
        self._on_event = on_event
        self._messages = messages
        self.on_result: Callable[[Study, ExamResult], None] = _no_keeper
        self._lock = threading.Lock()
        self._known: dict[str, _Analysis] = {}
        self._round = 0

    @property
    def is_busy(self) -> bool:
        """Whether an analysis waits or runs."""
        with self._lock:
            return any(analysis.is_running for analysis in self._known.values())

    def is_new(self, study_uid: str) -> bool:
        """Whether the study was never analysed and is not being analysed."""
        with self._lock:
            return study_uid not in self._known

    def result_of(self, study_uid: str) -> ExamResult | None:
        """The finished result of a study."""
        with self._lock:
            known = self._known.get(study_uid)
            return known.result if known else None

    def image_results_of(self, study_uid: str) -> tuple[ImageResult, ...]:
        """What was found so far."""
        with self._lock:
            known = self._known.get(study_uid)
            return tuple(known.images.values()) if known else ()

    def told_of(self, study_uid: str) -> tuple[Event, ...]:
        """What would have been told by now of what was found in a study."""
        with self._lock:
            known = self._known.get(study_uid)
            if known is None:
                return ()
            if known.result is not None:
                return (ExamAnalysed(known.result),)
            return tuple(ImageAnalysed(study_uid, image) for image in known.images.values())

    def put(self, result: ExamResult) -> None:
        """Take a finished result from elsewhere; an analysis of the same study is dropped."""
        uid, images = result.study_uid, {image.image_id: image for image in result.images}
        with self._lock:
            known = self._known.get(uid)
            if known is not None and known.result is not None and known.fingerprint == result.fingerprint:
                return
            self._known[uid] = _Analysis(result.fingerprint, is_running=False, images=images, result=result)
        self._crew.cancel([f"analyze {uid}"])
        self._on_event(ExamAnalysed(result))

    def start(
        self, study: Study, settings: Settings, priors: tuple[Study, ...] = (), *, and_prior: bool = False
    ) -> None:
        """Analyse a study, before those that wait; the same question is not asked twice at a time.

        Parameters
        ----------
        study, settings
            What, and how.
        priors
            The patient's earlier studies, newest first.
        and_prior
            Analyse the newest of them as well, behind everything else, unless that was done: what changed since then
            can be told only of two exams that were both analysed.
        """
        self._start(request_for(study, settings, priors), study)
        if and_prior and priors and self.is_new(priors[0].uid):
            self._start(request_for(priors[0], settings, priors[1:]), priors[0], is_behind=True)

    def _start(self, request: AnalysisRequest, study: Study, *, is_behind: bool = False) -> None:
        fingerprint = request.fingerprint
        with self._lock:
            known = self._known.get(study.uid)
            if known is not None and known.is_running and known.fingerprint == fingerprint:
                return
            self._known[study.uid] = analysis = _Analysis(fingerprint)
            self._round += 1
            priority = (int(is_behind), -self._round)
        self._on_event(AnalysisStarted(study.uid))
        self._crew.submit(
            Order(
                key=f"analyze {study.uid}",
                kind="analyze",
                subject=study.images[0].path if len(study.images) == 1 else "",
                make_payload=lambda: request,
                on_report=lambda report: self._reported(study, analysis, report),
                priority=priority,
                fingerprint=fingerprint,
            )
        )

    def cancel(self) -> None:
        """Stop all that wait or run; what else the engine does goes on."""
        with self._lock:
            keys = [f"analyze {study_uid}" for study_uid, known in self._known.items() if known.is_running]
        self._crew.cancel(keys)

    def forget(self, study_uid: str) -> None:
        """Drop what is known of a study whose images changed."""
        with self._lock:
            self._known.pop(study_uid, None)
        self._crew.cancel([f"analyze {study_uid}"])

    def _reported(self, study: Study, analysis: _Analysis, report: Report) -> None:
        event = self._apply(study.uid, analysis, report)
        if isinstance(event, ExamAnalysed):
            self.on_result(study, event.result)
        if event is not None:
            self._on_event(event)

    def _apply(self, study_uid: str, analysis: _Analysis, report: Report) -> Event | None:
        with self._lock:
            if self._known.get(study_uid) is not analysis:
                return None
            if isinstance(report, JobDone | JobFailed):
                analysis.is_running = False
            if isinstance(report, JobPartial) and isinstance(report.value, ImageResult):
                analysis.images[report.value.image_id] = report.value
                return ImageAnalysed(study_uid, report.value)
            if isinstance(report, JobDone):
                return self._finished(study_uid, analysis, report.value)
        return self._told(study_uid, report)

    def _finished(self, study_uid: str, analysis: _Analysis, value: object) -> Event:
        if isinstance(value, ExamResult) and value.fingerprint == analysis.fingerprint:
            analysis.result = value
            analysis.images = {image.image_id: image for image in value.images}
            return ExamAnalysed(value)
        text = "The engine answered another question than it was asked."
        return AnalysisFailed(study_uid, Problem("", "stale", text, "Analyse the study again."))

    def _told(self, study_uid: str, report: Report) -> Event | None:
        if isinstance(report, JobProgress):
            return AnalysisProgress(study_uid, report.fraction, report.text)
        if isinstance(report, JobPartial) and isinstance(report.value, EngineNote):
            return EngineState(report.value.device, report.value.models, report.value.text)
        if isinstance(report, JobRetried):
            self._messages.tell(report.problem, Level.WARNING)
        if isinstance(report, JobFailed):
            if not report.is_cancelled:
                self._messages.tell(report.problem)
            return AnalysisFailed(study_uid, report.problem, is_cancelled=report.is_cancelled)
        return None


def _no_keeper(_study: Study, _result: ExamResult) -> None:
    """Nobody keeps results."""
