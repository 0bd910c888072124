"""Paint a reader's marks on the device pixels of a pane, and find the one under the mouse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from mammoview.core.geometry import Box, PixelTransform
from mammoview.core.marks import Mark, MarkKind, Point
from mammoview.ui.viewport.annotation import Tone
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.marks import outlined_text

#: Unlike every colour of the overlays, so that nobody takes a reader's mark for a finding.
DRAWN = QColor(196, 160, 255)
CHOSEN = QColor(250, 246, 255)
_HALO = QColor(0, 0, 0, 190)
_PLATE = QColor(0, 0, 0, 110)

#: Covered pixels that are as bad as one pixel farther away.
_FARNESS = 4.0
#: How much worse it is to cover a lesion than another label.
_LESION_WEIGHT = 8.0

#: (left, top, right, bottom), device pixels.
_Rect: TypeAlias = tuple[float, float, float, float]

#: Outlines of more points than this are moved as a whole only.
MOST_HANDLES = 60


def has_handles(mark: Mark) -> bool:
    """Whether a reader can take hold of its points one by one."""
    return len(mark.handles) <= MOST_HANDLES


def device_points(points: Sequence[Point], to_device: PixelTransform) -> list[QPointF]:
    """Native points on the pane."""
    return [QPointF(col, row) for row, col in to_device.apply(points).tolist()]


def paint_mark(painter: QPainter, mark: Mark, to_device: PixelTransform, fonts: Fonts, *, is_chosen: bool) -> None:
    """Paint the lines of a mark, without its label."""
    if mark.kind is not MarkKind.TEXT:
        _stroke(painter, mark_path(mark, to_device, fonts), fonts, is_chosen=is_chosen)
    if is_chosen and has_handles(mark):
        _paint_handles(painter, device_points(mark.handles, to_device), fonts)


def paint_line(painter: QPainter, points: Sequence[Point], to_device: PixelTransform, fonts: Fonts) -> None:
    """Paint what is no mark yet: the points so far, joined."""
    path = QPainterPath()
    path.addPolygon(QPolygonF(device_points(points, to_device)))
    _stroke(painter, path, fonts, is_chosen=True)


def _stroke(painter: QPainter, path: QPainterPath, fonts: Fonts, *, is_chosen: bool) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    round_ = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(QPen(_HALO, fonts.line_px * 2.6, *round_))
    painter.drawPath(path)
    painter.setPen(QPen(CHOSEN if is_chosen else DRAWN, fonts.line_px * 1.1, *round_))
    painter.drawPath(path)


def mark_path(mark: Mark, to_device: PixelTransform, fonts: Fonts) -> QPainterPath:
    """The lines of a mark, device pixels."""
    points = device_points(mark.outline(), to_device)
    path = QPainterPath()
    path.addPolygon(QPolygonF(points))
    if mark.kind.is_closed:
        path.closeSubpath()
    elif mark.kind is MarkKind.DISTANCE:
        for end, other in (points, points[::-1]):
            _add_tick(path, end, other, 4 * fonts.line_px)
    elif mark.kind is MarkKind.ARROW:
        _add_head(path, points[1], points[0], 9 * fonts.line_px)
    elif mark.kind is MarkKind.ANGLE:
        _add_arc(path, points[0], points[1], points[2])
    return path


def _direction(start: QPointF, end: QPointF) -> tuple[QPointF, float]:
    by = end - start
    long = math.hypot(by.x(), by.y())
    return (by / long if long else QPointF(1, 0)), long


def _add_tick(path: QPainterPath, end: QPointF, other: QPointF, half: float) -> None:
    along, _ = _direction(end, other)
    across = QPointF(-along.y(), along.x()) * half
    path.moveTo(end - across)
    path.lineTo(end + across)


def _add_head(path: QPainterPath, head: QPointF, tail: QPointF, long: float) -> None:
    back, _ = _direction(head, tail)
    across = QPointF(-back.y(), back.x())
    path.moveTo(head + (back + across * 0.5) * long)
    path.lineTo(head)
    path.lineTo(head + (back - across * 0.5) * long)


def _add_arc(path: QPainterPath, first: QPointF, vertex: QPointF, second: QPointF) -> None:
    (one, one_long), (other, other_long) = _direction(vertex, first), _direction(vertex, second)
    radius = min(one_long, other_long, 240.0) * 0.3
    # Qt counts degrees against the clock, from three o'clock.
    start = math.degrees(math.atan2(-one.y(), one.x()))
    span = (math.degrees(math.atan2(-other.y(), other.x())) - start + 180) % 360 - 180
    rect = QRectF(vertex.x() - radius, vertex.y() - radius, 2 * radius, 2 * radius)
    path.arcMoveTo(rect, start)
    path.arcTo(rect, start, span)


def _paint_handles(painter: QPainter, points: Sequence[QPointF], fonts: Fonts) -> None:
    side = 7 * fonts.line_px
    painter.setPen(QPen(Qt.GlobalColor.black, fonts.line_px))
    painter.setBrush(CHOSEN)
    for point in points:
        painter.drawRect(QRectF(point.x() - side / 2, point.y() - side / 2, side, side))
    painter.setBrush(Qt.BrushStyle.NoBrush)


# Labels


@dataclass
class Labels:
    """Finds room for the labels of one pane: inside it, beside what is marked, not one over another.

    Attributes
    ----------
    size
        (rows, columns) of the pane, device pixels.
    taken
        What should not be covered: (left, top, right, bottom), device pixels.
    lesions
        What a reader looks at, and which is covered last; alike.
    """

    size: tuple[int, int]
    taken: list[_Rect] = field(default_factory=list)
    lesions: list[_Rect] = field(default_factory=list)

    def place(self, around: QRectF, wide: float, high: float, gap: float) -> QRectF:
        """The best place beside ``around`` for a label of that size; it counts as taken from now on."""
        middle, rows = around.center(), self.size[0]
        left, right = around.left() - gap - wide, around.right() + gap
        above, below = around.top() - gap - high, around.bottom() + gap
        heights = (middle.y() - high / 2, around.top(), around.bottom() - high, below, above)
        beside = [(x, y) for y in heights for x in (right, left)]
        over = [(middle.x() - wide / 2, y) for y in (below, above)]
        # Farther away, where it is crowded: by a label's size to each side.
        far = [(x + by * wide, y + down * high) for x, y in over for by in (-1, 0, 1) for down in (-1, 0, 1)]
        corners = np.array([*beside, *over, *far])
        low = np.array((gap, gap))
        inside = np.clip(corners, low, np.maximum(low, (self.size[1] - wide - gap, rows - high - gap)))
        boxes = np.concatenate((inside, inside + np.array((wide, high))), axis=1)
        moved = np.abs(inside - corners).sum(axis=1)
        box = np.array((around.left(), around.top(), around.right(), around.bottom()))
        away = np.hypot(*np.maximum(np.maximum(box[:2] - boxes[:, 2:], boxes[:, :2] - box[2:]), 0.0).T)
        # The order decides between equals.
        cost = (
            _covered(boxes, self.taken)
            + _covered(boxes, self.lesions) * _LESION_WEIGHT
            + moved
            + away * _FARNESS
            + np.arange(len(corners)) * 0.01
        )
        best = boxes[int(cost.argmin())].tolist()
        self.taken.append((best[0], best[1], best[2], best[3]))
        return QRectF(best[0], best[1], wide, high)


def _covered(boxes: NDArray[np.float64], rects: Sequence[_Rect]) -> NDArray[np.float64]:
    """How many pixels of ``rects`` each box would cover."""
    if not rects:
        return np.zeros(len(boxes))
    taken = np.array(rects)
    overlap = np.minimum(boxes[:, None, 2:], taken[None, :, 2:]) - np.maximum(boxes[:, None, :2], taken[None, :, :2])
    return np.asarray(np.prod(np.maximum(overlap, 0.0), axis=2).sum(axis=1))


def box_of(mark: Mark, to_device: PixelTransform) -> QRectF:
    """The box around a mark on the pane."""
    points = to_device.apply(mark.points)
    (top, left), (bottom, right) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return QRectF(left, top, right - left, bottom - top)


def rects_of(boxes: Sequence[Box], to_device: PixelTransform) -> list[_Rect]:
    """Native boxes on the pane, as `Labels` wants them."""
    placed = [to_device.apply_box(box) for box in boxes]
    return [(box.col0, box.row0, box.col1, box.row1) for box in placed]


def paint_label(
    painter: QPainter,
    mark: Mark,
    lines: Sequence[str],
    to_device: PixelTransform,
    fonts: Fonts,
    labels: Labels,
    *,
    is_chosen: bool,
) -> QRectF:
    """Paint what a mark says where there is room for it.

    Returns
    -------
    QRectF
        The device pixels that it covers.
    """
    if not lines:
        return QRectF()
    # As far as a handle reaches, and a little.
    line_high, gap = fonts.height(Tone.PLAIN), 5 * fonts.line_px
    wide, high = max(fonts.width(line, Tone.PLAIN) for line in lines), line_high * len(lines)
    rect = labels.place(box_of(mark, to_device), wide, high, gap)
    colour = CHOSEN if is_chosen else DRAWN
    _paint_leader(painter, rect, box_of(mark, to_device), fonts, colour)
    # Thin letters are hard to read on an inverted breast with their halo alone.
    # On whole pixels: an edge between them is slow to paint.
    painter.fillRect(rect.adjusted(-2 * fonts.line_px, 0, 2 * fonts.line_px, 0).toAlignedRect(), _PLATE)
    painter.setFont(fonts.plain)
    for number, line in enumerate(lines):
        at = QPointF(rect.left(), rect.top() + number * line_high + fonts.ascent(Tone.PLAIN))
        outlined_text(painter, at, line, colour)
    return rect


def _paint_leader(painter: QPainter, label: QRectF, box: QRectF, fonts: Fonts, colour: QColor) -> None:
    """A thin line from a label to its mark, where others stand between."""
    if label.adjusted(*(12 * fonts.line_px * side for side in (-1, -1, 1, 1))).intersects(box):
        return
    start, end = _nearest(label, box.center()), _nearest(box, label.center())
    painter.setPen(QPen(colour, fonts.line_px * 0.5))
    painter.drawLine(start, end)


def _nearest(rect: QRectF, to: QPointF) -> QPointF:
    return QPointF(min(max(to.x(), rect.left()), rect.right()), min(max(to.y(), rect.top()), rect.bottom()))


# Under the mouse


@dataclass(frozen=True)
class Hit:
    """The mark under the mouse, and the handle where it is one that was hit."""

    mark: Mark
    handle: int | None = None


def hit(
    marks: Sequence[Mark],
    to_device: PixelTransform,
    at: QPointF,
    reach_px: float,
    *,
    labels: dict[str, QRectF],
    chosen: str = "",
) -> Hit | None:
    """What lies nearest to a device point within ``reach_px``.

    A handle of the chosen mark comes first, then lines by their distance, then labels; of lines equally near the
    smaller mark's.

    Parameters
    ----------
    labels
        What each mark's label covers, by id, device pixels.
    """
    point = np.array((at.y(), at.x()))
    for mark in marks:
        if mark.id == chosen and has_handles(mark):
            away = np.hypot(*(to_device.apply(mark.handles) - point).T)
            if away.min() <= reach_px * 1.5:
                return Hit(mark, int(away.argmin()))
    lines = []
    for order, mark in enumerate(marks):
        if mark.kind is MarkKind.TEXT:
            continue
        outline = to_device.apply(mark.outline())
        away_px = _distance(outline, point, is_closed=mark.kind.is_closed)
        if away_px <= reach_px:
            box = box_of(mark, to_device)
            lines.append((round(away_px), box.width() * box.height(), -order, mark))
    if lines:
        return Hit(min(lines, key=lambda line: line[:3])[3])
    return next((Hit(mark) for mark in reversed(marks) if labels.get(mark.id, QRectF()).contains(at)), None)


def _distance(line: NDArray[np.float64], point: NDArray[np.float64], *, is_closed: bool) -> float:
    """How far a point lies from a line of joined points."""
    if len(line) == 1:
        return float(np.hypot(*(line[0] - point)))
    start = line if is_closed else line[:-1]
    side = (np.roll(line, -1, axis=0) if is_closed else line[1:]) - start[: len(line)]
    long = np.maximum((side**2).sum(axis=1), 1e-12)
    part = np.clip(((point - start) * side).sum(axis=1) / long, 0.0, 1.0)
    return float(np.hypot(*(start + part[:, None] * side - point).T).min())
