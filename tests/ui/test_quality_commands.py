"""The Quality menu in the real window: keys, the line that reminds, and what is imported when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from mammoview.core.display_check import Answer, DisplayCheck
from mammoview.session.luminance import append
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.commands.quality import QualityCommands
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.monitors import displays

pytestmark = pytest.mark.gui
NOW = datetime(2026, 3, 20, 8, 30, tzinfo=UTC)


def check(days: int) -> DisplayCheck:
    key = displays()[0].key
    time = (NOW - timedelta(days=days)).isoformat()
    return DisplayCheck("a", time, key, "display", answers=(Answer("squares", "yes"),))


@pytest.fixture
def start(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[MainWindow, QualityCommands]]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    opened: list[tuple[Session, Background]] = []

    def make(**changes: object) -> tuple[MainWindow, QualityCommands]:
        session = Session(replace(Settings(), **changes), engine="ui_children:engine")  # type: ignore[arg-type]
        background, bridge = Background(), Bridge()
        window = MainWindow(session, background)
        bridge.setParent(window)
        bridge.told.connect(window.show_event)
        opened.append((session, background))
        qtbot.addWidget(window)
        window.resize(1366, 768)
        window.show()
        session.connect(bridge.send)
        commands = QualityCommands(window.desk, now=lambda: NOW)
        with qtbot.waitSignal(commands.log.changed):
            commands.log.refresh()
        return window, commands

    yield make
    for session, background in opened:
        background.close()
        session.close()


def test_a_quiet_line_reminds_when_no_check_is_on_record(start) -> None:
    window, commands = start()
    assert commands.notice.isVisible()
    assert commands.notice.text() == "Display check due"
    assert "No check" in commands.notice.toolTip()
    assert window.desk.banner.isHidden(), "reading is not disturbed"
    assert any("No check" in message.problem.message for message in window.desk.session.messages.history)


@pytest.mark.parametrize(("age", "days", "is_due"), [(7, 7, False), (8, 7, True), (8, 10, False), (400, 0, False)])
def test_the_line_goes_by_the_clock_and_the_setting(start, age: int, days: int, is_due: bool) -> None:
    append(check(age))
    _, commands = start(check_days=days)
    assert commands.notice.isVisible() is is_due
    if is_due:
        assert f"{age} days old" in commands.notice.toolTip()


def test_the_line_goes_when_the_check_is_done_or_the_setting_changes(qtbot: QtBot, start) -> None:
    window, commands = start()
    window.desk.session.change_settings(replace(Settings(), check_days=0))
    qtbot.waitUntil(lambda: not commands.notice.isVisible())
    window.desk.session.change_settings(Settings())
    qtbot.waitUntil(commands.notice.isVisible)
    with qtbot.waitSignal(commands.log.changed):
        commands.log.add(check(0))
    assert not commands.notice.isVisible()


def test_both_keys_open_one_dialog_at_their_page(qtbot: QtBot, start) -> None:
    window, _ = start()
    window.desk.actions["display_check"].trigger()
    window.desk.actions["luminance_log"].trigger()
    dialogs = [child for child in window.children() if type(child).__name__ == "DisplayCheckDialog"]
    assert len(dialogs) == 1
    (dialog,) = dialogs
    assert dialog.tabs.tabText(dialog.tabs.currentIndex()) == "Luminance log"
    window.desk.actions["display_check"].trigger()
    assert dialog.tabs.currentWidget() is dialog.check_page
    assert not dialog.isModal()
    window.desk.session.change_settings(replace(Settings(), check_days=11))
    qtbot.waitUntil(lambda: "after 11 days" in dialog.check_page.reminded.text())
    dialog.close()
    qtbot.waitUntil(lambda: not isValid(dialog))
    window.desk.actions["luminance_log"].trigger()


def test_the_window_starts_without_patterns_and_plots() -> None:
    code = (
        "import sys, mammoview.ui.app; "
        "print([m for m in ('pyqtgraph', 'PIL', 'jinja2', 'mammoview.imaging.test_patterns') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
