"""What is open, and everything a view can ask for. Importing it is cheap: the work is done in child processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mammoview.core.errors import OutputError, Problem
from mammoview.core.findings import ExamResult, ImageResult
from mammoview.core.image import DisplayImage
from mammoview.core.study import Mammogram, ScanResult, Study
from mammoview.session import settings as settings_file
from mammoview.session.analysis import Analyses
from mammoview.session.answers import Answer, Answers
from mammoview.session.blocks import TruthMask
from mammoview.session.decoders import DECODER, start_decoders
from mammoview.session.events import (
    Event,
    HangingChanged,
    ScanProgress,
    SettingsChanged,
    StudiesFound,
    StudiesListed,
    StudySelected,
)
from mammoview.session.hanging import Hanging, current, priors
from mammoview.session.hangings import Hangings
from mammoview.session.jobs import Crew
from mammoview.session.marks import Marks
from mammoview.session.messages import Messages
from mammoview.session.opened import GONE, Opened, news, news_of_hanging
from mammoview.session.outlet import Outlet
from mammoview.session.pixels import Pixels
from mammoview.session.questions import Questions
from mammoview.session.saving import Saver
from mammoview.session.searches import Searches
from mammoview.session.settings import Settings
from mammoview.session.truths import Truths
from mammoview.session.veil import Veil
from mammoview.session.volumes import Volumes

ENGINE = "mammoview.pipeline.worker:main"


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
    ) -> None:
        self._lock = threading.RLock()
        self._settings = settings
        self._selected = ""
        self._wanted = ""
        self._unanalysed = ""
        self.veil = Veil(
            self._lock,
            studies=lambda: [study.uid for study in self.studies],
            told_of=lambda study_uid: self._analyses.told_of(study_uid),
            on_event=lambda event: self._emit(event),
        )
        self._outlet = Outlet(self._lock, passed=self.veil.passed, on_event=on_event)
        self._emit = self._outlet.tell
        self.messages = Messages()
        self.messages.connect(self._emit)
        self.decoders = decoders or start_decoders(settings, decoder)
        self.engine = Crew(engine, size=1, name="engine")
        self.saver = Saver(self._emit, self.messages)
        self.searches = Searches(self.decoders, self._emit, self.messages)
        self._pixels = Pixels(self.decoders, self._pixel_event, self.messages, settings.cache_mib)
        self.volumes = Volumes(self.decoders, self._pixels, self._emit, self.messages, workers=settings.decode_workers)
        self.hangings = Hangings(
            self.messages,
            studies=lambda: self.studies,
            settings=lambda: self.settings,
            chest_walls=lambda: self._pixels.chest_walls,
            on_change=self._hang_anew,
        )
        self._answers = Answers(self.messages)
        self._open = Opened(self._answers)
        self._shown: Hanging | None = None
        self._analyses = Analyses(self.engine, self._emit, self.messages)
        self.questions = Questions(self, self.decoders, self._emit, self._analyses.result_of, engine=engine)
        self._truths = Truths(self.decoders, self._emit, self.messages)
        self.marks = Marks(self._emit, self.messages)

    def connect(self, on_event: Callable[[Event], None]) -> None:
        """Send every event to ``on_event`` from now on, beginning with those that waited."""
        self._outlet.connect(on_event)

    @property
    def scan(self) -> ScanResult:
        """Everything open, with what could not be used."""
        return self._open.scan

    @property
    def studies(self) -> tuple[Study, ...]:
        """The open studies, newest first; those fetched ahead included."""
        return self._open.studies

    @property
    def listed(self) -> tuple[Study, ...]:
        """The open studies that the reader opened, or that hang now."""
        return self._open.listed(self._selected)

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
        return self._open.study(study_uid)

    def image(self, image_id: str) -> Mammogram | None:
        """The open image of that id."""
        return self._open.image(image_id)

    def hanging_of(self, study_uid: str) -> Hanging | None:
        """Where the images of a study go, as far as their chest walls are known by now."""
        study = self.study(study_uid)
        return None if study is None else self.hangings.of(study)

    def pixels_of(self, image_id: str) -> DisplayImage | None:
        """The image's pyramid, if it is in memory."""
        return self._pixels.get(image_id)

    def result_of(self, study_uid: str) -> ExamResult | None:
        """The finished result of a study, where the veil lets it be told."""
        return None if self.veil.conceals(study_uid) else self._analyses.result_of(study_uid)

    def image_results_of(self, study_uid: str) -> tuple[ImageResult, ...]:
        """What the running or the finished analysis found so far, where the veil lets it be told."""
        return () if self.veil.conceals(study_uid) else self._analyses.image_results_of(study_uid)

    def has_result(self, study_uid: str) -> bool:
        """Whether the AI looked at a study; not what it said."""
        return self._analyses.result_of(study_uid) is not None

    @property
    def is_analysing(self) -> bool:
        """Whether an analysis waits or runs."""
        return self._analyses.is_busy

    def open(self, paths: Sequence[str | Path], *, select: bool = True, then: Callable[[], None] | None = None) -> None:
        """Look for studies under ``paths`` and add them to what is open; the first one found is selected.

        Without ``select`` nothing is shown or told, and the pixels are fetched behind all others; unless ``then``,
        which is called when the search ended, sees to them with `fetch_ahead`.
        """
        if select:
            self.messages.start_over()
        self.searches.begin(paths, partial(self._found, select=select, then=then), is_told=select)

    def open_study(self, study_uid: str, paths: Sequence[str | Path]) -> None:
        """Make a study the current one, from its files where it is not open; the last one asked for wins."""
        self.messages.start_over()
        with self._lock:
            self._wanted = study_uid
            if self.study(study_uid) is not None:
                self.select_study(study_uid)
                return
        self.searches.begin(paths, partial(self._found, select=False, wanted=study_uid))

    def _found(
        self,
        scan: ScanResult,
        first_root: int,
        *,
        select: bool,
        wanted: str = "",
        then: Callable[[], None] | None = None,
    ) -> None:
        with self._lock:
            on_table = self._open.on_table(self._selected)
            for study_uid in self._open.add(scan, first_root, is_ahead=not select):
                self._analyses.forget(study_uid)
            if select:
                self._found_by_hand(scan)
            else:
                self._found_ahead(scan, wanted, on_table)
                (then or partial(self.fetch_ahead, [study.uid for study in scan.studies]))()

    def _found_by_hand(self, scan: ScanResult) -> None:
        self.veil.unseal(study.uid for study in scan.studies)
        images = [image.id for study in scan.studies for image in study.images]
        for kept in (self._pixels, self.volumes, self.questions):
            kept.forget(images)
        self._emit(StudiesFound(replace(self.scan, studies=self.listed)))
        self.messages.tell_all(news(scan))
        if scan.studies:
            first = scan.studies[0]
            # A prior that is opened later stays a prior (MG-B11).
            newest = current(self.listed, first.patient_id) if first.patient_id else None
            self.select_study(newest.uid if newest and newest.date > first.date else first.uid)

    def _found_ahead(self, scan: ScanResult, wanted: str, on_table: frozenset[str]) -> None:
        self._open.put_off([wanted, *(study.uid for study in scan.studies)], news(scan))
        if wanted:
            self._emit(ScanProgress(1.0, ""))
            if self.study(wanted) is None:
                self.messages.tell_all([*self._open.news_of(wanted), GONE])
            elif wanted == self._wanted:
                self.select_study(wanted)
        if self._open.on_table(self._selected) != on_table:
            # A prior of what hangs already was found.
            self.veil.lay(self._selected, self._open.on_table(self._selected))
            self._hang_anew()

    def fetch_ahead(self, study_uids: Iterable[str]) -> None:
        """Fetch pixels that will be wanted soon: of studies that are open, the first ones first."""
        for hanging in filter(None, map(self.hanging_of, study_uids)):
            self._pixels.fetch_ahead(self._images(hanging.visible))

    def release(self, study_uids: Iterable[str]) -> None:
        """Let studies go, with their pixels and results; never one that hangs now. Marks stay on disk."""
        with self._lock:
            before = self.listed
            gone = frozenset(study_uids) - self._open.on_table(self._selected)
            images = [image.id for image in self._open.release(gone)]
            self._pixels.release(images)
            self.volumes.forget(images)
            self.veil.forget(gone)
            for study_uid in gone:
                self._analyses.forget(study_uid)
            if self.listed != before:
                self._emit(StudiesListed(self.listed))

    def put_result(self, result: ExamResult) -> None:
        """Take a finished result that was kept on disk, as if the study had just been analysed."""
        self._analyses.put(result)

    def keep_results(self, keeper: Callable[[Study, ExamResult], None]) -> None:
        """Have ``keeper`` told every result that an analysis here ends with, concealed or not; it must not wait."""
        self._analyses.on_result = keeper

    def select_study(self, study_uid: str) -> None:
        """Make a study the current one: its pixels are fetched, visible slots first, then it is analysed if wished."""
        with self._lock:
            if self.study(study_uid) is None:
                return
            if study_uid != self._selected:
                # Other panes hang: what was done to the ones before cannot be taken back on them.
                self.marks.history_of(self._selected).forget_display()
            before = self.listed
            self.hangings.begin(study_uid)
            self._selected = self._wanted = study_uid
            self.veil.lay(study_uid, self._open.on_table(study_uid))
            self._wish_analysis()
            if self.listed != before:
                self._emit(StudiesListed(self.listed))
            self._emit(StudySelected(study_uid))
            self.messages.tell_all(self._open.news_of(study_uid))
            self._fetch()
        self._analyse_when_shown()

    def say(self, image_id: str, answer: Answer) -> None:
        """Take the reader's word for what the file of an image does not say, now and whenever it is opened (MG-A07)."""
        with self._lock:
            self._answers.say(image_id, answer)
            for study_uid in self._open.apply_answers():
                self._analyses.forget(study_uid)
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
        self.messages.tell_all(news_of_hanging(hanging))
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
            self._analyses.start(study, self._settings, priors(study, self.studies), and_prior=self.veil.is_on)

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
        """Write the finished results that may be told; `ResultsSaved` or a `Message` follows."""
        scan = self.scan
        results = tuple(r for r in (self.result_of(study.uid) for study in scan.studies) if r is not None)
        self.saver.save(out, scan, results, truths=self._truths.all, overwrite=overwrite)

    def close(self) -> None:
        """End the children; results that are being written are waited for, everything else is dropped."""
        self.engine.close()
        self.questions.close()
        self.decoders.close()
        self.saver.close()
        self.marks.close()
        self._pixels.clear()
        self.volumes.clear()
