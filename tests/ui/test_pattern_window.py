"""What reaches the screen is the pattern, value by value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from mammoview.imaging.test_patterns import PATTERNS, Family, draw, pattern
from mammoview.ui.bridge import Background
from mammoview.ui.monitors import displays
from mammoview.ui.quality.pattern_window import PatternWindow


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


def grabbed(window: PatternWindow) -> NDArray[np.uint8]:
    """The window's device pixels: (rows, columns, 3)."""
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def opened(qtbot: QtBot, background: Background, family: Family, step: int = 0) -> PatternWindow:
    window = PatternWindow(background, displays()[0], family=family, step=step)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.stepped):
        window.open()
    window.hint.hide()
    return window


@pytest.mark.parametrize("family", [Family.ALL_ROUND, Family.QUICK, Family.LUMINANCE])
def test_the_whole_screen_holds_the_pattern_pixel_by_pixel(
    qtbot: QtBot, background: Background, family: Family
) -> None:
    window = opened(qtbot, background, family)
    shape = displays()[0].shape
    seen = grabbed(window)
    assert seen.shape == (*shape, 3)
    np.testing.assert_array_equal(seen, np.repeat(draw(family, shape)[:, :, None], 3, axis=2))


SCALED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication
app = QApplication([])
from mammoview.imaging.test_patterns import Family, draw
from mammoview.ui.bridge import Background
from mammoview.ui.monitors import displays
from mammoview.ui.quality.pattern_window import PatternWindow
from test_pattern_window import grabbed
background = Background()
screen = displays()[-1]
window = PatternWindow(background, screen)
loop = QEventLoop()
window.stepped.connect(lambda *_: loop.quit())
window.open()
loop.exec()
window.hint.hide()
seen, shape = grabbed(window), screen.shape
rows, columns = min(seen.shape[0], shape[0]), min(seen.shape[1], shape[1])
assert shape[0] - rows <= 1 and shape[1] - columns <= 1, (seen.shape, shape)
expected = draw(Family.ALL_ROUND, shape)[:rows, :columns]
assert window.geometry() == screen.geometry
print(screen.ratio, shape, int(np.abs(seen[:rows, :columns].astype(int) - expected[:, :, None]).max()))
background.close()
"""


@pytest.mark.parametrize("ratio", ["1", "1.25", "1.5", "1.75", "2"])
def test_scaling_of_the_system_scales_no_pattern(ratio: str) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": ratio, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", SCALED, str(Path(__file__).parent)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told, *_, worst = done.stdout.split()
    assert float(told) == float(ratio)
    assert worst == "0", done.stdout


@pytest.mark.parametrize("ratio", [1, 2])
def test_a_pattern_covers_the_monitor_that_was_chosen(tmp_path: Path, ratio: int) -> None:
    screens = [
        {"name": "left", "x": 0, "y": 0, "width": 800, "height": 600, "dpr": 1},
        {"name": "right", "x": 800, "y": 0, "width": 640, "height": 720, "dpr": 1},
    ]
    config = tmp_path / "screens.json"
    config.write_text(json.dumps({"screens": screens}))
    environment = {
        **os.environ,
        "QT_SCALE_FACTOR": str(ratio),
        "QT_QPA_PLATFORM": f"offscreen:configfile={config}",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCALED, str(Path(__file__).parent)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{ratio}.0", "(720,", "640)", "0"]


def test_keys_step_through_patterns_and_levels_and_close(qtbot: QtBot, background: Background) -> None:
    window = opened(qtbot, background, Family.LUMINANCE)
    families = [entry.family for entry in PATTERNS]
    middle = tuple(n // 2 for n in displays()[0].shape)
    for step in (1, 2):
        with qtbot.waitSignal(window.stepped) as told:
            qtbot.keyClick(window, Qt.Key.Key_Up)
        assert told.args == [Family.LUMINANCE, step]
        window.hint.hide()
        assert set(grabbed(window)[middle]) == {pattern(Family.LUMINANCE).levels[step]}
    with qtbot.waitSignal(window.stepped):
        qtbot.keyClick(window, Qt.Key.Key_Down)
    assert window.step == 1
    with qtbot.waitSignal(window.stepped):
        qtbot.keyClick(window, Qt.Key.Key_Right)
    assert (window.family, window.step) == (families[families.index(Family.LUMINANCE) + 1], 0)
    qtbot.keyClick(window, Qt.Key.Key_Down)
    assert window.step == 0, "there is nothing below the first level"
    with qtbot.waitSignal(window.closed):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_the_line_of_help_goes_by_itself_and_comes_back_on_a_key(qtbot: QtBot, background: Background) -> None:
    window = opened(qtbot, background, Family.FULL_FIELD, 3)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert window.hint.isVisible()
    assert "level 45 (4 of 18)" in window.hint.text()
    assert "No window, no gray scale function" in window.hint.text()
    window._timer.setInterval(1)
    window._timer.start()
    qtbot.waitUntil(window.hint.isHidden)


def test_nothing_but_black_is_shown_before_a_pattern_is_drawn(qtbot: QtBot, background: Background) -> None:
    window = PatternWindow(background, displays()[0])
    qtbot.addWidget(window)
    window.resize(300, 200)
    window._image = None
    assert not grabbed(window).any()


def test_a_closed_window_takes_no_late_pattern(qtbot: QtBot, background: Background) -> None:
    window = opened(qtbot, background, Family.QUICK)
    window.show_pattern(Family.ALL_ROUND, 0)
    window.close()
    with qtbot.assertNotEmitted(window.stepped, wait=300):
        pass
