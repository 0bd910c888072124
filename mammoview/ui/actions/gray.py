"""Windows, tables and inversion."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("window_tool", "Window by left drag", ("W",), Group.GRAY, "The left button drags the window.", True, "W/L"),
    Action("reset_window", "Reset window", ("R",), Group.GRAY, "Back to the header's window.", tool="Reset"),
    Action("next_voi", "Next window of the header", ("V",), Group.GRAY, "Step through the windows and tables offered."),
    Action("invert", "Invert", ("I",), Group.GRAY, "Black for white; the background stays black.", True, "Invert"),
)
