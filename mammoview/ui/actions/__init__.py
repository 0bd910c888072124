"""Everything a reader can do, with its keys: the one table behind menus, toolbar, shortcuts and the help dialog."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions import (
    analysis,
    decide,
    file,
    findings,
    frames,
    gray,
    hanging,
    overlays,
    quality,
    report,
    size,
    tools,
    view,
    worklist,
)
from mammoview.ui.actions import help as help_rows
from mammoview.ui.actions.row import Action, Gesture, Group

__all__ = ["ACTIONS", "GESTURES", "Action", "Gesture", "Group", "action"]

ACTIONS: Final[tuple[Action, ...]] = (
    *file.ROWS,
    *worklist.ROWS,
    *hanging.ROWS,
    *view.ROWS,
    *gray.ROWS,
    *size.ROWS,
    *frames.ROWS,
    *tools.ROWS,
    *overlays.ROWS,
    *decide.ROWS,
    *findings.ROWS,
    *report.ROWS,
    *analysis.ROWS,
    *quality.ROWS,
    *help_rows.ROWS,
)

GESTURES: Final[tuple[Gesture, ...]] = (
    Gesture("Left drag", "Pan; with W on, window and level"),
    Gesture("Right drag, Ctrl + left drag", "Window (sideways) and level (upwards is brighter)"),
    Gesture("Wheel", "Zoom around the cursor"),
    Gesture("Middle drag", "Zoom"),
    Gesture("Shift + wheel", "Step through the slices of a volume, else through the images of a slot"),
    Gesture("Click a finding", "Select it; click elsewhere to select none"),
    Gesture("Click a mark", "Choose it; drag a chosen mark or its points to change it"),
    Gesture("Double click on a mark", "Write on it"),
    Gesture("Shift while drawing", "Keep the tool for the next mark; Escape drops what is begun"),
    Gesture("Double click", "One image large, and back"),
    Gesture("Drop files or folders", "Open them"),
)


def action(identity: str) -> Action:
    """The row of one action."""
    return next(row for row in ACTIONS if row.id == identity)
