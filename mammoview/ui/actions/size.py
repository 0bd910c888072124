"""Zoom, true size and the magnifier."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("fit", "Fit", ("F", "0"), Group.SIZE, "Hang all breasts at one size that fits.", tool="Fit"),
    Action(
        "one_to_one", "1:1 pixels", ("1",), Group.SIZE, "One acquired pixel to one pixel of the screen.", tool="1:1"
    ),
    Action("zoom_in", "Zoom in", ("+", "="), Group.SIZE, "Enlarge around the middle."),
    Action("zoom_out", "Zoom out", ("-",), Group.SIZE, "Shrink around the middle."),
    Action("magnifier", "Magnifier", ("M",), Group.SIZE, "Native detail around the cursor.", True, "Lens"),
)
