"""A window with a case on its table: the real window, the real desk, and a draft that no disk keeps."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

# Tests share ``reader_hand``, ``reading_case``, and ``reading_makers`` of the session's.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "session" / "reading")]

from reader_hand import SECONDS, Hand  # noqa: E402


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    (study,) = {path.parent for path in write_phantom(folder, seed=3, rows=1024, columns=832)}
    shutil.rmtree(study / "truth", ignore_errors=True)
    return study


@pytest.fixture
def open_hand(qtbot: QtBot, phantom: Path) -> Iterator[Callable[..., Hand]]:
    opened: list[tuple[Session, Background, MainWindow]] = []

    def make(path: Path = phantom, size: tuple[int, int] = (1366, 768)) -> Hand:
        session = Session(replace(Settings(), analyse_on_open=False))
        bridge, background = Bridge(), Background()
        window = MainWindow(session, background)
        bridge.setParent(window)
        opened.append((session, background, window))
        qtbot.addWidget(window)
        bridge.told.connect(window.show_event)
        window.resize(*size)
        window.show()
        session.connect(bridge.send)
        window.open([path])
        hand = Hand(window, session, qtbot)
        qtbot.waitUntil(hand.is_hung, timeout=SECONDS)
        return hand

    yield make
    for session, background, window in opened:
        window.desk.reading.close()
        background.close()
        session.close()


@pytest.fixture
def hand(open_hand: Callable[..., Hand]) -> Hand:
    made = open_hand()
    made.put_case()
    return made
