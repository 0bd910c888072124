"""What the tests of the worklist's page do with a window."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.mainwindow import MainWindow

STUDIES = 30
SECONDS = 20_000


def sign_in(window: MainWindow, qtbot: QtBot, reader: str, passphrase: str = "") -> None:
    page, reading = window.desk.worklist, window.desk.reading
    qtbot.waitUntil(lambda: page.sign_in.choice.findData(reader) >= 0, timeout=SECONDS)
    page.sign_in.choice.setCurrentIndex(page.sign_in.choice.findData(reader))
    page.sign_in.passphrase.setText(passphrase)
    page.sign_in.sign_in.click()
    qtbot.waitUntil(lambda: reading.seat is not None and is_listed(window), timeout=SECONDS)


def is_listed(window: MainWindow) -> bool:
    """Whether the lines in sight are there."""
    model = window.desk.worklist.list.model
    return bool(model.order) and model.row_at(0) is not None


def patients(window: MainWindow) -> list[str]:
    """The first column, as far as it is known."""
    model = window.desk.worklist.list.model
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def ask(window: MainWindow, qtbot: QtBot, work: Callable[[Worklist], object]) -> None:
    """Do something with the window's worklist, and let it tell so."""
    done: list[object] = []
    window.desk.reading.ask(lambda worklist, _seat: work(worklist), done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=SECONDS)
    window.desk.reading.list_changed.emit()
