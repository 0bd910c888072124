"""How large the monitor's pixels are: hold a bank card to the screen, or measure the visible width (MG-C05)."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from mammoview.session.pitches import CARD_MM, PITCH_RANGE_MM, is_plausible, pitch_from_card
from mammoview.ui import theme
from mammoview.ui.monitors import display_of
from mammoview.ui.pitch import ScreenPitches, name_of, told_pitch
from mammoview.ui.wrapped import WrappedLabel

_HOW = (
    "Hold a bank card flat against the screen and drag the right edge of the outline until both are equally wide. "
    "Or enter the width of the visible picture, measured with a ruler."
)


class CardOutline(QWidget):
    """The outline of a bank card; its right edge is dragged. Widths are device pixels."""

    dragged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.width_px = 300.0
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    def sizeHint(self) -> QSize:
        return QSize(560, 360)

    def set_width(self, width_px: float) -> None:
        """Draw the card so wide."""
        self.width_px = width_px
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(max(20.0, event.position().x() * self.devicePixelRatioF()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ratio = self.devicePixelRatioF()
        wide, high = self.width_px / ratio, self.width_px / ratio * CARD_MM[1] / CARD_MM[0]
        painter.setPen(QPen(theme.ACCENT, 2))
        corner = wide * 3.18 / CARD_MM[0]
        painter.drawRoundedRect(QRectF(0, 2, wide, high).adjusted(1, 0, -1, 0), corner, corner)
        painter.setPen(theme.TEXT)
        text = f"bank card, {CARD_MM[0]:.2f} × {CARD_MM[1]:.2f} mm"
        painter.drawText(QRectF(0, 2, wide, high), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


class CalibrationDialog(QDialog):
    """Calibrates the monitor that it stands on.

    Parameters
    ----------
    pitches
        Those in force; read, not changed.
    """

    #: Name of the monitor, and the distance of its pixels in mm; 0 takes the calibration away.
    calibrated = Signal(str, float)

    def __init__(self, pitches: ScreenPitches, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Calibrate the monitor's size")
        self._pitches = pitches
        self.card, self.told, self.result_label = CardOutline(), WrappedLabel(), QLabel()
        self.width_mm = QDoubleSpinBox()
        self.width_mm.setDecimals(1)
        self.width_mm.setSuffix(" mm")
        self.width_mm.setSingleStep(0.5)
        how = WrappedLabel()
        how.setText(_HOW)
        form = QFormLayout()
        form.addRow("Visible width", self.width_mm)
        form.addRow("Pixel", self.result_label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.remove = buttons.addButton("As the monitor says", QDialogButtonBox.ButtonRole.ResetRole)
        column = QVBoxLayout(self)
        for part in (how, self.card, self.told):
            column.addWidget(part, 1 if part is self.card else 0)
        column.addLayout(form)
        column.addWidget(buttons)
        self.pitch_mm = 0.0
        self._monitor = ""
        self._is_watching = False
        self._show_monitor()
        self.card.dragged.connect(lambda width: self._take(pitch_from_card(width)))
        self.width_mm.valueChanged.connect(lambda width: self._take(width / self._columns))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.remove.clicked.connect(self._forget)

    @property
    def _columns(self) -> int:
        return display_of(self.screen()).shape[1]

    def _show_monitor(self) -> None:
        screen = self.screen()
        display, pitch = display_of(screen), self._pitches.of(screen)
        told, self._monitor = told_pitch(screen), name_of(screen)
        self.width_mm.setRange(PITCH_RANGE_MM[0] * self._columns, PITCH_RANGE_MM[1] * self._columns)
        state = "It is calibrated." if pitch.is_calibrated else "It is not calibrated."
        self.told.setText(
            f"{display.name}, {display.shape[1]} × {display.shape[0]} pixels. {state} "
            f"By what it says itself, a pixel is {told:.4f} mm and the picture {told * self._columns:.0f} mm wide."
        )
        self._take(pitch.mm)
        self._make_room(pitch.mm)

    def _make_room(self, pitch_mm: float) -> None:
        """Let the whole card be seen, and a fifth more to drag it larger, as far as the monitor reaches."""
        free, ratio = self.screen().availableSize(), self.devicePixelRatioF()
        wide, high = (mm / pitch_mm / ratio * 1.2 for mm in CARD_MM)
        self.card.setMinimumSize(min(round(wide), free.width() * 3 // 4), min(round(high), free.height() // 2))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        handle = self.windowHandle()
        if not self._is_watching and handle is not None:
            # A move is told before the window has its new monitor.
            handle.screenChanged.connect(self._look)
            self._is_watching = True
        self._look()

    def _look(self) -> None:
        """Dragged to another monitor, it is that one's."""
        if name_of(self.screen()) != self._monitor:
            self._show_monitor()

    def _take(self, pitch_mm: float) -> None:
        if not is_plausible(pitch_mm):
            return
        self.pitch_mm = pitch_mm
        self.card.set_width(CARD_MM[0] / pitch_mm)
        self.result_label.setText(f"{pitch_mm:.4f} mm")
        self.width_mm.blockSignals(True)
        self.width_mm.setValue(pitch_mm * self._columns)
        self.width_mm.blockSignals(False)

    def accept(self) -> None:
        self.calibrated.emit(name_of(self.screen()), self.pitch_mm)
        super().accept()

    def _forget(self) -> None:
        self.calibrated.emit(name_of(self.screen()), 0.0)
        self.reject()
