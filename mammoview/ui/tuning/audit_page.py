"""Page 3: what is in the cases, and what to look at before anything is learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from mammoview.core.amounts import counted
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing, thumbnails_of
from mammoview.session.tuning.tuner import JobEnded, JobPart
from mammoview.training.tuning.audit_messages import AuditReport, ImageLook, Remark, Severity, TableAudit
from mammoview.training.tuning.run_messages import AUDIT
from mammoview.ui import theme
from mammoview.ui.hiding import HIDDEN, HIDDEN_PATH
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.thumbs import Thumbs
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.wrapped import WrappedLabel

_ORDER: Final = (Severity.STOP, Severity.WARNING, Severity.NOTE)
#: Remarks come one by one from the pixels; the table is filled so often.
_FILL_MS: Final = 300


class AuditPage(TuningPage):
    """Counts, remarks with the pictures that they are about, and refused rows."""

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.AUDIT)
        self._shown: AuditReport | None = None
        self._table_remarks: tuple[Remark, ...] = ()
        self._remarks: list[Remark] = []
        self._looked = 0
        self._listed: list[Remark] = []
        self.expected = WrappedLabel()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.remarks = ReadTable(("", "About", "Remark", "Patients"), stretched=2, is_chosen=True)
        self.counts = ReadTable(("", "Value", "Images", "Patients", "Malignant images"), stretched=1)
        self.rejected = ReadTable(("Row", "Column", "Why it was refused", "What can be done"), stretched=2)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table, title in ((self.remarks, "Remarks"), (self.counts, "Counts"), (self.rejected, "Refused rows")):
            self.tabs.addTab(table, title)
        self.thumbs = Thumbs()
        self.remark = WrappedLabel()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.remark)
        halves = QSplitter()
        halves.addWidget(left)
        halves.addWidget(self.thumbs)
        halves.setSizes([660, 320])
        self.body.addWidget(self.summary)
        self.body.addWidget(self.expected)
        self.body.addWidget(halves, 1)
        self.foot.addStretch(1)
        self.all_images = self.button("All pictures", self._show_all, "Show the pictures of all images again")
        self.start = self.button("Audit the cases", self._start, is_step=True)
        self._filler = QTimer(self)
        self._filler.setSingleShot(True)
        self._filler.setInterval(_FILL_MS)
        self._filler.timeout.connect(self._fill)
        self.remarks.itemSelectionChanged.connect(self._show_chosen)

    def forget(self) -> None:
        self.thumbs.start_over()
        self._table_remarks, self._remarks, self._looked, self._shown = (), [], 0, None
        self._fill()
        for table in (self.counts, self.rejected):
            table.fill([])
        self.tabs.setTabText(2, "Refused rows")
        for label in (self.summary, self.expected, self.remark):
            label.setText("")

    def _start(self) -> None:
        self.forget()
        self.desk.start(lambda tuner: tuner.audit())

    def show_standing(self, standing: Standing) -> None:
        self.all_images.setEnabled(True)
        self.start.setEnabled(self.is_idle and Page.CASES in standing.finished)
        self.start.setText("Audit the cases" if standing.audit is None else "Audit again")
        if standing.audit is not None and standing.audit != self._shown and self.desk.busy != AUDIT:
            self._show_report(standing.audit)
            self.desk.ask(lambda: thumbnails_of(standing.path), self._show_pictures)

    def hear(self, event: object) -> None:
        if isinstance(event, JobPart) and isinstance(event.value, TableAudit):
            self._show_table(event.value)
        elif isinstance(event, JobPart) and isinstance(event.value, ImageLook):
            look = event.value
            self._looked += 1
            self._remarks += look.remarks
            self.thumbs.add(look.image, look.thumbnail)
            if not self._filler.isActive():
                self._filler.start()
        elif isinstance(event, JobEnded) and isinstance(event.result, AuditReport):
            self._show_report(event.result)

    def _show_pictures(self, found: tuple[tuple[int, bytes], ...]) -> None:
        for place, jpeg in found:
            self.thumbs.add(place, jpeg)

    def _show_table(self, table: TableAudit) -> None:
        self._table_remarks = table.remarks
        self.summary.setText(
            f"{counted(table.images, 'image')} of {counted(table.patients, 'patient')}; "
            f"{table.headers_read} headers and the pixels of {self._looked} images were looked at."
        )
        self.expected.setText("\n".join(one.sentence for one in table.expected))
        self.counts.fill(
            [
                (
                    tally.attribute if place == 0 else "",
                    count.value or "not known",
                    str(count.images),
                    str(count.patients),
                    str(count.malignant),
                )
                for tally in table.tallies
                for place, count in enumerate(tally.counts)
            ]
        )
        hidden = not self.desk.is_identity_shown
        self.rejected.fill(
            [(str(one.line), one.column, HIDDEN_PATH if hidden else one.message, one.hint) for one in table.rejected]
        )
        self.tabs.setTabText(2, f"Refused rows ({len(table.rejected)})")
        self._fill()

    def _show_report(self, report: AuditReport) -> None:
        self._shown = report
        self._looked = report.looked_at
        self._show_table(report.table)
        self._table_remarks, self._remarks = report.remarks, []
        self._fill()
        stops = sum(remark.severity is Severity.STOP for remark in report.remarks)
        if stops:
            what = "add cases or correct the table, and read the cases again."
            text = f" {counted(stops, 'remark')} must be put right: {what}"
            self.summary.setText(self.summary.text() + text)

    def _fill(self) -> None:
        remarks: Sequence[Remark] = (*self._table_remarks, *self._remarks)
        self._listed = sorted(remarks, key=lambda remark: _ORDER.index(remark.severity))
        colours = {Severity.STOP: theme.LOUD, Severity.WARNING: theme.WARNING}
        hidden = not self.desk.is_identity_shown
        self.remarks.fill(
            [
                (
                    one.severity.value,
                    one.kind.value,
                    f"{HIDDEN} ({counted(len(one.images), 'image')})" if hidden else one.text,
                    counted(len(one.patients), "patient") if hidden else ", ".join(one.patients),
                )
                for one in self._listed
            ],
            [colours.get(one.severity) for one in self._listed],
        )
        self.tabs.setTabText(0, f"Remarks ({len(self._listed)})")

    def _show_chosen(self) -> None:
        row = self.remarks.currentRow()
        if self.remarks.selectedItems() and row < len(self._listed):
            chosen = self._listed[row]
            self.remark.setText(self.remarks.words(row)[2])
            self.thumbs.choose(chosen.images if chosen.images else None)

    def _show_all(self) -> None:
        self.remarks.clearSelection()
        self.remark.setText("")
        self.thumbs.choose(None)
