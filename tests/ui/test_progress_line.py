"""The bar of long jobs: what it says, and that its button ends the job that is shown."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from mammoview.ui.progress_line import ProgressLine


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def parts(qtbot: QtBot) -> tuple[QProgressBar, QPushButton]:
    bar, button = QProgressBar(), QPushButton("Cancel")
    for widget in (bar, button):
        qtbot.addWidget(widget)
    bar.resize(600, 20)
    return bar, button


def test_it_says_how_far_a_job_is_and_how_long_it_takes(parts: tuple[QProgressBar, QPushButton]) -> None:
    bar, button = parts
    clock = Clock()
    line = ProgressLine(bar, button, clock=clock)
    assert not bar.isVisible()
    assert not button.isVisible()
    for fraction in (0.0, 0.1, 0.2, 0.3):
        line.tell("analysis", "Patches", fraction)
        clock.now += 6.0
    line.tell("analysis", "Patches", 0.4)
    assert bar.isVisible()
    assert not button.isVisible()
    assert bar.text() == "Patches  ·  40 %  ·  about 40 s left"
    assert bar.value() == 400
    line.end("analysis")
    assert not bar.isVisible()


def test_a_long_name_gives_way_to_the_time_left(parts: tuple[QProgressBar, QPushButton]) -> None:
    bar, button = parts
    bar.resize(260, 20)
    line = ProgressLine(bar, button)
    line.tell("scan", "a/very/long/name/of/a/file/in/a/folder/with/many.dcm", 0.5)
    assert bar.text().endswith("·  50 %")
    assert "…" in bar.text()
    assert bar.fontMetrics().horizontalAdvance(bar.text()) <= bar.width()


def test_the_button_ends_the_job_that_is_shown_and_no_other(
    qtbot: QtBot, parts: tuple[QProgressBar, QPushButton]
) -> None:
    bar, button = parts
    line = ProgressLine(bar, button)
    ended: list[str] = []
    line.tell("import", "Importing", 0.2, lambda: ended.append("import"))
    line.tell("analysis", "Analysing", 0.1, lambda: ended.append("analysis"))
    assert bar.text() == "Analysing  ·  10 %  ·  and 1 more"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ended == ["analysis"]
    line.end("analysis")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ended == ["analysis", "import"]
    line.tell("import", "Importing", 0.3)
    assert not button.isVisible()
    assert not line.cancel()
