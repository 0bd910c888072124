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
#: Side of the tiles that are drawn or left out.
_TILE_PX = 128

Paint = Callable[[QPainter, Placement, tuple[int, int]], None]


@dataclass(frozen=True)
class _Painted:
    """What was painted, and the parts of it that are not clear: outlines leave most of a layer clear."""

    image: QImage
    parts: tuple[QRect, ...]
    placement: Placement
    size: tuple[int, int]

    def moved_to(self, placement: Placement, by: tuple[float, float]) -> QRectF:
        """Where the layer lies for another placement, enlarged ``by``."""
        row, col = (
            now - (was + _BORDER_PX) * times
            for was, now, times in zip(self.placement.origin, placement.origin, by, strict=True)
        )
        high, wide = ((n + 2 * _BORDER_PX) * times for n, times in zip(self.size, by, strict=True))
        return QRectF(col, row, wide, high)

    def draw(self, painter: QPainter, where: QRectF, by: tuple[float, float], scale: float) -> None:
        """Draw the layer; stretched, its parts alone: neighbours share an edge, which Qt rounds alike for both."""
        across, down = by[1] * scale, by[0] * scale
        left, top = where.x() * scale, where.y() * scale
        if by == (1.0, 1.0):
            painter.drawImage(QRectF(left, top, where.width() * scale, where.height() * scale), self.image)
            return
        for part in self.parts:
            target = QRectF(
                left + part.x() * across, top + part.y() * down, part.width() * across, part.height() * down
            )
            painter.drawImage(target, self.image, QRectF(part))


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

    def draw(
        self, painter: QPainter, placement: Placement, size: tuple[int, int], paint: Paint, *, scale: float = 1.0
    ) -> None:
        """Draw the layer over a pane of ``size``: after a pan shifted, after a change of size stretched for a while.

        Parameters
        ----------
        paint
            Paints for a placement and a size in device pixels; called when the kept layer does not reach.
        scale
            Of the painter's coordinates to device pixels.
        """
        last = self._last
        if last is not None and last.size == size and _is_same_image(last.placement, placement):
            by = placement.zoom[0] / last.placement.zoom[0], placement.zoom[1] / last.placement.zoom[1]
            where = last.moved_to(placement, by)
            self.is_crisp = by == (1.0, 1.0)
            reaches = where.contains(QRectF(0, 0, size[1], size[0]))
            if reaches if self.is_crisp else all(1 / _MOST_STRETCHED <= times <= _MOST_STRETCHED for times in by):
                last.draw(painter, where, by, scale)
                return
        self.is_crisp = True
        self._last = made = _painted(placement, size, paint)
        made.draw(painter, made.moved_to(placement, (1.0, 1.0)), (1.0, 1.0), scale)


def _painted(placement: Placement, size: tuple[int, int], paint: Paint) -> _Painted:
    wide = size[0] + 2 * _BORDER_PX, size[1] + 2 * _BORDER_PX
    image = QImage(wide[1], wide[0], QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    paint(painter, placement.panned(_BORDER_PX, _BORDER_PX), wide)
    painter.end()
    return _Painted(image, _parts(image), placement, size)


def _parts(image: QImage) -> tuple[QRect, ...]:
    """Rectangles that hold all that is painted: runs of tiles."""
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    rows, columns = (np.arange(0, length, _TILE_PX) for length in pixels.shape)
    filled = np.bitwise_or.reduceat(np.bitwise_or.reduceat(pixels, rows, axis=0), columns, axis=1) != 0
    parts = []
    for top, tiles in zip(rows.tolist(), filled, strict=True):
        edges = np.flatnonzero(np.diff(tiles, prepend=False, append=False)).tolist()
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            left, right = begin * _TILE_PX, min(end * _TILE_PX, image.width())
            parts.append(QRect(left, top, right - left, min(_TILE_PX, image.height() - top)))
    return tuple(parts)


def _is_same_image(was: Placement, now: Placement) -> bool:
    return (was.rows, was.columns, was.dihedral) == (now.rows, now.columns, now.dihedral)
