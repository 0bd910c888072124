"""From the import of thirty studies to a signed and exported report, in the real window."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from mammoview.core.reading import ReadingState, Recommendation
from mammoview.session.demo import write_phantom
from mammoview.session.reading import changes
from mammoview.session.reading.case import Case
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

pytestmark = [pytest.mark.gui, pytest.mark.slow]
T = TypeVar("T")
STUDIES = 30
SECONDS = 60_000


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty synthetic women; the first one has an earlier exam."""
    folder = tmp_path_factory.mktemp("studies")
    for seed in range(STUDIES - 1):
        write_phantom(folder, seed=seed, priors=int(seed == 0), rows=320, columns=260)
    return folder


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    theme.apply(qapp)
    session, background, bridge = Session(Settings(), engine="reading_children:engine"), Background(), Bridge()
    made = MainWindow(session, background)
    bridge.setParent(made)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    made.resize(1366, 768)
    made.show()
    made.activateWindow()
    session.connect(bridge.send)
    yield made
    made.close()
    made.desk.reading.close()
    background.close()
    session.close()


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


def test_from_the_list_to_a_signed_report(
    window: MainWindow, studies: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader = Reader(window, qtbot)
    reader.press("F4")
    reader.become("r1", "Dr One")

    # Import
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(studies))
    window.actions_by_id["import_folder"].trigger()
    model = window.desk.worklist.list.model
    reader.wait(lambda: len(model.order) == STUDIES and not window.desk.worklist.importer.is_running)

    # A normal case, by the keypad alone.
    window.desk.worklist.list.table.setFocus()
    reader.press("Home")
    reader.press("Return")
    reader.wait(reader.is_shown)
    assert window.stack.currentWidget() is window.desk.wall
    first = reader.case.study
    reader.wait(lambda: window.desk.session.has_result(reader.case.uid))
    nothing_is_revealed(reader)
    reader.presses = 0
    for key in ("Num+2", "Num+8"):
        reader.press(key)
    reader.wait(lambda: reader.reading.is_stored)
    reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_committed)
    nothing_is_revealed(reader)
    reader.press("Num+Enter")
    # It asks whether the AI shall stay unseen.
    reader.wait(lambda: "not revealed" in window.desk.decision.note.text())
    reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_signed)
    reader.press("Num++")
    reader.wait(lambda: reader.reading.case is not None and reader.case.study != first and reader.is_shown())
    assert reader.presses <= 6
    assert states(reader)[first] is ReadingState.SIGNED


def test_two_readers_and_an_arbiter_see_nothing_of_each_other(
    window: MainWindow, studies: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader = Reader(window, qtbot)
    reader.press("F4")
    reader.become("r1", "Dr One")
    few = sorted(path for path in studies.iterdir() if path.is_dir())[-2:]
    window.desk.worklist.import_paths(few)
    reader.wait(lambda: len(window.desk.worklist.list.model.order) == len(few))
    reader.ask(lambda worklist, seat: worklist.protocols.change(seat, Protocol(reading=ReadingMode.DOUBLE)))
    read_and_sign(reader, "Num+2")
    case = reader.case.study
    assert states(reader)[case] is ReadingState.FIRST_READ

    for identity, category in (("r2", "Num+0"), ("r3", "Num+0")):
        window.actions_by_id["sign_out"].trigger()
        reader.become(identity, f"Dr {identity}")
        reader.wait(lambda: bool(window.desk.worklist.list.model.order))
        window.desk.reading.open_case(case)
        reader.wait(reader.is_shown)
        if identity == "r2":
            assert reader.case.others == ()
            assert reader.case.signed is None
        else:
            # The arbiter decides between two known opinions.
            assert [other.reader for other in reader.case.others] == ["r1", "r2"]
            cells = [cell.text() for cell in window.desk.report.others.cells]
            assert any("r1" in cell for cell in cells), cells
        assert reader.case.draft.breasts == ()
        read_and_sign(reader, category, is_open=True)
    assert states(reader)[case] is ReadingState.SIGNED

    # What is exported is what was decided.
    table = tmp_path / "readers.csv"
    monkeypatch.setattr(QMessageBox, "question", lambda *_args: QMessageBox.StandardButton.Save)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(table), ""))
    window.actions_by_id["export_readings"].trigger()
    reader.wait(table.exists)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert sorted({row["readerID"] for row in rows}) == ["r1", "r2", "r3"]


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
    reader.press("Num+Enter")
    reader.wait(lambda: bool(reader.desk.sign_off.questions) or reader.case.is_signed)
    if not reader.case.is_signed:
        reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_signed)


def nothing_is_revealed(reader: Reader) -> None:
    """No number, no outline, no key shows what the AI said."""
    desk, uid = reader.desk, reader.case.uid
    assert desk.session.result_of(uid) is None
    assert desk.session.image_results_of(uid) == ()
    assert all(pane.prepared is None for pane in desk.wall.panes)
    assert desk.analysis.findings.topLevelItemCount() == 0
    assert not [finding for finding in reader.case.draft.findings if finding.origin.is_from_ai]
    assert "0.83" not in desk.analysis.scores.text()


def states(reader: Reader) -> dict[int, ReadingState]:
    """How far each study of the list is."""
    order = reader.desk.worklist.list.model.order
    return reader.ask(lambda worklist, seat: {row.id: row.state for row in worklist.listing.rows(seat, order)})
