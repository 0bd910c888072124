"""The report of the case on the table, from its text to its signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.plain_text import date_text
from mammoview.report.breast_report.checks import Remark, remarks
from mammoview.report.breast_report.drafting import named_lesions, outdated
from mammoview.report.breast_report.values import BANNER, Draft, SectionName, SignedReport
from mammoview.report.documents import REPORT, from_json
from mammoview.session.reading import changes
from mammoview.session.reading.case import Case
from mammoview.session.worklist.documents import REPORT as REPORT_DOCUMENT
from mammoview.session.worklist.priors import Prior
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui import theme
from mammoview.ui.bridge import Background
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.reading.sign_off import SignOff
from mammoview.ui.reading.standing import Step, moment, offer
from mammoview.ui.report.export import Exporter
from mammoview.ui.report.lesion_list import LesionList
from mammoview.ui.report.others import Others
from mammoview.ui.report.pictures import Pictures
from mammoview.ui.report.remark_list import RemarkList
from mammoview.ui.report.sections import Sections
from mammoview.ui.report.viewer import ReportViewer
from mammoview.ui.report.words import Place, PlaceKind, ai_lines, patient_words, place_of, status_words, written_of
from mammoview.ui.wrapped import WrappedLabel

_NO_CASE: Final = "No case is open. Open one from the worklist."
_NOT_SIGNED: Final = "Read by others: the report is shown here once it is signed and may be seen."
_RETURNS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True)
class Readable:
    """A report that can be read beside this one."""

    title: str
    report: SignedReport
    doubts: tuple[str, ...] = ()


class SignButton(QPushButton):
    """While it asks, Enter confirms."""

    is_asking = False

    def event(self, event: QEvent) -> bool:
        # The window's own Enter enlarges an image.
        is_override = self.is_asking and event.type() is QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() in _RETURNS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.is_asking and event.key() in _RETURNS:
            self.click()
        else:
            super().keyPressEvent(event)


class ReportPage(QWidget):
    """The report's page in the dock.

    Parameters
    ----------
    reading, sign_off
        Where the case lies, and what signs it.
    background
        Makes pictures and writes files.
    window
        Under which dialogs open.
    """

    #: A `Place` outside this page where something is put right.
    place_wanted = Signal(object)
    #: A `NamedLesion` that should be shown on the images.
    lesion_wanted = Signal(object)

    def __init__(self, reading: ReadingDesk, sign_off: SignOff, background: Background, window: QWidget) -> None:
        super().__init__()
        self._reading, self._sign_off, self._window = reading, sign_off, window
        self._uid = ""
        self._is_named = True
        self._priors: tuple[Readable, ...] = ()
        self.status, self.patient = WrappedLabel(), WrappedLabel()
        self.remarks = RemarkList()
        self.sections = Sections(self._write)
        self.lesions = LesionList()
        self.ai = WrappedLabel()
        self.others = Others()
        self.versions, self._versions_box = [], QVBoxLayout()  # type: list[QPushButton], QVBoxLayout
        self.note = WrappedLabel()
        self.sign, self.amend = SignButton("Sign"), QPushButton("Amend…")
        self.export, self.print_out = QPushButton("Export…"), QPushButton("Print…")
        self.pictures = Pictures(reading.session, background, self.lesions.show_pictures)
        self.exporter = Exporter(reading, background, window)
        self._lay_out()
        self._connect()
        self.show_case(reading.case)

    # Building

    def _lay_out(self) -> None:
        self.inner = QWidget()
        column = QVBoxLayout(self.inner)
        column.setContentsMargins(4, 2, 4, 2)
        column.setSpacing(8)
        banner = WrappedLabel(BANNER)
        banner.setObjectName("loud")
        self._ai_title = QLabel("AI")
        self._versions_title = QLabel("Other reports")
        self._versions_box.setSpacing(2)
        for widget in (banner, self.status, self.patient, self.others, self.remarks, self.sections, self.lesions):
            column.addWidget(widget)
        column.addWidget(self._ai_title)
        column.addWidget(self.ai)
        column.addWidget(self._versions_title)
        column.addLayout(self._versions_box)
        column.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidget(self.inner)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.empty = WrappedLabel(_NO_CASE)
        buttons = QGridLayout()
        buttons.setSpacing(4)
        for place, button in enumerate((self.amend, self.export, self.print_out)):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setObjectName("narrow")
            buttons.addWidget(button, 0, place)
        self.sign.setObjectName("step")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(4, 4, 4, 4)
        whole.setSpacing(4)
        whole.addWidget(self.empty)
        whole.addWidget(self.area, 1)
        whole.addWidget(self.note)
        whole.addWidget(self.sign)
        whole.addLayout(buttons)

    def _connect(self) -> None:
        self._reading.case_changed.connect(self.show_case)
        self._reading.settling.connect(self.sections.flush)
        self._sign_off.asked.connect(self._show_questions)
        self._sign_off.blocked.connect(self._show_blockers)
        self.sections.renewal_wanted.connect(self._renew)
        self.remarks.chosen.connect(self._go_to)
        self.lesions.chosen.connect(self.lesion_wanted)
        self.sign.clicked.connect(self._ask_to_sign)
        self.amend.clicked.connect(self.ask_reason)
        self.export.clicked.connect(self.export_report)
        self.print_out.clicked.connect(self.print_report)

    # What is shown

    def show_case(self, case: Case | None) -> None:
        """Show the report of a case; None where there is none."""
        if (case.uid if case is not None else "") != self._uid:
            self._begin(case)
        if not self.isVisible():
            # Done when the page is looked at: a key on another page must not wait for it.
            return
        is_readable = case is not None and (case.reading is not None or case.signed is not None)
        for widget in (self.area, self.sign, self.amend, self.export, self.print_out):
            widget.setVisible(is_readable)
        self.empty.setText(_NO_CASE if case is None else _NOT_SIGNED)
        self.empty.setVisible(not is_readable)
        self._show_note()
        if case is None or not is_readable:
            self.pictures.follow(None)
            return
        written = written_of(case)
        content = written if isinstance(written, Draft) else written.content
        can_change = not case.is_read_only
        self.status.setText(status_words(case))
        self._show_patient()
        self.remarks.show_remarks(remarks(case.draft) if can_change else ())
        self.sections.show_sections(
            content.sections, outdated=outdated(case.draft) if can_change else (), can_change=can_change
        )
        self.lesions.show_lesions(named_lesions(content))
        self.pictures.follow(content)
        self.ai.setText("\n".join(ai_lines(written)))
        self.others.show_case(case)
        self._show_versions(case)
        self._show_steps(case)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_case(self._reading.case)

    def _begin(self, case: Case | None) -> None:
        self._uid = case.uid if case is not None else ""
        self._priors = ()
        self.sections.drop()
        self.area.verticalScrollBar().setValue(0)
        if case is not None and case.priors:
            uid, priors = case.uid, case.priors
            self._reading.ask(
                lambda worklist, seat: _reports_of(worklist, seat, priors), lambda found: self._take_priors(uid, found)
            )

    def _take_priors(self, uid: str, found: tuple[Readable, ...]) -> None:
        if uid == self._uid and self._reading.case is not None:
            self._priors = found
            self._show_versions(self._reading.case)

    def _show_patient(self) -> None:
        case = self._reading.case
        if case is not None:
            self.patient.setText(patient_words(written_of(case), is_named=self._is_named))

    def _show_steps(self, case: Case) -> None:
        next_step = offer(case)
        can_sign = next_step.step is Step.SIGN
        self.sign.is_asking = bool(self._sign_off.questions)
        self.sign.setText("Sign now" if self.sign.is_asking else next_step.text if can_sign else "Sign report")
        self.sign.setVisible(not case.is_read_only)
        self.sign.setEnabled(can_sign)
        self.sign.setToolTip("" if can_sign else "Commit your read first.")
        self.amend.setVisible(case.is_signed and not case.is_amending and case.holder is None)

    def _show_questions(self, questions: tuple[str, ...]) -> None:
        if self._reading.case is not None:
            self._show_steps(self._reading.case)
        self._show_note("Before you sign: " + " ".join(questions) if questions else "")

    def _show_blockers(self, blockers: tuple[Remark, ...]) -> None:
        self._show_note(" ".join(remark.message for remark in blockers))
        self.area.ensureWidgetVisible(self.remarks)

    def _show_note(self, text: str = "") -> None:
        questions = self._sign_off.questions
        said = text or ("Before you sign: " + " ".join(questions) if questions else "")
        self.note.setObjectName("loud")
        theme.restyle(self.note)
        self.note.setText(said)
        self.note.setVisible(bool(said))

    def _show_versions(self, case: Case) -> None:
        """A button for each report that can be read beside this one."""
        for button in self.versions:
            self._versions_box.removeWidget(button)
            button.hide()
            button.deleteLater()
        readable = (*_versions_of(case), *self._priors)
        self.versions = [QPushButton(one.title) for one in readable]
        for button, one in zip(self.versions, readable, strict=True):
            button.setObjectName("small")
            button.clicked.connect(lambda _is_on=False, one=one: self.read(one))
            self._versions_box.addWidget(button)
        self._versions_title.setVisible(bool(readable))

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patient is."""
        self._is_named = is_shown
        self._show_patient()
        self.lesions.set_identity(is_shown=is_shown)
        for viewer in self._window.findChildren(ReportViewer):
            viewer.set_identity(is_shown=is_shown)

    # What is done

    def _write(self, name: SectionName, text: str) -> bool:
        return self._reading.change(lambda draft: changes.write_section(draft, name, text), f"text on {name}")

    def _renew(self, name: SectionName) -> None:
        self._reading.change(lambda draft: changes.restore_section(draft, name), f"text on {name}")

    def _ask_to_sign(self) -> None:
        self.sign.setFocus()
        self._sign_off.ask()

    def _go_to(self, remark: Remark) -> None:
        case = self._reading.case
        if case is None:
            return
        lesions = named_lesions(case.draft) if remark.code not in {"link", "same_id"} else ()
        place = place_of(remark, [one.name for one in lesions])
        if place.kind is PlaceKind.SECTION and place.section is not None:
            self.show_section(place.section)
            return
        lesion = next((one for one in lesions if one.name == place.lesion), None)
        if lesion is not None:
            self.lesion_wanted.emit(lesion)
        self.place_wanted.emit(place)

    def show_section(self, name: SectionName) -> None:
        """Bring a part of the text into view, ready to be written in."""
        field = self.sections.fields[name]
        self.area.ensureWidgetVisible(field)
        field.text.setFocus()

    def ask_reason(self) -> None:
        """Ask why the signed report is changed, then begin its amendment."""
        asking = QInputDialog(self._window)
        asking.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        asking.setWindowTitle("Amend the report")
        asking.setLabelText("Why is the signed report changed? The reason is printed on the new one.")
        asking.textValueSelected.connect(lambda reason: self._reading.amend(reason.strip()))
        asking.open()

    def export_report(self) -> None:
        """Ask where the report goes, and write it."""
        self._reading.settling.emit()
        case = self._reading.case
        if case is not None:
            self.exporter.ask(case.study, written_of(case), self.pictures)

    def print_report(self) -> None:
        """Open the PDF in the system's viewer."""
        self._reading.settling.emit()
        case = self._reading.case
        if case is not None:
            written = written_of(case)
            self.pictures.of(
                written if isinstance(written, Draft) else written.content,
                lambda images: self.exporter.print_out(case.study, written, images),
            )

    def read(self, one: Readable) -> None:
        """Show another report beside this one."""
        viewer = ReportViewer(one.title, one.report, self._window, doubts=one.doubts, is_named=self._is_named)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.show()


def _versions_of(case: Case) -> tuple[Readable, ...]:
    """The signed versions of this report that are not on the page, the newest first."""
    if case.signed is None:
        return ()
    shown = written_of(case)
    reports = (*case.signed.history, case.signed)
    return tuple(
        Readable(f"Version {report.version}, {moment(report.signed_at)}, {report.signer}", report)
        for report in reversed(reports)
        if report is not shown
    )


def _reports_of(worklist: Worklist, seat: Seat, priors: tuple[Prior, ...]) -> tuple[Readable, ...]:
    """The signed reports of earlier exams, as far as this reader may see them."""
    found = []
    for prior in priors:
        documents = worklist.documents.visible(seat, prior.study.id, kind=REPORT_DOCUMENT)
        signed = [document for document in documents if document.is_signed]
        if signed:
            title = f"Exam of {date_text(prior.study.date)}"
            found.append(Readable(title, from_json(REPORT, signed[-1].content), prior.doubts))
    return tuple(found)


__all__ = ["Place", "Readable", "ReportPage", "SignButton"]
