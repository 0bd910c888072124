"""Findings of the case on the table: what the AI proposes, and what the reader draws and says."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

_CHOSEN: Final = "Selected finding"


def _row(
    identity: str, title: str, keys: tuple[str, ...], text: str, *, is_checkable: bool = False, submenu: str = ""
) -> Action:
    return Action(identity, title, keys, Group.READING, text, is_checkable, submenu=submenu)


def _tool(identity: str, title: str, key: str, text: str) -> Action:
    return Action(identity, title, (key,), Group.READING, text, is_checkable=True, submenu="Find and draw")


ROWS: Final[tuple[Action, ...]] = (
    _row("ai_marks", "AI marks", ("Num+/", "/"), "Outlines that the AI proposes.", is_checkable=True),
    _row("ai_scores", "AI scores and saliency", ("Num+*", "*"), "Its numbers, and where.", is_checkable=True),
    _row("ai_hide", "Hide all AI", ("Num+-", "\\"), "The images and your own findings alone."),
    _tool("ask_ai", "Ask the AI here", "Shift+I", "Click a place: what the AI takes it for. Esc ends."),
    _tool("finding_polygon", "Finding: polygon", "Ctrl+Shift+P", "Click the corners; double click closes."),
    _tool("finding_freehand", "Finding: freehand", "Ctrl+Shift+F", "Draw around it with one stroke."),
    _tool("finding_place", "Finding: place", "Ctrl+G", "Click a group of calcifications."),
    _tool("finding_assist", "Finding: outline by the AI", "Ctrl+J", "Click in a lesion, or drag a box around it."),
    _tool("finding_brush", "Brush", "Ctrl+Y", "Add to the selected outline; Shift takes away, the wheel sizes."),
    _tool("finding_eraser", "Eraser", "Ctrl+Shift+Y", "Take from the selected outline; Shift adds, the wheel sizes."),
    _tool("finding_redraw", "Redraw outline", "Ctrl+Shift+J", "Draw the selected finding's outline anew."),
    _tool("finding_redraw_polygon", "Redraw outline: polygon", "Ctrl+Shift+G", "The same, corner by corner."),
    _tool("landmarks", "Landmarks", "Ctrl+N", "Drag the nipple, or an end of the chest wall's line."),
    _row("accept_finding", "Accept", ("Ctrl+A",), "Take the AI's finding as it is, in all its views.", submenu=_CHOSEN),
    _row("reject_finding", "Reject…", ("Ctrl+X",), "Say that the AI's finding is none, and why.", submenu=_CHOSEN),
    _row(
        "take_back_verdict", "Take verdict back", ("Ctrl+Shift+A",), "Neither accepted nor rejected.", submenu=_CHOSEN
    ),
    _row(
        "link_finding",
        "Link",
        ("Ctrl+U",),
        "One lesion in two views: join the likeliest, or the next one clicked.",
        submenu=_CHOSEN,
    ),
    _row(
        "unlink_finding", "Unlink", ("Ctrl+Shift+U",), "The other views' findings are another lesion.", submenu=_CHOSEN
    ),
    _row(
        "delete_finding",
        "Delete finding",
        ("Ctrl+Del",),
        "Your own finding; the AI's is rejected instead.",
        submenu=_CHOSEN,
    ),
    _row(
        "correspondence",
        "Arc in the other view",
        ("Shift+C",),
        "Where the other view must show the selected finding, from its distance to the nipple.",
        is_checkable=True,
    ),
)
