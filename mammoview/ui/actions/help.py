"""Messages, keys and the rest."""

from __future__ import annotations

from typing import Final

from mammoview.ui.actions.row import Action, Group

ROWS: Final[tuple[Action, ...]] = (
    Action("messages", "Messages", ("F2",), Group.HELP, "Everything that was told so far."),
    Action("keys", "Keys and mouse", ("F1", "?"), Group.HELP, "This table.", tool="Keys"),
    Action("edit_keys", "Change keys…", ("Ctrl+K",), Group.HELP, "Give actions other keys; conflicts are told."),
    Action("tour", "Tour", (), Group.HELP, "A few notes on the parts of the window."),
    Action("about", "About MammoView", (), Group.HELP, "Version, licence, and what this program is not."),
)
