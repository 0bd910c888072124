"""Who reads: the first reader, further ones, passphrases, and leaving the seat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from worklist_window import SECONDS, is_listed, sign_in

from mammoview.session.worklist import schema
from mammoview.session.worklist.database import worklist_path
from mammoview.session.worklist.worklist import open_worklist
from mammoview.ui.mainwindow import MainWindow

pytestmark = pytest.mark.gui


def test_the_first_reader_is_made_and_sits_down(
    open_window: Callable[[], MainWindow], isolated_home: Path, qtbot: QtBot
) -> None:
    window = open_window()
    page = window.desk.worklist.sign_in
    qtbot.waitUntil(lambda: page.new_id.isVisible(), timeout=SECONDS)
    assert not window.actions_by_id["import_folder"].isEnabled()
    qtbot.keyClicks(page.new_id, "R1")
    qtbot.keyClick(page.new_id, Qt.Key.Key_Return)
    assert "needs a name" in page._complaint.text()
    page.new_name.setText("Dr Müller")
    page.new_passphrase.setText("one")
    page._repeated.setText("two")
    page.add.click()
    assert "differ" in page._complaint.text()
    page._repeated.setText("one")
    page.add.click()
    qtbot.waitUntil(lambda: window.desk.reading.seat is not None, timeout=SECONDS)
    assert window.desk.reading.seat is not None
    assert window.desk.reading.seat.reader.has_passphrase
    qtbot.waitUntil(lambda: "Dr Müller" in window.desk.worklist.list.who.text(), timeout=SECONDS)
    assert window.actions_by_id["import_folder"].isEnabled()
    assert page.new_passphrase.text() == ""


def test_a_wrong_passphrase_is_said_and_logged(open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot) -> None:
    window = open_window()
    page = window.desk.worklist.sign_in
    qtbot.waitUntil(lambda: page.choice.count() == 2, timeout=SECONDS)
    page.choice.setCurrentIndex(page.choice.findData("R1"))
    assert not page.passphrase.isVisible()
    page.choice.setCurrentIndex(page.choice.findData("R2"))
    assert page.passphrase.isVisible()
    qtbot.keyClicks(page.passphrase, "open")
    qtbot.keyClick(page.passphrase, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "wrong" in page._complaint.text(), timeout=SECONDS)
    assert window.desk.reading.seat is None
    assert page.passphrase.hasFocus()
    sign_in(window, qtbot, "R2", "sesame")
    assert page._complaint.text() == ""
    worklist = window.desk.reading.worklist
    assert worklist is not None
    with worklist._database.read() as connection:
        events = [row["event"] for row in connection.execute("SELECT event FROM audit ORDER BY seq")]
    assert events.count("refused") == 1


def test_a_taken_id_is_refused(open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot) -> None:
    window = open_window()
    page = window.desk.worklist.sign_in
    qtbot.waitUntil(lambda: page.choice.count() == 2, timeout=SECONDS)
    page._new.click()
    page.new_id.setText("R1")
    page.new_name.setText("Another")
    page.add.click()
    qtbot.waitUntil(lambda: "already" in page._complaint.text(), timeout=SECONDS)
    page._back.click()
    assert page.choice.isVisible()


def test_signing_out_leaves_nothing_behind(window: MainWindow, qtbot: QtBot) -> None:
    model = window.desk.worklist.list.model
    window.actions_by_id["sign_out"].trigger()
    assert window.desk.reading.seat is None
    assert model.rowCount() == 0
    assert model._rows == {}
    assert window.desk.worklist.currentWidget() is window.desk.worklist.sign_in
    assert not window.actions_by_id["lock"].isEnabled()
    sign_in(window, qtbot, "R2", "sesame")
    assert is_listed(window)
    qtbot.waitUntil(lambda: "Dr Two" in window.desk.worklist.list.who.text(), timeout=SECONDS)


def test_a_newer_worklist_is_said_once_and_the_program_goes_on(
    open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot
) -> None:
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.SCHEMA + 1}")
    connection.close()
    before = path.read_bytes()
    window = open_window()
    page = window.desk.worklist
    qtbot.waitUntil(lambda: page.again.isVisible(), timeout=SECONDS)
    assert "newer version" in page.closed_text.text()
    assert "without the worklist" in page.closed_text.text()
    assert path.read_bytes() == before
    window.actions_by_id["worklist"].trigger()
    assert window.desk.stack.currentWidget() is not page
    # Nothing that needs a reader can be asked for.
    assert not window.actions_by_id["find_study"].isEnabled()


def test_a_damaged_worklist_is_kept_aside_and_said(
    open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot
) -> None:
    path.write_bytes(b"this is no database at all")
    window = open_window()
    qtbot.waitUntil(lambda: window.desk.worklist.sign_in.new_id.isVisible(), timeout=SECONDS)
    qtbot.waitUntil(lambda: window.desk.banner.isVisible(), timeout=SECONDS)
    assert "kept as worklist.db.kept1" in window.desk.banner.text.text()


def test_the_program_begins_with_the_worklist_where_there_is_one(
    open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot
) -> None:
    window = open_window()
    window.desk.stack.setCurrentIndex(0)
    window.begin_with_the_worklist()
    assert window.desk.stack.currentWidget() is window.desk.worklist
    assert not window.desk.right.isVisible()
    window.actions_by_id["worklist"].trigger()
    assert window.desk.right.isVisible()


def test_without_a_worklist_the_program_begins_as_ever(
    open_window: Callable[[], MainWindow], isolated_home: Path, qtbot: QtBot
) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.desk.reading.worklist is not None, timeout=SECONDS)
    window.desk.stack.setCurrentIndex(0)
    window.desk.reading.close()
    for file in worklist_path().parent.glob("worklist.db*"):
        file.unlink()
    window.begin_with_the_worklist()
    assert window.desk.stack.currentIndex() == 0


def test_two_windows_share_a_worklist(
    window: MainWindow, open_window: Callable[[], MainWindow], qtbot: QtBot, path: Path
) -> None:
    second, problems = open_worklist(path)
    assert not problems
    seat = second.readers.sign_in("R2", "sesame")
    assert second.readings.open(seat, 4).holder is None
    reading = window.desk.reading
    opened: list[object] = []
    reading.ask(lambda worklist, mine: worklist.readings.open(mine, 4), opened.append)
    qtbot.waitUntil(lambda: bool(opened), timeout=SECONDS)
    assert opened[0].holder is not None  # type: ignore[attr-defined]
    second.close()
