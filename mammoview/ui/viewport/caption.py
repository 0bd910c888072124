"""The window's values in the lowest line of a pane, kept as a picture: no pan and no zoom changes them."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter

from mammoview.session.orientation import Side
from mammoview.ui.viewport.corners import Layout, Rect
from mammoview.ui.viewport.decor import Fonts, paint_window

#: As far as letters reach beyond their room.
_BEYOND_PX = 4


class Caption:
    """Keeps what was painted last."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._picture = QImage()
        self._at = QPoint()

    def draw(self, painter: QPainter, fonts: Fonts, text: str, layout: Layout, chest_wall: Side | None) -> None:
        """Draw ``text`` as `paint_window` paints it; the painter works in device pixels."""
        room = layout.caption
        of = text, room, chest_wall, fonts.key
        if of != self._of:
            self._of = of
            self._at, self._picture = _clear(room)
            on = QPainter(self._picture)
            on.setRenderHint(QPainter.RenderHint.TextAntialiasing)
            on.translate(-self._at)
            paint_window(on, fonts, text, layout, chest_wall)
            on.end()
        painter.drawImage(self._at, self._picture)


def _clear(room: Rect) -> tuple[QPoint, QImage]:
    """A clear picture for a room and what reaches beyond it, and where it lies."""
    left, top = math.floor(room.left) - _BEYOND_PX, math.floor(room.top) - _BEYOND_PX
    right, bottom = math.ceil(room.right) + _BEYOND_PX, math.ceil(room.bottom) + _BEYOND_PX
    image = QImage(max(1, right - left), max(1, bottom - top), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    return QPoint(left, top), image
