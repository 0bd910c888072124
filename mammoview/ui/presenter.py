"""Brings what a session tells to the widgets of the window. Holds no pixels and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel

from mammoview.core.findings import ExamResult, ImageResult, ScoreMeaning
from mammoview.core.geometry import Box
from mammoview.core.score_words import families
from mammoview.core.study import Study, VoiLut, VoiWindow
from mammoview.session import events
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.hiding import hidden_text
from mammoview.ui.installed import Installed, installed
from mammoview.ui.panels.findings import FindingsPanel, caption_of
from mammoview.ui.panels.messages import Banner
from mammoview.ui.panels.scores import ScoresPanel
from mammoview.ui.panels.studies import StudiesPanel
from mammoview.ui.progress_line import ProgressLine
from mammoview.ui.score_notes import notes
from mammoview.ui.tracing import Tracing
from mammoview.ui.viewport.look import Look, first_look, look_for_air
from mammoview.ui.viewport.wall import Wall


@dataclass(frozen=True)
class Parts:
    """The widgets that show what happens."""

    wall: Wall
    studies: StudiesPanel
    scores: ScoresPanel
    findings: FindingsPanel
    findings_caption: QLabel
    banner: Banner
    jobs: ProgressLine
    engine: QLabel
    state: QLabel


class Presenter(QObject):
    """Shows one session in the window's parts.

    Parameters
    ----------
    session
        Asked for its frozen values; never waited for.
    parts
        Where they are shown.
    background
        Runs what takes longer than a frame.
    """

    def __init__(self, session: Session, parts: Parts, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._parts, self._background = session, parts, background
        self._installed = Installed()
        self._tracing = Tracing(session, parts.wall, background)
        self._is_scanning = False
        self._is_identity_shown = True
        self._looks: dict[str, tuple[Box, VoiWindow | VoiLut, VoiWindow | VoiLut]] = {}
        self.tells_scores: Callable[[str], bool] = lambda _image_id: True

    def set_identity(self, *, is_shown: bool) -> None:
        """Name files in the status bar, or not."""
        self._is_identity_shown = is_shown
        if not is_shown:
            self._parts.state.setText(hidden_text(self._parts.state.text(), self._session.studies))

    # What the window asks

    @property
    def study(self) -> Study | None:
        """The study on the wall."""
        return self._session.selected

    @property
    def installed(self) -> Installed:
        """What the model folders held when last read."""
        return self._installed

    def read_models(self) -> None:
        """Look at the model folders, off the GUI thread."""
        settings = self._session.settings
        self._background.run(lambda: installed(settings), self._models_read)

    def finding_image(self, finding_id: str) -> tuple[ImageResult, tuple[float, float]] | None:
        """The image that a finding lies in, and the finding's centre in native pixels."""
        hung = [pane.hung.image.id for pane in self._parts.wall.panes if pane.hung]
        others = [result for result in map(self._tracing.result_of, hung) if result is not None]
        for result in (*self._results(), *others):
            for finding in result.findings:
                if finding.id == finding_id:
                    return result, finding.centre
        return None

    def want(self, image_ids: Sequence[str]) -> None:
        """Show images, those that are in memory at once."""
        missing = [image_id for image_id in image_ids if not self._show_known(image_id)]
        if missing:
            self._session.request_pixels(missing)

    def related(self, finding_id: str) -> frozenset[str]:
        """The finding and the same one in the other view, where they were linked."""
        exam = self._exam()
        links = exam.links if exam else ()
        peers = {link.mlo for link in links if link.cc == finding_id} | {
            link.cc for link in links if link.mlo == finding_id
        }
        return frozenset({finding_id, *peers}) if finding_id else frozenset()

    def select(self, finding_id: str, *, reveal: bool) -> None:
        """Select a finding everywhere; the empty id selects none."""
        self._parts.wall.set_selected(self.related(finding_id))
        self._parts.findings.select(finding_id)
        self._caption_findings()
        found = self.finding_image(finding_id)
        if reveal and found is not None:
            self._parts.wall.reveal(found[0].image_id, *found[1])

    def _results(self) -> tuple[ImageResult, ...]:
        return self._session.image_results_of(self.study.uid) if self.study else ()

    def _exam(self) -> ExamResult | None:
        return self._session.result_of(self.study.uid) if self.study else None

    def _meaning(self) -> ScoreMeaning | None:
        exam = self._exam()
        return exam.meaning if exam and exam.meaning else self._installed.meaning

    def _finding_meaning(self) -> ScoreMeaning | None:
        exam = self._exam()
        return exam.finding_meaning if exam and exam.finding_meaning else self._installed.finding_meaning

    def _caption_findings(self) -> None:
        """Below the list: what the scores say, and what is known of the selected finding's, else of the highest."""
        findings = [finding for result in self._results() for finding in result.findings]
        text, details = caption_of(findings, self._parts.findings.current(), self._finding_meaning())
        self._parts.findings_caption.setText(text)
        self._parts.findings_caption.setToolTip(details)

    # What the session tells

    @singledispatchmethod
    def show(self, event: object) -> None:
        """Show an event; those that need no showing are passed over."""

    @show.register
    def _(self, event: events.ScanProgress) -> None:
        is_done = event.fraction >= 1.0
        # While it looks for images it names files, and a file's name is often a patient's.
        text = event.text if self._is_identity_shown or is_done else "Looking for images"
        self._show_progress("scan", "" if is_done else text, event.fraction, self._session.searches.cancel)
        self._parts.state.setText(text if self._is_identity_shown else hidden_text(text, self._session.studies))

    @show.register
    def _(self, event: events.StudiesFound) -> None:
        self._parts.jobs.end("scan")
        self._looks.clear()
        self._parts.studies.show_studies(event.scan.studies)
        if not event.scan.studies:
            self._parts.state.setText("No study found")

    @show.register
    def _(self, event: events.StudiesListed) -> None:
        self._parts.studies.show_studies(event.studies)

    @show.register
    def _(self, event: events.StudySelected) -> None:
        # The bar is the shown study's.
        self._parts.jobs.end("analysis")
        self._parts.studies.select(event.study_uid)
        self._hang(event.study_uid)

    @show.register
    def _(self, event: events.HangingChanged) -> None:
        hanging = self._session.hanging_of(event.study_uid)
        if hanging is not None and event.has_same_images:
            self._parts.wall.reorient(hanging)
        else:
            self._hang(event.study_uid)

    def _hang(self, study_uid: str) -> None:
        hanging = self._session.hanging_of(study_uid)
        if hanging is None:
            return
        self._parts.wall.show_hanging(hanging)
        is_here = [self._show_known(image_id) for image_id in hanging.visible]
        self._parts.state.setText("Ready" if is_here and all(is_here) else "Loading images …")
        self._show_results()

    @show.register
    def _(self, event: events.PixelsReady) -> None:
        image = self._session.image(event.image.image_id)
        pane = self._parts.wall.pane_of(event.image.image_id)
        is_shown = pane is not None and pane.image is event.image
        if image is not None and not is_shown:
            self._background.run(lambda: first_look(event.image, image), self._image_looked_at)

    @show.register
    def _(self, event: events.PixelsFailed) -> None:
        self._parts.wall.show_failure(event.image_id, f"{event.problem.message} {event.problem.hint}".strip())

    @show.register
    def _(self, event: events.TruthRead) -> None:
        self._parts.state.setText("Mask opened")
        self._tracing.compare(event.image_id)

    @show.register
    def _(self, event: events.AnalysisStarted) -> None:
        if self._is_current(event.study_uid):
            self._show_analysis("Waiting for the engine", 0.0)
            self._parts.state.setText("Analysing")
            self._parts.wall.clear_results()
            self._tracing.dress_all()
            self._show_results()

    @show.register
    def _(self, event: events.AnalysisProgress) -> None:
        if self._is_current(event.study_uid):
            self._show_analysis(event.text, event.fraction)

    @show.register
    def _(self, event: events.ImageAnalysed) -> None:
        if self._is_current(event.study_uid) and not self._session.veil.conceals(event.study_uid):
            self._tracing.lay(event.result)
            self._show_results()

    @show.register
    def _(self, event: events.ExamAnalysed) -> None:
        if not self._is_current(event.result.study_uid):
            return
        self._parts.jobs.end("analysis")
        # An event on its way does not know that the study was concealed since.
        if self._session.veil.conceals(event.result.study_uid):
            return
        used = event.result.provenance
        self._parts.state.setText(f"Analysed in {used.seconds:.1f} s")
        for problem in event.result.problems:
            self._session.messages.tell(problem)
        for result in event.result.images:
            self._tracing.lay(result)
            self._tracing.compare(result.image_id)
        self._show_results()

    @show.register
    def _(self, event: events.ResultsConcealed) -> None:
        if any(pane.hung and pane.hung.image.study_uid == event.study_uid for pane in self._parts.wall.panes):
            self._parts.wall.clear_results()
            self._tracing.dress_all()
        if self._is_current(event.study_uid):
            self._parts.jobs.end("analysis")
            self._parts.state.setText("What the AI found is hidden for now")
            self._show_results()

    @show.register
    def _(self, event: events.AnalysisFailed) -> None:
        if self._is_current(event.study_uid):
            self._parts.jobs.end("analysis")
            self._parts.state.setText("Analysis cancelled" if event.is_cancelled else "Analysis failed")
            self._show_results()

    @show.register
    def _(self, event: events.Message) -> None:
        self._parts.banner.tell(event)

    @show.register
    def _(self, event: events.EngineState) -> None:
        models = families(event.models) or "no models"
        self._parts.engine.setText(f"{event.device}  ·  {models}")
        self._parts.engine.setToolTip("\n".join((event.text, *event.models)))
        self._parts.state.setText(event.text)

    @show.register
    def _(self, event: events.SaveProgress) -> None:
        is_done = event.fraction >= 1.0
        self._show_progress("save", "" if is_done else event.text, event.fraction, self._session.saver.cancel)
        if is_done and event.text:
            self._parts.state.setText(event.text)

    @show.register
    def _(self, event: events.ResultsSaved) -> None:
        self._parts.state.setText(f"Saved {event.path}" if self._is_identity_shown else "Saved")

    @show.register
    def _(self, event: events.SettingsChanged) -> None:
        self._parts.wall.set_synchronous(is_on=event.settings.is_synchronous)
        self.read_models()

    # Showing

    def _is_current(self, study_uid: str) -> bool:
        return self.study is not None and self.study.uid == study_uid

    def _show_progress(self, job: str, text: str, fraction: float, cancel: Callable[[], None]) -> None:
        """Say how far a job is; without a text it ended."""
        if text:
            self._parts.jobs.tell(job, text, fraction, cancel)
        else:
            self._parts.jobs.end(job)

    def _show_analysis(self, text: str, fraction: float) -> None:
        self._show_progress("analysis", text, fraction, self._session.cancel_analysis)

    def _models_read(self, found: Installed) -> None:
        self._installed = found
        self._show_results()

    def _image_looked_at(self, look: Look) -> None:
        study, image_id = self.study, look.image.image_id
        hanging = self._session.hanging_of(study.uid) if study else None
        if hanging is not None:
            self._parts.wall.reorient(hanging)
        self._looks[image_id] = look.shown, look.default, look.computed
        self._parts.wall.show_image(look.image, look.shown, look.default, look.computed)
        self._look_for_air(look)
        self._tracing.dress(image_id)
        self.show_notes()
        if study and self._session.pixels_of(image_id) and not self._session.is_analysing:
            self._parts.state.setText("Ready")

    def _show_known(self, image_id: str) -> bool:
        """Show an image that was looked at before, if its pixels are still in memory."""
        look, image = self._looks.get(image_id), self._session.pixels_of(image_id)
        if look is None or image is None:
            return False
        self._parts.wall.show_image(image, *look)
        self._tracing.dress(image_id)
        self.show_notes()
        return True

    def _look_for_air(self, look: Look) -> None:
        """Estimate the air of an image once, after it was shown."""
        image_id, tones = look.image.image_id, self._parts.wall.tones
        header = self._session.image(image_id)
        if header is not None and not tones.knows_air(image_id):
            self._background.run(lambda: look_for_air(look, header), lambda air: tones.found_air(image_id, air))

    def _show_results(self) -> None:
        study = self.study
        if study is None:
            return
        results, exam = self._results(), self._exam()
        if results or exam:
            self._parts.scores.show_scores(study.images, results, exam, self._meaning())
        else:
            self._parts.scores.clear_scores("")
        meaning = self._finding_meaning()
        self._parts.findings.show_findings(study.images, results, exam.links if exam else (), meaning)
        self._caption_findings()
        self.show_notes()

    def show_notes(self) -> None:
        """Say in the corners of the images what the analysis found, where that may be told now."""
        for pane in self._parts.wall.panes:
            image_id = pane.hung.image.id if pane.hung else ""
            if not self.tells_scores(image_id):
                pane.set_notes(())
            elif pane.hung is not None and (result := self._tracing.result_of(image_id)) is not None:
                exam = self._session.result_of(pane.hung.image.study_uid)
                pane.set_notes(notes(result, exam, exam.meaning if exam and exam.meaning else self._meaning()))
