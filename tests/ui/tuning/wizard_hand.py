"""A hand at the wizard: opens it by its action, goes through its pages as a user does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from mammoview.session.session import Session
from mammoview.session.tuning.project import Page
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.tuning.chooser import Chooser
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.window import TuningWindow
from mammoview.ui.tuning.wizard import Wizard

SECONDS = 60_000
_P = TypeVar("_P", bound=TuningPage)


class Hand:
    """The viewer's window, and the wizard once it is open."""

    def __init__(self, window: MainWindow, session: Session, qtbot: QtBot) -> None:
        self.viewer, self.session, self._qtbot = window, session, qtbot

    def until(self, holds: Callable[[], object], seconds: float = SECONDS / 1000) -> None:
        self._qtbot.waitUntil(lambda: bool(holds()), timeout=round(1000 * seconds))

    def open(self) -> TuningWindow:
        self.viewer.actions_by_id["fine_tune"].trigger()
        self.until(lambda: self.found() is not None)
        self.until(lambda: self.window.isVisible())
        return self.window

    def found(self) -> Wizard | None:
        return next(iter(self.viewer.desk.findChildren(Wizard)), None)

    @property
    def wizard(self) -> Wizard:
        found = self.found()
        assert found is not None
        return found

    @property
    def window(self) -> TuningWindow:
        return self.wizard.window

    @property
    def desk(self) -> TuningDesk:
        return self.wizard.tuning

    @property
    def chooser(self) -> Chooser:
        return self.window.chooser

    def page(self, kind: type[_P]) -> _P:
        return next(page for page in self.window.pages.values() if isinstance(page, kind))

    def click(self, button: QPushButton) -> None:
        self.until(button.isEnabled)
        self._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def go(self, page: Page) -> None:
        self.until(lambda: self.desk.standing is not None and self.desk.standing.may_open(page))
        item = self.window.rail.item(list(Page).index(page))
        self._qtbot.mouseClick(
            self.window.rail.viewport(),
            Qt.MouseButton.LeftButton,
            pos=self.window.rail.visualItemRect(item).center(),
        )
        self.until(lambda: self.window.page is page)

    def begin(self, name: str) -> None:
        self._qtbot.keyClicks(self.chooser.name, name)
        self.click(self.chooser.make)
        self.until(lambda: self.window.page is Page.TASK)

    def idle(self) -> None:
        self.until(lambda: self.desk.busy is None and not self.desk.is_starting)

    def is_done(self, page: Page) -> bool:
        return self.window.rail.is_done(page)

    def answer(self, title: str) -> None:
        """Press a button of the question that is about to come."""

        def press() -> bool:
            asked = QApplication.activeModalWidget()
            if not isinstance(asked, QMessageBox):
                return False
            button = next(one for one in asked.buttons() if one.text().replace("&", "") == title)
            button.click()
            return True

        from PySide6.QtCore import QTimer

        def again() -> None:
            if not press():
                QTimer.singleShot(20, again)

        QTimer.singleShot(20, again)

    def grab(self, path: Path, size: tuple[int, int] = (1366, 768)) -> None:
        self.window.resize(*size)
        QApplication.processEvents()
        assert self.window.grab().save(str(path))
