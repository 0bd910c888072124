"""A monitor's part of the wall: panes in a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from mammoview.ui import theme
from mammoview.ui.viewport.pane import Pane


@dataclass(frozen=True)
class Placed:
    """A pane and its cells."""

    pane: Pane
    row: int
    column: int
    row_span: int = 1


class Area(QWidget):
    """Lays panes out; all rows are equally high and all columns equally wide."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        self._placed: list[Placed] = []

    def lay(self, placed: Sequence[Placed]) -> None:
        """Take these panes in, and let all others go."""
        for old in self._placed:
            self._grid.removeWidget(old.pane)
        self._placed = list(placed)
        for one in self._placed:
            self._grid.addWidget(one.pane, one.row, one.column, one.row_span, 1)
        self.show_only(None)
        self.update()

    def show_only(self, pane: Pane | None) -> None:
        """Show one pane over the whole area; None shows all."""
        chosen = [one for one in self._placed if pane is None or one.pane is pane]
        rows = {row for one in chosen for row in range(one.row, one.row + one.row_span)}
        columns = {one.column for one in chosen}
        for one in self._placed:
            one.pane.setVisible(one in chosen)
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, int(row in rows))
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, int(column in columns))
        self._grid.activate()

    def __contains__(self, pane: object) -> bool:
        return any(one.pane is pane for one in self._placed)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.BLACK)
        if not self._placed:
            painter.setPen(theme.QUIET)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Nothing hangs on this monitor.")
