"""Page 3: what is in the cases, and what to look at before anything is learned from them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from mammoview.core.amounts import counted
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing, image_of, thumbnails_of
from mammoview.session.tuning.tuner import JobEnded, JobPart
from mammoview.training.tuning.audit_messages import AuditReport, ImageLook, Remark, Severity, TableAudit
from mammoview.training.tuning.messages import rows_of_all
from mammoview.training.tuning.run_messages import AUDIT
from mammoview.ui.hiding import HIDDEN_PATH
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.remark_tree import RemarkTree
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.thumbs import Thumbs
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.wrapped import WrappedLabel

#: Remarks come one by one from the pixels; the table is filled so often.
_FILL_MS: Final = 300


class AuditPage(TuningPage):
    """Counts, remarks by kind with the pictures that they are about, and refused rows.

    A click on a picture opens its image in the viewer.
    """

    open_wanted = Signal(object)

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.AUDIT)
        self._shown: AuditReport | None = None
        self._table: TableAudit | None = None
        self._table_remarks: tuple[Remark, ...] = ()
        self._remarks: list[Remark] = []
        self._looked = 0
        self.expected = WrappedLabel()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.remarks = RemarkTree()
        self.counts = ReadTable(("", "Value", "Images", "Patients", "Malignant images"), stretched=1)
        self.rejected = ReadTable(("On", "Row", "Column", "Why it was refused", "What can be done"), stretched=3)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        tabs: tuple[tuple[QWidget, str], ...] = (
            (self.remarks, "Remarks"),
            (self.counts, "Counts"),
            (self.rejected, "Refused rows"),
        )
        for table, title in tabs:
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
        self.thumbs.wanted.connect(self._open)

    def forget(self) -> None:
        self.thumbs.start_over()
        self._table_remarks, self._remarks, self._looked, self._shown, self._table = (), [], 0, None, None
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
        self._table = table
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
        # Lines of the site's own table first, then those of the project's.
        rows = [("Cases", one) for one in table.refused] + [("Audit", one) for one in table.rejected]
        self.rejected.fill([(page, *one.place, HIDDEN_PATH if hidden else one.message, one.hint) for page, one in rows])
        self.tabs.setTabText(2, f"Refused rows ({len(rows)})")
        self._fill()

    def _show_report(self, report: AuditReport) -> None:
        self._shown = report
        self._looked = report.looked_at
        self._show_table(report.table)
        self._table_remarks, self._remarks = report.remarks, []
        self._fill()

    def _fill(self) -> None:
        remarks = (*self._table_remarks, *self._remarks)
        self.remarks.show_remarks(remarks, is_identity_shown=self.desk.is_identity_shown)
        self.tabs.setTabText(0, f"Remarks ({len(remarks)})")
        self._show_summary(sum(remark.severity is Severity.STOP for remark in remarks))

    def _show_summary(self, stops: int) -> None:
        table = self._table
        if table is None:
            self.summary.setText("")
            return
        text = (
            f"{counted(table.images, 'image')} of {counted(table.patients, 'patient')}; "
            f"{counted(table.headers_read, 'header')} and the pixels of {counted(self._looked, 'image')} were looked "
            "at."
        )
        if table.refused:
            text += f" Reading the cases refused {counted(rows_of_all(table.refused), 'row')}."
        if stops:
            what = "add cases or correct the table, and read the cases again."
            text += f" {counted(stops, 'remark')} must be put right: {what}"
        self.summary.setText(text)

    def _show_chosen(self) -> None:
        chosen = self.remarks.chosen
        if chosen is not None:
            self.remark.setText(chosen.text)
            self.thumbs.choose(chosen.images if chosen.images else None)

    def _show_all(self) -> None:
        self.remarks.clearSelection()
        self.remark.setText("")
        self.thumbs.choose(None)

    def _open(self, place: int) -> None:
        standing = self.desk.standing
        if standing is not None:
            self.desk.ask(lambda: image_of(standing.path, place), self.open_wanted.emit)
