"""What all drawing tools share: one drawing at a time, shown while it grows, kept inside the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter

from mammoview.core.marks import Mark, MarkKind, Point
from mammoview.session.marks import new_id
from mammoview.ui.viewport import markup
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.pane import Pane

#: How far the mouse may go between press and release of a click, in the widget's points.
CLICK_PX = 4.0


class DrawingTool:
    """Draws marks of one kind.

    Parameters
    ----------
    on_done
        Called after each mark; told whether the tool is to stay in the hand (Shift was held).
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, kind: MarkKind, board: Board, on_done: Callable[[bool], None]) -> None:
        self.kind = kind
        self._board, self._on_done = board, on_done
        self._pane: Pane | None = None
        self._points: list[Point] = []
        self._loose: Point | None = None
        self._pressed_at = QPointF()
        self._image_id, self._frame = "", 0

    @property
    def is_drawing(self) -> bool:
        """Whether something was begun."""
        return self._pane is not None

    def cancel(self) -> bool:
        """Drop what was begun; whether there was something."""
        pane, self._pane = self._pane, None
        self._points, self._loose = [], None
        if pane is not None:
            pane.update()
        return pane is not None

    # What the tools are made of

    def _can_begin(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        """Whether a press belongs to the drawing: the plain left button on an image, on the one that was begun on."""
        if event.button() != Qt.MouseButton.LeftButton or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        if self._pane is not None and not self._is_shown(self._pane):
            self.cancel()
        if self._pane is not None:
            return pane is self._pane
        is_inside = 0 <= row < pane.placement.rows and 0 <= col < pane.placement.columns
        return pane.image is not None and pane.hung is not None and is_inside

    def _begin(self, pane: Pane) -> None:
        if self._pane is None and pane.hung is not None:
            self._board.choose("")
            self._pane, self._image_id, self._frame = pane, pane.hung.image.id, self._board.frame_of(pane)

    def _follow(self, pane: Pane, row: float, col: float) -> None:
        self._loose = _inside(pane, row, col)
        pane.update()

    def _mark(self, points: list[Point], text: str = "") -> Mark | None:
        """The mark that ``points`` make, if they make one that can be seen."""
        fewest, most = self.kind.point_range
        if self._pane is None or not fewest <= len(points) <= most or len(set(points)) < min(fewest, 2):
            return None
        return Mark("drawing", self._image_id, self.kind, tuple(points), self._frame, text)

    def _keep(self, mark: Mark | None, *, is_kept: bool) -> None:
        """End the drawing and keep the mark, if there is one; ``is_kept`` is told to ``on_done``."""
        self.cancel()
        if mark is not None:
            self._board.add(replace(mark, id=new_id()))
            self._on_done(is_kept)

    def _finish(self, points: list[Point], event: QMouseEvent) -> None:
        self._keep(self._mark(points), is_kept=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def _is_shown(self, pane: Canvas) -> bool:
        """Whether the pane still shows what was begun on; other images of the slot may have come to the front."""
        return pane.hung is not None and pane.hung.image.id == self._image_id

    def _is_click(self, event: QMouseEvent) -> bool:
        return (event.position() - self._pressed_at).manhattanLength() < CLICK_PX

    # MouseTool

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return False

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if pane is not self._pane or event.buttons() & ~Qt.MouseButton.LeftButton:
            return False
        self._follow(pane, row, col)
        return True

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return pane is self._pane and event.button() == Qt.MouseButton.LeftButton

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        # The second press of two quick ones comes as a double click: to a drawing it is a press.
        return self.pressed(pane, row, col, event)

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        if pane is not self._pane or not self._is_shown(pane):
            return
        points = [*self._points, *([self._loose] if self._loose is not None else [])]
        mark, to_device = self._mark(points), pane.placement.to_device
        if mark is None:
            markup.paint_line(painter, points, to_device, fonts)
            return
        markup.paint_mark(painter, mark, to_device, fonts, is_chosen=True)
        paint_live(painter, mark, pane, self._board, fonts)


def paint_live(painter: QPainter, mark: Mark, pane: Canvas, board: Board, fonts: Fonts) -> None:
    """Paint the label of a mark that is another one with the next move of the mouse."""
    if pane.hung is None:
        return
    to_device, labels = pane.placement.to_device, board.labels(pane)
    box = markup.box_of(mark, to_device)
    labels.taken.append((box.left(), box.top(), box.right(), box.bottom()))
    lines = board.reading(mark, pane.hung.image, pane.image, is_live=True).lines
    markup.paint_label(painter, mark, lines, to_device, fonts, labels, is_chosen=True)


def _inside(pane: Canvas, row: float, col: float) -> Point:
    """The nearest point of the image."""
    return min(max(row, 0.0), float(pane.placement.rows)), min(max(col, 0.0), float(pane.placement.columns))


def moved_handle(mark: Mark, index: int, row: float, col: float, pane: Canvas) -> Mark:
    """The mark with a handle at the point of the image nearest to (row, col)."""
    return mark.with_handle(index, _inside(pane, row, col))


def moved_whole(mark: Mark, rows: float, columns: float, pane: Canvas) -> Mark:
    """The mark shifted as far as it stays on the image."""
    (top, bottom), (left, right) = ((min(side), max(side)) for side in zip(*mark.points, strict=True))
    return mark.shifted(
        min(max(rows, -top), pane.placement.rows - bottom), min(max(columns, -left), pane.placement.columns - right)
    )
