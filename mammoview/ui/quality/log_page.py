"""The luminance log: what was measured, how it fits the standard, and two displays side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from mammoview.core.display_check import DisplayCheck, Limits
from mammoview.core.errors import MammoViewError
from mammoview.imaging.gsdf_fit import GsdfFit, compare
from mammoview.report.display_check import NO_LIMIT, Verdict, pair_verdicts, report_html, verdicts
from mammoview.session.luminance_csv import export_csv
from mammoview.ui import theme
from mammoview.ui.quality import TALL_PX
from mammoview.ui.quality.log import DisplayLog
from mammoview.ui.quality.plots import ResponsePlots

_EMPTY = "No measurement yet. “New measurement” enters luminances by hand or from a CSV file."


class LogPage(QWidget):
    """All checks; the selected one with its plots, two with their difference.

    Parameters
    ----------
    log
        Where checks are kept.
    limits
        What the user holds measurements against.
    """

    measure_wanted = Signal()

    def __init__(self, log: DisplayLog, limits: Limits) -> None:
        super().__init__()
        self._log, self._limits = log, limits
        self._shown: tuple[DisplayCheck, ...] = ()
        self._expected = ""
        self.table = QTableWidget(0, 5)
        self.plots = ResponsePlots()
        self.verdict_table = QTableWidget(0, 4)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.buttons = {
            name: QPushButton(title)
            for name, title in (
                ("measure", "New measurement…"),
                ("withdraw", "Withdraw"),
                ("export", "Export CSV…"),
                ("report", "Report to print…"),
            )
        }
        self._lay_out()
        self.buttons["measure"].clicked.connect(self.measure_wanted)
        self.buttons["withdraw"].clicked.connect(self._withdraw)
        self.buttons["export"].clicked.connect(self._export)
        self.buttons["report"].clicked.connect(self._report)
        self.table.itemSelectionChanged.connect(self._show)
        log.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        for table, titles, stretched in (
            (self.table, ("Date", "Display", "Person", "Ratio", "Deviation"), 1),
            (self.verdict_table, ("", "Value", "Limit", ""), 0),
        ):
            table.setHorizontalHeaderLabels(list(titles))
            table.verticalHeader().hide()
            table.verticalHeader().setDefaultSectionSize(26)
            table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
            table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
            header = table.horizontalHeader()
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        self.table.setSelectionMode(QTableWidget.SelectionMode.ExtendedSelection)
        self.verdict_table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 3)
        column.addWidget(self.state)
        column.addWidget(self.verdict_table, 2)
        halves = QSplitter()
        halves.addWidget(left)
        halves.addWidget(self.plots)
        halves.setSizes([520, 440])
        row = QHBoxLayout()
        for name in ("measure", "withdraw"):
            row.addWidget(self.buttons[name])
        row.addStretch(1)
        for name in ("export", "report"):
            row.addWidget(self.buttons[name])
        for button in self.buttons.values():
            button.setMinimumHeight(TALL_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves, 1)
        layout.addLayout(row)

    def set_limits(self, limits: Limits) -> None:
        """Hold the measurements against other limits."""
        self._limits = limits
        self._show()

    def refresh(self) -> None:
        """Show the log as it is now, newest first; what was selected stays so."""
        kept = {check.id for check in self.selected()}
        if any(check.id == self._expected for check in self._log.checks):
            kept, self._expected = {self._expected}, ""
        self._shown = tuple(reversed(self._log.checks))
        self.table.setRowCount(len(self._shown))
        for row, check in enumerate(self._shown):
            numbers = self._numbers(check)
            name = f"{check.monitor_name} (withdrawn)" if check.is_withdrawn else check.monitor_name
            for column, text in enumerate((check.time[:16].replace("T", " "), name, check.person, *numbers)):
                item = QTableWidgetItem(text)
                if check.is_withdrawn:
                    item.setForeground(theme.QUIET)
                self.table.setItem(row, column, item)
        self.select(kept or {check.id for check in self._shown[:1]})
        self._show()

    def _numbers(self, check: DisplayCheck) -> tuple[str, str]:
        found = self._log.fits.get(check.id)
        if isinstance(found, GsdfFit):
            return f"{found.ratio:.0f}", f"{100 * found.worst:.1f} %"
        return "", "no fit" if found else "by eye"

    def expect(self, check_id: str) -> None:
        """Select a check as soon as it is on record."""
        self._expected = check_id

    def select(self, ids: set[str]) -> None:
        """Select checks by id."""
        self.table.clearSelection()
        model = self.table.selectionModel()
        for row, check in enumerate(self._shown):
            if check.id in ids:
                flags = model.SelectionFlag.Select | model.SelectionFlag.Rows
                model.select(self.table.model().index(row, 0), flags)

    def selected(self) -> tuple[DisplayCheck, ...]:
        """The selected checks, as the table has them."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        return tuple(self._shown[row] for row in rows if row < len(self._shown))

    def _show(self) -> None:
        chosen = self.selected()
        found = [(check, self._log.fits.get(check.id)) for check in chosen]
        fits = [(check, fitted) for check, fitted in found if isinstance(fitted, GsdfFit)][:2]
        names = tuple((f"{check.monitor_name} {check.time[:10]}", fitted) for check, fitted in fits)
        self.plots.show_fits(names, deviation=self._limits.deviation)
        self.buttons["withdraw"].setEnabled(len(chosen) == 1 and not chosen[0].is_withdrawn)
        self.buttons["report"].setEnabled(len(chosen) == 1)
        self.buttons["export"].setEnabled(bool(self._shown))
        self._show_verdicts(self._verdicts(chosen, tuple(fitted for _, fitted in fits)))

    def _verdicts(self, chosen: tuple[DisplayCheck, ...], fits: tuple[GsdfFit, ...]) -> tuple[Verdict, ...]:
        if len(fits) == 2:
            self.state.setText("Two displays (or two dates) compared:")
            try:
                return pair_verdicts(compare(*fits), self._limits)
            except MammoViewError as error:
                self.state.setText(str(error))
                return ()
        if fits:
            self.state.setText("Select two measurements (Ctrl + click) to compare a pair of displays.")
            return verdicts(fits[0], self._limits)
        texts = [f"No: {text}" for check in chosen for text in check.complaints]
        texts += [told for check in chosen if isinstance(told := self._log.fits.get(check.id), str)]
        self.state.setText("\n".join(texts) or ("Nothing was found wrong by eye." if chosen else _EMPTY))
        return ()

    def _show_verdicts(self, rows: tuple[Verdict, ...]) -> None:
        self.verdict_table.setVisible(bool(rows))
        self.verdict_table.setRowCount(len(rows))
        for index, verdict in enumerate(rows):
            for column, text in enumerate((verdict.what, verdict.value, verdict.limit, verdict.word)):
                item = QTableWidgetItem(text)
                if verdict.is_met is False:
                    item.setForeground(theme.LOUD)
                elif text == NO_LIMIT:
                    item.setForeground(theme.QUIET)
                self.verdict_table.setItem(index, column, item)

    def _withdraw(self) -> None:
        for check in self.selected():
            self._log.withdraw(check.id)

    def _export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export the log", "display-checks.csv", "Tables (*.csv)")
        if name:
            checks = self._log.checks
            self._write(Path(name), lambda: export_csv(checks), "utf-8-sig", then=lambda: None)

    def _report(self) -> None:
        (check,) = self.selected()
        name, _ = QFileDialog.getSaveFileName(self, "Report", f"display-check-{check.time[:10]}.html", "Pages (*.html)")
        if name:
            limits = self._limits
            show = partial(QDesktopServices.openUrl, QUrl.fromLocalFile(name))
            self._write(Path(name), lambda: report_html(check, limits), "utf-8", then=show)

    def _write(self, path: Path, make: Callable[[], str], encoding: str, *, then: Callable[[], object]) -> None:
        def done(problem: str) -> None:
            # The dialog may have been closed in the meantime.
            if not isValid(self):
                return
            self.state.setText(problem or f"{path.name} was written.")
            if not problem:
                then()

        self._log.write_file(path, make, done, encoding=encoding)
