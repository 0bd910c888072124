"""Where marks and their labels stand on a pane, and which one the mouse means."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage
from ui_study import COLUMNS, IMAGES, ROWS, WINDOW, make_display, make_hanging

from mammoview.core.geometry import Box, Dihedral, PixelTransform
from mammoview.core.marks import Mark, MarkKind
from mammoview.core.study import ScanResult, Study
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.board import Board
from mammoview.ui.viewport.markup import DRAWN, Labels, hit
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall

pytestmark = pytest.mark.gui
STRAIGHT = PixelTransform.identity()


def mark(kind: MarkKind, *points: tuple[float, float], name: str = "m", image: str = "image") -> Mark:
    return Mark(name, image, kind, points)


@pytest.mark.parametrize(
    "around",
    [
        QRectF(100, 100, 50, 40),
        QRectF(0, 0, 30, 30),
        QRectF(270, 170, 30, 30),
        QRectF(120, 0, 60, 200),
        QRectF(0, 80, 300, 20),
    ],
)
def test_a_label_stays_on_the_pane_and_off_its_mark(around: QRectF) -> None:
    rect = Labels((200, 300), [around.getCoords()]).place(around, 80, 30, 4)
    assert QRectF(0, 0, 300, 200).contains(rect)
    assert not rect.intersects(around)


def test_labels_do_not_cover_each_other_nor_a_lesion() -> None:
    marked = QRectF(100, 100, 20, 20)
    lesion = QRectF(124, 90, 60, 40)
    labels = Labels((200, 300), [marked.getCoords()], [lesion.getCoords()])
    placed = [labels.place(marked, 60, 20, 4) for _ in range(4)]
    for rect in placed:
        assert not rect.intersects(lesion)
        assert not any(rect.intersects(other) for other in placed if other is not rect)


def test_a_label_larger_than_the_pane_begins_on_it() -> None:
    rect = Labels((40, 60)).place(QRectF(10, 10, 5, 5), 200, 20, 4)
    assert rect.left() >= 0
    assert rect.top() >= 0


def test_the_mouse_means_what_is_nearest_then_what_is_smallest() -> None:
    large = mark(MarkKind.POLYGON, (0, 0), (0, 100), (100, 100), (100, 0), name="large")
    small = mark(MarkKind.DISTANCE, (0, 40), (0, 60), name="small")
    marks = (small, large)

    def at(row: float, col: float, chosen: str = "", reach: float = 6.0) -> str | None:
        found = hit(marks, STRAIGHT, QPointF(col, row), reach, labels={}, chosen=chosen)
        return f"{found.mark.id} {found.handle}" if found else None

    assert at(1, 50) == "small None"
    assert at(1, 20) == "large None"
    assert at(50, 50) is None, "the inside of a mark belongs to what lies there"
    assert at(20, 50) is None
    # The side that closes the line is a side.
    assert at(50, -3) == "large None"
    # Points can be taken of the chosen mark only.
    assert at(1, 41, chosen="small") == "small 0"
    assert at(99, 101, chosen="large") == "large 2"
    assert at(99, 101) == "large None"


def test_a_text_is_hit_by_its_words() -> None:
    words = mark(MarkKind.TEXT, (10, 10))
    labels = {"m": QRectF(10, 5, 60, 12)}
    found = hit((words,), STRAIGHT, QPointF(60, 12), 6, labels=labels)
    assert found is not None
    assert hit((words,), STRAIGHT, QPointF(80, 12), 6, labels=labels) is None


class Stage:
    """A wall with a board, over a session that holds the images of the wall as a study."""

    def __init__(self, wall: Wall) -> None:
        self.session = Session(Settings())
        self.session._open.add(ScanResult((Study("1.2", "42", "DOE^JANE", "20260102", IMAGES),)), 0)
        self.session._selected = "1.2"
        self.background = Background()
        self.board = Board(self.session, wall, self.background)
        self.session.connect(self.board.hear)

    def close(self) -> None:
        self.background.close()
        self.session.close()


@pytest.fixture
def stage(wall: Wall):
    made = Stage(wall)
    yield made
    made.close()


def drawn(pane: Pane) -> np.ndarray:
    """Whether each pixel of the pane has the colour of a mark's line, shape (rows, columns), bool."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)
    return np.abs(pixels - (DRAWN.red(), DRAWN.green(), DRAWN.blue())).sum(axis=2) < 90


@pytest.mark.meets("MG-B05", "MG-C09")
@pytest.mark.parametrize("code", range(8))
def test_marks_values_and_the_mouse_follow_every_way_an_image_lies(wall: Wall, stage: Stage, code: int) -> None:
    pane = wall.panes[1]
    assert pane.hung is not None
    laid = replace(pane.hung.orientation, dihedral=Dihedral(bool(code & 4), bool(code & 2), bool(code & 1)))
    pane.set_hung(replace(pane.hung, orientation=laid))
    wall.fit()
    line = mark(MarkKind.DISTANCE, (150.0, 60.0), (420.0, 300.0), image=pane.hung.image.id)
    stage.board.add(line)
    stage.board.choose("")
    lit = drawn(pane)
    # By hand, without the program's transform: transpose, then flip rows, then columns, then scale and shift.
    rows, cols = (COLUMNS, ROWS) if code & 4 else (ROWS, COLUMNS)
    for row, col in (*line.points, (285.0, 180.0)):
        down, across = (col, row) if code & 4 else (row, col)
        down = rows - down if code & 2 else down
        across = cols - across if code & 1 else across
        zoom, origin = pane.placement.zoom, pane.placement.origin
        y, x = down * zoom[0] + origin[0], across * zoom[1] + origin[1]
        around = lit[max(0, int(y) - 2) : int(y) + 3, max(0, int(x) - 2) : int(x) + 3]
        assert around.any(), (row, col)
        ratio = pane.devicePixelRatioF()
        found = stage.board.hit(pane, QPointF(x, y) / ratio)
        assert found is not None
        assert found.mark == line
    measured = stage.board.reading_of(pane.hung.image, line).measured
    assert measured is not None
    assert measured.value == pytest.approx(math.hypot(270, 240) * 0.1)


def test_another_image_shows_none_of_it(wall: Wall, stage: Stage) -> None:
    first, second = wall.panes[0], wall.panes[1]
    assert first.hung is not None
    stage.board.add(mark(MarkKind.ELLIPSE, (150, 60), (420, 300), image=first.hung.image.id))
    stage.board.choose("")
    assert drawn(first).any()
    assert not drawn(second).any()
    assert stage.board.marks_on(second) == ()


def test_a_rerun_of_the_analysis_leaves_marks_alone(wall: Wall, stage: Stage) -> None:
    pane = wall.panes[0]
    assert pane.hung is not None
    stage.board.add(mark(MarkKind.ELLIPSE, (150, 60), (420, 300), image=pane.hung.image.id))
    stage.board.choose("")
    wall.clear_results()
    assert drawn(pane).any()
    assert len(stage.session.marks.of_study("1.2")) == 1


def test_marks_are_there_when_the_images_hang_again(wall: Wall, stage: Stage) -> None:
    image_id = IMAGES[1].id
    stage.board.add(mark(MarkKind.ELLIPSE, (150, 60), (420, 300), image=image_id))
    stage.board.choose("")
    wall.show_hanging(make_hanging())
    for image in IMAGES:
        wall.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), WINDOW)
    pane = wall.pane_of(image_id)
    assert pane is not None
    assert drawn(pane).any()
