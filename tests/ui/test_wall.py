from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from ui_study import COLUMNS, IMAGES, ROWS, WINDOW, make_display, make_hanging, make_hung, make_mammogram, make_result

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.orientation import Side
from mammoview.ui.viewport.layers import Layer, OverlayOptions, prepare
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.voi import Adjustment
from mammoview.ui.viewport.wall import Wall

RCC, LCC, RMLO, LMLO = range(4)


def rest(wall: Wall, qtbot: QtBot) -> None:
    """Wait for the exact pictures."""
    with qtbot.waitSignals([pane.rest.settled for pane in wall.panes]):
        for pane in wall.panes:
            pane.pan(0, 0)
            pane.grab()


def shot(pane: Pane) -> np.ndarray:
    """What the pane shows: shape (rows, columns, 3), red green blue."""
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def at(pane: Pane, row: float, col: float) -> tuple[int, int]:
    """The screen pixel of a native point."""
    placed = pane.placement.device_point(row, col)
    return int(placed[0]), int(placed[1])


def gray_of(value: float, window_low: float = 0.0, window_high: float = 1000.0) -> float:
    return 255 * (value - window_low) / (window_high - window_low)


@pytest.mark.meets("MG-B08")
def test_chest_walls_meet_back_to_back(wall: Wall) -> None:
    assert [pane.chest_wall for pane in wall.panes] == [Side.RIGHT, Side.LEFT, Side.RIGHT, Side.LEFT]
    right, left = wall.panes[RCC], wall.panes[LCC]
    assert right.x() < left.x()
    assert right.placement.device_point(0, 0)[1] == pytest.approx(right.device_size[1])
    assert left.placement.device_point(0, 0)[1] == pytest.approx(0)


def test_the_image_is_painted_where_the_geometry_says(wall: Wall) -> None:
    for pane in wall.panes:
        pixels = shot(pane)
        for row, col, value in ((220, 150, 900), (420, 100, 500)):
            assert np.abs(pixels[at(pane, row, col)] - gray_of(value)).max() <= 3


@pytest.mark.meets("MG-C01")
def test_all_breasts_are_shown_at_one_size(wall: Wall) -> None:
    coarse = make_mammogram(id="1.2.coarse", rows=300, columns=240, spacing_mm=(0.2, 0.2))
    slots = (Slot(0, 0, "RCC", (make_hung(IMAGES[RCC]),)), Slot(0, 1, "LCC", (make_hung(coarse),)))
    wall.show_hanging(Hanging("1.2", "test", 1, 2, slots))
    wall.show_image(make_display(IMAGES[RCC]), Box(0, 0, ROWS, COLUMNS), WINDOW)
    fine = make_display(coarse)
    half = type(fine)(fine.image_id, fine.levels[1:], (), 0)
    wall.show_image(half, Box(0, 0, 300, 240), WINDOW)
    one, other = wall.panes
    assert other.placement.zoom[0] == pytest.approx(2 * one.placement.zoom[0])


@pytest.mark.meets("MG-K02")
def test_without_a_scale_the_breast_alone_decides_the_size(wall: Wall) -> None:
    whole = make_mammogram(id="1.2.whole", spacing_mm=None)
    coarse = make_mammogram(id="1.2.coarse", rows=ROWS // 2, columns=COLUMNS // 2, spacing_mm=None)
    slots = (Slot(0, 0, "RCC", (make_hung(whole),)), Slot(0, 1, "LCC", (make_hung(coarse),)))
    wall.show_hanging(Hanging("1.2", "test", 1, 2, slots))
    breast = Box(60, 0, 540, 400)
    wall.show_image(make_display(whole), breast, WINDOW)
    full = make_display(coarse)
    half = type(full)(full.image_id, full.levels[1:], (), 0)
    wall.show_image(half, Box(30, 0, 270, 200), WINDOW)
    one, other = wall.panes
    assert other.placement.zoom[0] == pytest.approx(2 * one.placement.zoom[0], rel=0.005)
    top, bottom = (one.placement.device_point(row, 0)[0] for row in (breast.row0, breast.row1))
    left, right = sorted(one.placement.device_point(0, col)[1] for col in (breast.col0, breast.col1))
    share = max((bottom - top) / one.device_size[0], (right - left) / one.device_size[1])
    assert share == pytest.approx(1, abs=0.1), "the breast fills its place one way"


@pytest.mark.meets("MG-E04")
def test_a_place_is_black_before_its_image_comes(wall: Wall) -> None:
    wall.show_hanging(make_hanging())
    for pane in wall.panes:
        assert pane.image is None
        pixels = shot(pane)
        assert (pixels.max(axis=2) <= 8).mean() > 0.95, "all but words and a thin frame is black"


def test_images_come_to_the_same_size_whatever_the_window_size(wall: Wall, qtbot: QtBot) -> None:
    wall.resize(500, 900)
    qtbot.waitUntil(lambda: wall.panes[RCC].width() < 260)
    zooms = {round(pane.placement.zoom[0], 6) for pane in wall.panes}
    assert len(zooms) == 1
    for pane in wall.panes:
        assert pane.placement.device_box.col1 - pane.placement.device_box.col0 <= pane.device_size[1] + 1


@pytest.mark.parametrize("size", [(500, 900), (1100, 640)])
def test_chest_walls_stay_at_their_edges_when_the_window_changes_size(
    wall: Wall, qtbot: QtBot, size: tuple[int, int]
) -> None:
    for slots in (None, (Slot(0, 0, "RCC", (make_hung(IMAGES[RCC]),)),)):
        if slots:
            wall.show_hanging(Hanging("1.2", "test", 1, 1, slots))
            wall.show_image(make_display(IMAGES[RCC]), Box(0, 0, ROWS, COLUMNS), WINDOW)
        wall.resize(*size)
        qtbot.waitUntil(lambda: wall.panes[RCC].geometry().bottom() <= size[1])
        wall.grab()
        for pane in wall.panes:
            edge = pane.device_size[1] if pane.chest_wall is Side.RIGHT else 0
            near = pane.placement.device_box.col1 if pane.chest_wall is Side.RIGHT else pane.placement.device_box.col0
            assert near == pytest.approx(edge)
        wall.resize(800, 800)
        wall.grab()


def test_panning_moves_the_same_anatomy_on_both_sides(wall: Wall, qtbot: QtBot) -> None:
    before = [pane.placement.origin for pane in wall.panes]
    pane = wall.panes[LCC]
    qtbot.mousePress(pane, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    move(pane, QPointF(130, 90), Qt.MouseButton.LeftButton)
    shifts = [np.subtract(p.placement.origin, b) for p, b in zip(wall.panes, before, strict=True)]
    assert shifts[LCC] == pytest.approx((-10, 30), abs=0.5)
    assert shifts[LMLO] == pytest.approx((-10, 30), abs=0.5)
    assert shifts[RCC] == pytest.approx((-10, -30), abs=0.5)
    assert shifts[RMLO] == pytest.approx((-10, -30), abs=0.5)


def test_panning_one_image_alone_when_not_synchronous(wall: Wall) -> None:
    wall.set_synchronous(is_on=False)
    before = [pane.placement for pane in wall.panes]
    wall.panes[LCC].panned.emit(10.0, 10.0)
    moved = [pane.placement != b for pane, b in zip(wall.panes, before, strict=True)]
    assert moved == [False, True, False, False]


def test_zooming_keeps_the_anatomy_under_the_cursor_on_both_sides(wall: Wall) -> None:
    right, left = wall.panes[RCC], wall.panes[LCC]
    row, outward = 160.0, 120.0
    right_col = right.device_size[1] - outward
    before = left.placement.native_point(row, outward)
    mirrored = right.placement.native_point(row, right_col)
    left.zoomed.emit(1.6, row, outward)
    assert left.placement.native_point(row, outward) == pytest.approx(before)
    assert right.placement.native_point(row, right_col) == pytest.approx(mirrored)


@pytest.mark.meets("MG-C06")
def test_one_to_one_is_one_native_pixel_a_device_pixel(wall: Wall) -> None:
    wall.one_to_one()
    assert all(pane.placement.zoom == pytest.approx((1, 1)) for pane in wall.panes)
    wall.fit()
    assert wall.panes[LCC].placement.device_point(0, 0)[1] == pytest.approx(0)


def test_dragging_with_the_right_button_changes_the_window_of_all(wall: Wall) -> None:
    pane = wall.panes[LCC]
    before = [shot(p)[at(p, 420, 100)] for p in wall.panes]
    qt_press(pane, QPointF(100, 100), Qt.MouseButton.RightButton)
    move(pane, QPointF(100, 60), Qt.MouseButton.RightButton)
    after = [shot(p)[at(p, 420, 100)] for p in wall.panes]
    assert all((a > b + 5).all() for a, b in zip(after, before, strict=True))


@pytest.mark.meets("MG-E01", "MG-D12")
def test_padding_stays_black_when_inverted(wall: Wall) -> None:
    pane = wall.panes[LCC]
    wall.show_image(make_display(IMAGES[LCC], padding_columns=60), Box(0, 0, ROWS, COLUMNS), WINDOW)
    wall.set_inverted(is_inverted=True)
    pixels = shot(pane)
    assert pixels[at(pane, 400, 460)].max() == 0
    assert np.abs(pixels[at(pane, 420, 100)] - (255 - gray_of(500))).max() <= 3


def test_the_values_under_the_cursor_are_native(wall: Wall) -> None:
    for pane in wall.panes:
        row, col = pane.placement.device_point(220.5, 150.5)
        text = pane.read_out(QPointF(col, row))
        assert "row 220  column 150  value 900" in text
        assert pane.read_out(QPointF(-5, -5)) == ""


@pytest.mark.meets("MG-B05")
def test_overlays_lie_on_their_anatomy(wall: Wall) -> None:
    wall.set_options(OverlayOptions(frozenset({Layer.FINDINGS, Layer.ARTIFACTS})))
    plain = [shot(pane) for pane in wall.panes]
    for image in IMAGES:
        wall.set_prepared(prepare(make_result(image), len(make_display(image).levels)))
    for pane, before in zip(wall.panes, plain, strict=True):
        changed = np.abs(shot(pane) - before).sum(axis=2) > 60
        row, col = at(pane, 240, 150)
        assert changed[row - 2 : row + 3, col].any()
        row, col = at(pane, 40, 430)
        assert changed[row - 6 : row + 7, col - 8 : col + 9].any()
        row, col = at(pane, 420, 100)
        assert not changed[row - 3 : row + 4, col - 3 : col + 4].any()


def test_the_cleaned_copy_is_black_where_suppressed_and_says_so(wall: Wall) -> None:
    pane = wall.panes[LCC]
    wall.set_prepared(prepare(make_result(IMAGES[LCC]), len(make_display(IMAGES[LCC]).levels)))
    pixels = shot(pane)
    assert pixels[at(pane, 50, 430)].min() > 10
    wall.set_options(OverlayOptions(frozenset(), is_cleaned=True))
    cleaned = shot(pane)
    assert cleaned[at(pane, 50, 430)].max() == 0
    # The banner lies along the upper edge.
    newly_bright = (cleaned[1:5, :, 0] > 150) & (pixels[1:5, :, 0] <= 150)
    assert newly_bright.sum() > 4 * 80
    wall.set_options(OverlayOptions())
    assert np.array_equal(shot(pane), pixels)


def test_a_click_on_a_finding_selects_it(wall: Wall, qtbot: QtBot) -> None:
    result = make_result(IMAGES[RMLO])
    wall.set_prepared(prepare(result, len(make_display(IMAGES[RMLO]).levels)))
    pane = wall.panes[RMLO]
    row, col = at(pane, 220, 150)
    with qtbot.waitSignal(wall.finding_clicked) as told:
        qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(col, row))
    assert told.args == [result.findings[0].id]
    with qtbot.waitSignal(wall.finding_clicked) as told:
        qtbot.mouseClick(pane, Qt.MouseButton.LeftButton, pos=QPoint(*reversed(at(pane, 500, 40))))
    assert told.args == [""]


def test_revealing_brings_a_point_to_the_middle(wall: Wall) -> None:
    wall.reveal(IMAGES[RCC].id, 220, 150)
    pane = wall.panes[RCC]
    assert wall.active is pane
    middle = pane.device_size[0] / 2, pane.device_size[1] / 2
    assert pane.placement.device_point(220, 150) == pytest.approx(middle, abs=0.5)


@pytest.mark.meets("MG-B15")
def test_an_empty_slot_says_what_is_missing(wall: Wall) -> None:
    wall.show_hanging(Hanging("1.2", "test", 1, 1, (Slot(0, 0, "RCC", ()),)))
    assert wall.panes[0].text == "no RCC"
    assert shot(wall.panes[0]).any()


def test_extra_images_lie_behind_and_are_fetched_when_wanted(wall: Wall, qtbot: QtBot) -> None:
    extra = make_mammogram(id="1.2.extra")
    slot = Slot(0, 0, "LCC", (make_hung(IMAGES[LCC]), make_hung(extra)))
    wall.show_hanging(Hanging("1.2", "test", 1, 1, (slot,)))
    with qtbot.waitSignal(wall.pixels_wanted) as told:
        wall.step(1)
    assert told.args == [("1.2.extra",)]
    wall.show_image(make_display(extra), Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert wall.panes[0].image is not None


def test_an_image_that_cannot_be_shown_says_why(wall: Wall) -> None:
    wall.show_failure(IMAGES[LCC].id, "The file is truncated.")
    assert "LCC cannot be shown" in wall.panes[LCC].text
    assert "The file is truncated." in wall.panes[LCC].text


def test_one_image_large_and_back(wall: Wall) -> None:
    wall.set_single(is_single=True)
    shown = [not pane.isHidden() for pane in wall.panes]
    assert shown == [True, False, False, False]
    assert wall.panes[RCC].width() > 700
    wall.set_single(is_single=False)
    assert all(not pane.isHidden() for pane in wall.panes)
    assert wall.panes[RCC].placement.device_box.col1 == pytest.approx(wall.panes[RCC].device_size[1])


def test_a_mirrored_image_stays_at_its_edge(wall: Wall) -> None:
    pane = wall.panes[RCC]
    wall.flip_active()
    assert pane.placement.device_point(0, COLUMNS)[1] == pytest.approx(pane.device_size[1])


def test_the_magnifier_shows_native_detail_and_leaves_the_rest(wall: Wall) -> None:
    pane = wall.panes[LCC]
    before = shot(pane)
    wall.set_lens(is_on=True)
    row, col = at(pane, 220, 150)
    move(pane, QPointF(col, row), Qt.MouseButton.NoButton)
    after = shot(pane)
    assert np.abs(after[row - 3 : row + 3, col - 3 : col + 3] - gray_of(900)).max() <= 3
    changed = np.abs(after - before).sum(axis=2) > 0
    assert changed.any()
    assert not changed[row + 160 :, :].any()


def test_a_window_step_resamples_nothing(wall: Wall, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    rest(wall, qtbot)
    calls = []
    for made in ("view.glance", "view.resample"):
        monkeypatch.setattr(f"mammoview.ui.viewport.{made}", lambda *a, **k: calls.append(a))
    wall.set_adjustment(Adjustment(0.1, 1.1))
    for pane in wall.panes:
        pane.grab()
    assert not calls


def qt_press(pane: Pane, where: QPointF, button: Qt.MouseButton) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    pane.mousePressEvent(
        QMouseEvent(QEvent.Type.MouseButtonPress, where, where, button, button, Qt.KeyboardModifier.NoModifier)
    )


def move(pane: Pane, where: QPointF, button: Qt.MouseButton) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    none = Qt.MouseButton.NoButton
    pane.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, where, where, none, button, Qt.KeyboardModifier.NoModifier))


def pane_places(wall: Wall) -> list[str]:
    """Labels from left to right and top to bottom, with the monitor on which they are."""
    order = sorted(
        (pane for pane in wall.panes if not pane.isHidden()),
        key=lambda pane: (pane.parentWidget() is wall.second, pane.y(), pane.x()),
    )
    return [
        ("2 " if p.parentWidget() is wall.second else "") + (p.hung.image.label if p.hung else p.text) for p in order
    ]


def test_a_second_monitor_takes_half_and_keeps_in_step(wall: Wall, qtbot: QtBot) -> None:
    qtbot.addWidget(wall.second)
    images = [pane.image for pane in wall.panes]
    wall.second.resize(400, 800)
    wall.second.show()
    wall.set_second(is_on=True)
    assert pane_places(wall) == ["RCC", "RMLO", "2 LCC", "2 LMLO"]
    assert [pane.image for pane in wall.panes] == images, "nothing is loaded anew"
    assert len({round(pane.placement.zoom[0], 6) for pane in wall.panes}) == 1
    before = [pane.placement.origin for pane in wall.panes]
    wall.panes[RCC].panned.emit(10.0, 20.0)
    shifts = [np.subtract(p.placement.origin, b) for p, b in zip(wall.panes, before, strict=True)]
    assert shifts[RCC] == pytest.approx((10, -20))
    assert shifts[LCC] == pytest.approx((10, 20))
    at_zoom = [pane.placement.zoom for pane in wall.panes]
    wall.set_second(is_on=False)
    assert pane_places(wall) == ["RCC", "LCC", "RMLO", "LMLO"]
    assert [pane.placement.zoom for pane in wall.panes] == at_zoom


def test_one_image_large_leaves_the_other_monitor_alone(wall: Wall, qtbot: QtBot) -> None:
    qtbot.addWidget(wall.second)
    wall.second.show()
    wall.set_second(is_on=True)
    wall.set_single(is_single=True)
    assert pane_places(wall) == ["RCC", "2 LCC", "2 LMLO"]
    wall.set_second(is_on=False)
    assert not wall.is_single
    assert len(pane_places(wall)) == 4


def test_swapped_sides_exchange_places_and_turn_nothing(wall: Wall) -> None:
    before = [pane.hung for pane in wall.panes]
    wall.set_swapped(is_on=True)
    assert pane_places(wall) == ["LCC", "RCC", "LMLO", "RMLO"]
    assert [pane.hung for pane in wall.panes] == before
    assert wall.panes[RCC].placement.device_point(0, 0)[1] == pytest.approx(wall.panes[RCC].device_size[1])
    wall.show_hanging(make_hanging())
    assert wall.is_swapped, "another stage of the study stays swapped"
    wall.show_hanging(replace(make_hanging(), study_uid="another"))
    assert not wall.is_swapped


@pytest.fixture
def with_prior(wall: Wall) -> tuple[Wall, Hung]:
    """The wall zoomed and moved, with the LCC active; and its prior of another detector, whose breast lies lower."""
    wall.panes[LCC].pressed.emit()
    wall.panes[LCC].zoomed.emit(1.7, 200.0, 90.0)
    wall.panes[LCC].panned.emit(-12.0, -9.0)
    coarse = make_mammogram(id="1.1.prior", study_uid="1.1", rows=300, columns=240, spacing_mm=(0.2, 0.2))
    return wall, replace(make_hung(coarse), when=1)


def test_a_prior_comes_to_the_same_place_and_size_and_goes_again(with_prior: tuple[Wall, Hung], qtbot: QtBot) -> None:
    wall, prior = with_prior
    pane, before = wall.panes[LCC], wall.panes[LCC].placement
    fine = make_display(IMAGES[LCC])
    coarse = DisplayImage(prior.image.id, fine.levels[1:], (), 0)
    with qtbot.waitSignal(wall.pixels_wanted) as told:
        assert wall.compare(prior)
    assert told.args == [(prior.image.id,)]
    wall.show_image(coarse, Box(0, 0, 300, 240), WINDOW)
    assert wall.is_comparing
    assert pane.hung == prior
    # The same anatomy: each native pixel of the prior covers two by two of the current image.
    for row, col in ((0, 0), (240, 150), (600, 480)):
        now, then = before.device_point(row, col), pane.placement.device_point(row / 2, col / 2)
        assert then == pytest.approx(now, abs=1e-6)
    others = [other.hung for other in wall.panes if other is not pane]
    assert all(other is not None and other.when == 0 for other in others)
    wall.panes[RCC].panned.emit(5.0, 7.0)
    wall.panes[LCC].pressed.emit()
    assert wall.compare(None)
    wall.show_image(fine, Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert not wall.is_comparing
    assert pane.hung is not None
    assert pane.hung.image is IMAGES[LCC]
    assert pane.placement.zoom == pytest.approx(before.zoom)
    assert pane.placement.origin == pytest.approx((before.origin[0] + 5, before.origin[1] + 7))


def test_without_a_prior_nothing_is_compared(wall: Wall) -> None:
    assert not wall.compare(None)
    assert wall.panes[RCC].image is not None


def test_what_comes_later_joins_the_others_where_they_are(wall: Wall) -> None:
    wall.panes[LCC].zoomed.emit(1.7, 200.0, 90.0)
    wall.panes[LCC].panned.emit(-12.0, -9.0)
    right, left = wall.panes[RCC], wall.panes[LCC]
    before = right.placement
    assert right.hung is not None
    right.set_waiting(right.hung, "loading")
    wall.show_image(make_display(IMAGES[RCC]), Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert right.placement.zoom == pytest.approx(left.placement.zoom)
    assert right.placement.origin == pytest.approx(before.origin, abs=0.6)


def test_a_hanging_that_came_too_late_turns_nothing(wall: Wall) -> None:
    wall.reorient(Hanging("1.2", "other", 1, 1, (Slot(0, 0, "RCC", (make_hung(IMAGES[RCC]),)),)))
    assert [pane.hung.image for pane in wall.panes if pane.hung] == list(IMAGES)
