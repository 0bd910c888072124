"""Zoom, true size and the magnifier."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("fit", "Fit", ("F", "0"), Group.SIZE, "Hang all breasts at one size that fits.", tool="Fit"),
    Action(
        "one_to_one",
        "1:1 pixels",
        ("1",),
        Group.SIZE,
        "One acquired pixel to one pixel of the screen; again, to two by two.",
        tool="1:1",
    ),
    Action("true_size", "True size", ("2",), Group.SIZE, "As large on the screen as the breast was."),
    Action("roam_next", "Next part at 1:1", ("Q",), Group.SIZE, "Look through both breasts part by part."),
    Action("roam_previous", "Previous part at 1:1", ("Shift+Q",), Group.SIZE, "Back to the part before."),
    Action("quadrant", "Quadrant", ("Z",), Group.SIZE, "The quarter under the cursor fills its pane, and back."),
    Action("coverage", "Coverage map", ("O",), Group.SIZE, "What was seen at 1:1 or larger.", True),
    Action("zoom_in", "Zoom in", ("+", "="), Group.SIZE, "Enlarge around the middle."),
    Action("zoom_out", "Zoom out", ("-",), Group.SIZE, "Shrink around the middle."),
    Action(
        "calibrate", "Calibrate the monitor's size…", ("Ctrl+M",), Group.SIZE, "With a bank card, for the true size."
    ),
    Action("magnifier", "Magnifier", ("M",), Group.SIZE, "Native detail around the cursor.", True, "Lens"),
)
