"""What other parts add to the panes of a wall: something painted above, and a tool that has the mouse first."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from pytestqt.qtbot import QtBot
from ui_study import COLUMNS, IMAGES, ROWS, WINDOW, make_display, make_hanging

from mammoview.core.geometry import Box
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall

GREEN = QColor(0, 255, 0)
pytestmark = pytest.mark.gui


class Spot:
    """Paints a green square over every image."""

    def paint(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        painter.fillRect(100, 100, 20, 20, GREEN)


class Tool:
    """Takes the left button and says what it saw."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self) -> None:
        self.seen: list[tuple[str, float, float]] = []

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        self.seen.append(("pressed", row, col))
        return event.button() == Qt.MouseButton.LeftButton

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return bool(event.buttons() & Qt.MouseButton.LeftButton)

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        self.seen.append(("released", row, col))
        return event.button() == Qt.MouseButton.LeftButton

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool:
        return True

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        painter.fillRect(10, 300, 20, 20, GREEN)


def colour_at(pane: Pane, x: int, y: int) -> QColor:
    return pane.grab().toImage().pixelColor(x, y)


def test_what_is_painted_above_stays_through_another_hanging(wall: Wall) -> None:
    wall.add_overpaint(Spot())
    assert colour_at(wall.panes[0], 110, 110) == GREEN
    wall.show_hanging(make_hanging())
    wall.show_image(make_display(IMAGES[1]), Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert colour_at(wall.panes[1], 110, 110) == GREEN


def test_a_tool_has_the_mouse_first_in_native_pixels(wall: Wall, qtbot: QtBot) -> None:
    tool, panned = Tool(), []
    wall.set_tool(tool)
    wall.show_hanging(make_hanging())
    for image in IMAGES:
        wall.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), WINDOW)
    pane = wall.panes[1]
    pane.panned.connect(lambda *by: panned.append(by))
    assert pane.cursor().shape() == Qt.CursorShape.CrossCursor
    assert colour_at(pane, 15, 310) == GREEN
    row, col = pane.placement.native_point(200.0, 150.0)
    qtbot.mousePress(pane, Qt.MouseButton.LeftButton, pos=QPoint(150, 200))
    qtbot.mouseMove(pane, QPoint(170, 230))
    qtbot.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=QPoint(170, 230))
    assert not panned
    assert tool.seen[0] == ("pressed", pytest.approx(row), pytest.approx(col))
    qtbot.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(170, 230))
    assert not wall.is_single

    wall.set_tool(None)
    assert pane.cursor().shape() == Qt.CursorShape.ArrowCursor
    qtbot.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(170, 230))
    assert wall.is_single
