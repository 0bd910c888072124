"""The rest of the Worklist menu: the rules, the AI on the list, the export, the log, and the way to the images."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from worklist_makers import NORMAL
from worklist_window import SECONDS, ask

from mammoview.core.errors import Problem
from mammoview.core.reading.comparing import Discordance
from mammoview.core.reading.states import RevealProtocol
from mammoview.session.reading.ai_queue import AiProgress
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.worklist.ai_list import AiOnList, progress_words
from mammoview.ui.worklist.protocol_dialog import ProtocolDialog

pytestmark = pytest.mark.gui


def test_the_protocol_is_changed_in_plain_words(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["reading_protocol"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(ProtocolDialog)), timeout=SECONDS)
    (dialog,) = window.findChildren(ProtocolDialog)
    assert dialog.value() == Protocol()
    assert not dialog.discordance.isEnabled()
    dialog.reveal.buttons[RevealProtocol.CONCURRENT].click()
    dialog.reading.buttons[ReadingMode.DOUBLE].click()
    dialog.discordance.buttons[Discordance.CATEGORY].click()
    dialog.accept()
    who = window.desk.worklist.list.who
    qtbot.waitUntil(lambda: "Two readers, AI from the beginning" in who.text(), timeout=SECONDS)
    in_force: list[Protocol] = []
    window.desk.reading.ask(lambda worklist, _seat: worklist.protocols.current(), in_force.append)
    qtbot.waitUntil(lambda: bool(in_force), timeout=SECONDS)
    assert in_force == [Protocol(RevealProtocol.CONCURRENT, ReadingMode.DOUBLE, Discordance.CATEGORY)]


def test_the_reader_study_is_written_after_a_warning(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = window.desk.reading.seat
    assert seat is not None

    def read(worklist: object) -> None:
        worklist.readings.open(seat, 2)  # type: ignore[attr-defined]
        worklist.readings.commit(seat, 2, decision=NORMAL)  # type: ignore[attr-defined]
        worklist.sign(seat, 2)  # type: ignore[attr-defined]

    ask(window, qtbot, read)
    target = tmp_path / "study.csv"
    asked: list[str] = []
    answers = iter([QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Save])
    monkeypatch.setattr(QMessageBox, "question", lambda *args: (asked.append(args[2]), next(answers))[1])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(target), ""))
    window.actions_by_id["export_readings"].trigger()
    assert not target.exists()
    window.actions_by_id["export_readings"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=SECONDS)
    assert "no part in reader studies" in asked[0]
    (said,) = window.findChildren(QMessageBox)
    assert said.text() == "1 decision on 1 case by 1 reader written."
    said.close()
    with target.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["readerID"], row["caseID"], row["modalityID"]) for row in rows] == [("R1", "case000002", "unaided")]


def test_the_log_is_checked(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["check_log"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=SECONDS)
    (said,) = window.findChildren(QMessageBox)
    assert "The log is whole" in said.text()
    assert said.icon() is QMessageBox.Icon.Information
    said.close()
    qtbot.waitUntil(lambda: not window.findChildren(QMessageBox), timeout=SECONDS)

    def forge(worklist: object) -> None:
        with worklist._database.write() as connection:  # type: ignore[attr-defined]
            connection.execute("DROP TRIGGER audit_stays")
            connection.execute("UPDATE audit SET reader = 'R9' WHERE seq = 1")

    ask(window, qtbot, forge)
    window.actions_by_id["check_log"].trigger()
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=SECONDS)
    (said,) = window.findChildren(QMessageBox)
    assert "Entry 1 was changed" in said.text()
    assert said.icon() is QMessageBox.Icon.Warning
    said.close()


class Queue:
    """Does what it is told, at once."""

    def __init__(self, _worklist: object, _session: object, on_report: Callable[[AiProgress], None]) -> None:
        self.tell = on_report
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")
        self.tell(AiProgress(done=3, left=7, is_running=True, seconds_left=42.0))

    def pause(self) -> None:
        self.told.append("pause")
        self.tell(AiProgress(done=3, left=7, is_running=True, is_paused=True))

    def cancel(self) -> None:
        self.told.append("cancel")
        self.tell(AiProgress(done=3, left=7))

    def retry(self) -> None:
        self.told.append("retry")

    def first(self, rows: Sequence[int]) -> None:
        self.told.append(f"first {list(rows)}")

    def close(self) -> None:
        self.told.append("close")


def test_the_ai_on_the_list_starts_pauses_and_stops(window: MainWindow, qtbot: QtBot) -> None:
    page, action = window.desk.worklist, window.actions_by_id["ai_on_list"]
    assert page.ai.queue is not None, "it keeps what is found while nobody asks for the list, too"
    page.ai.queue.close()
    queue = Queue(None, None, page.ai._tell)
    page.ai.queue = queue  # type: ignore[assignment]
    action.trigger()
    qtbot.waitUntil(lambda: page.ai.is_at_work, timeout=SECONDS)
    assert action.isChecked()
    assert page.ai.strip.text.text() == "AI on the list: 3 of 10 studies, about 40 s left"
    assert page.ai.strip.bar.value() == 300
    page.ai.strip.button("Pause").click()
    qtbot.waitUntil(lambda: not page.ai.is_at_work, timeout=SECONDS)
    assert not action.isChecked()
    assert "paused: 3 of 10" in page.ai.strip.text.text()
    page.ai.strip.button("Go on").click()
    qtbot.waitUntil(lambda: page.ai.is_at_work, timeout=SECONDS)
    # Beside the images the status line has it.
    window.actions_by_id["worklist"].trigger()
    queue.start()
    qtbot.waitUntil(lambda: "ai on the list" in window.desk.jobs._jobs, timeout=SECONDS)
    window.actions_by_id["worklist"].trigger()
    page.ai.strip.button("Stop").click()
    qtbot.waitUntil(lambda: "stopped after 3 of 10" in page.ai.strip.text.text(), timeout=SECONDS)
    assert not window.desk.jobs._jobs
    assert queue.told == ["start", "pause", "start", "start", "cancel"]


def test_the_case_that_is_opened_and_its_neighbours_come_first(window: MainWindow, qtbot: QtBot) -> None:
    page = window.desk.worklist
    assert page.ai.queue is not None
    page.ai.queue.close()
    queue = Queue(None, None, page.ai._tell)
    page.ai.queue = queue  # type: ignore[assignment]
    order = page.list.model.order
    window.desk.reading.open_case(order[4])
    assert queue.told == [f"first {[order[4], order[5], order[6], order[3]]}"]
    # Its files are not there.
    qtbot.waitUntil(lambda: window.desk.state_label.text() == "Ready", timeout=SECONDS)


def test_what_the_ai_queue_says_in_words(qtbot: QtBot) -> None:
    full = Problem("", "output", "The disk is full.", "Make room.")
    assert progress_words(AiProgress(is_running=True, is_paused=True, problem=full)) == (
        "AI paused: The disk is full. Make room."
    )
    ended = progress_words(AiProgress(done=9, failed=1))
    assert ended == "AI on the list: nothing is left to do; 1 study passed over."
    ai = AiOnList(None, make=Queue)  # type: ignore[arg-type]
    ai._show(AiProgress(done=1))
    assert not ai.strip.isVisibleTo(None), "nothing was begun by the reader: nothing is said"


def test_the_ai_says_nothing_of_what_it_found(window: MainWindow, qtbot: QtBot) -> None:
    """The words about the queue can be told to a blinded reader: they hold counts and times alone."""
    fields = set(AiProgress.__dataclass_fields__)
    assert fields == {"done", "left", "failed", "is_running", "is_paused", "seconds_left", "problem"}
