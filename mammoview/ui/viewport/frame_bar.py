"""The bar along the lower edge of a pane that says where in a volume the reader is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from mammoview.ui import theme
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts

_TRACK = QColor(60, 66, 74)
_COMING = QColor(120, 128, 138)


class FrameBar:
    """Paints a track with a thumb for the slice shown, and a paler one for a slice that is on its way.

    Parameters
    ----------
    where
        Positions shown and wanted of the volume with that image id, and how many there are; None for no volume.
    """

    def __init__(self, where: Callable[[str], tuple[int, int, int] | None]) -> None:
        self._where = where

    def paint(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        found = self._where(canvas.hung.image.id) if canvas.hung is not None else None
        if found is None:
            return
        shown, wanted, frames = found
        rows, columns = canvas.device_size
        height = 2.5 * fonts.line_px
        painter.fillRect(QRectF(0, rows - height, columns, height), _TRACK)
        width = max(columns / frames, 2 * height)
        for position, colour in ((wanted, _COMING), (shown, theme.ACCENT)):
            left = (columns - width) * position / max(1, frames - 1)
            painter.fillRect(QRectF(left, rows - height, width, height), colour)
