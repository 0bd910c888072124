"""Draw what has a fixed number of points, by dragging or by clicking: distance, angle, ellipse, arrow."""

from __future__ import annotations

from PySide6.QtGui import QMouseEvent

from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import DrawingTool


class PointsTool(DrawingTool):
    """Every press sets a point, and so does a release away from the press."""

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not self._can_begin(pane, row, col, event):
            return False
        self._begin(pane)
        self._pressed_at = event.position()
        self._set_point(pane, row, col, event)
        return True

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not super().released(pane, row, col, event):
            return False
        if not self._is_click(event):
            self._set_point(pane, row, col, event)
        return True

    def _set_point(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> None:
        self._follow(pane, row, col)
        assert self._loose is not None
        self._points.append(self._loose)
        self._loose = None
        if len(self._points) == self.kind.point_range[1]:
            self._finish(self._points, event)
