"""The Hanging menu in the real window, with real decoders behind it and a study with a prior."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.second_screen import SecondScreen

pytestmark = pytest.mark.gui
SECONDS = 30_000


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_phantom(folder, seed=5, priors=1, rows=512, columns=416)
    return folder


def open_window(qtbot: QtBot, *paths: Path, engine: str = "") -> tuple[MainWindow, Session, Background]:
    settings = replace(Settings(), analyse_on_open=bool(engine))
    session = Session(settings, engine=engine) if engine else Session(settings)
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    bridge.setParent(window)
    qtbot.addWidget(window)
    bridge.told.connect(window.show_event)
    window.resize(1366, 768)
    window.show()
    session.connect(bridge.send)
    window.open(list(paths))
    return window, session, background


@pytest.fixture
def window(study: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    made, session, background = open_window(qtbot, study)
    qtbot.waitUntil(lambda: are_shown(made, 4), timeout=SECONDS)
    yield made
    background.close()
    session.close()


def are_shown(window: MainWindow, count: int) -> bool:
    panes = window.desk.wall.panes
    return len(panes) == count and all(pane.image is not None for pane in panes)


def do(window: MainWindow, identity: str) -> None:
    window.actions_by_id[identity].trigger()


@pytest.mark.meets("MG-B10")
def test_keys_go_through_the_stages_and_the_prior_says_its_date(window: MainWindow, qtbot: QtBot) -> None:
    desk = window.desk
    assert desk.stage_label.text().startswith("CC over MLO  1/")
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    qtbot.waitUntil(lambda: are_shown(window, 8), timeout=SECONDS)
    assert desk.stage_label.text().startswith("Prior over current  2/")
    times = [pane.hung.when for pane in desk.wall.panes if pane.hung]
    assert times == [1] * 4 + [0] * 4
    dates = {pane.hung.when: pane.hung.image.study_date for pane in desk.wall.panes if pane.hung}
    assert dates[1] < dates[0]
    scales = {round(pane.placement.zoom[0] / pane.spacing[0], 6) for pane in desk.wall.panes}
    assert len(scales) == 1, "prior and current hang at one size"
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    qtbot.waitUntil(lambda: are_shown(window, 4), timeout=SECONDS)
    do(window, "previous_stage")
    assert desk.state_label.text() == "This is the first stage"
    do(window, "priors")
    qtbot.waitUntil(lambda: are_shown(window, 8), timeout=SECONDS)
    do(window, "priors")
    qtbot.waitUntil(lambda: are_shown(window, 4), timeout=SECONDS)


def test_tab_brings_the_prior_and_the_image_back(window: MainWindow, qtbot: QtBot) -> None:
    wall = window.desk.wall
    pane = wall.active
    assert pane is not None
    assert pane.hung is not None
    own = pane.hung.image
    wall.zoom(2.0)
    before = pane.placement
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: pane.hung is not None and pane.hung.when == 1 and pane.image is not None, timeout=SECONDS)
    assert pane.hung.image.study_date < own.study_date
    assert pane.hung.image.label == own.label
    assert pane.placement.zoom == pytest.approx(before.zoom)
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    assert pane.hung.image is own
    assert pane.image is not None, "what was shown before is there at once"
    assert pane.placement.origin == pytest.approx(before.origin)
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    assert pane.hung.when == 1
    assert pane.image is not None


def test_a_changed_setting_leaves_zoom_and_pan(window: MainWindow, qtbot: QtBot) -> None:
    wall, session = window.desk.wall, window.desk.session
    # A pane that the layout still resizes keeps its middle, and so moves its corner.
    qtbot.wait(200)
    wall.zoom(3.0)
    before = [(pane, pane.placement) for pane in wall.panes]
    session.change_settings(replace(session.settings, overlay_opacity=0.7, threads=1))
    qtbot.wait(200)
    assert [(pane, pane.placement) for pane in wall.panes] == before
    session.change_settings(replace(session.settings, hanging="one_row"))
    qtbot.waitUntil(lambda: window.desk.stage_label.text().startswith("One row"), timeout=SECONDS)
    assert [pane.hung.image.label for pane in wall.panes if pane.hung] == ["RMLO", "LMLO", "RCC", "LCC"]


def test_the_second_monitor_opens_moves_in_step_and_closes(window: MainWindow, qtbot: QtBot) -> None:
    wall = window.desk.wall
    do(window, "second_screen")
    (second,) = window.findChildren(SecondScreen)
    qtbot.waitUntil(second.isVisible, timeout=SECONDS)
    labels = [pane.hung.image.label for pane in wall.panes if pane.hung and pane.window() is second]
    assert labels == ["LCC", "LMLO"]
    do(window, "swap_sides")
    labels = [pane.hung.image.label for pane in wall.panes if pane.hung and pane.window() is second]
    assert labels == ["RCC", "RMLO"]
    assert window.desk.stage_label.text().endswith("sides swapped")
    do(window, "swap_sides")
    second.activateWindow()
    qtbot.keyClick(second, Qt.Key.Key_BracketRight)
    qtbot.waitUntil(lambda: are_shown(window, 8), timeout=SECONDS)
    assert sum(pane.window() is second for pane in wall.panes) == 4
    second.close()
    assert not window.actions_by_id["second_screen"].isChecked()
    assert all(pane.window() is window for pane in wall.panes)
    do(window, "second_screen")
    qtbot.waitUntil(second.isVisible, timeout=SECONDS)


@pytest.mark.meets("MG-K03")
def test_a_picture_that_was_mirrored_stays_so_after_a_restart(tmp_path: Path, qtbot: QtBot) -> None:
    rows, columns = np.indices((300, 200))
    inside = ((rows - 150) / 130) ** 2 + (columns / 120) ** 2 < 1
    Image.fromarray(np.where(inside, 180, 4).astype(np.uint8)).save(tmp_path / "case_L_CC.png")
    for is_first in (True, False):
        made, session, background = open_window(qtbot, tmp_path)
        qtbot.waitUntil(lambda made=made: are_shown(made, 1), timeout=SECONDS)
        (pane,) = made.desk.wall.panes
        if is_first:
            assert not pane.placement.dihedral.flip_columns
            assert pane.hung is not None
            assert pane.hung.orientation.inferred is not None, "it is marked as inferred"
            qtbot.keyClick(made, Qt.Key.Key_X)
        qtbot.waitUntil(lambda pane=pane: pane.placement.dihedral.flip_columns, timeout=SECONDS)
        assert pane.hung is not None
        assert pane.hung.orientation.inferred is not None
        assert pane.hung.orientation.inferred.source == "by hand"
        background.close()
        session.close()
        made.close()


@pytest.mark.meets("MG-B01")
def test_an_image_whose_header_decides_is_mirrored_for_now_only(window: MainWindow, qtbot: QtBot) -> None:
    desk = window.desk
    assert desk.active is not None
    was = desk.active.placement.dihedral
    do(window, "flip")
    assert desk.active.placement.dihedral != was
    assert desk.active.hung is not None
    assert desk.active.hung.orientation.inferred is not None, "what a hand did is marked"
    assert "for now" in desk.state_label.text()
    do(window, "next_stage")
    do(window, "previous_stage")
    qtbot.waitUntil(lambda: are_shown(window, 4), timeout=SECONDS)
    assert desk.active.placement.dihedral == was


def test_the_editor_opens_with_its_key(window: MainWindow, qtbot: QtBot) -> None:
    from mammoview.ui.dialogs.hanging_editor import HangingEditor

    qtbot.keyClick(window, Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier)
    (editor,) = window.findChildren(HangingEditor)
    editor.form.cells[1, 0, 0].setCurrentText("LML")
    qtbot.waitUntil(lambda: window.desk.wall.panes[0].text == "no LML", timeout=SECONDS)
    editor.close()
    qtbot.waitUntil(lambda: are_shown(window, 4), timeout=SECONDS)


@pytest.mark.meets("MG-B10")
def test_what_is_known_of_a_prior_lies_on_it_too(study: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    window, session, background = open_window(qtbot, study, engine="ui_children:engine")
    wall = window.desk.wall

    def are_dressed(count: int) -> bool:
        return are_shown(window, count) and all(pane.prepared is not None for pane in wall.panes)

    qtbot.waitUntil(lambda: are_dressed(4), timeout=SECONDS)
    do(window, "priors")
    qtbot.waitUntil(lambda: are_shown(window, 8), timeout=SECONDS)
    assert [pane.prepared is not None for pane in wall.panes] == [False] * 4 + [True] * 4
    do(window, "priors")
    do(window, "next_study")
    qtbot.waitUntil(lambda: are_dressed(4), timeout=SECONDS)
    do(window, "previous_study")
    qtbot.waitUntil(lambda: are_dressed(4), timeout=SECONDS)
    do(window, "priors")
    qtbot.waitUntil(lambda: are_dressed(8), timeout=SECONDS)
    for pane in wall.panes:
        assert pane.prepared is not None
        assert pane.hung is not None
        assert pane.prepared.image_id == pane.hung.image.id
    background.close()
    session.close()
