"""What is kept of the pictures over an image, and that it looks as if it were painted anew."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot
from ui_study import COLUMNS, IMAGES, ROWS, make_result

from mammoview.core.geometry import Dihedral
from mammoview.core.image import level_shapes
from mammoview.core.marks import Mark, MarkKind
from mammoview.ui.viewport import caption, markup
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.layers import Layer, OverlayOptions, prepare
from mammoview.ui.viewport.moving import MovingLayer
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.sparse import TILE_PX, Sparse
from mammoview.ui.viewport.voi import Adjustment
from mammoview.ui.viewport.wall import Wall

LCC = 1
LEVELS = len(level_shapes(ROWS, COLUMNS))
ALL = OverlayOptions(frozenset(Layer) - {Layer.PATCH_MAP})


def clear(rows: int, columns: int) -> QImage:
    image = QImage(columns, rows, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    return image


def words(image: QImage) -> np.ndarray:
    kept = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    return np.array(np.frombuffer(kept.constBits(), np.uint32).reshape(kept.height(), -1))


def scattered() -> QImage:
    """Points, a filled box over several tiles, and something at the last row and column."""
    image = clear(5 * TILE_PX + 37, 4 * TILE_PX + 21)
    painter = QPainter(image)
    painter.fillRect(QRect(TILE_PX - 9, 2 * TILE_PX - 5, 200, 190), QColor(255, 0, 0, 90))
    painter.fillRect(QRect(3, 5, 1, 1), QColor(0, 255, 0))
    painter.fillRect(QRect(image.width() - 1, image.height() - 1, 1, 1), QColor(0, 0, 255))
    painter.end()
    return image


@pytest.mark.parametrize(("left", "top"), [(0, 0), (7, -45), (-130, 64)])
def test_what_is_kept_looks_like_the_whole(left: int, top: int) -> None:
    image = scattered()
    kept, whole = clear(600, 500), clear(600, 500)
    painter = QPainter(kept)
    Sparse.of(image).draw(painter, left, top)
    painter.end()
    painter = QPainter(whole)
    painter.drawImage(left, top, image)
    painter.end()
    assert np.array_equal(words(kept), words(whole))


def test_what_is_clear_is_not_kept_and_equal_runs_are_one_rectangle() -> None:
    parts = Sparse.of(scattered()).parts
    boxes = sorted((part.top, part.left, *part.pixels.shape[:2]) for part in parts)
    assert boxes == [
        (5, 3, 1, 1),
        (2 * TILE_PX - 5, TILE_PX - 9, 190, 200),
        (5 * TILE_PX + 36, 4 * TILE_PX + 20, 1, 1),
    ]
    assert not Sparse.of(clear(300, 300)).parts


def test_stretched_to_twice_the_size_each_pixel_is_four() -> None:
    image, size = scattered(), (900, 800)
    kept = clear(*size)
    painter = QPainter(kept)
    Sparse.of(image).draw_stretched(painter, (-64.0, -30.0), (2.0, 2.0), size)
    painter.end()
    twice = words(image).repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(words(kept), twice[64 : 64 + size[0], 30 : 30 + size[1]])


@pytest.mark.parametrize("by", [0.71, 0.97, 1.03, 1.44])
def test_stretched_parts_leave_no_gap_and_cover_no_pixel_twice(by: float) -> None:
    image = clear(5 * TILE_PX + 1, 5 * TILE_PX + 2)
    image.fill(QColor(255, 255, 255, 100))
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
    painter.fillRect(QRect(2 * TILE_PX, TILE_PX, TILE_PX, 2 * TILE_PX), Qt.GlobalColor.black)
    painter.end()
    kept = clear(300, 400)
    painter = QPainter(kept)
    Sparse.of(image).draw_stretched(painter, (-10.3, -20.8), (by, by), (300, 400))
    painter.end()
    alpha = words(kept) >> 24
    assert set(np.unique(alpha)) == {0, 100}
    hole = np.argwhere(alpha == 0)
    room = np.array((300, 400))
    first, end = np.array((1, 2)) * TILE_PX * by - np.array((10.3, 20.8)), 3 * TILE_PX * by - np.array((10.3, 20.8))
    assert np.abs(hole.min(axis=0) - first).max() <= 1
    assert np.abs(hole.max(axis=0) + 1 - np.minimum(end, room)).max() <= 1


def test_an_emptied_layer_shows_nothing() -> None:
    layer, at, size = MovingLayer(), Placement(300, 300), (200, 200)
    shown = clear(*size)
    painter = QPainter(shown)
    layer.draw(painter, at, size, lambda on, _at, _size: on.fillRect(0, 0, 150, 150, QColor(255, 0, 0)))
    painter.end()
    assert words(shown).any()
    layer.forget()
    shown.fill(Qt.GlobalColor.transparent)
    painter = QPainter(shown)
    for shift in (0, 5):
        layer.draw(painter, at.panned(shift, shift), size, lambda _on, _at, _size: None)
    painter.end()
    assert not words(shown).any()


class Arrow:
    """A rider with one mark."""

    def __init__(self) -> None:
        self.mark = Mark("1", IMAGES[LCC].id, MarkKind.ARROW, ((300.0, 100.0), (350.0, 220.0)))
        self.is_on = True

    def state_on(self, canvas: Canvas) -> tuple[object, ...]:
        return (self.mark,) if self.is_on and canvas.hung and canvas.hung.image.id == self.mark.image_id else ()

    def hidden_on(self, canvas: Canvas) -> str:
        return ""

    def paint_on(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        if self.state_on(canvas):
            markup.paint_mark(painter, self.mark, canvas.placement.to_device, fonts, is_chosen=False)


@pytest.fixture
def furnished(wall: Wall) -> tuple[Wall, Arrow]:
    """The wall with all overlays and a mark."""
    for image in IMAGES:
        wall.set_prepared(prepare(make_result(image), LEVELS))
    wall.set_options(ALL)
    arrow = Arrow()
    wall.add_rider(arrow)
    return wall, arrow


def grabbed(pane: Canvas) -> np.ndarray:
    return words(pane.grab().toImage())


def anew(pane: Canvas) -> np.ndarray:
    """The pane with everything painted again."""
    pane.set_options(OverlayOptions(frozenset()))
    pane.grab()
    pane.set_options(ALL)
    return grabbed(pane)


@pytest.mark.parametrize("way", [Dihedral(), Dihedral(flip_rows=True)])
def test_a_pan_looks_as_if_painted_anew(furnished: tuple[Wall, Arrow], way: Dihedral) -> None:
    wall, _ = furnished
    pane = wall.panes[LCC]
    pane.go_to(Placement(pane.placement.rows, pane.placement.columns, way, (1.0, 1.0), (-40.0, -30.0)))
    before = grabbed(pane)
    # Even numbers: a colour map is made of every other pixel.
    wall.motion.pan(pane, 10.0, 14.0)
    panned = grabbed(pane)
    assert not np.array_equal(before, panned)
    assert np.array_equal(panned, anew(pane))


def test_a_zoom_lies_where_it_should_and_at_rest_looks_as_if_painted_anew(
    furnished: tuple[Wall, Arrow], qtbot: QtBot
) -> None:
    wall, _ = furnished
    pane = wall.panes[LCC]
    grabbed(pane)
    wall.motion.zoom(pane, 1.2, 0.0, 0.0)
    stretched = grabbed(pane)
    qtbot.wait(300)
    rested = grabbed(pane)
    fresh = anew(pane)
    assert np.array_equal(rested, fresh)
    # While it moves, lines are thicker and the words lag; the rest is where it belongs.
    away = np.abs(stretched.view(np.uint8).astype(int) - fresh.view(np.uint8).astype(int))
    assert away.mean() < 6


def test_a_rider_that_goes_is_gone_at_once(furnished: tuple[Wall, Arrow]) -> None:
    wall, arrow = furnished
    pane = wall.panes[LCC]
    with_it = grabbed(pane)
    arrow.is_on = False
    without = grabbed(pane)
    assert not np.array_equal(with_it, without)
    assert np.array_equal(without, anew(pane))


def test_the_window_in_words_is_laid_out_once_and_follows_the_window(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[str] = []
    plain = caption.paint_window

    def paint(painter: QPainter, fonts: Fonts, text: str, *rest: object) -> None:
        painted.append(text)
        plain(painter, fonts, text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(caption, "paint_window", paint)
    pane = wall.panes[LCC]
    grabbed(pane)
    del painted[:]
    for _ in range(3):
        wall.motion.pan(pane, 3.0, 0.0)
        grabbed(pane)
    assert not painted
    before = grabbed(pane)
    wall.set_adjustment(Adjustment(0.1, 1.2))
    after = grabbed(pane)
    assert len(painted) == 1
    room = pane.written.caption if pane.written is not None else None
    assert room is not None
    part = np.s_[round(room.top) : round(room.bottom), round(room.left) : round(room.right)]
    assert not np.array_equal(before[part], after[part])
