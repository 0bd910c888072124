"""The check of the display."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QToolButton

from mammoview.core.errors import Problem
from mammoview.session.events import Level, SettingsChanged
from mammoview.session.luminance import reminder
from mammoview.ui.desk import Desk
from mammoview.ui.monitors import monitor_key
from mammoview.ui.quality.log import DisplayLog

if TYPE_CHECKING:
    from mammoview.ui.quality.dialog import DisplayCheckDialog

#: The log is read when the first images are on their way.
_START_MS = 2500


def _now() -> datetime:
    return datetime.now().astimezone()


class QualityCommands:
    """The Quality menu, and the line that says when a check is due.

    Parameters
    ----------
    now
        The clock.
    """

    def __init__(self, desk: Desk, *, now: Callable[[], datetime] = _now) -> None:
        self._desk, self._now = desk, now
        self._dialog: DisplayCheckDialog | None = None
        self.log = DisplayLog(desk.background, desk.session.messages, desk)
        self.log.changed.connect(self._remind)
        self.notice = QToolButton()
        self.notice.setAutoRaise(True)
        self.notice.hide()
        self.notice.clicked.connect(self.do_display_check)
        desk.window.statusBar().addPermanentWidget(self.notice)
        desk.listeners.append(self._hear)
        QTimer.singleShot(_START_MS, self.log, self.log.refresh)

    def _hear(self, event: object) -> None:
        if not isinstance(event, SettingsChanged):
            return
        if self._dialog is not None:
            self._dialog.set_settings(event.settings)
        if self.log.is_read:
            self._remind()

    def _remind(self) -> None:
        """Say in the status line that a check is due; nothing else moves."""
        key = monitor_key(self._desk.window.screen())
        text = reminder(self.log.checks, key, days=self._desk.session.settings.check_days, now=self._now())
        self.notice.setText("Display check due")
        self.notice.setToolTip(f"{text} Ctrl+D opens the check.")
        self.notice.setVisible(bool(text))
        if text:
            problem = Problem("", "display_check", text, "Quality, Display check (Ctrl+D).")
            self._desk.session.messages.tell(problem, Level.INFO)

    def _open(self) -> DisplayCheckDialog:
        # The patterns' letters and the plots need libraries that nobody else in the window wants.
        from mammoview.ui.quality.dialog import DisplayCheckDialog

        if self._dialog is None:
            desk = self._desk
            self._dialog = DisplayCheckDialog(
                self.log, desk.background, desk.session.settings, now=self._now, parent=desk.window
            )
            self._dialog.finished.connect(self._closed)
            desk.open_dialog(self._dialog)
            self.log.refresh()
        self._dialog.activateWindow()
        return self._dialog

    def _closed(self) -> None:
        self._dialog = None

    def do_display_check(self) -> None:
        self._open().show_check()

    def do_luminance_log(self) -> None:
        self._open().show_log()
