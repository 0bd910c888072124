"""Files, results and settings."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("open_files", "Open files…", ("Ctrl+O",), Group.FILE, "Open DICOM or picture files.", drop_down="Open"),
    Action(
        "open_folder", "Open folder…", ("Ctrl+Shift+O",), Group.FILE, "Open everything in a folder.", drop_down="Open"
    ),
    Action(
        "save_results", "Save results…", ("Ctrl+S",), Group.FILE, "Write result.json with masks and maps.", tool="Save"
    ),
    Action(
        "open_truth",
        "Open truth mask…",
        ("Ctrl+T",),
        Group.FILE,
        "Compare the active image's outlines with a mask: white on black, of the image's size.",
    ),
    Action("settings", "Settings…", ("Ctrl+,",), Group.FILE, "Device, threads, models and display."),
    Action("quit", "Quit", ("Ctrl+Q",), Group.FILE, "Close the window; running jobs end."),
)
