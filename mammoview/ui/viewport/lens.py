"""The magnifier: a square around the cursor at a multiple of what the pane shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from mammoview.ui import theme
from mammoview.ui.viewport.gray_image import as_image
from mammoview.ui.viewport.placement import MAX_ZOOM, Placement
from mammoview.ui.viewport.render import GrayRenderer, Table

_SIDE = 300
_TIMES = 2.5


class Lens:
    """Shows native detail under the cursor.

    Parameters
    ----------
    levels, blackened
        As in `GrayRenderer`.
    """

    def __init__(self, levels: Sequence[NDArray[np.uint16]], blackened: Sequence[Sequence[NDArray[np.uint8]]]) -> None:
        self._renderer = GrayRenderer(levels, blackened)

    def paint(self, painter: QPainter, placement: Placement, table: Table, *, at: QPointF, ratio: float) -> None:
        """Paint around the device point ``at``; what lies under the cursor stays under it.

        At least 1:1, so that every acquired pixel can be seen.
        """
        side = round(_SIDE * ratio)
        times = min(MAX_ZOOM / placement.zoom[0], max(_TIMES, 1.0 / placement.zoom[0]))
        enlarged = placement.zoomed(times, at.y(), at.x())
        top, left = round(at.y() - side / 2), round(at.x() - side / 2)
        self._renderer.place(enlarged.panned(-top, -left).to_device, (side, side))
        gray = self._renderer.gray(table)
        painter.drawImage(left, top, as_image(gray))
        painter.setPen(QPen(theme.ACCENT, max(1.0, ratio)))
        painter.drawRect(QRectF(left, top, side, side))
        painter.drawText(QPointF(left + 6 * ratio, top + side - 6 * ratio), f"×{times:.1f}")
