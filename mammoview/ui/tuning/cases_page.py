"""Page 2: where the cases come from, and what became of each row."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QLabel, QTabWidget, QVBoxLayout, QWidget

from mammoview.core.amounts import counted
from mammoview.core.errors import Problem
from mammoview.session.tuning.project import Page, Project
from mammoview.session.tuning.signed_cases import RULE, SignedReads, signed_reads
from mammoview.session.tuning.standing import Standing
from mammoview.session.tuning.tables import preview
from mammoview.session.tuning.tuner import JobEnded, JobPart
from mammoview.training.tuning.case_tables import TablePreview
from mammoview.training.tuning.messages import CaseSource, CasesReport, RejectedRow, SourceKind, TagChange
from mammoview.training.tuning.run_messages import READ_CASES
from mammoview.ui.hiding import HIDDEN_PATH
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.tuning.column_form import ColumnForm
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.source_form import SourceForm
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.wrapped import WrappedLabel

_COLLECTIONS = (
    "CBIS-DDSM, CDD-CESM, INbreast, VinDr-Mammo and mini-MIAS are known by their own layout: name the folder that the "
    "provider's archive was unpacked to, with its tables in it. Their licences hold; some forbid use beyond research."
)
_LOCKED = "Sign in at the worklist first (F4 in the viewer): signed reads are taken as the reader who is signed in."


class CasesPage(TuningPage):
    """The source, its columns with a preview, and the rows that were refused.

    Parameters
    ----------
    reading
        Gives the signed reads of whoever is signed in.
    """

    def __init__(self, desk: TuningDesk, reading: ReadingDesk) -> None:
        super().__init__(desk, Page.CASES)
        self._reading = reading
        self._shown: CaseSource | None = None
        self._previewed: CaseSource | None = None
        self._report: CasesReport | None = None
        self._refused: tuple[RejectedRow, ...] = ()
        self.form, self.columns = SourceForm(), ColumnForm()
        self.about_text = WrappedLabel()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.rejected = ReadTable(("Row", "Column", "Why it was refused", "What can be done"), stretched=2)
        self.changes = ReadTable(("Tag", "Attribute", "What became of it", "Images"), stretched=1)
        self.notes = WrappedLabel()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._source_tab(), "Source")
        self.tabs.addTab(self.rejected, "Refused rows")
        self.tabs.addTab(self.changes, "De-identification")
        self.body.addWidget(self.summary)
        self.body.addWidget(self.tabs, 1)
        self.body.addWidget(self.notes)
        self.foot.addStretch(1)
        self.read = self.button("Read the cases", self._read, is_step=True)
        self.form.changed.connect(self._preview)
        self.columns.changed.connect(self._preview)
        self.form.path.textChanged.connect(self._enable)
        self._preview()

    def _source_tab(self) -> QWidget:
        tab = QWidget()
        column = QVBoxLayout(tab)
        column.addWidget(self.form)
        column.addWidget(self.about_text)
        column.addWidget(self.columns, 1)
        column.addStretch(0)
        return tab

    # The source

    @property
    def source(self) -> CaseSource:
        """As it is entered."""
        entered = self.form.value()
        return replace(entered, columns=self.columns.columns) if entered.kind is SourceKind.TABLE else entered

    def _preview(self) -> None:
        kind = self.form.chosen_kind
        self.columns.setVisible(kind is SourceKind.TABLE)
        self.about_text.setText(
            RULE if kind is SourceKind.WORKLIST else _COLLECTIONS if kind is SourceKind.COLLECTION else ""
        )
        source = self.source
        if kind is SourceKind.TABLE and source.path and source != self._previewed:
            if self._previewed is not None and self._previewed.path != source.path:
                self.columns.clear()
                source = replace(self.source, sheet="")
            self._previewed = source
            self.desk.failed.emit(None)
            self.desk.ask(lambda: preview(source), lambda found: self._show_preview(source, found))
        self._enable()

    def _show_preview(self, source: CaseSource, found: TablePreview) -> None:
        if source == self._previewed:
            self.form.show_sheets(found.sheets, found.sheet)
            self._previewed = self.source
            self.columns.show_preview(found)

    def _enable(self) -> None:
        has_path = self.form.chosen_kind is SourceKind.WORKLIST or bool(self.form.path.text().strip())
        self.read.setEnabled(self.is_idle and has_path)

    def _read(self) -> None:
        source = self.source
        self._refused = ()
        self._show_refused()

        def choose(project: Project) -> Project:
            return replace(project, source=source)

        if source.kind is not SourceKind.WORKLIST:
            self.desk.start(lambda tuner: tuner.read_cases(), choose)
        elif self._reading.seat is None:
            self.desk.failed.emit(Problem("", "locked", "Nobody is signed in at the worklist.", _LOCKED))
        else:
            self._reading.ask(signed_reads, self._read_signed)

    def _read_signed(self, reads: SignedReads) -> None:
        source = self.source
        if not reads.images:
            text = "No study of the worklist is signed so that you may take it."
            self.desk.failed.emit(Problem("", "empty", text, " ".join(reads.notes)))
            return
        self.desk.start(
            lambda tuner: tuner.read_cases(reads.images, reads.notes), lambda project: replace(project, source=source)
        )

    # What came of it

    def forget(self) -> None:
        self._shown = self._previewed = None
        self.columns.clear()
        self.form.set_value(CaseSource(SourceKind.WORKLIST))
        self._report, self._refused = None, ()
        self._show_refused()
        self._show_changes(())
        self.tabs.setCurrentIndex(0)

    def show_standing(self, standing: Standing) -> None:
        source = standing.project.source
        if source is not None and source != self._shown:
            self._shown = source
            self.columns.set_columns(source.columns)
            self.form.set_value(source)
            self._preview()
        self.columns.set_identity(is_shown=self.desk.is_identity_shown)
        self._show_report(standing.cases if Page.CASES in standing.finished else None)
        self._enable()

    def hear(self, event: object) -> None:
        if isinstance(event, JobPart) and event.kind == READ_CASES and isinstance(event.value, tuple):
            self._refused = event.value
            self._show_refused()
        elif isinstance(event, JobEnded) and isinstance(event.result, CasesReport):
            self._report = None
            self._show_report(event.result)
            self.tabs.setCurrentIndex(1 if event.result.rejected else 2 if event.result.changes else 0)
        elif isinstance(event, JobEnded) and event.kind == READ_CASES and self._refused:
            self.tabs.setCurrentIndex(1)

    def _show_report(self, report: CasesReport | None) -> None:
        self.summary.setVisible(report is not None)
        if report is None:
            self.summary.setText("")
            self.notes.setText("")
            self._show_refused()
            return
        rejected = counted(len(report.rejected), "row")
        self.summary.setText(
            f"{counted(report.images, 'image')} of {counted(report.patients, 'patient')}: {report.labelled} with a "
            f"label, {report.boxed} with boxes, {report.outlined} with outlines. {rejected} refused."
        )
        if report != self._report:
            # A reading that failed leaves the report before, and refused rows of its own.
            self._report, self._refused = report, report.rejected
        self._show_refused()
        self._show_changes(report.changes)
        self.notes.setText(" ".join(report.notes))

    def _show_changes(self, changes: tuple[TagChange, ...]) -> None:
        self.changes.fill([(one.tag, one.name, one.action, str(one.images)) for one in changes])
        self.tabs.setTabText(2, f"De-identification ({len(changes)})")

    def _show_refused(self) -> None:
        rows, hidden = self._refused, not self.desk.is_identity_shown
        self.rejected.fill([(*one.place, HIDDEN_PATH if hidden else one.message, one.hint) for one in rows])
        self.tabs.setTabText(1, f"Refused rows ({len(rows)})")
