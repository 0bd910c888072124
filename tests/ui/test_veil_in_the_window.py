"""The window shows of the AI what the session's veil lets through, and takes back what it conceals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from real_window import shown

from mammoview.session.demo import write_phantom
from mammoview.session.events import ExamAnalysed
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.mainwindow import MainWindow

pytestmark = pytest.mark.gui
SECONDS = 30_000


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    write_phantom(tmp_path / "study", seed=3, priors=0, rows=512, columns=416)
    with shown(qtbot, Session(Settings(), engine="ui_children:engine")) as made:
        made.open([tmp_path / "study"])
        yield made


def shows_ai(window: MainWindow) -> bool:
    panes = window.desk.wall.panes
    return any(pane.prepared is not None for pane in panes) or window.desk.analysis.findings.topLevelItemCount() > 0


def test_what_is_concealed_leaves_the_screen_and_comes_back_when_lifted(window: MainWindow, qtbot: QtBot) -> None:
    session, desk = window.desk.session, window.desk
    qtbot.waitUntil(lambda: len(desk.wall.panes) == 4 and all(p.prepared for p in desk.wall.panes), timeout=SECONDS)
    uid = session.studies[0].uid
    qtbot.waitUntil(lambda: session.result_of(uid) is not None, timeout=SECONDS)
    result = session.result_of(uid)
    assert result is not None
    session.veil.begin()
    qtbot.waitUntil(lambda: not shows_ai(window), timeout=SECONDS)
    assert "Exam" not in desk.analysis.scores.text()
    assert desk.presenter._parts.state.text() == "What the AI found is hidden for now"
    # What was on its way when the veil fell is not shown either.
    window.show_event(ExamAnalysed(result))
    assert not shows_ai(window)
    session.select_study(uid)
    qtbot.wait(200)
    assert not shows_ai(window)
    session.veil.lift(uid)
    qtbot.waitUntil(lambda: all(pane.prepared for pane in desk.wall.panes), timeout=SECONDS)
    assert desk.analysis.findings.topLevelItemCount() == 4


def test_an_analysis_that_ends_concealed_ends_its_progress(window: MainWindow, qtbot: QtBot) -> None:
    session, desk = window.desk.session, window.desk
    session.veil.begin()
    qtbot.waitUntil(lambda: bool(session.studies) and session.has_result(session.studies[0].uid), timeout=SECONDS)
    qtbot.waitUntil(lambda: "hidden" in desk.presenter._parts.state.text(), timeout=SECONDS)
    assert not desk.progress.isVisible()
    assert not shows_ai(window)
