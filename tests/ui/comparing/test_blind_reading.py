"""A reader of the worklist and the comparison: off until the reveal, gone with the case, whatever was open before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from reader_steps import Reader

from mammoview.session.comparing import BLIND
from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.comparing.comparing_desk import Wish
from mammoview.ui.comparing.window import ComparingWindow
from mammoview.ui.mainwindow import MainWindow

pytestmark = [pytest.mark.gui, pytest.mark.slow]
BOTH = Wish("cbis-whole-image-1@0.3", "cbis-whole-image-2@0.3")


@pytest.fixture
def reader(qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Reader]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    theme.apply(qapp)
    for seed in (1, 2):
        write_phantom(tmp_path / "list", seed=seed, priors=0, rows=320, columns=260)
    write_phantom(tmp_path / "by-hand", seed=3, priors=0, rows=320, columns=260)
    session = Session(replace(Settings(), analyse_on_open=False), engine="reading_children:engine")
    background, bridge = Background(), Bridge()
    made = MainWindow(session, background)
    bridge.setParent(made)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    made.show()
    made.activateWindow()
    session.connect(bridge.send)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(tmp_path / "list"))
    made.open([tmp_path / "by-hand"])
    yield Reader(made, qtbot)
    made.close()
    made.desk.reading.close()
    background.close()
    session.close()


def compare(reader: Reader) -> ComparingWindow:
    """Open the comparison and wait until both models have said all."""
    comparing = reader.desk.comparing
    reader.wait(lambda: comparing.reasons[0] == "")
    comparing.open(BOTH)
    window = comparing.window
    assert window is not None
    reader.wait(lambda: window.table.rowCount() > 4 and window.start.text() == "Compare")
    reader.wait(lambda: all(pane.prepared is not None for pane in window.pair.wall.panes))
    return window


def is_bare(window: ComparingWindow) -> bool:
    texts = [*(label.text() for label in window.pair.headings.values()), window.remarks.text()]
    panes = window.pair.wall.panes
    bare = all(pane.prepared is None and pane.image is None and pane._notes == () for pane in panes)
    return bare and not any(texts) and window.table.rowCount() == 0 and not window.isVisible()


def test_a_reader_sees_no_comparison_before_the_reveal_and_none_of_the_case_before(reader: Reader) -> None:
    action = reader.window.actions_by_id["compare_models"]
    window = compare(reader)
    reader.window.actions_by_id["worklist"].trigger()
    reader.become("r1", "Dr One")
    assert is_bare(window), "what was compared before the reader sat down"
    reader.window.activateWindow()
    assert not action.isEnabled()
    reader.window.actions_by_id["import_folder"].trigger()
    listed = reader.desk.worklist.list
    reader.wait(lambda: len(listed.model.order) == 2 and not reader.desk.worklist.importer.is_running)
    listed.table.setFocus()
    reader.press("Home")
    reader.press("Return")
    reader.wait(reader.is_shown)
    first = reader.case.uid
    assert (action.isEnabled(), action.toolTip()) == (False, BLIND)
    for keys in ("Num+2", "Num+8", "Num+Enter"):
        reader.press(keys)
    reader.wait(lambda: reader.case.is_committed)
    assert (action.isEnabled(), action.toolTip()) == (False, BLIND), "committed, and not revealed"
    reader.desk.session.analyze(first)
    reader.wait(lambda: reader.ask(lambda worklist, _seat: worklist.ai.count_pending()) == 1)
    reader.press("Ctrl+B")
    reader.wait(lambda: reader.case.is_revealed)
    reader.wait(action.isEnabled)
    assert compare(reader) is window
    stored = reader.desk.session.result_of(first)
    reader.reading.next_case()
    assert not action.isEnabled(), "at once: the next case is on its way"
    assert is_bare(window)
    reader.wait(lambda: reader.reading.case is not None and reader.case.uid != first and reader.is_shown())
    assert (action.isEnabled(), action.toolTip()) == (False, BLIND)
    assert is_bare(window)
    reader.reading.sign_out()
    assert not action.isEnabled(), "nor once the reader is gone, of the case that was not read"
    assert stored is not None
