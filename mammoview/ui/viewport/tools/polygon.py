"""Draw a polygon corner by corner; a click on the first corner, or a double click, closes it."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent

from mammoview.ui.viewport.markup import device_points
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import DrawingTool

_CLOSING_PX = 8.0


class PolygonTool(DrawingTool):
    """Every press sets a corner."""

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not self._can_begin(pane, row, col, event):
            return False
        self._begin(pane)
        if self._is_on_first(pane, event.position()):
            self._close(event)
            return True
        self._follow(pane, row, col)
        assert self._loose is not None
        self._points.append(self._loose)
        self._loose = None
        if len(self._points) == self.kind.point_range[1]:
            self._close(event)
        return True

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if pane is not self._pane:
            return self.pressed(pane, row, col, event)
        # The first of the two clicks has set the last corner.
        self._close(event)
        return True

    def _close(self, event: QMouseEvent) -> None:
        if self._mark(self._points) is not None:
            self._finish(self._points, event)

    def _is_on_first(self, pane: Pane, at: QPointF) -> bool:
        if len(self._points) < self.kind.point_range[0]:
            return False
        first = device_points(self._points[:1], pane.placement.to_device)[0] / pane.devicePixelRatioF()
        return math.hypot((first - at).x(), (first - at).y()) <= _CLOSING_PX
