"""The check of the display."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action(
        "display_check", "Display check…", ("Ctrl+D",), Group.QUALITY, "Test patterns, and the check of this display."
    ),
    Action(
        "luminance_log",
        "Luminance log…",
        ("Ctrl+L",),
        Group.QUALITY,
        "Measured luminances beside the DICOM gray scale.",
    ),
)
