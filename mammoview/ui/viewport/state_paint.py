"""What a presentation state lays over an image: shutters under all words and marks, drawings above them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QTransform

from mammoview.core.presentation import (
    Graphic,
    GraphicShape,
    PresentationState,
    Shutter,
    ShutterShape,
    StateText,
)
from mammoview.ui.viewport.annotation import Tone
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.marks import outlined_text
from mammoview.ui.viewport.mouse import Underpaint
from mammoview.ui.viewport.output import Output
from mammoview.ui.viewport.placement import Placement

COLOUR: Final = QColor(236, 214, 120)
_P_MAX = 65_535
#: Arms of a point, in line widths.
_ARM = 4.0


class StatePaint(Underpaint):
    """An overpaint of all panes; paints where a presentation state is in force."""

    def paint_under(self, painter: QPainter, canvas: Canvas) -> None:
        """Shutters hide pixels, never a warning or a mark."""
        if canvas.shade.state is not None and canvas.hung is not None:
            _cover(painter, canvas.shade.state, canvas.placement, canvas.shade.output)

    def paint(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        state = canvas.shade.state
        if state is None or canvas.hung is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for graphic in state.graphics:
            _draw(painter, graphic, canvas.placement, fonts.line_px)
        painter.setFont(fonts.plain)
        for words in state.texts:
            _write(painter, words, canvas.placement, fonts)
        painter.restore()


def shutter_gray(value: int, output: Output) -> int:
    """The gray of 255 at which a shutter's P-value is shown."""
    level = value if output.driving is None else int(output.driving[value])
    return round(level / _P_MAX * 255)


def _cover(painter: QPainter, state: PresentationState, placement: Placement, output: Output) -> None:
    if not state.shutters:
        return
    whole = QPainterPath()
    whole.addRect(QRectF(0, 0, placement.columns, placement.rows))
    covered = QPainterPath()
    for shutter in state.shutters:
        covered = covered.united(whole.subtracted(_open(shutter)))
    gray = shutter_gray(state.shutter_value, output)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillPath(_on_device(placement).map(covered), QColor(gray, gray, gray))


def _open(shutter: Shutter) -> QPainterPath:
    """What a shutter leaves open, x the native column and y the native row."""
    path = QPainterPath()
    points = [QPointF(column, row) for row, column in shutter.points]
    if shutter.shape is ShutterShape.RECTANGLE:
        path.addRect(QRectF(points[0], points[1]).normalized())
    elif shutter.shape is ShutterShape.CIRCLE:
        path.addEllipse(points[0], shutter.radius_px, shutter.radius_px)
    else:
        path.addPolygon(points)
        path.closeSubpath()
    return path


def _on_device(placement: Placement) -> QTransform:
    """From x = native column, y = native row to device pixels."""
    (a, b, top), (d, e, left) = placement.to_device.matrix
    return QTransform(e, b, d, a, left, top)


def _draw(painter: QPainter, graphic: Graphic, placement: Placement, line_px: float) -> None:
    path = _on_device(placement).map(_outline(graphic))
    if graphic.shape is GraphicShape.POINT:
        at = placement.device_point(*graphic.points[0])
        arm = _ARM * line_px
        path = QPainterPath(QPointF(at[1] - arm, at[0]))
        path.lineTo(at[1] + arm, at[0])
        path.moveTo(at[1], at[0] - arm)
        path.lineTo(at[1], at[0] + arm)
    is_filled = graphic.is_filled and graphic.shape is not GraphicShape.POINT
    painter.setBrush(QBrush(COLOUR) if is_filled else QBrush())
    for colour, width in ((QColor(0, 0, 0, 200), 2.5), (COLOUR, 1.0)):
        painter.setPen(QPen(colour, width * line_px))
        painter.drawPath(path)


def _outline(graphic: Graphic) -> QPainterPath:
    points = [QPointF(column, row) for row, column in graphic.points]
    path = QPainterPath(points[0])
    if graphic.shape is GraphicShape.CIRCLE:
        radius = math.dist(*graphic.points[:2])
        path.addEllipse(points[0], radius, radius)
    elif graphic.shape is GraphicShape.ELLIPSE:
        _add_line(path, _ellipse(graphic.points))
        path.closeSubpath()
    elif graphic.shape is GraphicShape.INTERPOLATED:
        _add_curve(path, points)
    else:
        _add_line(path, points)
    return path


def _add_line(path: QPainterPath, points: Sequence[QPointF]) -> None:
    path.moveTo(points[0])
    for point in points[1:]:
        path.lineTo(point)


def _add_curve(path: QPainterPath, points: Sequence[QPointF]) -> None:
    """A smooth line through all points (Catmull and Rom); the standard leaves its kind open."""
    is_closed = points[0] == points[-1]
    before = points[-2] if is_closed else points[0]
    after = points[1] if is_closed else points[-1]
    every = [before, *points, after]
    for first, start, end, last in zip(every, every[1:], every[2:], every[3:], strict=False):
        path.cubicTo(start + (end - first) / 6, end - (last - start) / 6, end)


def _ellipse(points: Sequence[tuple[float, float]]) -> list[QPointF]:
    """The outline from the ends of the long axis and of the short one."""
    ends = np.array(points[:4])
    centre, long, short = ends[:2].mean(axis=0), (ends[1] - ends[0]) / 2, (ends[3] - ends[2]) / 2
    angles = np.linspace(0, 2 * np.pi, 90)
    outline = centre + np.cos(angles)[:, None] * long + np.sin(angles)[:, None] * short
    return [QPointF(float(column), float(row)) for row, column in outline]


def _write(painter: QPainter, words: StateText, placement: Placement, fonts: Fonts) -> None:
    row, column = placement.device_point(*words.at)
    for number, line in enumerate(words.text.splitlines()):
        down = row + fonts.ascent(Tone.PLAIN) + number * fonts.height(Tone.PLAIN)
        outlined_text(painter, QPointF(column, down), line, COLOUR)
    if words.points_to is not None:
        to_row, to_column = placement.device_point(*words.points_to)
        painter.setPen(QPen(COLOUR, fonts.line_px))
        painter.drawLine(QPointF(column, row), QPointF(to_column, to_row))
