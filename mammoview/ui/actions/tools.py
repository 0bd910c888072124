"""Measuring and marking."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

MEASURE: Final = "Measure"


def _tool(identity: str, title: str, key: str, text: str) -> Action:
    return Action(identity, title, (key,), Group.TOOLS, text, is_checkable=True, drop_down=MEASURE)


ROWS: Final[tuple[Action, ...]] = (
    Action("undo", "Undo", ("Ctrl+Z",), Group.TOOLS, "Take back what was done last, to marks or to the display."),
    Action("redo", "Redo", ("Ctrl+Shift+Z",), Group.TOOLS, "Do again what was taken back."),
    _tool("draw_pointer", "Pointer", "Shift+S", "Choose, move and change marks; drag elsewhere to pan."),
    _tool("draw_distance", "Distance", "Shift+D", "Drag or click from end to end."),
    _tool("draw_angle", "Angle", "Shift+W", "Click the first arm's end, the corner, the second arm's end."),
    _tool("draw_area", "Freehand area", "Shift+R", "Draw around something with one stroke."),
    _tool("draw_ellipse", "Ellipse, mean and deviation", "Shift+O", "Drag from corner to corner of its box."),
    _tool("draw_polygon", "Polygon, mean and deviation", "Shift+P", "Click the corners; double click to close."),
    _tool("draw_arrow", "Arrow", "Shift+F", "Drag from tail to head."),
    _tool("draw_text", "Text", "Shift+K", "Click where it begins, write, press Enter."),
    Action("marks", "Marks", ("Shift+H",), Group.TOOLS, "Show or hide all marks; a new one shows them again.", True),
    Action("delete_mark", "Delete mark", ("Del",), Group.TOOLS, "Delete the chosen mark."),
)
