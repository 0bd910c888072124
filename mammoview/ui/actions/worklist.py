"""The list of studies, who reads, and under which rules."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action(
        "worklist",
        "Worklist",
        ("F4",),
        Group.WORKLIST,
        "Show the list of studies, or return to the images.",
        True,
        tool="List",
    ),
    Action("find_study", "Search the list", ("Ctrl+F",), Group.WORKLIST, "Go to the search field of the list."),
    Action(
        "import_folder",
        "Import folder…",
        ("Ctrl+Shift+I",),
        Group.WORKLIST,
        "List the studies of a folder; the files stay where they are.",
    ),
    Action("import_files", "Import files…", (), Group.WORKLIST, "List the studies of some files."),
    Action(
        "ai_on_list",
        "AI on the whole list",
        (),
        Group.WORKLIST,
        "Let the AI look at all studies in the background; again pauses it.",
        True,
    ),
    Action("sign_out", "Sign out", (), Group.WORKLIST, "Leave the seat; another reader may sign in."),
    Action("change_passphrase", "Passphrase…", (), Group.WORKLIST, "Change your passphrase, or take one."),
    Action("lock", "Lock", ("Ctrl+Shift+L",), Group.WORKLIST, "Cover all windows until you are back."),
    Action(
        "reading_protocol",
        "Reading protocol…",
        (),
        Group.WORKLIST,
        "When the AI may be seen, how many read a study, and when two readers disagree.",
    ),
    Action(
        "export_readings",
        "Export reader study…",
        (),
        Group.WORKLIST,
        "Write the signed decisions of all readers, before and after the AI, as a table (CSV).",
    ),
    Action("check_log", "Check the log", (), Group.WORKLIST, "See whether the log of all that was done is whole."),
)
