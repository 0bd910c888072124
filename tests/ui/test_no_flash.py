"""Nothing brighter than text is painted where no image is: at the start, in empty panes, and while views change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from mammoview.session.demo import write_phantom
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.wall import Wall

#: Of 255. Text is brighter, and covers little.
_DARK, _MOST_TEXT = 90, 0.03


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    theme.apply(qapp)
    session, background = Session(replace(Settings(), analyse_on_open=False)), Background()
    bridge, made = Bridge(), MainWindow(session, background)
    bridge.setParent(made)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    session.connect(bridge.send)
    made.resize(1366, 768)
    yield made
    background.close()
    session.close()


def bright_share(window: MainWindow) -> float:
    """Share of the window's pixels outside the panes with an image that are not dark."""
    image = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.ndarray((image.height(), image.width(), 4), np.uint8, image.constBits())[..., :3].max(axis=2).copy()
    if window.stack.currentWidget() is window.desk.wall:
        for pane in window.desk.wall.panes:
            if pane.image is not None:
                at = QRect(pane.mapTo(window, QPoint(0, 0)), pane.size())
                pixels[at.top() : at.bottom() + 1, at.left() : at.right() + 1] = 0
    return float((pixels > _DARK).mean())


@pytest.mark.meets("MG-E04")
def test_the_window_starts_dark(window: MainWindow) -> None:
    # What the system fills a new window with before its first painting.
    assert window.palette().color(QPalette.ColorRole.Window).value() < _DARK
    assert bright_share(window) < _MOST_TEXT
    window.show()
    QApplication.processEvents()
    assert 0 < bright_share(window) < _MOST_TEXT


@pytest.mark.gui
@pytest.mark.meets("MG-E04")
def test_nothing_flashes_while_a_study_opens_and_views_change(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    write_phantom(tmp_path, seed=3, priors=1, rows=512, columns=416)
    seen: list[float] = []
    window.show()
    window.open([tmp_path])

    def is_shown() -> bool:
        seen.append(bright_share(window))
        panes = window.desk.wall.panes
        return bool(panes) and all(pane.image is not None or pane.hung is None for pane in panes)

    qtbot.waitUntil(is_shown, timeout=30_000)
    for identity in ("invert", "next_stage", "next_stage", "previous_stage", "fit", "one_to_one", "panel", "invert"):
        window.actions_by_id[identity].trigger()
        for _ in range(3):
            seen.append(bright_share(window))
            QApplication.processEvents()
        qtbot.waitUntil(is_shown, timeout=30_000)
    assert len(seen) > 20
    assert max(seen) < _MOST_TEXT


@pytest.mark.meets("MG-E04")
def test_a_pane_without_an_image_is_black(wall: Wall) -> None:
    pane = wall.panes[0]
    pane.set_empty("")
    for is_inverted in (False, True):
        wall.set_inverted(is_inverted=is_inverted)
        image = pane.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        gray = np.ndarray((image.height(), image.bytesPerLine()), np.uint8, image.constBits())[:, : image.width()]
        assert gray[1:-1, 1:-1].max() == 0


@pytest.mark.meets("MG-E04")
@pytest.mark.parametrize("is_inverted", [False, True])
def test_beyond_the_edges_of_an_image_it_is_black(wall: Wall, is_inverted: bool) -> None:
    pane = wall.panes[1]
    wall.set_inverted(is_inverted=is_inverted)
    pane.placement = replace(pane.placement, zoom=(0.2, 0.2), origin=(100.0, 100.0))
    pane.refresh()
    pane._redraw()
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    gray = np.ndarray((image.height(), image.bytesPerLine()), np.uint8, image.constBits())[:, : image.width()]
    # Left of the image and below it, clear of all text.
    assert gray[100:200, 20:95].max() == 0
    assert gray[110:200, 110:180].max() > 0
