"""The report of the case on the table, and the ways between it and the decisions."""

from __future__ import annotations

from mammoview.report.breast_report.drafting import NamedLesion
from mammoview.session.reading.case import Case
from mammoview.ui.actions import report as rows
from mammoview.ui.desk import Desk
from mammoview.ui.report.words import Place, PlaceKind


class ReportCommands:
    """What is written in the Reading menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.reading.case_changed.connect(self._follow)
        desk.decision.remarks_wanted.connect(self.do_show_report)
        desk.report.place_wanted.connect(self._go_to)
        desk.report.lesion_wanted.connect(self._reveal)
        desk.report.exporter.exported.connect(self._tell)
        self._follow(desk.reading.case)

    def _follow(self, case: Case | None) -> None:
        for identity in rows.IDS:
            self._desk.actions[identity].setEnabled(case is not None)

    def _go_to(self, place: Place) -> None:
        panel = self._desk.findings.panel
        if place.kind is PlaceKind.FINDINGS and self._desk.tabs.indexOf(panel) >= 0:
            self._desk.tabs.setCurrentWidget(panel)
            return
        self.do_show_decision()
        self._desk.decision.set_focus(place.side)

    def _reveal(self, one: NamedLesion) -> None:
        """Select the lesion, and bring it to the middle of each view that shows it."""
        self._desk.findings.board.select(one.lesion.findings[0].id)
        for finding in one.lesion.findings:
            rows_px = [row for row, _ in finding.contour]
            columns_px = [column for _, column in finding.contour]
            middle = (min(rows_px) + max(rows_px)) / 2, (min(columns_px) + max(columns_px)) / 2
            self._desk.wall.reveal(finding.image_id, *middle)

    def _tell(self, folder: str) -> None:
        is_named = self._desk.hiding is None
        self._desk.state_label.setText(f"Exported to {folder}" if is_named else "Exported")

    def do_show_decision(self) -> None:
        self._desk.tabs.setCurrentWidget(self._desk.reading_tab)

    def do_show_report(self) -> None:
        self._desk.tabs.setCurrentWidget(self._desk.report)

    def do_export_report(self) -> None:
        self._desk.report.export_report()

    def do_print_report(self) -> None:
        self._desk.report.print_report()

    def do_amend_report(self) -> None:
        case = self._desk.reading.case
        if case is not None and case.is_signed and not case.is_amending:
            self._desk.report.ask_reason()
