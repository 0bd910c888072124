"""Brings what a session tells to the widgets of the window. Holds no pixels and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton

from mammoview.core.findings import ExamResult, ImageResult, ScoreMeaning
from mammoview.core.geometry import Box
from mammoview.core.score_words import families, short_point_words, spread_words, thresholds_of
from mammoview.core.study import Study, VoiLut, VoiWindow
from mammoview.session import events
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.hiding import hidden_text
from mammoview.ui.installed import Installed, installed
from mammoview.ui.panels.findings import FindingsPanel, score_lines
from mammoview.ui.panels.messages import Banner
from mammoview.ui.panels.scores import ScoresPanel, meaning_text
from mammoview.ui.panels.studies import StudiesPanel
from mammoview.ui.score_notes import notes
from mammoview.ui.viewport.layers import Prepared, prepare, prepare_truth
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
    progress: QProgressBar
    cancel: QPushButton
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
        self._prepared: dict[str, tuple[ImageResult, Prepared]] = {}
        self._wanted: dict[str, ImageResult] = {}
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
        others = [result for result in map(self._result_of, hung) if result is not None]
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

    def _result_of(self, image_id: str) -> ImageResult | None:
        """What is known of an image, of whichever study."""
        image = self._session.image(image_id)
        results = self._session.image_results_of(image.study_uid) if image else ()
        return next((result for result in results if result.image_id == image_id), None)

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
        if not findings:
            self._parts.findings_caption.setText("No findings")
            return
        meaning = self._finding_meaning()
        chosen = self._parts.findings.current()
        highest = max(findings, key=lambda finding: finding.p_malignant)
        shown = next((finding for finding in findings if finding.id == chosen), highest)
        spread = spread_words(shown.uncertainty, shown.spread_over)
        point = short_point_words(shown.p_malignant, thresholds_of(meaning, shown.members))
        told = ", ".join(filter(None, (spread, point)))
        lines = [f"{len(findings)} findings. Score: {meaning_text(meaning)}"]
        lines += [f"{shown.p_malignant:.2f}: {told}"] if told else []
        self._parts.findings_caption.setText("\n".join(lines))
        self._parts.findings_caption.setToolTip("\n".join(score_lines(shown, meaning)))

    # What the session tells

    @singledispatchmethod
    def show(self, event: object) -> None:
        """Show an event; those that need no showing are passed over."""

    @show.register
    def _(self, event: events.ScanProgress) -> None:
        is_done = event.fraction >= 1.0
        # While it looks for images it names files, and a file's name is often a patient's.
        text = event.text if self._is_identity_shown or is_done else "Looking for images"
        self._show_progress("" if is_done else text, event.fraction, can_cancel=False)
        self._parts.state.setText(text if self._is_identity_shown else hidden_text(text, self._session.studies))

    @show.register
    def _(self, event: events.StudiesFound) -> None:
        self._show_progress("", 1.0, can_cancel=False)
        self._looks.clear()
        self._parts.studies.show_studies(event.scan.studies)
        if not event.scan.studies:
            self._parts.state.setText("No study found")

    @show.register
    def _(self, event: events.StudySelected) -> None:
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
        self._compare(event.image_id)

    @show.register
    def _(self, event: events.AnalysisStarted) -> None:
        if self._is_current(event.study_uid):
            self._show_progress("Waiting for the engine", 0.0, can_cancel=True)
            self._parts.state.setText("Analysing")
            self._parts.wall.clear_results()
            self._dress_all()
            self._show_results()

    @show.register
    def _(self, event: events.AnalysisProgress) -> None:
        if self._is_current(event.study_uid):
            self._show_progress(event.text, event.fraction, can_cancel=True)

    @show.register
    def _(self, event: events.ImageAnalysed) -> None:
        if self._is_current(event.study_uid):
            self._prepare(event.result)
            self._show_results()

    @show.register
    def _(self, event: events.ExamAnalysed) -> None:
        if not self._is_current(event.result.study_uid):
            return
        self._show_progress("", 1.0, can_cancel=False)
        used = event.result.provenance
        self._parts.state.setText(f"Analysed in {used.seconds:.1f} s")
        for problem in event.result.problems:
            self._session.messages.tell(problem)
        for result in event.result.images:
            self._prepare(result)
            self._compare(result.image_id)
        self._show_results()

    @show.register
    def _(self, event: events.AnalysisFailed) -> None:
        if self._is_current(event.study_uid):
            self._show_progress("", 1.0, can_cancel=False)
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
    def _(self, event: events.ResultsSaved) -> None:
        self._parts.state.setText(f"Saved {event.path}" if self._is_identity_shown else "Saved")

    @show.register
    def _(self, event: events.SettingsChanged) -> None:
        self._parts.wall.set_synchronous(is_on=event.settings.is_synchronous)
        self.read_models()

    # Showing

    def _is_current(self, study_uid: str) -> bool:
        return self.study is not None and self.study.uid == study_uid

    def _show_progress(self, text: str, fraction: float, *, can_cancel: bool) -> None:
        bar = self._parts.progress
        bar.setVisible(bool(text))
        bar.setValue(round(fraction * 1000))
        room = bar.width() - bar.fontMetrics().horizontalAdvance("  100% ")
        bar.setFormat(f"{bar.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)}  %p%")
        bar.setToolTip(text)
        self._parts.cancel.setVisible(bool(text) and can_cancel)

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
        self._dress(image_id)
        self.show_notes()
        if study and self._session.pixels_of(image_id) and not self._session.is_analysing:
            self._parts.state.setText("Ready")

    def _show_known(self, image_id: str) -> bool:
        """Show an image that was looked at before, if its pixels are still in memory."""
        look, image = self._looks.get(image_id), self._session.pixels_of(image_id)
        if look is None or image is None:
            return False
        self._parts.wall.show_image(image, *look)
        self._dress(image_id)
        self.show_notes()
        return True

    def _dress(self, image_id: str) -> None:
        """Lay over an image what is known of it."""
        result = self._result_of(image_id)
        if result is not None:
            self._prepare(result)
        self._compare(image_id)

    def _dress_all(self) -> None:
        for pane in self._parts.wall.panes:
            if pane.hung is not None:
                self._dress(pane.hung.image.id)

    def _look_for_air(self, look: Look) -> None:
        """Estimate the air of an image once, after it was shown."""
        image_id, tones = look.image.image_id, self._parts.wall.tones
        header = self._session.image(image_id)
        if header is not None and not tones.knows_air(image_id):
            self._background.run(lambda: look_for_air(look, header), lambda air: tones.found_air(image_id, air))

    def _prepare(self, result: ImageResult) -> None:
        """Trace an image's overlays off the GUI thread, unless that was done; its pyramid must be here."""
        known = self._prepared.get(result.image_id)
        if known is not None and known[0] is result:
            self._parts.wall.set_prepared(known[1])
            return
        image = self._session.pixels_of(result.image_id)
        if image is None or self._wanted.get(result.image_id) is result:
            return
        self._wanted[result.image_id] = result
        shape = [level.shape for level in image.levels]
        self._background.run(lambda: (result, prepare(result, len(shape))), self._overlays_ready)

    def _compare(self, image_id: str) -> None:
        """Trace the mask that was opened for an image beside what was found by now, off the GUI thread."""
        truth = self._session.truth_of(image_id)
        if truth is None:
            return
        result = self._result_of(image_id) or ImageResult(image_id)
        self._background.run(
            lambda: prepare_truth(truth.mask, result), lambda traced: self._parts.wall.set_truth(image_id, traced)
        )

    def _overlays_ready(self, made: tuple[ImageResult, Prepared]) -> None:
        result, prepared = made
        if self._wanted.get(result.image_id) is not result:
            return
        del self._wanted[result.image_id]
        self._prepared[result.image_id] = made
        if self._result_of(result.image_id) is result:
            self._parts.wall.set_prepared(prepared)

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
            elif pane.hung is not None and (result := self._result_of(image_id)) is not None:
                exam = self._session.result_of(pane.hung.image.study_uid)
                pane.set_notes(notes(result, exam, exam.meaning if exam and exam.meaning else self._meaning()))
