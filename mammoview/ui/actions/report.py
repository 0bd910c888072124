"""The report of the case on the table."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("show_decision", "Decide and describe", ("Ctrl+Shift+D",), Group.READING, "The page with the decisions."),
    Action("show_report", "Report", ("Ctrl+Shift+R",), Group.READING, "The page with the report."),
    Action("export_report", "Export the report…", ("Ctrl+Shift+E",), Group.READING, "As HTML, PDF and JSON."),
    Action("print_report", "Print the report…", ("Ctrl+P",), Group.READING, "By way of its PDF."),
    Action("amend_report", "Amend the report…", (), Group.READING, "Correct a signed report; the old one is kept."),
)
#: What needs a case.
IDS: Final = ("export_report", "print_report", "amend_report")
