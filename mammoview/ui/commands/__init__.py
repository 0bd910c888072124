"""What the rows of `mammoview.ui.actions` do: a class for each menu, a method ``do_<id>`` for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mammoview.ui.actions import ACTIONS
from mammoview.ui.commands.analysis import AnalysisCommands
from mammoview.ui.commands.decide import DecideCommands
from mammoview.ui.commands.file import FileCommands
from mammoview.ui.commands.findings import FindingsCommands
from mammoview.ui.commands.frames import FramesCommands
from mammoview.ui.commands.gray import GrayCommands
from mammoview.ui.commands.hanging import HangingCommands
from mammoview.ui.commands.help import HelpCommands
from mammoview.ui.commands.overlays import OverlaysCommands
from mammoview.ui.commands.quality import QualityCommands
from mammoview.ui.commands.report import ReportCommands
from mammoview.ui.commands.size import SizeCommands
from mammoview.ui.commands.tools import ToolsCommands
from mammoview.ui.commands.view import ViewCommands
from mammoview.ui.commands.worklist import WorklistCommands
from mammoview.ui.desk import Desk

COMMANDS: Final[tuple[Callable[[Desk], object], ...]] = (
    FileCommands,
    WorklistCommands,
    HangingCommands,
    ViewCommands,
    GrayCommands,
    SizeCommands,
    FramesCommands,
    ToolsCommands,
    OverlaysCommands,
    DecideCommands,
    FindingsCommands,
    ReportCommands,
    AnalysisCommands,
    QualityCommands,
    HelpCommands,
)


def handlers(desk: Desk) -> dict[str, Callable[[], None]]:
    """What each action does, by the id of its row.

    Raises
    ------
    KeyError
        When a row has no method.
    """
    made = [make(desk) for make in COMMANDS]
    found = {
        name.removeprefix("do_"): getattr(commands, name)
        for commands in made
        for name in dir(commands)
        if name.startswith("do_")
    }
    # Layers are switched alike: one method serves all their rows.
    overlays = next(commands for commands in made if isinstance(commands, OverlaysCommands))
    return {row.id: found[row.id] if row.id in found else overlays.toggle(row.id) for row in ACTIONS}
