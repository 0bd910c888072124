"""The dialog that lists windows, tables and presets with a picture of each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot
from ui_study import make_display, make_mammogram

from mammoview.core.geometry import Dihedral
from mammoview.core.study import Grayscale, VoiWindow
from mammoview.session.gray_presets import GrayPreset
from mammoview.ui.bridge import Background
from mammoview.ui.dialogs.gray_chooser import GrayChooser, pictures
from mammoview.ui.viewport.choices import offered
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.shade import Shade
from mammoview.ui.viewport.wall import Wall

SOFT, HARD = VoiWindow(500.0, 1000.0, explanation="SOFT"), VoiWindow(600.0, 200.0, explanation="HARD")
GRAY = Grayscale(12, windows=(SOFT, HARD))
MINE = GrayPreset("Mine", 0.5, is_own=True)


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


@pytest.fixture
def chooser(qtbot: QtBot, background: Background, wall: Wall) -> GrayChooser:
    made = GrayChooser(background)
    qtbot.addWidget(made)
    # A tool window raises itself, which the platform of the tests cannot do.
    made.setWindowFlags(Qt.WindowType.Window)
    made.resize(320, 600)
    pane = wall.panes[1]
    made.show_choices(pane, offered(GRAY, SOFT, None, (MINE,)), is_linked=True)
    made.show()
    return made


def pane_of(chooser: GrayChooser) -> Pane:
    assert chooser._pane is not None
    return chooser._pane


@pytest.mark.meets("MG-D02")
def test_each_choice_is_listed_with_its_name_and_key(chooser: GrayChooser) -> None:
    lines = [chooser.list.item(row).text().splitlines() for row in range(chooser.list.count())]
    assert [line[0] for line in lines] == ["SOFT · window", "HARD · window", "Mine"]
    assert [line[-1] for line in lines] == ["Ctrl+1", "Ctrl+2", "Ctrl+3"]


@pytest.mark.meets("MG-D01")
def test_arrow_keys_and_clicks_choose_at_once(chooser: GrayChooser, qtbot: QtBot) -> None:
    chooser.list.setCurrentRow(0)
    with qtbot.waitSignal(chooser.chosen) as told:
        qtbot.keyClick(chooser.list, Qt.Key.Key_Down)
    assert told.args == [1]
    with qtbot.waitSignal(chooser.chosen) as told:
        spot = chooser.list.visualItemRect(chooser.list.item(2)).center()
        qtbot.mouseClick(chooser.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert told.args == [2]


def test_listing_alone_chooses_nothing(chooser: GrayChooser, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(chooser.chosen):
        chooser.show_choices(pane_of(chooser), offered(GRAY, SOFT, None, ()), is_linked=False)
    assert chooser.list.count() == 2
    assert not chooser.link_box.isChecked()
    chooser.show_choices(None, (), is_linked=False)
    assert chooser.list.count() == 0
    assert not chooser.keep_button.isEnabled()


def test_only_presets_of_ones_own_can_be_removed(chooser: GrayChooser, qtbot: QtBot) -> None:
    chooser.list.setCurrentRow(0)
    with qtbot.assertNotEmitted(chooser.removed):
        chooser._remove()
    chooser.list.setCurrentRow(2)
    with qtbot.waitSignal(chooser.removed) as told:
        chooser._remove()
    assert told.args == ["Mine"]


@pytest.mark.parametrize(("answer", "kept"), [((" Firm ", True), ["Firm"]), (("  ", True), []), (("Firm", False), [])])
def test_a_preset_needs_a_name(
    chooser: GrayChooser, monkeypatch: pytest.MonkeyPatch, answer: tuple[str, bool], kept: list[str]
) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: answer)
    names: list[str] = []
    chooser.kept.connect(names.append)
    chooser.keep_button.click()
    assert names == kept


@pytest.mark.meets("MG-D01")
def test_pictures_show_what_each_choice_would_show() -> None:
    header = make_mammogram(grayscale=GRAY)
    image = make_display(header, padding_columns=40)
    soft, hard = pictures(image, GRAY, Dihedral(), Shade(SOFT), offered(GRAY, SOFT, None, ()))
    # The breast has the value 500: half bright in the one, black at the low edge of the other.
    middle = tuple(side // 2 for side in soft.shape)
    assert float(soft[middle]) == pytest.approx(127.0, abs=4)
    assert float(hard[middle]) == pytest.approx(0.0, abs=4)
    mirrored = pictures(image, GRAY, Dihedral(flip_columns=True), Shade(SOFT), offered(GRAY, SOFT, None, ()))[0]
    np.testing.assert_array_equal(mirrored, soft[:, ::-1])


def test_pictures_come_after_the_list(chooser: GrayChooser, qtbot: QtBot) -> None:
    def brightest() -> int:
        picture = chooser.list.item(0).icon().pixmap(60, 80).toImage()
        return max(picture.pixelColor(x, picture.height() // 2).value() for x in range(picture.width()))

    qtbot.waitUntil(lambda: brightest() > 60)
    # Another list and back again: its pictures come again.
    choices = chooser._choices
    chooser.show_choices(pane_of(chooser), (), is_linked=True)
    chooser.show_choices(pane_of(chooser), choices, is_linked=True)
    qtbot.waitUntil(lambda: brightest() > 60)
