"""The look that the reader chose, in force at once: contrast, and the size of letters, controls and panels."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QDockWidget

from mammoview.session.events import SettingsChanged
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.desk import Desk

#: What the keys step through, percent.
STEPS: Final = (80, 90, 100, 110, 125, 150, 175, 200, 225, 250)
#: Widths at 100 %.
_LEFT_PX, _RIGHT_PX, _PROGRESS_PX = 190, 340, 340
#: No panel takes more of the window than this: the images need the rest.
_LEFT, _RIGHT = 0.2, 0.42


def stepped(percent: int, by: int) -> int:
    """The next size above (1) or below (-1) a size; the same where there is none."""
    if by > 0:
        return next((step for step in STEPS if step > percent), percent)
    return next((step for step in reversed(STEPS) if step < percent), percent)


class Comfort(QObject):
    """Puts the settings' look in force and fits the window's parts to it.

    Parameters
    ----------
    desk
        Its docks are there already.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._look = self._look_of(desk.session.settings)
        self._widths = (0, 0)
        desk.listeners.append(self.hear)
        # Widths that a hidden panel is given do not last.
        self._unseen = {desk.left, desk.right}
        for dock in (desk.left, desk.right):
            dock.visibilityChanged.connect(lambda is_shown, dock=dock: self._seen(dock) if is_shown else None)
        self.fit()
        self._show()

    def hear(self, event: object) -> None:
        """Follow a change of the settings."""
        if not isinstance(event, SettingsChanged) or self._look == self._look_of(event.settings):
            return
        self._look = self._look_of(event.settings)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, *self._look)
        self.fit()
        self._show()

    def _seen(self, dock: QDockWidget) -> None:
        if dock in self._unseen:
            self._unseen.discard(dock)
            self._widths = (0, 0)
            QTimer.singleShot(0, self, self.fit)

    def _show(self) -> None:
        self._desk.check("high_contrast", is_on=self._look[0] == "high")
        # What is written over the images has the same scale.
        self._desk.wall.refresh()

    @staticmethod
    def _look_of(settings: Settings) -> tuple[str, int]:
        return settings.contrast, settings.ui_scale

    def fit(self) -> None:
        """Give the parts the widths of the scale in force, as far as the window has room; those dragged by hand stay.

        Called whenever either may have changed.
        """
        desk, room = self._desk, self._desk.window.width()
        left, right = (
            min(theme.px(width), round(room * share)) for width, share in ((_LEFT_PX, _LEFT), (_RIGHT_PX, _RIGHT))
        )
        if (left, right) == self._widths:
            return
        self._widths = left, right
        desk.right.widget().setMinimumWidth(right - 10)
        desk.window.resizeDocks([desk.left, desk.right], [left, right], Qt.Orientation.Horizontal)
        desk.progress.setFixedWidth(min(theme.px(_PROGRESS_PX), right))


def scaled(settings: Settings, by: int) -> Settings:
    """The settings one step larger (1), smaller (-1), or at the usual size (0)."""
    return replace(settings, ui_scale=stepped(settings.ui_scale, by) if by else 100)
