"""A small map over an image: what was seen of it at the acquired pixels, and which part is shown (MG-C06, C07)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QTimer
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from mammoview.core.geometry import Box, Dihedral
from mammoview.session.coverage import Coverage, Coverages
from mammoview.session.orientation import Side
from mammoview.ui import theme
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts, margin_px
from mammoview.ui.viewport.placement import Placement, laid_box
from mammoview.ui.viewport.roam import Step

#: So long must a part stand still on the screen to count as seen.
SEEN_MS = 200
#: A hair below one, for zooms that were multiplied there.
_ACQUIRED = 0.999
#: Side of the map, heights of a line.
_SIDE = 7.0
#: Around the map.
_BORDER_PX = 4
_SEEN, _UNSEEN = QColor(70, 150, 140), QColor(85, 85, 90)


class Navigator:
    """Watches what is painted at 1:1 or larger, and paints the map where it is wanted.

    Parameters
    ----------
    coverages
        Where it is kept.
    tile
        Where a roam has come to; None where nobody roams.
    """

    def __init__(self, coverages: Coverages, tile: Callable[[], Step | None]) -> None:
        self._coverages, self._tile = coverages, tile
        self.is_on = False
        self._maps: dict[str, _Map] = {}

    def paint(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        if canvas.image is None or canvas.hung is None:
            return
        placement, tile = canvas.placement, self._tile()
        if min(placement.zoom) >= _ACQUIRED:
            QTimer.singleShot(SEEN_MS, canvas, lambda: self._see(canvas, placement))
        if not self.is_on and tile is None:
            return
        coverage = self._coverage(canvas)
        lines = [] if tile is None else [tile.words]
        if self.is_on:
            # A volume has one map: what was looked at in one slice is not what was looked at in all.
            of = " in some slice" if canvas.hung.image.frames > 1 else ""
            lines.append(f"seen at 1:1{of}: {told_share(coverage.share)}")
        identity = canvas.image.image_id
        self._maps[identity] = _map_of(canvas, fonts, coverage, lines, self._maps.get(identity))
        _paint_map(painter, canvas, fonts, self._maps[identity])

    def _coverage(self, canvas: Canvas) -> Coverage:
        assert canvas.image is not None
        assert canvas.hung is not None
        known = self._coverages.get(canvas.image.image_id)
        if known is not None:
            return known
        rows, columns = canvas.image.levels[0].shape
        step = 2 ** (len(canvas.image.levels) - 1)
        return self._coverages.begin(canvas.image.image_id, canvas.cells, step_px=step, size=(rows, columns))

    def _see(self, canvas: Canvas, placement: Placement) -> None:
        """Count what was painted, if it stood still and is still there."""
        is_there = canvas.image is not None and canvas.hung is not None and canvas.isVisible()
        if not is_there or canvas.placement is not placement or canvas.window().isMinimized():
            return
        if self._coverage(canvas).see(canvas.seen) and self.is_on:
            canvas.refresh()


def told_share(share: float) -> str:
    """A share in words: all of it is said of all of it only."""
    return f"{min(99, int(share * 100)) if share < 1 else 100} %"


@dataclass(frozen=True)
class _Map:
    """A painted map, without the frame around what is shown.

    Attributes
    ----------
    state
        What it was painted of: another state, another map.
    corner
        (left, top) of the image in the map, device pixels from its own corner.
    scale
        Device pixels of the map per native pixel.
    """

    state: tuple[object, ...]
    picture: QImage
    corner: tuple[float, float]
    scale: float


def _map_of(canvas: Canvas, fonts: Fonts, coverage: Coverage, lines: list[str], kept: _Map | None) -> _Map:
    """The map of what was seen; ``kept`` as long as nothing in it changes, which is the whole of a pan or a zoom."""
    placement = canvas.placement
    state = (fonts.key, placement.dihedral, placement.laid_size, coverage, coverage.news, *lines)
    if kept is not None and kept.state == state:
        return kept
    metrics = QFontMetricsF(fonts.plain)
    high = metrics.lineSpacing()
    rows, columns = placement.laid_size
    scale = _SIDE * high / max(rows, columns)
    wide = max([columns * scale, *(metrics.horizontalAdvance(line) for line in lines)])
    size = math.ceil(wide) + 2 * _BORDER_PX, math.ceil(rows * scale + high * len(lines)) + 2 * _BORDER_PX
    picture = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(QColor(0, 0, 0, 190))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    left = top = float(_BORDER_PX)
    step = coverage.step_px * scale
    cells = _picture(coverage, placement.dihedral)
    # The last cells may reach beyond the image: the picture begins where the first one does.
    over = (cells.height() * step - rows * scale, cells.width() * step - columns * scale)
    flips = placement.dihedral.flip_rows, placement.dihedral.flip_columns
    at = QPointF(left - over[1] * flips[1], top - over[0] * flips[0])
    painter.setClipRect(QRectF(left, top, columns * scale, rows * scale))
    painter.drawImage(QRectF(at.x(), at.y(), cells.width() * step, cells.height() * step), cells)
    painter.setClipping(False)
    painter.setFont(fonts.plain)
    painter.setPen(theme.TEXT)
    for index, line in enumerate(lines):
        painter.drawText(QPointF(left, top + rows * scale + index * high + metrics.ascent()), line)
    painter.end()
    return _Map(state, picture, (left, top), scale)


def _paint_map(painter: QPainter, canvas: Canvas, fonts: Fonts, made: _Map) -> None:
    """In the lower corner at the chest wall, where nothing is written."""
    placement, margin = canvas.placement, margin_px(fonts)
    pane_rows, pane_columns = canvas.device_size
    beyond = margin - _BORDER_PX
    left = pane_columns - beyond - made.picture.width() if canvas.chest_wall is Side.RIGHT else beyond
    top = pane_rows - beyond - made.picture.height()
    painter.drawImage(QPointF(round(left), round(top)), made.picture)
    corner = round(left) + made.corner[0], round(top) + made.corner[1]
    rows, columns = placement.laid_size
    area = QRectF(*corner, columns * made.scale, rows * made.scale)
    view = _scaled(laid_box(canvas.seen, placement), made.scale, *corner)
    # Filled bars: a pen and a clip cost more than the map, at each step of a pan.
    wide = max(1.0, round(fonts.line_px))
    for bar in (
        QRectF(view.left(), view.top(), view.width(), wide),
        QRectF(view.left(), view.bottom() - wide, view.width(), wide),
        QRectF(view.left(), view.top(), wide, view.height()),
        QRectF(view.right() - wide, view.top(), wide, view.height()),
    ):
        painter.fillRect(bar.intersected(area).toRect(), theme.ACCENT)


def _scaled(box: Box, scale: float, left: float, top: float) -> QRectF:
    return QRectF(left + box.col0 * scale, top + box.row0 * scale, box.width_px * scale, box.height_px * scale)


def _picture(coverage: Coverage, dihedral: Dihedral) -> QImage:
    """The cells as they lie on the screen: what was seen and what was not, clear beside the breast."""
    colours = np.array([0, _UNSEEN.rgba(), _SEEN.rgba()], np.uint32)
    cells = colours[coverage.breast.astype(int) * (1 + coverage.seen)]
    cells = cells.T if dihedral.transpose else cells
    cells = np.ascontiguousarray(cells[:: -1 if dihedral.flip_rows else 1, :: -1 if dihedral.flip_columns else 1])
    rows, columns = cells.shape
    return QImage(cells.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()
