"""The dialog of the display check: a page to look, a page of measurements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QVBoxLayout, QWidget

from mammoview.core.display_check import DisplayCheck
from mammoview.imaging.test_patterns import Family
from mammoview.session.luminance import limits
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background
from mammoview.ui.monitors import Display, displays
from mammoview.ui.quality.check_page import CheckPage
from mammoview.ui.quality.log import DisplayLog
from mammoview.ui.quality.measure import MeasureDialog
from mammoview.ui.quality.pattern_window import PatternWindow

if TYPE_CHECKING:
    from mammoview.ui.quality.log_page import LogPage


class DisplayCheckDialog(QDialog):
    """Check by eye and luminance log of the monitors of this computer. Not modal.

    Parameters
    ----------
    log
        Where checks are kept.
    background
        Draws patterns.
    settings
        The user's limits and days.
    now
        The clock.
    """

    def __init__(
        self,
        log: DisplayLog,
        background: Background,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Display check")
        self._background, self._now = background, now
        self._displays = displays()
        self.check_page = CheckPage(log, days=settings.check_days, now=now, displays=self._displays)
        self.log_page: LogPage | None = None
        self._log, self._limits = log, limits(settings)
        self._is_done = False
        self.pattern: PatternWindow | None = None
        self.measure: MeasureDialog | None = None
        self.tabs = QTabWidget()
        self.tabs.addTab(self.check_page, "Check by eye")
        self._log_tab = QVBoxLayout()
        empty = QWidget()
        empty.setLayout(self._log_tab)
        self.tabs.addTab(empty, "Luminance log")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)
        self.check_page.pattern_wanted.connect(self.show_pattern)
        # Importing the plots takes longer than a window may stand still.
        background.run(lambda: import_module("mammoview.ui.quality.log_page"), self._add_log_page)
        available = self.screen().availableSize()
        self.resize(QSize(1040, 680).boundedTo(QSize(available.width() - 40, available.height() - 60)))

    def _add_log_page(self, module: ModuleType) -> None:
        if self._is_done:
            return
        page: LogPage = module.LogPage(self._log, self._limits)
        self.log_page = page
        page.measure_wanted.connect(self.open_measure)
        self._log_tab.addWidget(page)

    def set_settings(self, settings: Settings) -> None:
        """Go by other limits and days."""
        self._limits = limits(settings)
        self.check_page.set_days(settings.check_days)
        if self.log_page is not None:
            self.log_page.set_limits(self._limits)

    def show_log(self) -> None:
        """Turn to the measurements."""
        self.tabs.setCurrentIndex(1)

    def show_check(self) -> None:
        """Turn to the check by eye."""
        self.tabs.setCurrentIndex(0)

    def show_pattern(self, display: Display, family: Family, step: int = 0) -> None:
        """Cover a monitor with a pattern."""
        if self.pattern is not None:
            self.pattern.close()
        self.pattern = PatternWindow(self._background, display, family=family, step=step)
        self.pattern.closed.connect(self._pattern_closed)
        if self.measure is not None:
            self.pattern.stepped.connect(self.measure.go_to)
        self.pattern.open()

    def _pattern_closed(self) -> None:
        self.pattern = None
        (self.measure or self).activateWindow()

    def open_measure(self) -> None:
        """Ask for a measurement."""
        self.measure = MeasureDialog(self._displays, self._now, self)
        self.measure.entered.connect(self._add)
        self.measure.pattern_wanted.connect(self.show_pattern)
        self.measure.finished.connect(self._measured)
        self.measure.show()

    def _measured(self) -> None:
        self.measure = None

    def _add(self, check: DisplayCheck) -> None:
        if self.log_page is not None:
            self.log_page.expect(check.id)
        self._log.add(check)

    def done(self, result: int) -> None:
        self._is_done = True
        if self.pattern is not None:
            self.pattern.close()
        super().done(result)
