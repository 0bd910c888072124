"""A transparent layer that moves with the image: painted once for a size, and shown shifted while panning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from mammoview.ui.viewport.placement import Placement

#: Device pixels painted beyond the pane's edges, so that a pan need not paint anew at once.
_BORDER_PX = 96
#: While the size changes the kept layer is stretched up to so much before it is painted anew.
_MOST_STRETCHED = 1.5

Paint = Callable[[QPainter, Placement, tuple[int, int]], None]


@dataclass(frozen=True)
class _Painted:
    """What was painted: of the whole layer only the part that is not clear."""

    image: QImage
    part: QRect
    placement: Placement
    size: tuple[int, int]

    def moved_to(self, placement: Placement, by: tuple[float, float]) -> tuple[QRectF, QRectF]:
        """Where the whole layer and its part lie for another placement, enlarged ``by``."""
        row, col = (
            now - (was + _BORDER_PX) * times
            for was, now, times in zip(self.placement.origin, placement.origin, by, strict=True)
        )
        high, wide = ((n + 2 * _BORDER_PX) * times for n, times in zip(self.size, by, strict=True))
        left, top = col + self.part.x() * by[1], row + self.part.y() * by[0]
        return QRectF(col, row, wide, high), QRectF(left, top, self.part.width() * by[1], self.part.height() * by[0])


class MovingLayer:
    """Keeps what was painted last."""

    def __init__(self) -> None:
        self._last: _Painted | None = None
        self.is_crisp = True

    def forget(self) -> None:
        """Something else is to be painted."""
        self._last = None

    def sharpen(self) -> bool:
        """Paint anew what was shown stretched: whether that is so."""
        if self.is_crisp:
            return False
        self._last = None
        return True

    def at(self, placement: Placement, size: tuple[int, int], paint: Paint) -> tuple[QImage, QRectF]:
        """The layer for a pane of ``size``, and where it goes, device pixels.

        After a pan it is shifted, after a change of size stretched for the time being.

        Parameters
        ----------
        paint
            Paints for a placement and a size in device pixels; called when the kept layer does not reach.
        """
        last = self._last
        if last is not None and last.size == size and _is_same_image(last.placement, placement):
            by = placement.zoom[0] / last.placement.zoom[0], placement.zoom[1] / last.placement.zoom[1]
            whole, where = last.moved_to(placement, by)
            self.is_crisp = by == (1.0, 1.0)
            if self.is_crisp and whole.contains(QRectF(0, 0, size[1], size[0])):
                return last.image, where
            if not self.is_crisp and all(1 / _MOST_STRETCHED <= times <= _MOST_STRETCHED for times in by):
                return last.image, where
        self.is_crisp = True
        self._last = _painted(placement, size, paint)
        return self._last.image, self._last.moved_to(placement, (1.0, 1.0))[1]


def _painted(placement: Placement, size: tuple[int, int], paint: Paint) -> _Painted:
    wide = size[0] + 2 * _BORDER_PX, size[1] + 2 * _BORDER_PX
    image = QImage(wide[1], wide[0], QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    paint(painter, placement.panned(_BORDER_PX, _BORDER_PX), wide)
    painter.end()
    part = _not_clear(image)
    return _Painted(image.copy(part), part, placement, size)


def _not_clear(image: QImage) -> QRect:
    """The smallest rectangle around all that is painted; one pixel where nothing is."""
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    rows = np.flatnonzero(pixels.any(axis=1))
    if not rows.size:
        return QRect(0, 0, 1, 1)
    columns = np.flatnonzero(pixels[rows[0] : rows[-1] + 1].any(axis=0))
    return QRect(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


def _is_same_image(was: Placement, now: Placement) -> bool:
    return (was.rows, was.columns, was.dihedral) == (now.rows, now.columns, now.dihedral)
