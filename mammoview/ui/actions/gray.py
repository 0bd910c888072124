"""Windows, tables and inversion."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

_CHOICES: Final = ("first", "second", "third", "fourth")

ROWS: Final[tuple[Action, ...]] = (
    Action("window_tool", "Window by left drag", ("W",), Group.GRAY, "The left button drags the window.", True, "W/L"),
    Action("reset_window", "Reset window", ("R",), Group.GRAY, "Back to the header's window.", tool="Reset"),
    Action("next_voi", "Next window of the header", ("V",), Group.GRAY, "Step through the windows and tables offered."),
    Action(
        "choose_gray",
        "Choose window …",
        ("Shift+V",),
        Group.GRAY,
        "All windows, tables and presets by name, each with a small picture.",
    ),
    *(
        Action(
            f"gray_choice_{number}",
            f"The {word} choice",
            (f"Ctrl+{number}",),
            Group.GRAY,
            f"Take the {word} entry of the chooser.",
        )
        for number, word in enumerate(_CHOICES, 1)
    ),
    Action("invert", "Invert", ("I",), Group.GRAY, "Black for white; the background stays black.", True, "Invert"),
    Action(
        "dark_air",
        "Estimated air black",
        ("Shift+A",),
        Group.GRAY,
        "Darken what lies beyond the estimated breast, where the file marks no background.",
        True,
    ),
    Action(
        "link_windows",
        "Link windows",
        ("Shift+Y",),
        Group.GRAY,
        "A change of gray in one view changes all; off, it changes the active view alone.",
        True,
    ),
)
