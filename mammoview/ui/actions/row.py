"""What a row of the action table says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Group(Enum):
    """Menus, in their order; the value is the title."""

    FILE = "&File"
    WORKLIST = "&Worklist"
    HANGING = "Han&ging"
    VIEW = "&View"
    GRAY = "G&ray"
    SIZE = "&Size"
    FRAMES = "Vo&lume"
    TOOLS = "&Tools"
    OVERLAYS = "&Overlays"
    READING = "&Reading"
    ANALYSIS = "&Analysis"
    QUALITY = "&Quality"
    HELP = "&Help"


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes
    ----------
    id
        The name of the method that does it (``do_<id>`` in `mammoview.ui.commands`), or of a layer.
    title
        In the menu.
    keys
        Shortcuts in Qt's portable spelling; the first one is shown.
    help
        One sentence for the help dialog and the tool tip.
    is_checkable
        Whether it is on or off.
    tool
        Text of the button on the toolbar; empty for none.
    drop_down
        Text of the button on the toolbar that opens a list with this row among others; empty for none.
    submenu
        Title of the menu within the menu that holds this row; empty for none.
    """

    id: str
    title: str
    keys: tuple[str, ...]
    group: Group
    help: str
    is_checkable: bool = False
    tool: str = ""
    drop_down: str = ""
    submenu: str = ""


@dataclass(frozen=True)
class Gesture:
    """Something the mouse does over an image."""

    how: str
    what: str
