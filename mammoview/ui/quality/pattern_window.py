"""A test pattern over a whole monitor, one driving level to one device pixel."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QImage, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from mammoview.imaging.test_patterns import PATTERNS, Family, draw, pattern
from mammoview.ui.bridge import Background
from mammoview.ui.monitors import Display

_HINT_MS: Final = 5000
_KEYS = "← → pattern   ↑ ↓ level   Space this line   Esc close"


class PatternWindow(QWidget):
    """Shows patterns on one monitor. Nothing stands between a pattern's levels and the screen.

    No window, no gray scale function, no smoothing and no scaling: the picture holds one value for each device pixel
    and is painted at the device pixel ratio of the screen. What a pattern does not cover is black.

    Parameters
    ----------
    background
        Draws the patterns off the GUI thread.
    display
        The monitor.
    """

    stepped = Signal(object, int)
    closed = Signal()

    def __init__(
        self, background: Background, display: Display, *, family: Family = Family.ALL_ROUND, step: int = 0
    ) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setWindowTitle("Test pattern")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self._background, self._display = background, display
        self._image: QImage | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self._wanted = (family, step)
        self._is_closed = False
        self.hint = QLabel(self)
        self.hint.setObjectName("pattern-hint")
        self.hint.setStyleSheet("background: black; color: #b0b0b0; padding: 6px 12px;")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_HINT_MS)
        self._timer.timeout.connect(self.hint.hide)

    @property
    def family(self) -> Family:
        """What is shown, or about to be."""
        return self._wanted[0]

    @property
    def step(self) -> int:
        """Which of the pattern's levels."""
        return self._wanted[1]

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The driving levels on the screen; None until they are drawn."""
        return self._pixels

    def open(self) -> None:
        """Cover the monitor and draw."""
        screen = QGuiApplication.screenAt(self._display.geometry.center())
        if screen is not None:
            # Before it is shown: a window keeps the pixel ratio of the monitor that it was made on.
            self.setScreen(screen)
        self.setGeometry(self._display.geometry)
        self.showFullScreen()
        self.activateWindow()
        self.setFocus()
        self.show_pattern(*self._wanted)

    def show_pattern(self, family: Family, step: int) -> None:
        """Show another pattern or level."""
        self._wanted = wanted = (family, step)
        shape = self._display.shape

        def then(pixels: NDArray[np.uint8]) -> None:
            # Somebody may have gone on in the meantime.
            if self._wanted == wanted and not self._is_closed:
                self._take(pixels)

        self._background.run(lambda: draw(family, shape, step=step), then)

    def _take(self, pixels: NDArray[np.uint8]) -> None:
        rows, columns = pixels.shape
        # The image reads the array's memory, which must live as long.
        self._pixels = pixels = np.ascontiguousarray(pixels)
        self._image = QImage(pixels.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
        self._tell()
        self.update()
        self.stepped.emit(*self._wanted)

    def _tell(self) -> None:
        about = pattern(self.family)
        level = f", level {about.levels[self.step]} ({self.step + 1} of {len(about.levels)})" if about.levels else ""
        self.hint.setText(f"{about.title}{level}. {about.look_for}\n{_KEYS}   No window, no gray scale function.")
        self.hint.setWordWrap(True)
        self.hint.setFixedWidth(min(900, self.width() - 40))
        self.hint.adjustSize()
        self.hint.move((self.width() - self.hint.width()) // 2, self.height() - self.hint.height() - 60)
        self.hint.show()
        self._timer.start()

    # Qt

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self._image is not None:
            self._image.setDevicePixelRatio(self.devicePixelRatioF())
            painter.drawImage(QPointF(0, 0), self._image)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._image is not None:
            self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            families = [entry.family for entry in PATTERNS]
            turn = 1 if key == Qt.Key.Key_Right else -1
            self.show_pattern(families[(families.index(self.family) + turn) % len(families)], 0)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            last = max(0, len(pattern(self.family).levels) - 1)
            step = self.step + (1 if key == Qt.Key.Key_Up else -1)
            if 0 <= step <= last:
                self.show_pattern(self.family, step)
        elif key == Qt.Key.Key_Space and self._image is not None:
            self.hint.hide() if self.hint.isVisible() else self._tell()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._is_closed = True
        self.closed.emit()
        super().closeEvent(event)
