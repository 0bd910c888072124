"""Which of the findings' tools is in the hand; at most one tool has the mouse, these or the toolbox's."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from mammoview.core.marks import Point
from mammoview.ui.reading.ask_tools import AskTool, AssistTool
from mammoview.ui.reading.brush_tool import BrushTool
from mammoview.ui.reading.contour_tool import OutlinePolygon, OutlineStroke, PlaceTool
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_overlay import FindingOverlay
from mammoview.ui.reading.landmark_tool import LandmarkTool
from mammoview.ui.reading.questions import Asking
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.mouse import MouseTool
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.toolbox import Toolbox
from mammoview.ui.viewport.wall import Wall


class Tool(Enum):
    """The tools; the value is the id of the action that takes it."""

    POLYGON = "finding_polygon"
    FREEHAND = "finding_freehand"
    PLACE = "finding_place"
    BRUSH = "finding_brush"
    ERASER = "finding_eraser"
    REDRAW = "finding_redraw"
    REDRAW_POLYGON = "finding_redraw_polygon"
    ASSIST = "finding_assist"
    ASK = "ask_ai"
    LANDMARKS = "landmarks"

    @property
    def needs_ai(self) -> bool:
        """Whether it may be used only after the reveal."""
        return self in {Tool.ASSIST, Tool.ASK}

    @property
    def is_drawing(self) -> bool:
        """Whether it changes findings."""
        return self not in {Tool.ASK, Tool.LANDMARKS}


_REDRAWING = frozenset({Tool.REDRAW, Tool.REDRAW_POLYGON})


class _HandTool(MouseTool, Protocol):
    def cancel(self) -> bool: ...


class FindingTools(QObject):
    """Puts one of the findings' tools in the reader's hand.

    Parameters
    ----------
    marks
        Where the drawing tools choose none while they draw.
    is_tool_kept
        Asked after each drawing whether the tool stays in the hand.
    """

    #: The `Tool` in the hand, or None.
    taken = Signal(object)
    #: Something for the status bar.
    said = Signal(str)

    def __init__(
        self,
        board: FindingBoard,
        overlay: FindingOverlay,
        asking: Asking,
        *,
        marks: Board,
        toolbox: Toolbox,
        wall: Wall,
        is_tool_kept: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._board, self.asking, self._toolbox, self._wall = board, asking, toolbox, wall
        self._is_tool_kept = is_tool_kept
        self.brush = BrushTool(board, overlay)
        self.ask = AskTool(board, asking)
        self._tools: dict[Tool, _HandTool] = {
            Tool.POLYGON: OutlinePolygon(marks, self._drawn),
            Tool.FREEHAND: OutlineStroke(marks, self._drawn),
            Tool.REDRAW: OutlineStroke(marks, self._redrawn),
            Tool.REDRAW_POLYGON: OutlinePolygon(marks, self._redrawn),
            Tool.PLACE: PlaceTool(board, self._done),
            Tool.BRUSH: self.brush,
            Tool.ERASER: self.brush,
            Tool.ASSIST: AssistTool(board, asking, self._done, self.said.emit),
            Tool.ASK: self.ask,
            Tool.LANDMARKS: LandmarkTool(board),
        }
        self.tool: Tool | None = None
        toolbox.taken.connect(lambda _kind: self._let_go())
        wall.panes_ending.connect(self.drop)
        board.changed.connect(self._check)

    def why_not(self, tool: Tool) -> str:
        """Why a tool cannot be taken now; empty where it can."""
        board = self._board
        if board.case is None:
            return "Open a case of the worklist first."
        if tool.needs_ai and not board.is_revealed:
            return "The AI is shown after the first read."
        if tool is not Tool.ASK and not board.can_change:
            return "This case can only be looked at."
        if tool in _REDRAWING and board.finding is None:
            return "Select a finding first."
        return ""

    def take(self, tool: Tool | None) -> None:
        """Take a tool, None for the pointer; what was begun with another is dropped."""
        if tool is not None and self.why_not(tool):
            tool = None
        self._toolbox.take(None)
        if tool is not None:
            self.tool = tool
            self.brush.is_eraser = tool is Tool.ERASER
            self._wall.set_tool(self._tools[tool])
            if tool.needs_ai:
                self.asking.get_ready(pane.hung.image.id for pane in self._wall.panes if pane.hung is not None)
            self.taken.emit(tool)

    def drop(self) -> bool:
        """Drop what is being drawn or asked; whether there was something."""
        return self.tool is not None and self._tools[self.tool].cancel()

    def cancel(self) -> bool:
        """Drop what is being drawn, else put the tool down; whether there was something to drop or to put down."""
        if self.drop():
            return True
        if self.tool is None:
            return False
        self.take(None)
        return True

    def _let_go(self) -> None:
        """The toolbox has the mouse again."""
        if self.tool is not None:
            self.drop()
            self.tool = None
            self.taken.emit(None)

    def _check(self) -> None:
        # A selection may go while an outline is drawn anew; what is drawn then is dropped.
        if self.tool is not None and self.tool not in _REDRAWING and self.why_not(self.tool):
            self.take(None)

    def _done(self, is_kept: bool) -> None:
        if not is_kept and not self._is_tool_kept():
            self.take(None)

    def _drawn(self, pane: Pane, contour: tuple[Point, ...], is_kept: bool) -> None:
        self._board.add(pane, contour)
        self._done(is_kept)

    def _redrawn(self, pane: Pane, contour: tuple[Point, ...], is_kept: bool) -> None:
        found = self._board.finding
        is_here = found is not None and pane.hung is not None and pane.hung.image.id == found.image_id
        if found is not None and is_here and found.frame == self._board.frame_of(pane):
            self._board.set_outline(found.id, contour)
        self._done(is_kept)
