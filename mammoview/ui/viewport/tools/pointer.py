"""Choose marks, move them and their points, and write on them. In the hand whenever no drawing tool is."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter

from mammoview.core.marks import Mark, MarkKind, Point
from mammoview.ui.viewport import markup
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.markup import Hit
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import CLICK_PX, moved_handle, moved_whole, paint_live
from mammoview.ui.viewport.tools.text import TextEntry


class PointerTool:
    """A click chooses; a drag changes only what is chosen already, so that panning over a mark never moves it."""

    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, board: Board) -> None:
        self._board = board
        self._pane: Pane | None = None
        self._hit: Hit | None = None
        self._from: Point = (0.0, 0.0)
        self._changed: Mark | None = None
        self._pressed_at: QPointF | None = None
        self._entry: TextEntry | None = None
        self._under: tuple[Mark, int | None] | None = None

    def cancel(self) -> bool:
        """Drop the change that is being made; whether there was one."""
        if self._entry is not None:
            self._entry.close_with(None)
            return True
        is_changing = self._hit is not None
        self._end()
        return is_changing

    def _end(self) -> None:
        self._pane, self._hit, self._changed = None, None, None
        self._board.hold(None)

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        self._pressed_at = event.position()
        if event.button() != Qt.MouseButton.LeftButton or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        hit = self._board.hit(pane, event.position())
        if hit is None or hit.mark.id != self._board.chosen:
            return False
        self._pane, self._hit, self._from, self._changed = pane, hit, (row, col), hit.mark
        self._board.hold(hit.mark)
        return True

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._hit is None or pane is not self._pane:
            if not event.buttons():
                self._show_what_is_under(pane, event.position())
            return False
        mark, handle = self._hit.mark, self._hit.handle
        rows, cols = row - self._from[0], col - self._from[1]
        if handle is None:
            self._changed = moved_whole(mark, rows, cols, pane)
        else:
            # By as much as the mouse: a handle that was taken at its edge does not jump.
            held = mark.handles[handle]
            self._changed = moved_handle(mark, handle, held[0] + rows, held[1] + cols, pane)
        pane.update()
        return True

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._hit is not None and pane is self._pane:
            changed = self._changed
            is_click = self._is_click(event)
            self._end()
            if changed is not None and not is_click:
                self._board.change(changed)
            return True
        if event.button() != Qt.MouseButton.LeftButton or not self._is_click(event):
            return False
        hit = self._board.hit(pane, event.position())
        self._board.choose(hit.mark.id if hit else "")
        return hit is not None

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        """Write on the mark."""
        hit = self._board.hit(pane, event.position())
        if hit is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        self._board.choose(hit.mark.id)
        mark = hit.mark

        def written(text: str | None) -> None:
            self._entry = None
            # A text without letters would be a mark that nobody sees.
            if text is not None and (text or mark.kind is not MarkKind.TEXT):
                self._board.change(replace(mark, text=text))

        self._entry = TextEntry(pane, event.position().toPoint(), mark.text, written)
        return True

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        if pane is self._pane and self._changed is not None:
            markup.paint_mark(painter, self._changed, pane.placement.to_device, fonts, is_chosen=True)
            paint_live(painter, self._changed, pane, self._board, fonts)

    def _is_click(self, event: QMouseEvent) -> bool:
        return self._pressed_at is not None and (event.position() - self._pressed_at).manhattanLength() < CLICK_PX

    def _show_what_is_under(self, pane: Pane, at: QPointF) -> None:
        """The whole reading of the mark under the mouse as a tool tip, and by the cursor what a press would do."""
        hit = self._board.hit(pane, at)
        under = (hit.mark, hit.handle) if hit else None
        if under == self._under:
            return
        self._under = under
        pane.setToolTip("\n".join(self._board.details(hit.mark, pane)) if hit else "")
        can_change = hit is not None and hit.mark.id == self._board.chosen
        chosen = Qt.CursorShape.SizeAllCursor if can_change else Qt.CursorShape.PointingHandCursor
        pane.setCursor(chosen if hit else self.cursor)
