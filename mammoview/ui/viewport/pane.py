"""The mouse over one image. What it does is told in mirrored positions; the wall moves all panes together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from mammoview.core.image import DisplayImage
from mammoview.core.study import Grayscale, VoiLut, VoiWindow
from mammoview.ui.viewport import marks
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.mouse import MouseTool, WheelTool

_WHEEL_STEP = 1.15
_CLICK_PX = 4.0
_REACH_PX = 6.0


class Pane(Canvas):
    """A canvas that tells what the mouse does, in the positions of `Canvas`."""

    panned = Signal(float, float)
    zoomed = Signal(float, float, float)
    windowed = Signal(float, float)
    window_drag_begun = Signal()
    window_drag_ended = Signal()
    finding_clicked = Signal(str)
    clicked = Signal(float, float)
    hovered = Signal(str)
    pressed = Signal()
    stepped = Signal(int)
    frames_stepped = Signal(int)
    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self._pressed_at: QPointF | None = None
        self._last = QPointF()
        self._owed = QPointF()
        self.is_window_tool = False
        self._is_dragging_window = False

    def set_tool(self, tool: MouseTool | None) -> None:
        """Let ``tool`` have the mouse first; None for nobody."""
        self.tool = tool
        if tool is None:
            self.unsetCursor()
        else:
            self.setCursor(tool.cursor)
        self.update()

    def set_frame(self, image: DisplayImage, gray: Grayscale) -> None:
        """Show another frame of the volume that hangs here: place, window and overlays stay.

        Parameters
        ----------
        gray
            How this frame becomes gray. Where it differs from that of the frame before, the choice of the same place
            among its windows and tables is taken (MG-I01).
        """
        if self.hung is None or self.image is None or self.hung.image.id != image.image_id:
            return
        before = self.hung.image.grayscale
        if gray != before:
            was: tuple[VoiWindow | VoiLut, ...] = (*before.windows, *before.luts)
            now: tuple[VoiWindow | VoiLut, ...] = (*gray.windows, *gray.luts)
            if self.default_voi in was and was.index(self.default_voi) < len(now):
                self.default_voi = now[was.index(self.default_voi)]
            if self.shade.voi in was and was.index(self.shade.voi) < len(now):
                self.shade = replace(self.shade, voi=now[was.index(self.shade.voi)])
            self.hung = replace(self.hung, image=replace(self.hung.image, grayscale=gray))
        self.image = image
        self.renew()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()
        if self.tool is not None and self.tool.pressed(self, *self.native_at(event.position()), event):
            return
        self._pressed_at = self._last = event.position()
        self._owed = QPointF()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        now = event.position()
        moved, self._last = now - self._last, now
        self._cursor = now
        self.hovered.emit(self.read_out(now))
        if self._lens is not None:
            self.update()
        if self.tool is not None and self.tool.moved(self, *self.native_at(now), event):
            return
        buttons = event.buttons()
        if buttons & Qt.MouseButton.LeftButton and not self._is_windowing(event):
            # Whole device pixels, so that what is seen need not be resampled; the rest is not forgotten.
            shift = self._owed + moved * self.devicePixelRatioF()
            whole = QPointF(round(shift.x()), round(shift.y()))
            self._owed = shift - whole
            self.panned.emit(whole.y(), whole.x() * self._outward)
        elif buttons & (Qt.MouseButton.RightButton | Qt.MouseButton.LeftButton):
            if not self._is_dragging_window:
                self._is_dragging_window = True
                self.window_drag_begun.emit()
            self.windowed.emit(moved.x(), -moved.y())
        elif buttons & Qt.MouseButton.MiddleButton:
            assert self._pressed_at is not None
            self.zoomed.emit(float(np.exp(-moved.y() / 150.0)), *self._mirrored(self._pressed_at))

    def _mirrored(self, at: QPointF) -> tuple[float, float]:
        on_device = at * self.devicePixelRatioF()
        return self.outward_point(on_device.y(), on_device.x())

    @property
    def pointed(self) -> tuple[float, float] | None:
        """(row, outward) of the cursor, device pixels; None where it is elsewhere."""
        return self._mirrored(self._cursor) if self._cursor is not None else None

    def _is_windowing(self, event: QMouseEvent) -> bool:
        return self.is_window_tool or bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_dragging_window:
            self._is_dragging_window = False
            self.window_drag_ended.emit()
        if self.tool is not None and self.tool.released(self, *self.native_at(event.position()), event):
            self._pressed_at = None
            return
        if self._pressed_at is None:
            return
        moved = event.position() - self._pressed_at
        self._pressed_at = None
        is_click = abs(moved.x()) + abs(moved.y()) < _CLICK_PX
        if not is_click or event.button() != Qt.MouseButton.LeftButton or self.image is None:
            return
        ratio = self.devicePixelRatioF()
        at = event.position() * ratio
        self.clicked.emit(at.y(), at.x())
        if self.prepared is not None:
            self.finding_clicked.emit(marks.hit(self.prepared, self.placement, at.y(), at.x(), _REACH_PX * ratio) or "")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.tool is None or not self.tool.double_clicked(self, *self.native_at(event.position()), event):
            self.double_clicked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120.0
        if isinstance(self.tool, WheelTool) and self.tool.wheeled(self, steps, event):
            event.accept()
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            has_frames = self.hung is not None and self.hung.image.frames > 1
            (self.frames_stepped if has_frames else self.stepped).emit(1 if steps < 0 else -1)
        elif steps:
            self.zoomed.emit(_WHEEL_STEP**steps, *self._mirrored(event.position()))
        event.accept()

    def leaveEvent(self, _event: QEvent) -> None:
        self._cursor = None
        self.hovered.emit("")
        self.update()

    def native_at(self, at: QPointF) -> tuple[float, float]:
        """Native (row, column) under a point of the widget."""
        on_device = at * self.devicePixelRatioF()
        return self.placement.native_point(on_device.y(), on_device.x())

    def read_out(self, at: QPointF) -> str:
        """What lies under the cursor, in native pixels: place and modality value."""
        if self.image is None or self.hung is None:
            return ""
        row, col = self.native_at(at)
        if not (0 <= row < self.placement.rows and 0 <= col < self.placement.columns):
            return ""
        gray = self.hung.image.grayscale
        stored = int(self.image.levels[0][int(row), int(col)]) + self.image.value_offset
        value = stored * gray.slope + gray.intercept
        return f"{self.hung.image.label}  row {int(row)}  column {int(col)}  value {value:g}"
