"""From the list to the images and back, with real files behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from worklist_window import SECONDS, sign_in

from mammoview.core.marks import Mark, MarkKind
from mammoview.session.demo import write_phantom
from mammoview.session.reading.case import Case
from mammoview.ui.mainwindow import MainWindow

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two patients, one with a prior; the newest studies are theirs."""
    folder = tmp_path_factory.mktemp("archive")
    write_phantom(folder / "a", seed=1, priors=1, rows=256, columns=208)
    write_phantom(folder / "b", seed=2, rows=256, columns=208)
    return folder


@pytest.fixture
def reader(window: MainWindow, archive: Path, qtbot: QtBot) -> MainWindow:
    """A window whose list has these studies on top."""
    page = window.desk.worklist
    with qtbot.waitSignal(page.importer.ended, timeout=SECONDS):
        page.import_paths([archive])
    qtbot.waitUntil(lambda: page.list.model.rowCount() == 33, timeout=SECONDS)
    page.list.table.choose(page.list.model.order[0])
    return window


def is_shown(window: MainWindow) -> bool:
    return window.desk.reading.case is not None and window.desk.stack.currentWidget() is window.desk.wall


def study_of(window: MainWindow) -> int:
    case = window.desk.reading.case
    return case.study if isinstance(case, Case) else -1


def test_a_case_is_opened_and_the_list_keeps_its_place(reader: MainWindow, qtbot: QtBot) -> None:
    page = reader.desk.worklist
    order = page.list.model.order
    assert not reader.desk.right.isVisible()
    qtbot.keyClick(page.list.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: is_shown(reader), timeout=SECONDS)
    assert study_of(reader) == order[0]
    assert reader.desk.right.isVisible()
    assert not reader.actions_by_id["worklist"].isChecked()

    reader.actions_by_id["next_case"].trigger()
    qtbot.waitUntil(lambda: is_shown(reader) and study_of(reader) == order[1], timeout=SECONDS)
    reader.actions_by_id["worklist"].trigger()
    assert page.isVisible()
    assert page.list.table.current_study() == order[1]
    qtbot.waitUntil(lambda: page.list.model.row_at(1).stage == "opened", timeout=SECONDS)  # type: ignore[union-attr]
    # Back to the images, and from the list to the case above.
    reader.actions_by_id["worklist"].trigger()
    assert reader.desk.stack.currentWidget() is reader.desk.wall
    reader.actions_by_id["worklist"].trigger()
    reader.actions_by_id["previous_case"].trigger()
    qtbot.waitUntil(lambda: is_shown(reader) and study_of(reader) == order[0], timeout=SECONDS)


def test_files_that_are_gone_leave_the_list_where_it_is(reader: MainWindow, qtbot: QtBot) -> None:
    page = reader.desk.worklist
    page.list.table.choose(page.list.model.order[-1])
    qtbot.keyClick(page.list.table, Qt.Key.Key_Return)
    qtbot.waitUntil(reader.desk.banner.isVisible, timeout=SECONDS)
    assert page.isVisible()
    assert reader.desk.reading.case is None


def test_after_signing_out_the_images_are_not_shown(reader: MainWindow, qtbot: QtBot, archive: Path) -> None:
    page = reader.desk.worklist
    qtbot.keyClick(page.list.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: is_shown(reader), timeout=SECONDS)
    reader.actions_by_id["second_screen"].trigger()
    reader.actions_by_id["sign_out"].trigger()
    assert page.sign_in.isVisible()
    assert not reader.actions_by_id["second_screen"].isChecked()
    reader.actions_by_id["worklist"].trigger()
    assert page.sign_in.isVisible()
    assert not reader.desk.right.isVisible()
    assert not reader.desk.left.isVisible()
    # Another reader's case takes their place, in the list of open studies as well.
    left = {study.uid for study in reader.desk.session.studies}
    sign_in(reader, qtbot, "R2", "sesame")
    reader.desk.reading.open_case(page.list.model.order[1])
    qtbot.waitUntil(lambda: is_shown(reader), timeout=SECONDS)
    qtbot.waitUntil(lambda: not left & {study.uid for study in reader.desk.session.studies}, timeout=SECONDS)


def test_the_next_reader_finds_no_marks_and_nothing_to_undo(reader: MainWindow, qtbot: QtBot) -> None:
    desk, row = reader.desk, reader.desk.worklist.list.model.order[0]
    desk.reading.open_case(row)
    qtbot.waitUntil(lambda: is_shown(reader), timeout=SECONDS)
    case, undo = desk.reading.case, reader.actions_by_id["undo"]
    assert case is not None
    arrow = Mark("a", case.draft.exam.images[0].id, MarkKind.ARROW, ((10.0, 10.0), (50.0, 50.0)))
    desk.session.marks.add(case.uid, arrow)
    qtbot.waitUntil(lambda: undo.text() == "Undo draw arrow", timeout=SECONDS)
    reader.actions_by_id["sign_out"].trigger()
    sign_in(reader, qtbot, "R2", "sesame")
    desk.reading.open_case(row)
    qtbot.waitUntil(lambda: is_shown(reader), timeout=SECONDS)
    assert desk.session.marks.of_study(case.uid) == ()
    qtbot.waitUntil(lambda: not undo.isEnabled() and undo.text() == "Undo", timeout=SECONDS)
