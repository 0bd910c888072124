"""Which tool has the mouse: the pointer, unless the reader took something to draw with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import QObject, Signal

from mammoview.core.marks import MarkKind
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.tools.drawing import DrawingTool
from mammoview.ui.viewport.tools.freehand import FreehandTool
from mammoview.ui.viewport.tools.pointer import PointerTool
from mammoview.ui.viewport.tools.points import PointsTool
from mammoview.ui.viewport.tools.polygon import PolygonTool
from mammoview.ui.viewport.tools.text import TextTool
from mammoview.ui.viewport.wall import Wall

_Tool: TypeAlias = PointerTool | DrawingTool


class Toolbox(QObject):
    """Puts one tool in the reader's hand.

    Parameters
    ----------
    is_tool_kept
        Asked after each mark whether the tool stays in the hand, whatever the keyboard says.
    """

    #: Another tool is in the hand: its kind, or None for the pointer.
    taken = Signal(object)

    def __init__(
        self, board: Board, wall: Wall, is_tool_kept: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._wall, self._is_tool_kept = wall, is_tool_kept
        self._pointer = PointerTool(board)
        self._tools: dict[MarkKind, DrawingTool] = {
            kind: PointsTool(kind, board, self._drawn)
            for kind in (MarkKind.DISTANCE, MarkKind.ANGLE, MarkKind.ELLIPSE, MarkKind.ARROW)
        }
        self._tools[MarkKind.POLYGON] = PolygonTool(MarkKind.POLYGON, board, self._drawn)
        self._tools[MarkKind.AREA] = FreehandTool(MarkKind.AREA, board, self._drawn)
        self._tools[MarkKind.TEXT] = TextTool(board, self._drawn)
        self.kind: MarkKind | None = None
        wall.set_tool(self._pointer)
        wall.panes_ending.connect(self.drop)

    @property
    def _tool(self) -> _Tool:
        return self._pointer if self.kind is None else self._tools[self.kind]

    def take(self, kind: MarkKind | None) -> None:
        """Take a tool, None for the pointer; what was begun with another is dropped."""
        self._tool.cancel()
        self.kind = kind
        self._wall.set_tool(self._tool)
        self.taken.emit(kind)

    def drop(self) -> bool:
        """Drop what is being drawn; whether there was something."""
        return self._tool.cancel()

    def cancel(self) -> bool:
        """Drop what is being drawn, else put the tool down; whether there was something to drop or to put down."""
        if self.drop():
            return True
        if self.kind is None:
            return False
        self.take(None)
        return True

    def _drawn(self, is_kept: bool) -> None:
        if not is_kept and not self._is_tool_kept():
            self.take(None)
