"""The window on the second monitor: it shows the wall's second area, and the wall keeps its panes in step."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QMainWindow

from mammoview.ui.viewport.wall import Wall


class SecondScreen(QMainWindow):
    """A bare window; the keys of the first one work in it, too.

    Parameters
    ----------
    wall
        Asked to use two monitors while this window is open.
    first
        The window beside which this one opens; its actions serve both.
    """

    closed = Signal()

    def __init__(self, wall: Wall, first: QMainWindow) -> None:
        super().__init__(first, Qt.WindowType.Window)
        self._wall, self._first = wall, first
        self.setWindowTitle("MammoView, second monitor — research only, not for diagnosis")
        self.setCentralWidget(wall.second)
        self.addActions(first.findChildren(QAction))

    def set_shown(self, *, is_shown: bool) -> None:
        """Open it on the other monitor, over all of it where there is one; or close it."""
        if not is_shown:
            self.close()
            return
        own = self._first.screen()
        others = [screen for screen in QGuiApplication.screens() if screen is not own]
        if others:
            self.setGeometry(others[0].geometry())
            self.showFullScreen()
        else:
            room = own.availableGeometry()
            self.setGeometry(room.adjusted(room.width() // 2, 0, 0, 0))
            self.show()
        self._wall.set_second(is_on=True)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._wall.set_second(is_on=False)
        self.closed.emit()
        super().closeEvent(event)
