"""Write on an image: a line of text opens where the reader clicks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit

from mammoview.core.marks import MarkKind
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import DrawingTool

_WIDE_PX = 220
_MOST_LETTERS = 200


class TextEntry(QLineEdit):
    """A line over a pane that takes all keys; Enter, or a click elsewhere, keeps the text, Escape drops it."""

    def __init__(self, pane: Pane, at: QPoint, text: str, on_ended: Callable[[str | None], None]) -> None:
        super().__init__(text, pane)
        self._on_ended: Callable[[str | None], None] | None = on_ended
        self.setMaxLength(_MOST_LETTERS)
        self.setPlaceholderText("Text, then Enter")
        self.resize(min(_WIDE_PX, pane.width()), self.sizeHint().height())
        self.move(min(at.x(), pane.width() - self.width()), min(at.y(), pane.height() - self.height()))
        self.show()
        self.setFocus()
        self.selectAll()

    def close_with(self, text: str | None) -> None:
        """Tell once what was written, None for nothing, and go."""
        on_ended, self._on_ended = self._on_ended, None
        if on_ended is not None:
            self.hide()
            self.deleteLater()
            on_ended(text)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            # While the reader writes, no letter is a shortcut, and neither are Enter and Escape.
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_with(None)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close_with(self.text().strip())
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # A menu or another window takes the focus for a while only.
        if event.reason() in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.TabFocusReason):
            self.close_with(self.text().strip())


class TextTool(DrawingTool):
    """A click opens the line."""

    cursor = Qt.CursorShape.IBeamCursor

    def __init__(self, board: Board, on_done: Callable[[bool], None]) -> None:
        super().__init__(MarkKind.TEXT, board, on_done)
        self._entry: TextEntry | None = None

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._entry is not None:
            # A click elsewhere keeps what was written.
            self._entry.close_with(self._entry.text().strip())
            return True
        if not self._can_begin(pane, row, col, event):
            return False
        self._begin(pane)
        self._points = [(row, col)]
        is_kept = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

        def written(text: str | None) -> None:
            self._entry = None
            self._keep(self._mark(self._points, text) if text else None, is_kept=is_kept)

        self._entry = TextEntry(pane, event.position().toPoint(), "", written)
        return True

    def cancel(self) -> bool:
        if self._entry is not None:
            self._entry.close_with(None)
            return True
        return super().cancel()
