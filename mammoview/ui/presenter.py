"""Brings what a session tells to the widgets of the window. Holds no pixels and computes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import singledispatchmethod

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton

from mammoview.core.findings import ExamResult, ImageResult, ScoreMeaning
from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage, StoredImage
from mammoview.core.score_words import families, short_point_words, spread_words, thresholds_of
from mammoview.core.study import Mammogram, Study, VoiLut, VoiWindow
from mammoview.imaging.windowing import default_voi
from mammoview.session import events
from mammoview.session.session import Session
from mammoview.ui.bridge import Background
from mammoview.ui.installed import Installed, installed
from mammoview.ui.panels.findings import FindingsPanel, score_lines
from mammoview.ui.panels.messages import Banner
from mammoview.ui.panels.scores import ScoresPanel, meaning_text, not_scored_text
from mammoview.ui.panels.studies import StudiesPanel
from mammoview.ui.viewport.layers import Prepared, prepare, prepare_truth
from mammoview.ui.viewport.pyramid import breast_box
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
        for result in self._results():
            for finding in result.findings:
                if finding.id == finding_id:
                    return result, finding.centre
        return None

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
        self._show_progress("" if is_done else event.text, event.fraction, can_cancel=False)
        self._parts.state.setText(event.text)

    @show.register
    def _(self, event: events.StudiesFound) -> None:
        self._show_progress("", 1.0, can_cancel=False)
        self._parts.studies.show_studies(event.scan.studies)
        if not event.scan.studies:
            self._parts.state.setText("No study found")

    @show.register
    def _(self, event: events.StudySelected) -> None:
        hanging = self._session.hanging_of(event.study_uid)
        if hanging is None:
            return
        self._parts.wall.show_hanging(hanging)
        self._parts.studies.select(event.study_uid)
        self._parts.state.setText("Loading images …")
        self._show_results()
        for result in self._results():
            self._prepare(result)

    @show.register
    def _(self, event: events.PixelsReady) -> None:
        image = self._session.image(event.image.image_id)
        if image is not None:
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
        self._parts.state.setText(f"Saved {event.path}")

    @show.register
    def _(self, event: events.SettingsChanged) -> None:
        self._parts.wall.set_synchronous(is_on=event.settings.is_synchronous)
        self.read_models()
        if self.study is not None:
            self._session.select_study(self.study.uid)

    # Showing

    def _is_current(self, study_uid: str) -> bool:
        return self.study is not None and self.study.uid == study_uid

    def _show_progress(self, text: str, fraction: float, *, can_cancel: bool) -> None:
        bar = self._parts.progress
        bar.setVisible(bool(text))
        bar.setValue(round(fraction * 1000))
        bar.setFormat(f"{text}  %p%")
        self._parts.cancel.setVisible(bool(text) and can_cancel)

    def _models_read(self, found: Installed) -> None:
        self._installed = found
        self._show_results()

    def _image_looked_at(self, looked: tuple[DisplayImage, Box, VoiWindow | VoiLut]) -> None:
        wall, study = self._parts.wall, self.study
        hanging = self._session.hanging_of(study.uid) if study else None
        if hanging is not None:
            wall.reorient(hanging)
        wall.show_image(*looked)
        known = self._prepared.get(looked[0].image_id)
        if known is not None and known[0] in self._results():
            wall.set_prepared(known[1])
        else:
            for result in self._results():
                if result.image_id == looked[0].image_id:
                    self._prepare(result)
        self._compare(looked[0].image_id)
        self._show_notes()
        if study and self._session.pixels_of(looked[0].image_id) and not self._session.is_analysing:
            self._parts.state.setText("Ready")

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
        result = next((one for one in self._results() if one.image_id == image_id), ImageResult(image_id))
        self._background.run(
            lambda: prepare_truth(truth.mask, result), lambda traced: self._parts.wall.set_truth(image_id, traced)
        )

    def _overlays_ready(self, made: tuple[ImageResult, Prepared]) -> None:
        result, prepared = made
        if self._wanted.get(result.image_id) is not result:
            return
        del self._wanted[result.image_id]
        self._prepared[result.image_id] = made
        if any(known is result for known in self._results()):
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
        self._show_notes()

    def _show_notes(self) -> None:
        for result in self._results():
            pane = self._parts.wall.pane_of(result.image_id)
            if pane is not None:
                pane.set_notes(notes(result, self._exam(), self._meaning()))


def notes(result: ImageResult, exam: ExamResult | None, meaning: ScoreMeaning | None) -> tuple[str, ...]:
    """What stands in an image's corner about its score, in lines short enough to stay off the breast."""
    if result.p_malignant is None:
        return (not_scored_text(result, exam),)
    spread = f" ± {result.uncertainty:.2f}" if result.uncertainty is not None else ""
    point = short_point_words(result.p_malignant, thresholds_of(meaning, result.members))
    return (
        f"score {result.p_malignant:.2f}{spread}",
        *([point] if point else []),
        *re.split("[,;] ", meaning_text(meaning)),
    )


def first_look(image: DisplayImage, header: Mammogram) -> tuple[DisplayImage, Box, VoiWindow | VoiLut]:
    """What has to be known before an image is painted: where the breast is, and its window."""
    gray = header.grayscale
    padding = image.padding[0] > 127 if image.padding else None
    default = default_voi(gray, StoredImage(image.levels[0], image.value_offset, padding))
    return image, breast_box(image, is_dark_high=gray.is_dark_high), default
