"""The tour: points at what is there, leaves out what is not, takes neither keys nor the mouse, and comes once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from string import Formatter

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.session import settings as settings_file
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.actions import Group
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.tour import STEPS, Step, Tour, button, images, menu


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    session = Session(replace(Settings(), analyse_on_open=False))
    bridge, background = Bridge(), Background()
    made = MainWindow(session, background)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    session.connect(bridge.send)
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    background.close()
    session.close()


def begun(window: MainWindow, steps: tuple[Step, ...] = STEPS) -> Tour:
    tour = Tour(window.desk, steps)
    tour.begin()
    return tour


def test_every_step_lies_within_the_window_beside_its_thing(window: MainWindow, qtbot: QtBot) -> None:
    tour = begun(window)
    assert tour.count == len(STEPS) <= 8
    for number in range(tour.count):
        at = tour.step.at(window.desk)
        assert at is not None
        note = tour.note.geometry()
        assert window.rect().contains(note)
        is_apart = not note.intersects(at)
        assert is_apart or QRect(at).contains(note)
        assert "{" not in tour.note.text.text()
        assert tour.note.where.text() == f"{number + 1} of {tour.count}"
        qtbot.mouseClick(tour.note.onward, Qt.MouseButton.LeftButton)
    assert not tour.note.isVisible()


def test_the_keys_told_are_those_in_force(window: MainWindow) -> None:
    keys = window.desk.keys
    keys.change(keys.keymap.with_keys("open_files", ["Ctrl+Alt+O"]))
    tour = begun(window)
    assert "Ctrl+Alt+O" in tour.note.text.text()


def test_every_action_a_step_names_is_there(window: MainWindow) -> None:
    named = {name for step in STEPS for _, name, _, _ in Formatter().parse(step.text) if name}
    assert named <= set(window.actions_by_id)


def test_a_step_without_its_thing_is_left_out(window: MainWindow) -> None:
    steps = (Step("Nowhere", "", button("no such action")), Step("Images", "", images))
    tour = begun(window, steps)
    assert tour.count == 1
    assert tour.note.title.text() == "Images"
    assert tour.note.onward.text() == "Done"


def test_it_takes_neither_the_keys_nor_the_mouse_of_the_window(window: MainWindow, qtbot: QtBot) -> None:
    focus = QApplication.focusWidget()
    tour = begun(window)
    assert QApplication.focusWidget() is focus
    with qtbot.waitSignal(window.actions_by_id["panel"].triggered):
        qtbot.keyClick(window, Qt.Key.Key_F9)
    ring = window.childAt(tour.step.at(window.desk).center())  # type: ignore[union-attr]
    assert type(ring).__name__ != "_Ring"


def test_the_menu_brings_it_and_it_does_not_offer_itself_again(window: MainWindow, qtbot: QtBot) -> None:
    session = window.desk.session
    assert session.settings.offers_tour
    window.actions_by_id["tour"].trigger()
    tour = window.desk.findChild(Tour)
    assert tour is not None
    qtbot.mouseClick(tour.note.skip, Qt.MouseButton.LeftButton)
    assert not tour.note.isVisible()
    assert not session.settings.offers_tour
    assert not settings_file.load()[0].offers_tour
    window.actions_by_id["tour"].trigger()
    window.actions_by_id["tour"].trigger()
    qtbot.waitUntil(lambda: sum(note.isVisible() for note in (t.note for t in window.desk.findChildren(Tour))) == 1)


def test_it_follows_the_window(window: MainWindow, qtbot: QtBot) -> None:
    tour = begun(window, (Step("View", "", menu(Group.VIEW)), Step("Images", "", images)))
    qtbot.mouseClick(tour.note.onward, Qt.MouseButton.LeftButton)
    before = tour.note.geometry()
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: tour.note.geometry() != before)
    assert window.rect().contains(tour.note.geometry())
