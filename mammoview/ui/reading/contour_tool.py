"""Draw the outline of a finding: corner by corner, with one stroke, or a single place."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter

from mammoview.core.marks import Mark, MarkKind, Point
from mammoview.core.reading import FindingType
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.viewport import markup
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import CLICK_PX, DrawingTool
from mammoview.ui.viewport.tools.freehand import FreehandTool
from mammoview.ui.viewport.tools.polygon import PolygonTool

#: Takes an outline, native pixels, drawn on a pane; told whether the tool is to stay in the hand.
Drawn = Callable[[Pane, tuple[Point, ...], bool], None]


class _OutlineTool(DrawingTool):
    """Draws as for a mark, and hands the outline on instead of keeping a mark."""

    drawn: Drawn

    def _keep(self, mark: Mark | None, *, is_kept: bool) -> None:
        pane = self._pane
        self.cancel()
        if mark is not None and pane is not None:
            self.drawn(pane, mark.points, is_kept)

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        if pane is not self._pane or not self._is_shown(pane):
            return
        points = [*self._points, *([self._loose] if self._loose is not None else [])]
        closed = [*points, points[0]] if len(points) > 2 else points
        markup.paint_line(painter, closed, pane.placement.to_device, fonts)


class OutlinePolygon(_OutlineTool, PolygonTool):
    """Every press sets a corner; a click on the first one, or a double click, closes it."""

    def __init__(self, board: Board, drawn: Drawn) -> None:
        super().__init__(MarkKind.POLYGON, board, lambda _is_kept: None)
        self.drawn = drawn


class OutlineStroke(_OutlineTool, FreehandTool):
    """The line follows the mouse from press to release."""

    def __init__(self, board: Board, drawn: Drawn) -> None:
        super().__init__(MarkKind.AREA, board, lambda _is_kept: None)
        self.drawn = drawn


class PlaceTool:
    """A click puts a finding at a place: a cluster of calcifications, until the reader says otherwise."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, board: FindingBoard, done: Callable[[bool], None]) -> None:
        self._board, self._done = board, done
        self._pressed_at: QPointF | None = None

    def cancel(self) -> bool:
        """Drop what was begun; whether there was something."""
        self._pressed_at = None
        return False

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not is_plain_press(pane, row, col, event):
            return False
        self._pressed_at = event.position()
        return True

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return self._pressed_at is not None

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        start, self._pressed_at = self._pressed_at, None
        if start is None:
            return False
        if (event.position() - start).manhattanLength() < CLICK_PX:
            self._board.add(pane, [(row, col)], FindingType.CALCIFICATIONS)
            self._done(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        return True

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return self.pressed(pane, row, col, event)

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        """Nothing is shown before it is there."""


def is_plain_press(pane: Canvas, row: float, col: float, event: QMouseEvent) -> bool:
    """Whether a press of the plain left button lies on a pane's image."""
    is_left = event.button() == Qt.MouseButton.LeftButton
    is_plain = not event.modifiers() & Qt.KeyboardModifier.ControlModifier
    is_inside = 0 <= row < pane.placement.rows and 0 <= col < pane.placement.columns
    return is_left and is_plain and pane.image is not None and is_inside
