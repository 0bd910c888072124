"""The look: letters that can be read, one scale for all of it, and images that stay on black."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.comfort import STEPS, stepped
from mammoview.ui.mainwindow import MainWindow

#: Enhanced contrast of text, WCAG 2.2, success criterion 1.4.6; of parts of the window, 1.4.11.
TEXT_RATIO, PART_RATIO = 7.0, 3.0


def luminance(name: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(name[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """Contrast ratio of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def banner_of(colour: str) -> str:
    return QColor(colour).darker(400).name()


def pairs(c: theme.Colours) -> dict[str, tuple[str, str]]:
    """Letters and what lies behind them, wherever the sheet puts one on the other."""
    letters = {"text": c.text, "quiet": c.quiet, "disabled": c.disabled, "accent": c.accent, "warning": c.warning}
    letters["loud"] = c.loud
    behind = {"chrome": c.chrome, "raised": c.raised}
    made = {
        f"{name} on {where}": (letter, ground) for name, letter in letters.items() for where, ground in behind.items()
    }
    made["chosen"] = (c.on_chosen, c.chosen)
    made["progress"] = (c.text, c.filled)
    made |= {f"banner {name}": (c.text, banner_of(name)) for name in (c.warning, c.loud, c.accent)}
    return made


@pytest.fixture(autouse=True)
def usual(qapp: QApplication) -> Iterator[None]:
    """Leave the look as it was."""
    sheet, palette, font = qapp.styleSheet(), qapp.palette(), qapp.font()
    yield
    theme.apply(qapp)
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


def test_the_ratio_is_that_of_the_standard() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21.0)
    assert ratio("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_letters_of_the_high_contrast_stand_out_seven_to_one() -> None:
    weak = {name: round(ratio(*pair), 2) for name, pair in pairs(theme.HIGH).items() if ratio(*pair) < TEXT_RATIO}
    assert not weak


def test_frames_of_the_high_contrast_stand_out_three_to_one() -> None:
    c = theme.HIGH
    assert min(ratio(edge, ground) for edge in (c.line, c.focus) for ground in (c.chrome, c.raised)) >= PART_RATIO


def test_usual_letters_can_be_read_too() -> None:
    usable = {name: pair for name, pair in pairs(theme.NORMAL).items() if not name.startswith("disabled")}
    assert min(ratio(*pair) for pair in usable.values()) >= 4.5


def test_a_change_of_contrast_reaches_what_paints_with_the_colours(qapp: QApplication, qtbot: QtBot) -> None:
    held, label = theme.TEXT, QLabel("text")
    qtbot.addWidget(label)
    label.show()
    theme.apply(qapp, "high")
    assert held == QColor(theme.HIGH.text)
    assert label.palette().windowText().color() == held
    assert QColor(0, 0, 0) == theme.BLACK
    theme.apply(qapp)
    assert held == QColor(theme.NORMAL.text)


def test_letters_and_controls_grow_with_the_scale(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp)
    button = QPushButton("Analyse")
    qtbot.addWidget(button)
    button.show()
    small = button.sizeHint()
    theme.apply(qapp, percent=200)
    large = button.sizeHint()
    assert 1.8 < large.height() / small.height() < 2.2
    assert 1.8 < large.width() / small.width() < 2.2
    assert theme.px(10) == 20


def test_steps_go_up_and_down_and_stay_at_the_ends() -> None:
    assert stepped(100, 1) == 110
    assert stepped(105, -1) == 100
    assert stepped(STEPS[-1], 1) == STEPS[-1]
    assert stepped(STEPS[0], -1) == STEPS[0]


def test_keys_change_the_size_and_the_contrast_at_once(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp)
    session = Session(replace(Settings(), analyse_on_open=False))
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    qtbot.addWidget(window)
    bridge.told.connect(window.show_event)
    session.connect(bridge.send)
    try:
        window.resize(1366, 768)
        window.show()
        qtbot.waitExposed(window)
        width, height = window.desk.right.width(), window.menuBar().height()
        for _ in range(3):
            window.actions_by_id["larger"].trigger()
        qtbot.waitUntil(lambda: window.desk.right.width() > 1.4 * width)
        assert session.settings.ui_scale == 150
        assert window.menuBar().height() > 1.3 * height
        window.actions_by_id["high_contrast"].trigger()
        qtbot.waitUntil(lambda: QColor(theme.HIGH.text) == theme.TEXT)
        assert session.settings.contrast == "high"
        for _ in range(9):
            window.actions_by_id["larger"].trigger()
        # The images keep a good part of a small screen.
        qtbot.waitUntil(lambda: theme.scale() == STEPS[-1] / 100)
        assert window.width() == 1366
        assert window.desk.wall.width() > 0.35 * window.width() or not window.desk.wall.isVisible()
        window.actions_by_id["usual_size"].trigger()
        qtbot.waitUntil(lambda: window.desk.right.width() < 1.1 * width)
    finally:
        window.close()
        background.close()
        session.close()
