"""What is open, and everything a view can ask for. Importing it is cheap: the work is done in child processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from mammoview.core.errors import OutputError, Problem
from mammoview.core.findings import ExamResult, ImageResult
from mammoview.core.image import DisplayImage
from mammoview.core.jobs import JobDone, JobFailed, JobPartial, JobProgress
from mammoview.core.study import Mammogram, ScanResult, Study
from mammoview.session import settings as settings_file
from mammoview.session.analysis import Analyses, request_for
from mammoview.session.answers import Answer, Answers
from mammoview.session.blocks import SaveRequest, ScanRequest, TruthMask
from mammoview.session.decoders import DECODER, start_decoders
from mammoview.session.events import (
    Event,
    HangingChanged,
    Level,
    ResultsSaved,
    ScanProgress,
    SettingsChanged,
    StudiesFound,
    StudySelected,
)
from mammoview.session.hanging import Hanging, current, priors
from mammoview.session.hangings import Hangings
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.marks import Marks
from mammoview.session.measurements import Measurements
from mammoview.session.messages import Messages
from mammoview.session.opening import level_of, merged
from mammoview.session.pixels import Pixels
from mammoview.session.questions import MayTell, Questions
from mammoview.session.settings import Settings
from mammoview.session.states import news_of_states
from mammoview.session.truths import Truths
from mammoview.session.volumes import Volumes, problems_of_volumes

ENGINE = "mammoview.pipeline.worker:main"
WRITER = "mammoview.session.saveproc:main"

#: How long `Session.close` waits for a result folder that is being written.
_PATIENCE_S = 20.0


class Session:
    """The studies that are open, their pixels and results, and the processes that work on them.

    Parameters
    ----------
    settings
        The values in force.
    on_event
        Told everything that happens, from the session's threads. None: events wait, in order, for `connect`.
    decoders
        A crew that was started already, see `mammoview.session.start.begin`; the session closes it.
    engine, decoder
        Other targets for the children, for tests.
    may_tell
        Whether what the AI says of a study may be told when somebody asks, see `Questions`.

    Notes
    -----
    Nothing here waits for a child, but `close`. Everything can be called from any thread.
    """

    def __init__(
        self,
        settings: Settings,
        on_event: Callable[[Event], None] | None = None,
        *,
        decoders: Crew | None = None,
        engine: str = ENGINE,
        decoder: str = DECODER,
        may_tell: MayTell = lambda _: True,
    ) -> None:
        self._lock = threading.RLock()
        self._settings = settings
        self._on_event = on_event
        self._waiting: list[Event] = []
        self._scan = ScanResult(())
        self._roots = 0
        self._opened = 0
        self._selected = ""
        self._unanalysed = ""
        self.messages = Messages()
        self.messages.connect(self._emit)
        self._decoders = decoders or start_decoders(settings, decoder)
        self._engine = Crew(engine, size=1, name="engine")
        self._writer = Crew(WRITER, size=1, name="writer")
        self._pixels = Pixels(self._decoders, self._pixel_event, self.messages, settings.cache_mib)
        self.volumes = Volumes(self._decoders, self._pixels, self._emit, self.messages, workers=settings.decode_workers)
        self.hangings = Hangings(
            self.messages,
            studies=lambda: self.studies,
            settings=lambda: self.settings,
            chest_walls=lambda: self._pixels.chest_walls,
            on_change=self._hang_anew,
        )
        self._answers = Answers(self.messages)
        self._shown: Hanging | None = None
        self._analyses = Analyses(self._engine, self._emit, self.messages)
        self._asked = Crew(engine, size=1, name="questions")
        self.questions = Questions(
            self._asked,
            image=self.image,
            study=self.study,
            how=lambda study: request_for(study, self.settings),
            may_tell=may_tell,
            on_event=self._emit,
            messages=self.messages,
            measurements=Measurements(
                self._decoders,
                image=self.image,
                study=self.study,
                orientation=self.hangings.orientation,
                on_event=self._emit,
                messages=self.messages,
            ),
        )
        self._truths = Truths(self._decoders, self._emit, self.messages)
        self.marks = Marks(self._emit, self.messages)

    def connect(self, on_event: Callable[[Event], None]) -> None:
        """Send every event to ``on_event`` from now on, beginning with those that waited."""
        with self._lock:
            self._on_event = on_event
            waiting, self._waiting = self._waiting, []
            for event in waiting:
                on_event(event)

    @property
    def scan(self) -> ScanResult:
        """Everything open, with what could not be used."""
        return self._scan

    @property
    def studies(self) -> tuple[Study, ...]:
        """The open studies, newest first."""
        return self._scan.studies

    @property
    def settings(self) -> Settings:
        """The values in force."""
        return self._settings

    @property
    def selected(self) -> Study | None:
        """The current study."""
        return self.study(self._selected)

    def study(self, study_uid: str) -> Study | None:
        """The open study of that UID."""
        return next((study for study in self.studies if study.uid == study_uid), None)

    def image(self, image_id: str) -> Mammogram | None:
        """The open image of that id."""
        return next((image for study in self.studies for image in study.images if image.id == image_id), None)

    def hanging_of(self, study_uid: str) -> Hanging | None:
        """Where the images of a study go, as far as their chest walls are known by now."""
        study = self.study(study_uid)
        return None if study is None else self.hangings.of(study)

    def pixels_of(self, image_id: str) -> DisplayImage | None:
        """The image's pyramid, if it is in memory."""
        return self._pixels.get(image_id)

    def result_of(self, study_uid: str) -> ExamResult | None:
        """The finished result of a study."""
        return self._analyses.result_of(study_uid)

    def image_results_of(self, study_uid: str) -> tuple[ImageResult, ...]:
        """What the running or the finished analysis found so far."""
        return self._analyses.image_results_of(study_uid)

    @property
    def is_analysing(self) -> bool:
        """Whether an analysis waits or runs."""
        return self._analyses.is_busy

    def open(self, paths: Sequence[str | Path]) -> None:
        """Look for studies under ``paths`` and add them to what is open; the first one found is selected."""
        self.messages.start_over()
        with self._lock:
            first_root, self._roots = self._roots, self._roots + len(paths)
            self._opened += 1
            key = f"scan {self._opened}"
        request = ScanRequest(tuple(str(Path(path).absolute()) for path in paths))

        def on_report(report: Report) -> None:
            if isinstance(report, JobProgress):
                self._emit(ScanProgress(report.fraction, report.text))
            elif isinstance(report, JobRetried):
                self.messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobFailed) and not report.is_cancelled:
                self.messages.tell(report.problem)
                self._emit(ScanProgress(1.0, report.problem.message))
            elif isinstance(report, JobDone):
                self._found(report.value, first_root)

        subject = ", ".join(str(path) for path in paths)
        self._decoders.submit(Order(key, "scan", subject, lambda: request, on_report, priority=(-1,)))

    def _found(self, scan: object, first_root: int) -> None:
        assert isinstance(scan, ScanResult)
        with self._lock:
            before = {study.uid: study.images for study in self._scan.studies}
            self._scan = self._answers.applied(merged(self._scan, scan, first_root))
            for study in self._scan.studies:
                if before.get(study.uid, study.images) != study.images:
                    self._analyses.forget(study.uid)
            self._pixels.forget(image.id for study in scan.studies for image in study.images)
            self.questions.forget(image.id for study in scan.studies for image in study.images)
            self.volumes.forget(image.id for study in scan.studies for image in study.images)
            self._emit(StudiesFound(self._scan))
            for problem in (*scan.problems, *problems_of_volumes(scan), *news_of_states(scan)):
                self.messages.tell(problem, level_of(problem, scan))
            if scan.studies:
                first = scan.studies[0]
                # A prior that is opened later stays a prior (MG-B11).
                newest = current(self.studies, first.patient_id) if first.patient_id else None
                self.select_study(newest.uid if newest and newest.date > first.date else first.uid)

    def select_study(self, study_uid: str) -> None:
        """Make a study the current one: its pixels are fetched, visible slots first, then it is analysed if wished."""
        with self._lock:
            if self.study(study_uid) is None:
                return
            if study_uid != self._selected:
                # Other panes hang: what was done to the ones before cannot be taken back on them.
                self.marks.history_of(self._selected).forget_display()
            self.hangings.begin(study_uid)
            self._selected = study_uid
            self._wish_analysis()
            self._emit(StudySelected(study_uid))
            self._fetch()
        self._analyse_when_shown()

    def say(self, image_id: str, answer: Answer) -> None:
        """Take the reader's word for what the file of an image does not say, now and whenever it is opened (MG-A07)."""
        with self._lock:
            self._answers.say(image_id, answer)
            before, self._scan = self._scan, self._answers.applied(self._scan)
            for old, new in zip(before.studies, self._scan.studies, strict=True):
                if old != new:
                    self._analyses.forget(new.uid)
            self._wish_analysis()
            self._hang_anew()
        self._analyse_when_shown()

    def _wish_analysis(self) -> None:
        wants_analysis = self._settings.analyse_on_open and self._analyses.is_new(self._selected)
        self._unanalysed = self._selected if wants_analysis else ""

    def _fetch(self) -> None:
        """Ask for the pixels of what hangs now: shown ones first, then those behind, then those of other stages."""
        hanging = self.hanging_of(self._selected)
        self._shown = hanging
        if hanging is None:
            return
        for image in hanging.left_out:
            text = "An image of another patient lies in this study and is not shown."
            self.messages.tell(Problem(image.path, "other_patient", text, "Open it by itself."), Level.WARNING)
        if hanging.has_other_name:
            text = "An earlier study under this patient number bears another name."
            self.messages.tell(Problem("", "other_name", text, "Make sure that both are of one woman."), Level.WARNING)
        for study_uid in dict.fromkeys((self._selected, *(item.image.study_uid for item in hanging.hung))):
            self.marks.open(study_uid)
        self.volumes.keep_only(item.image.id for item in hanging.hung)
        self._pixels.request(self._images(hanging.visible), keep=True)
        self._pixels.request(self._images((*hanging.behind, *hanging.elsewhere)), is_prefetch=True)

    def _hang_anew(self) -> None:
        """Tell that the current study hangs another way, if it does, and fetch what is missing."""
        with self._lock:
            before, hanging = self._shown, self.hanging_of(self._selected)
            if hanging is None or hanging == before:
                return
            has_same_images = before is not None and hanging.places == before.places
            self._shown = hanging
            self._emit(HangingChanged(self._selected, has_same_images=has_same_images))
            if not has_same_images:
                self.marks.history_of(self._selected).forget_display()
                self._fetch()

    def request_pixels(self, image_ids: Sequence[str]) -> None:
        """Fetch pixels, the first ones first; `PixelsReady` or `PixelsFailed` follows for each."""
        self._pixels.request(self._images(image_ids))

    def _images(self, image_ids: Sequence[str]) -> list[Mammogram]:
        return [image for image in map(self.image, image_ids) if image is not None]

    def _pixel_event(self, event: Event) -> None:
        self._emit(event)
        self._analyse_when_shown()

    def _analyse_when_shown(self) -> None:
        # The engine's start would take the processor from the first images, so it waits for them.
        with self._lock:
            study_uid, hanging = self._unanalysed, self.hanging_of(self._unanalysed)
            if hanging is None or self._pixels.are_pending(hanging.visible):
                return
            self._unanalysed = ""
        self.analyze(study_uid)

    def open_truth(self, image_id: str, path: str | Path) -> None:
        """Read a mask to compare an image's outlines with; `TruthRead` or a `Message` follows."""
        image = self.image(image_id)
        if image is not None:
            self.messages.start_over()
            self._truths.open(image, Path(path))

    def truth_of(self, image_id: str) -> TruthMask | None:
        """The mask that was opened for an image."""
        return self._truths.get(image_id)

    def analyze(self, study_uid: str) -> None:
        """Analyse a study with the settings in force; a running analysis of the same study is superseded."""
        study = self.study(study_uid)
        if study is not None:
            self.messages.start_over()
            self._analyses.start(study, self._settings, priors(study, self.studies))

    def cancel_analysis(self) -> None:
        """Stop every analysis that waits or runs; `AnalysisFailed` follows for each."""
        with self._lock:
            self._unanalysed = ""
        self._analyses.cancel()

    def change_settings(self, settings: Settings) -> None:
        """Put other values in force and keep them on disk."""
        with self._lock:
            self._settings = settings
        try:
            settings_file.save(settings)
        except OutputError as error:
            self.messages.tell(Problem.from_error(error))
        self._emit(SettingsChanged(settings))
        self._hang_anew()
        with self._lock:
            self._wish_analysis()
        self._analyse_when_shown()

    def save_results(self, out: str | Path, *, overwrite: bool = False) -> None:
        """Write the finished results as the command line does; `ResultsSaved` or a `Message` follows."""
        self.messages.start_over()
        scan = self._scan
        results = tuple(r for r in (self.result_of(study.uid) for study in scan.studies) if r is not None)
        if not results:
            self.messages.tell(Problem(str(out), "usage", "There is no result to save yet.", "Analyse a study first."))
            return
        request = SaveRequest(str(Path(out).absolute()), scan, results, overwrite, self._truths.all)

        def on_report(report: Report) -> None:
            if isinstance(report, JobDone):
                self._emit(ResultsSaved(str(report.value)))
            elif isinstance(report, JobRetried):
                self.messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobFailed) and not report.is_cancelled:
                self.messages.tell(report.problem)
            assert not isinstance(report, JobPartial)

        self._writer.submit(Order(f"save {out}", "save", str(out), lambda: request, on_report))

    def close(self) -> None:
        """End the children; results that are being written are waited for, everything else is dropped."""
        self._engine.close()
        self._asked.close()
        self._decoders.close()
        self._writer.close(patience_s=_PATIENCE_S)
        self.marks.close()
        self._pixels.clear()
        self.volumes.clear()

    def _emit(self, event: Event) -> None:
        with self._lock:
            if self._on_event is None:
                self._waiting.append(event)
            else:
                self._on_event(event)
