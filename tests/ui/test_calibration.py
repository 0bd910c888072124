from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from mammoview.ui.dialogs.calibration import CalibrationDialog
from mammoview.ui.monitors import displays
from mammoview.ui.pitch import ScreenPitches, name_of


def opened(qtbot: QtBot, pitches: ScreenPitches) -> CalibrationDialog:
    dialog = CalibrationDialog(pitches)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def pressed(dialog: CalibrationDialog, button: QDialogButtonBox.StandardButton) -> None:
    dialog.findChild(QDialogButtonBox).button(button).click()


@pytest.mark.meets("MG-C05")
def test_dragging_the_card_calibrates_this_monitor(qtbot: QtBot) -> None:
    dialog = opened(qtbot, ScreenPitches())
    ratio = dialog.devicePixelRatioF()
    for press in (qtbot.mousePress, qtbot.mouseRelease):
        press(dialog.card, Qt.MouseButton.LeftButton, pos=QPoint(428, 60))
    with qtbot.waitSignal(dialog.calibrated) as told:
        pressed(dialog, QDialogButtonBox.StandardButton.Save)
    assert told.args == [name_of(dialog.screen()), pytest.approx(85.60 / (428 * ratio))]
    assert displays()[0].key in told.args[0]


@pytest.mark.meets("MG-C05")
def test_the_card_is_drawn_as_large_as_a_card(qtbot: QtBot) -> None:
    pitches = ScreenPitches()
    pitches.calibrated[name_of(opened(qtbot, pitches).screen())] = 0.2
    dialog = opened(qtbot, pitches)
    ratio = dialog.devicePixelRatioF()
    image = dialog.card.grab().toImage()
    accent = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y) != image.pixelColor(image.width() - 1, image.height() - 1)
    ]
    wide, high = (max(n) - min(n) + 1 for n in zip(*accent, strict=True))
    assert wide == pytest.approx(85.60 / 0.2 * ratio, abs=3)
    assert high == pytest.approx(53.98 / 0.2 * ratio, abs=3)


def test_a_measured_width_calibrates_as_well(qtbot: QtBot) -> None:
    dialog = opened(qtbot, ScreenPitches())
    columns = displays()[0].shape[1]
    dialog.width_mm.setValue(338.0)
    assert dialog.pitch_mm == pytest.approx(338.0 / columns)
    assert dialog.card.width_px == pytest.approx(85.60 * columns / 338.0)


def test_cancelling_changes_nothing(qtbot: QtBot) -> None:
    dialog = opened(qtbot, ScreenPitches())
    dialog.width_mm.setValue(338.0)
    with qtbot.assertNotEmitted(dialog.calibrated):
        pressed(dialog, QDialogButtonBox.StandardButton.Cancel)


def test_a_calibration_can_be_taken_away(qtbot: QtBot) -> None:
    dialog = opened(qtbot, ScreenPitches())
    with qtbot.waitSignal(dialog.calibrated) as told:
        dialog.remove.click()
    assert told.args == [name_of(dialog.screen()), 0.0]


def test_a_width_that_no_monitor_has_cannot_be_dragged(qtbot: QtBot) -> None:
    dialog = opened(qtbot, ScreenPitches())
    before = dialog.pitch_mm
    qtbot.mousePress(dialog.card, Qt.MouseButton.LeftButton, pos=QPoint(0, 5))
    assert dialog.pitch_mm == before or dialog.pitch_mm <= 2.0


def test_an_uncalibrated_monitor_is_told_as_such(qtbot: QtBot) -> None:
    pitches = ScreenPitches()
    screen = opened(qtbot, pitches).screen()
    assert not pitches.of(screen).is_calibrated
    pitches.calibrated[name_of(screen)] = 0.165
    assert pitches.of(screen).is_calibrated
    assert pitches.of(screen).mm == 0.165
