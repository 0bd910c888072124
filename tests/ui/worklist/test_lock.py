"""The lock: what is seen, what is heard, and who opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from worklist_window import SECONDS, ask, sign_in

from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.worklist.lock import Cover, Lock
from mammoview.ui.worklist.passphrase import PassphraseDialog

pytestmark = pytest.mark.gui


@pytest.fixture
def guarded(open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot) -> MainWindow:
    """R2, who has a passphrase, sits at a window."""
    made = open_window()
    sign_in(made, qtbot, "R2", "sesame")
    return made


def lock_of(window: MainWindow) -> Lock:
    return window.findChildren(Lock)[0]


def is_covered(window: QWidget) -> bool:
    """Whether nothing of the window is seen: the cover is on top, all over, and its colour is the only one outside."""
    covers = [child for child in window.children() if isinstance(child, Cover) and child.isVisible()]
    if len(covers) != 1 or covers[0].geometry() != window.rect():
        return False
    picture = window.grab().toImage()
    seen = {
        QColor(picture.pixel(x, y)).rgb()
        for y in range(0, picture.height(), 3)
        for x in range(0, picture.width(), 3)
        if abs(x - picture.width() // 2) > 200 or abs(y - picture.height() // 2) > 120
    }
    return len(seen) == 1


@pytest.mark.qt_log_ignore(r"does not support raise\(\)")
def test_the_lock_covers_every_window_and_hears_nothing(guarded: MainWindow, qtbot: QtBot) -> None:
    dialog = QDialog(guarded)
    QVBoxLayout(dialog).addWidget(QLabel("Doe, Jane"))
    dialog.resize(700, 500)
    dialog.show()
    guarded.actions_by_id["second_screen"].trigger()
    second = guarded.desk.wall.second.window()
    tip = QLabel("Doe, Jane", guarded, Qt.WindowType.ToolTip)
    tip.show()
    guarded.actions_by_id["lock"].trigger()
    for window in (guarded, dialog, second):
        assert is_covered(window), window
    qtbot.waitUntil(lambda: guarded.desk.reading.seat.is_locked, timeout=SECONDS)  # type: ignore[union-attr]

    # No key and no click goes through.
    was_shown = guarded.actions_by_id["identity"].isChecked()
    table = guarded.desk.worklist.list.table
    qtbot.keyClick(table, Qt.Key.Key_H)
    qtbot.keyClick(lock_of(guarded).passphrase, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    assert guarded.actions_by_id["identity"].isChecked() is was_shown
    before = table.currentIndex().row()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(30, 100))
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert table.currentIndex().row() == before

    # A tip that lingers says nothing, nor does one that was on its way.
    assert not tip.isVisible()
    tip.show()
    qtbot.waitUntil(lambda: not tip.isVisible(), timeout=SECONDS)

    # What opens or grows later is covered, too.
    late = QDialog(guarded)
    late.resize(300, 200)
    late.show()
    qtbot.waitUntil(lambda: is_covered(late) or bool(late.findChildren(Cover)), timeout=SECONDS)
    guarded.resize(1440, 900)
    qtbot.waitUntil(lambda: is_covered(guarded), timeout=SECONDS)


def test_the_passphrase_opens_it_and_nothing_else(guarded: MainWindow, qtbot: QtBot) -> None:
    lock, reading = lock_of(guarded), guarded.desk.reading
    guarded.actions_by_id["lock"].trigger()
    assert lock.is_closed
    assert lock.passphrase.isVisible()
    assert "Dr Two" in lock.text.text()
    qtbot.keyClicks(lock.passphrase, "wrong")
    qtbot.keyClick(lock.passphrase, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "wrong" in lock.complaint.text(), timeout=SECONDS)
    assert lock.is_closed
    lock.passphrase.clear()
    qtbot.keyClicks(lock.passphrase, "sesame")
    qtbot.mouseClick(lock.unlock, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not lock.is_closed, timeout=SECONDS)
    assert not guarded.findChildren(Cover, options=Qt.FindChildOption.FindDirectChildrenOnly) or not any(
        cover.isVisible() for cover in guarded.findChildren(Cover)
    )
    assert reading.seat is not None
    assert not reading.seat.is_locked
    # It can be locked again.
    guarded.actions_by_id["lock"].trigger()
    assert is_covered(guarded)


def test_without_a_passphrase_a_key_opens_it(window: MainWindow, qtbot: QtBot) -> None:
    lock = lock_of(window)
    window.actions_by_id["lock"].trigger()
    qtbot.waitUntil(lambda: window.desk.reading.seat.is_locked, timeout=SECONDS)  # type: ignore[union-attr]
    assert not lock.passphrase.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not lock.is_closed, timeout=SECONDS)


def test_idle_time_locks_and_a_touch_puts_it_off(guarded: MainWindow, qtbot: QtBot) -> None:
    reading, now = guarded.desk.reading, [0.0]
    assert reading.seat is not None
    reading.seat = Seat(reading.seat.reader, idle_s=60, clock=lambda: now[0])
    handle = guarded.windowHandle()
    now[0] = 59.0
    qtbot.keyClick(handle, Qt.Key.Key_Shift)
    now[0] = 100.0
    reading._look_at_the_clock()
    assert not lock_of(guarded).is_closed
    now[0] = 120.0
    reading._look_at_the_clock()
    assert lock_of(guarded).is_closed
    assert is_covered(guarded)
    # A touch does not open it.
    qtbot.keyClick(handle, Qt.Key.Key_Shift)
    assert reading.seat.is_locked


def test_the_setting_says_when_it_locks(guarded: MainWindow) -> None:
    seat = guarded.desk.reading.seat
    assert seat is not None
    assert seat._idle_s == 60 * guarded.desk.session.settings.lock_minutes


def test_a_new_passphrase_is_asked_for_by_the_lock(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["change_passphrase"].trigger()
    (dialog,) = window.findChildren(PassphraseDialog)
    assert not dialog.old.isVisible(), "R1 has none yet"
    dialog.new.setText("a")
    dialog.repeated.setText("b")
    dialog._save()
    assert "differ" in dialog.complaint.text()
    dialog.repeated.setText("a")
    with qtbot.waitSignal(dialog.accepted, timeout=SECONDS):
        dialog._save()
    lock = lock_of(window)
    window.actions_by_id["lock"].trigger()
    assert lock.passphrase.isVisible()
    qtbot.keyClicks(lock.passphrase, "a")
    qtbot.keyClick(lock.passphrase, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not lock.is_closed, timeout=SECONDS)

    window.actions_by_id["change_passphrase"].trigger()
    dialog = window.findChildren(PassphraseDialog)[-1]
    dialog.old.setText("wrong")
    dialog._save()
    qtbot.waitUntil(lambda: "wrong" in dialog.complaint.text(), timeout=SECONDS)
    dialog.close()


def test_a_passphrase_that_another_window_gave_opens_the_lock(window: MainWindow, qtbot: QtBot) -> None:
    lock = lock_of(window)

    def give(worklist: Worklist) -> None:
        other = worklist.readers.sign_in("R1")
        worklist.readers.change_passphrase(other, "", new="new")

    ask(window, qtbot, give)
    window.actions_by_id["lock"].trigger()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lock.passphrase.isVisible, timeout=SECONDS)
    assert lock.is_closed
    qtbot.keyClicks(lock.passphrase, "new")
    qtbot.keyClick(lock.passphrase, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not lock.is_closed, timeout=SECONDS)
