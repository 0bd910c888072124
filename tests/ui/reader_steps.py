"""What a reader does at a window, by keys and mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.core.reading import Recommendation
from mammoview.session.reading import changes
from mammoview.session.reading.case import Case
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.mainwindow import MainWindow

T = TypeVar("T")
SECONDS = 60_000


class Reader:
    """What a reader does at a window, by keys and mouse."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.desk, self.reading, self.qtbot = window, window.desk, window.desk.reading, qtbot
        self.presses = 0

    @property
    def case(self) -> Case:
        assert self.reading.case is not None
        return self.reading.case

    def wait(self, condition: object) -> None:
        self.qtbot.waitUntil(condition, timeout=SECONDS)

    def press(self, keys: str) -> None:
        """A key as a keyboard sends it; ``Num+`` is the keypad's."""
        self.presses += 1
        (combination,) = QKeySequence(keys)
        target = QApplication.focusWidget() or self.window
        self.qtbot.keyClick(target, combination.key(), combination.keyboardModifiers())

    def become(self, identity: str, name: str) -> None:
        """Sit down as a new reader."""
        page = self.desk.worklist.sign_in
        self.wait(lambda: page.add.isVisible() or page.choice.isVisible())
        if not page.add.isVisible():
            page._new.click()
        page.new_id.setText(identity)
        page.new_name.setText(name)
        page.add.click()
        self.wait(lambda: self.reading.seat is not None and self.reading.seat.reader.id == identity)

    def ask(self, work: Callable[[Worklist, Seat], T]) -> T:
        """Look into the worklist, behind all that was asked before."""
        found: list[T] = []
        self.reading.ask(work, found.append)
        self.wait(lambda: bool(found))
        return found[0]

    def is_shown(self) -> bool:
        """Whether a case is on the table with its images."""
        panes = self.desk.wall.panes
        return self.reading.case is not None and bool(panes) and all(pane.image is not None for pane in panes)


def sign(reader: Reader) -> None:
    """Enter, and Enter again where it asks something."""
    reader.press("Num+Enter")
    reader.wait(lambda: bool(reader.desk.sign_off.questions) or reader.case.is_signed)
    if not reader.case.is_signed:
        reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_signed)


def read_and_sign(reader: Reader, category: str, *, is_open: bool = False) -> None:
    """Give both breasts a category and a recommendation, commit, and sign without the AI."""
    if not is_open:
        table = reader.desk.worklist.list.table
        table.setFocus()
        reader.press("Home")
        reader.press("Return")
        reader.wait(reader.is_shown)
    reader.press(category)
    reader.press("Num+8")
    wanted = Recommendation.ADDITIONAL_VIEWS if category == "Num+0" else Recommendation.ROUTINE
    for side in reader.case.draft.exam.sides:
        reader.reading.change(lambda draft, side=side: changes.recommend(draft, side, (wanted,)))
    reader.wait(lambda: reader.reading.is_stored)
    reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_committed)
    sign(reader)
