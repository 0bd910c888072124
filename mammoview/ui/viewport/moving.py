"""A transparent layer that moves with the image: painted once for a size, and shown shifted while panning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.sparse import Sparse

#: Device pixels painted beyond the pane's edges, so that a pan need not paint anew at once.
_BORDER_PX = 96
#: While the size changes the kept layer is stretched up to so much before it is painted anew.
_MOST_STRETCHED = 1.5
_UNSTRETCHED = (1.0, 1.0)

Paint = Callable[[QPainter, Placement, tuple[int, int]], None]


@dataclass(frozen=True)
class _Painted:
    """What was painted, and where."""

    picture: Sparse
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

    def draw(self, painter: QPainter, where: QRectF, by: tuple[float, float]) -> None:
        """Draw the layer, stretched where its size has changed."""
        if by == _UNSTRETCHED:
            self.picture.draw(painter, where.x(), where.y())
        else:
            self.picture.draw_stretched(painter, (where.y(), where.x()), by, self.size)


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

    def draw(self, painter: QPainter, placement: Placement, size: tuple[int, int], paint: Paint) -> None:
        """Draw the layer over a pane of ``size``: after a pan shifted, after a change of size stretched for a while.

        Parameters
        ----------
        painter
            Works in device pixels.
        paint
            Paints for a placement and a size in device pixels; called when the kept layer does not reach.
        """
        last = self._last
        if last is not None and last.size == size and _is_same_image(last.placement, placement):
            by = placement.zoom[0] / last.placement.zoom[0], placement.zoom[1] / last.placement.zoom[1]
            where = last.moved_to(placement, by)
            self.is_crisp = by == _UNSTRETCHED
            reaches = where.contains(QRectF(0, 0, size[1], size[0]))
            if reaches if self.is_crisp else all(1 / _MOST_STRETCHED <= times <= _MOST_STRETCHED for times in by):
                last.draw(painter, where, by)
                return
        self.is_crisp = True
        self._last = made = _painted(placement, size, paint)
        made.draw(painter, made.moved_to(placement, _UNSTRETCHED), _UNSTRETCHED)


def _painted(placement: Placement, size: tuple[int, int], paint: Paint) -> _Painted:
    wide = size[0] + 2 * _BORDER_PX, size[1] + 2 * _BORDER_PX
    image = QImage(wide[1], wide[0], QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    paint(painter, placement.panned(_BORDER_PX, _BORDER_PX), wide)
    painter.end()
    return _Painted(Sparse.of(image), placement, size)


def _is_same_image(was: Placement, now: Placement) -> bool:
    return (was.rows, was.columns, was.dihedral) == (now.rows, now.columns, now.dihedral)
