"""Nipple and wall of a view: painted faintly beside a selected finding, and dragged to where they are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter

from mammoview.core.anatomy import Landmarks, Nipple, posterior_nipple_line
from mammoview.core.geometry import PixelTransform
from mammoview.core.marks import Point
from mammoview.imaging.location import ViewFrame
from mammoview.ui.reading.contour_tool import is_plain_press
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_overlay import pen
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.marks import outlined_text
from mammoview.ui.viewport.markup import device_points
from mammoview.ui.viewport.pane import Pane

_REACH_PX: Final = 14.0
_COLOUR: Final = QColor(150, 205, 235)
#: A drag takes the nipple, or one end of the wall.
_NIPPLE: Final = -1


class LandmarkTool:
    """Drags landmarks; where the nipple is not known, a click says where it is."""

    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, board: FindingBoard) -> None:
        self._board = board
        self._pane: Pane | None = None
        self._part = _NIPPLE
        self._moved: Landmarks | None = None

    def cancel(self) -> bool:
        """Drop the drag; whether there was one."""
        pane, self._pane, self._moved = self._pane, None, None
        if pane is not None:
            pane.update()
        return pane is not None

    def _landmarks(self, pane: Canvas) -> Landmarks | None:
        frame = self._board.frames.get(pane.hung.image.id) if pane.hung is not None else None
        return frame.landmarks if frame is not None else None

    def _hit(self, pane: Canvas, at: QPointF) -> int | None:
        known = self._landmarks(pane)
        if known is None:
            return None
        parts: list[tuple[int, Point]] = [(_NIPPLE, known.nipple.point)] if known.nipple is not None else []
        parts += list(enumerate(known.wall.ends or ()))
        ratio = pane.devicePixelRatioF()
        near = []
        for part, point in parts:
            away = device_points([_seen(point, pane)], pane.placement.to_device)[0] / ratio - at
            near.append((math.hypot(away.x(), away.y()), part))
        best = min(near, default=(math.inf, 0))
        return best[1] if best[0] <= _REACH_PX else None

    # MouseTool

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        known = self._landmarks(pane)
        if known is None or not self._board.can_change or not is_plain_press(pane, row, col, event):
            return False
        part = self._hit(pane, event.position())
        if part is None and known.nipple is not None:
            return False
        self._pane, self._part, self._moved = pane, _NIPPLE if part is None else part, known
        if part is None:
            self._drag(row, col)
        return True

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._pane is not pane:
            pane.setCursor(
                Qt.CursorShape.SizeAllCursor if self._hit(pane, event.position()) is not None else self.cursor
            )
            return False
        self._drag(min(max(row, 0.0), pane.placement.rows), min(max(col, 0.0), pane.placement.columns))
        return True

    def _drag(self, row: float, col: float) -> None:
        known = self._moved
        assert known is not None
        assert self._pane is not None
        if self._part == _NIPPLE:
            nipple = known.nipple.moved((row, col)) if known.nipple else Nipple((row, col), 1.0, is_by_hand=True)
            self._moved = replace(known, nipple=nipple)
        elif known.wall.ends is not None and math.dist((row, col), known.wall.ends[1 - self._part]) >= 1.0:
            self._moved = replace(known, wall=known.wall.with_end(self._part, (row, col)))
        self._pane.update()

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._pane is not pane:
            return False
        moved, before = self._moved, self._landmarks(pane)
        self.cancel()
        if moved is not None and moved != before and pane.hung is not None:
            self._board.move_landmarks(pane.hung.image.id, moved)
        return True

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return self.pressed(pane, row, col, event)

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        known = self._moved if pane is self._pane else self._landmarks(pane)
        frame = self._board.frames.get(pane.hung.image.id) if pane.hung is not None else None
        if known is not None and frame is not None:
            paint_landmarks(painter, known, frame.spacing, pane, fonts, is_held=True)


class LandmarkOverlay:
    """Paints the landmarks of the views of a breast while a finding in it is selected."""

    def __init__(self, board: FindingBoard) -> None:
        self._board = board

    def _frame(self, canvas: Canvas) -> ViewFrame | None:
        found = self._board.finding
        frame = self._board.frames.get(canvas.hung.image.id) if canvas.hung is not None else None
        if found is None or frame is None or not self._board.is_shown or isinstance(canvas.tool, LandmarkTool):
            return None
        return frame if frame.side is found.side else None

    def state_on(self, canvas: Canvas) -> tuple[object, ...]:
        """What there is to paint on a pane; see `mammoview.ui.viewport.mouse.Rider`."""
        frame = self._frame(canvas)
        return (frame.landmarks,) if frame is not None else ()

    def hidden_on(self, canvas: Canvas) -> str:
        """Nothing is kept back."""
        return ""

    def paint_on(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        """Paint faintly what belongs on a pane."""
        frame = self._frame(canvas)
        if frame is not None:
            paint_landmarks(painter, frame.landmarks, frame.spacing, canvas, fonts)


def paint_landmarks(
    painter: QPainter,
    known: Landmarks,
    spacing: tuple[float, float],
    canvas: Canvas,
    fonts: Fonts,
    *,
    is_held: bool = False,
) -> None:
    """Paint nipple, wall, and the line between them.

    Parameters
    ----------
    spacing
        (row, column) length of a pixel.
    is_held
        Whether they can be dragged now: brighter, with handles.
    """
    to_device = canvas.placement.to_device
    colour = QColor(_COLOUR)
    colour.setAlpha(255 if is_held else 110)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    thin = pen(colour, fonts.line_px * (1.2 if is_held else 0.9), is_dashed=True)
    line = posterior_nipple_line(known, spacing)
    for ends, is_seen in ((known.wall.ends, True), (line, is_held)):
        if ends is not None and is_seen:
            painter.setPen(thin)
            start, end = device_points(ends, to_device)
            painter.drawLine(start, end)
    solid = pen(colour, fonts.line_px * 1.2)
    painter.setPen(solid)
    if known.nipple is not None:
        _nipple(painter, known.nipple, to_device, fonts, colour, is_held=is_held)
    if is_held and known.wall.ends is not None:
        side = 8 * fonts.line_px
        painter.setPen(solid)
        for point in device_points([_seen(end, canvas) for end in known.wall.ends], to_device):
            painter.drawRect(int(point.x() - side / 2), int(point.y() - side / 2), int(side), int(side))


def _nipple(
    painter: QPainter, nipple: Nipple, to_device: PixelTransform, fonts: Fonts, colour: QColor, *, is_held: bool
) -> None:
    at, radius = device_points([nipple.point], to_device)[0], 6 * fonts.line_px
    painter.drawEllipse(at, radius, radius)
    painter.drawPoint(at)
    if is_held or not nipple.is_sure:
        painter.setFont(fonts.plain)
        text = "nipple" if nipple.is_sure else "nipple?"
        outlined_text(painter, at + QPointF(-radius, -radius - 3 * fonts.line_px), text, colour)


def _seen(point: Point, canvas: Canvas) -> Point:
    """An end of a line as far as it can be grasped: within the image."""
    return min(max(point[0], 0.0), canvas.placement.rows), min(max(point[1], 0.0), canvas.placement.columns)
