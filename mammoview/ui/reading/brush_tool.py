"""Paint on the outline of the selected finding: add to it or take from it with a round brush."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QWheelEvent

from mammoview.core.marks import Point
from mammoview.core.reading import ReaderFinding
from mammoview.ui import theme
from mammoview.ui.reading.contour_tool import is_plain_press
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_overlay import FindingOverlay, outline_path, pen
from mammoview.ui.reading.outline_mask import Brush, painted
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.markup import CHOSEN
from mammoview.ui.viewport.mouse import WheelTool
from mammoview.ui.viewport.pane import Pane

#: Radius on the screen, in the widget's points.
SMALLEST, USUAL, LARGEST = 3.0, 14.0, 120.0
_STEP: Final = 1.2


class BrushTool(WheelTool):
    """Adds, or takes away while Shift is held; the wheel changes the size, Ctrl + wheel zooms.

    Where no finding of this image is selected, a stroke begins a new one.

    Attributes
    ----------
    radius
        On the screen, in the widget's points.
    is_eraser
        Whether it takes away unless Shift is held.
    """

    cursor = Qt.CursorShape.BlankCursor

    def __init__(self, board: FindingBoard, overlay: FindingOverlay) -> None:
        self._board, self._overlay = board, overlay
        self.radius = USUAL
        self.is_eraser = False
        self._pane: Pane | None = None
        self._over: Pane | None = None
        self._at: QPointF | None = None
        self._outline: tuple[Point, ...] = ()
        self._finding = ""
        self._last: Point = (0.0, 0.0)
        self._is_erasing = False

    def cancel(self) -> bool:
        """Drop the stroke; whether there was one."""
        pane = self._pane
        self._end()
        if self._over is not None:
            self._over.update()
        self._over = self._at = None
        return pane is not None

    def _end(self) -> None:
        pane, self._pane, self._overlay.held = self._pane, None, ""
        if pane is not None:
            pane.update()

    def _brush(self, pane: Canvas, *, is_erasing: bool) -> Brush:
        on_device = self.radius * pane.devicePixelRatioF()
        down, across = (on_device / zoom for zoom in pane.placement.zoom)
        is_turned = pane.placement.dihedral.transpose
        return Brush((across, down) if is_turned else (down, across), is_erasing=is_erasing)

    def _selected_on(self, pane: Canvas) -> ReaderFinding | None:
        shown = (one.finding for one in self._board.shown(pane))
        return next((one for one in shown if one.id == self._board.selected), None)

    # MouseTool

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if not is_plain_press(pane, row, col, event) or self._board.why_not(pane):
            return False
        self._is_erasing = self.is_eraser is not bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        found = self._selected_on(pane)
        if found is None and self._is_erasing:
            return True
        self._finding = found.id if found is not None else ""
        self._outline = found.contour if found is not None else ()
        self._pane, self._last = pane, (row, col)
        self._overlay.held = self._finding
        pane.update()
        self._stroke(pane, (row, col))
        return True

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._over is not None and self._over is not pane:
            self._over.update()
        self._over, self._at = pane, event.position()
        pane.update()
        if self._pane is not pane:
            return bool(event.buttons() & Qt.MouseButton.LeftButton)
        self._stroke(pane, (row, col))
        return True

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        if self._pane is not pane or event.button() != Qt.MouseButton.LeftButton:
            return False
        outline, finding = self._outline, self._finding
        self._end()
        if not outline:
            return True
        if finding:
            # A corrected outline of the AI stays one that the AI began.
            self._board.set_outline(finding, outline, outlined_by=None)
        else:
            self._board.add(pane, outline)
        return True

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return self.pressed(pane, row, col, event)

    def wheeled(self, pane: Pane, steps: float, event: QWheelEvent) -> bool:
        if event.modifiers():
            return False
        self.radius = min(max(self.radius * _STEP**steps, SMALLEST), LARGEST)
        self._over, self._at = pane, event.position()
        pane.update()
        return True

    def _stroke(self, pane: Pane, to: Point) -> None:
        shape = pane.placement.rows, pane.placement.columns
        made = painted(self._outline, (self._last, to), self._brush(pane, is_erasing=self._is_erasing), shape)
        # The last bit cannot be rubbed out: that is what deleting is for.
        self._outline, self._last = made or self._outline, to
        pane.update()

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if pane is self._pane and self._outline:
            path = outline_path(self._outline, pane.placement.to_device, fonts)
            painter.setPen(pen(theme.BLACK, 3 * fonts.line_px))
            painter.drawPath(path)
            painter.setPen(pen(CHOSEN, 1.4 * fonts.line_px))
            painter.drawPath(path)
        if pane is self._over and self._at is not None:
            ratio = pane.devicePixelRatioF()
            radius, at = self.radius * ratio, self._at * ratio
            ring = QPainterPath()
            ring.addEllipse(QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius))
            half = 3.0 * fonts.line_px
            ring.moveTo(at - QPointF(half, 0))
            ring.lineTo(at + QPointF(half, 0))
            if not self.is_eraser:
                ring.moveTo(at - QPointF(0, half))
                ring.lineTo(at + QPointF(0, half))
            painter.setPen(pen(theme.BLACK, 2.6 * fonts.line_px))
            painter.drawPath(ring)
            painter.setPen(pen(CHOSEN, fonts.line_px))
            painter.drawPath(ring)
