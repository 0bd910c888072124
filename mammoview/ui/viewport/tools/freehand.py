"""Draw a closed line with one stroke."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtGui import QMouseEvent

from mammoview.core.marks import Point
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.tools.drawing import DrawingTool

#: How far, in device pixels, the line that is kept may lie from the one that was drawn; never less in native pixels
#: than half of one, the finest that a screen can mean.
_TOLERANCE_PX = 0.75


class FreehandTool(DrawingTool):
    """The line follows the mouse from press to release."""

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not self._can_begin(pane, row, col, event):
            return False
        self._begin(pane)
        self._follow(pane, row, col)
        return True

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not super().moved(pane, row, col, event):
            return False
        assert self._loose is not None
        self._points.append(self._loose)
        if len(self._points) >= self.kind.point_range[1]:
            self._points = simplified(self._points, self._tolerance(pane))[: self.kind.point_range[1] // 2]
        return True

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not super().released(pane, row, col, event):
            return False
        line = simplified(self._points, self._tolerance(pane)) if self._points else []
        self._loose = None
        # A click is no stroke: nothing is kept, and the tool stays.
        self._finish(line, event)
        return True

    def _tolerance(self, pane: Pane) -> float:
        return max(0.5, _TOLERANCE_PX / max(pane.placement.zoom))


def simplified(points: list[Point], tolerance_px: float) -> list[Point]:
    """The same closed line with as few points as lie within ``tolerance_px`` native pixels of it."""
    line = np.array(points, np.float32).reshape(-1, 1, 2)
    return [(float(row), float(col)) for row, col in cv2.approxPolyDP(line, tolerance_px, closed=True)[:, 0]]
