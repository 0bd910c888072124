"""A normal case with the keypad alone, in the real window."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mammoview.core.reading import Assessment, Density
from mammoview.core.study import Laterality
from mammoview.report.breast_report.values import SectionName
from mammoview.session.demo import write_phantom
from mammoview.ui.mainwindow import MainWindow

sys.path.insert(0, str(Path(__file__).parent))

from reading_case import case_of, wait_until
from reading_window import reading_window

pytestmark = pytest.mark.gui
KEYPAD = Qt.KeyboardModifier.KeypadModifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study")
    write_phantom(made, seed=3, priors=0, rows=512, columns=416)
    return made


@pytest.fixture
def window(folder: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    with reading_window(folder, qtbot) as made:
        yield made


def open_case(window: MainWindow) -> None:
    window.desk.reading.open_case(1)
    wait_until(lambda: window.desk.reading.case is not None)


def press(window: MainWindow, qtbot: QtBot, key: Qt.Key, more: Qt.KeyboardModifier = KEYPAD) -> None:
    qtbot.keyClick(window, key, KEYPAD | more)


def test_a_normal_case_takes_six_presses_at_most(window: MainWindow, qtbot: QtBot) -> None:
    open_case(window)
    reading = window.desk.reading
    assert window.desk.tabs.currentWidget() is window.desk.reading_tab
    press(window, qtbot, Qt.Key.Key_1)
    assert [one.assessment for one in case_of(reading).draft.breasts] == [Assessment.NEGATIVE] * 2
    press(window, qtbot, Qt.Key.Key_8)
    density = case_of(reading).draft.density
    assert density is not None
    assert density.grade is Density.SCATTERED
    press(window, qtbot, Qt.Key.Key_Enter)
    wait_until(lambda: case_of(reading).is_committed)
    press(window, qtbot, Qt.Key.Key_Slash)
    wait_until(lambda: case_of(reading).is_revealed)
    # The AI found something, which is not judged: that is asked once.
    press(window, qtbot, Qt.Key.Key_Enter)
    assert not case_of(reading).is_signed
    press(window, qtbot, Qt.Key.Key_Enter)
    wait_until(lambda: case_of(reading).is_signed)


def test_keys_for_one_breast(window: MainWindow, qtbot: QtBot) -> None:
    open_case(window)
    reading = window.desk.reading
    press(window, qtbot, Qt.Key.Key_4)
    press(window, qtbot, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    press(window, qtbot, Qt.Key.Key_6)
    press(window, qtbot, Qt.Key.Key_2)
    draft = case_of(reading).draft
    right, left = draft.breast(Laterality.RIGHT), draft.breast(Laterality.LEFT)
    assert right is not None
    assert left is not None
    assert (right.assessment, left.assessment) == (Assessment.MODERATE_SUSPICION, Assessment.BENIGN)
    press(window, qtbot, Qt.Key.Key_5)
    press(window, qtbot, Qt.Key.Key_0)
    assert {one.assessment for one in case_of(reading).draft.breasts} == {Assessment.INCOMPLETE}


def test_who_writes_in_the_report_decides_nothing(window: MainWindow, qtbot: QtBot) -> None:
    open_case(window)
    desk = window.desk
    desk.actions["show_report"].trigger()
    field = desk.report.sections.fields[SectionName.INDICATION].text
    field.setFocus()
    for key in (Qt.Key.Key_1, Qt.Key.Key_8, Qt.Key.Key_Enter, Qt.Key.Key_2, Qt.Key.Key_Plus, Qt.Key.Key_Slash):
        qtbot.keyClick(field, key, KEYPAD)
    case = case_of(desk.reading)
    assert not case.is_committed
    assert case.draft.breasts == ()
    assert case.draft.density is None
    assert field.toPlainText().startswith("18\n2")


def test_the_keypad_is_the_main_keyboard_while_no_case_is_open(window: MainWindow, qtbot: QtBot) -> None:
    pressed: list[str] = []
    for identity in ("one_to_one", "zoom_in", "single"):
        window.actions_by_id[identity].triggered.connect(lambda _=False, identity=identity: pressed.append(identity))
    assert not window.actions_by_id["birads_1"].isEnabled()
    for key in (Qt.Key.Key_1, Qt.Key.Key_Plus, Qt.Key.Key_Enter):
        press(window, qtbot, key)
    assert pressed == ["one_to_one", "zoom_in", "single"]
    open_case(window)
    press(window, qtbot, Qt.Key.Key_1)
    assert pressed == ["one_to_one", "zoom_in", "single"]
    window.desk.reading.close_case()
    assert not window.actions_by_id["take_step"].isEnabled()
    press(window, qtbot, Qt.Key.Key_1)
    assert pressed[-1] == "one_to_one"
    assert len(pressed) == 4
