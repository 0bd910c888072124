"""From the import of thirty studies to a signed and exported report, in the real window."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot
from reader_steps import Reader, read_and_sign, sign

from mammoview.core.reading import Assessment, ReaderFinding, ReadingState, Recommendation, VerdictKind, lesions_of
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.writing import read_report
from mammoview.session.demo import write_phantom
from mammoview.session.reading import changes
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.audit import Head
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.pane import Pane

pytestmark = [pytest.mark.gui, pytest.mark.slow]
STUDIES = 30
CORNERS = ((100.0, 150.0), (100.0, 200.0), (150.0, 200.0), (150.0, 150.0))


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


def test_from_the_list_to_a_signed_report(
    window: MainWindow, studies: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reader = Reader(window, qtbot)
    reader.press("F4")
    reader.become("r1", "Dr One")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(studies))
    window.actions_by_id["import_folder"].trigger()
    model = window.desk.worklist.list.model
    reader.wait(lambda: len(model.order) == STUDIES and not window.desk.worklist.importer.is_running)
    read_a_normal_case(reader)
    own = draw_and_decide(reader)
    reveal(reader)
    judge(reader, own)
    sign(reader)
    export_and_compare(reader, tmp_path / "report")


def read_a_normal_case(reader: Reader) -> None:
    """By the keypad alone, in six presses at the most."""
    reader.desk.worklist.list.table.setFocus()
    reader.press("Home")
    reader.press("Return")
    reader.wait(reader.is_shown)
    assert reader.window.stack.currentWidget() is reader.desk.wall
    first = reader.case.study
    reader.wait(lambda: reader.desk.session.has_result(reader.case.uid))
    nothing_is_revealed(reader)
    reader.presses = 0
    for key in ("Num+2", "Num+8"):
        reader.press(key)
    reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_committed)
    nothing_is_revealed(reader)
    reader.press("Num+Enter")
    # It asks whether the AI shall stay unseen.
    reader.wait(lambda: "not revealed" in reader.desk.decision.note.text())
    reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_signed)
    reader.press("Num++")
    reader.wait(lambda: reader.reading.case is not None and reader.case.study != first and reader.is_shown())
    assert reader.presses <= 6
    assert states(reader)[first] is ReadingState.SIGNED


def draw_and_decide(reader: Reader) -> ReaderFinding:
    """The first read of a case with a lesion; nothing shows that the AI has found it."""
    reader.window.actions_by_id["finding_polygon"].trigger()
    right_cc = pane_of(reader, "RCC")
    for corner in (*CORNERS, CORNERS[0]):
        row, col = right_cc.placement.device_point(*corner)
        reader.qtbot.mouseClick(right_cc, Qt.MouseButton.LeftButton, pos=QPoint(round(col), round(row)))
    (own,) = reader.case.draft.findings
    # The right breast 4B, the left one 1, density c.
    for keys in ("Num+4", "Ctrl+Num+2", "Num+6", "Num+1", "Num+9"):
        reader.press(keys)
    for side, wanted in ((Laterality.RIGHT, Recommendation.CORE_BIOPSY), (Laterality.LEFT, Recommendation.ROUTINE)):
        reader.reading.change(lambda draft, side=side, wanted=wanted: changes.recommend(draft, side, (wanted,)))
    categories = [breast.assessment for breast in reader.case.draft.breasts]
    assert categories == [Assessment.MODERATE_SUSPICION, Assessment.NEGATIVE]
    reader.wait(lambda: reader.desk.session.has_result(reader.case.uid))
    for keys in ("/", "*", "Ctrl+B"):
        reader.press(keys)
    reader.wait(lambda: "after your own first read" in reader.desk.banner.text.text())
    nothing_is_revealed(reader)
    reader.press("Num+Enter")
    reader.wait(lambda: reader.case.is_committed)
    nothing_is_revealed(reader)
    return own


def reveal(reader: Reader) -> None:
    """One key, once the AI's result is in the worklist."""
    reader.wait(lambda: stored_result(reader))
    reader.press("Ctrl+B")
    reader.wait(lambda: reader.case.is_revealed)
    reader.wait(lambda: reader.desk.session.result_of(reader.case.uid) is not None)
    assert not reader.desk.banner.isVisible()


def judge(reader: Reader, own: ReaderFinding) -> None:
    """Take the AI's pair, outline its CC part anew, and link it with the one drawn before."""
    board = reader.desk.findings.board
    of_ai = {one.view: one for one in reader.case.draft.findings if one.origin.is_from_ai}
    cc, mlo = of_ai[ViewPosition.CC], of_ai[ViewPosition.MLO]
    board.select(mlo.id)
    reader.window.actions_by_id["accept_finding"].trigger()
    board.select(cc.id)
    board.set_outline(cc.id, CORNERS)
    board.select(own.id)
    board.link(mlo.id)
    # Seeing it, the reader is surer: 4C.
    reader.press("Num+4")
    reader.press("Ctrl+Num+3")
    reader.wait(lambda: reader.reading.is_stored)
    (lesion,) = lesions_of(reader.case.draft.reported, reader.case.draft.links)
    assert {finding.id for finding in lesion.findings} == {own.id, cc.id, mlo.id}
    verdicts = {one.id: one.verdict.kind for one in reader.case.draft.findings if one.verdict is not None}
    assert verdicts == {cc.id: VerdictKind.EDITED, mlo.id: VerdictKind.ACCEPTED}


def export_and_compare(reader: Reader, out: Path) -> None:
    """What is stored and what is written is what was decided, before the AI and after it."""
    reading, signed = reader.case.reading, reader.case.signed
    assert reading is not None
    assert reading.before is not None
    assert reading.after is not None
    assert (reading.before.right.category, reading.after.right.category) == ("4B", "4C")
    assert signed is not None
    assert signed.content.findings == reader.case.draft.findings
    assert [model.id for model in signed.content.ai.models] == ["made-up"]
    assert signed.content.ai.revealed_at == reading.revealed_at
    page = reader.desk.report
    page.export_report()
    assert page.exporter.dialog is not None
    page.exporter.dialog.folder.setText(str(out))
    page.exporter.dialog.accept()
    reader.wait(lambda: (out / "report.json").exists())
    assert {path.name for path in out.iterdir()} >= {"report.html", "report.pdf"}
    assert read_report(out).written == signed
    heads = [Head.parse(signed.chain_head)]
    assert reader.ask(lambda worklist, _seat: worklist.verify_audit(heads)).is_sound


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
            window.actions_by_id["show_report"].trigger()
            reader.wait(lambda: any("r1" in cell.text() for cell in window.desk.report.others.cells))
            window.actions_by_id["show_decision"].trigger()
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


def nothing_is_revealed(reader: Reader) -> None:
    """No number, no outline, no key shows what the AI said."""
    desk, uid = reader.desk, reader.case.uid
    assert desk.session.result_of(uid) is None
    assert desk.session.image_results_of(uid) == ()
    assert all(pane.prepared is None for pane in desk.wall.panes)
    assert desk.analysis.findings.topLevelItemCount() == 0
    assert not [finding for finding in reader.case.draft.findings if finding.origin.is_from_ai]
    assert "0.83" not in desk.analysis.scores.text()


def pane_of(reader: Reader, label: str) -> Pane:
    """The pane that shows a view."""
    return next(pane for pane in reader.desk.wall.panes if pane.hung is not None and pane.hung.image.label == label)


def stored_result(reader: Reader) -> bool:
    """Whether the worklist has the AI's result of the case; not what it is."""
    row = reader.case.study
    return reader.ask(lambda worklist, seat: worklist.listing.rows(seat, (row,))[0].has_ai_result)


def states(reader: Reader) -> dict[int, ReadingState]:
    """How far each study of the list is."""
    order = reader.desk.worklist.list.model.order
    return reader.ask(lambda worklist, seat: {row.id: row.state for row in worklist.listing.rows(seat, order)})
