"""Windows linked and each alone, choices, estimated air, and what the monitor is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from ui_study import COLUMNS, IMAGES, ROWS, WINDOW, make_display, make_hanging, make_hung, make_mammogram, make_pixels

from mammoview.core.geometry import Box
from mammoview.core.study import Grayscale, PresentationIntent, VoiLut, VoiWindow
from mammoview.imaging.air import Air
from mammoview.session.gray_presets import GrayPreset
from mammoview.session.hanging import Hanging, Slot
from mammoview.ui.viewport.look import first_look, look_for_air
from mammoview.ui.viewport.output import Depth, Output
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.shade import AirMode
from mammoview.ui.viewport.voi import Adjustment
from mammoview.ui.viewport.wall import Wall

RCC, LCC = 0, 1
HARD = VoiWindow(600.0, 400.0, explanation="HARD")


def shot(pane: Pane) -> np.ndarray:
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].astype(int)


def gray_at(pane: Pane, row: float, col: float) -> int:
    placed = pane.placement.device_point(row, col)
    return int(shot(pane)[int(placed[0]), int(placed[1])])


@pytest.fixture
def choosing(wall: Wall) -> Wall:
    """Two images whose headers offer two windows, and one a table."""
    windows = (VoiWindow(500.0, 1000.0, explanation="NORMAL"), HARD)
    lut = VoiLut(0, 8, np.array([0, 255], "<u2").tobytes(), "HARD")
    images = (
        make_mammogram(id="1.2.a", grayscale=Grayscale(12, windows=windows, luts=(lut,))),
        make_mammogram(id="1.2.b", grayscale=Grayscale(12, windows=windows)),
    )
    slots = tuple(Slot(0, k, image.label, (make_hung(image),)) for k, image in enumerate(images))
    wall.show_hanging(Hanging("1.2.other", "test", 1, 2, slots))
    for image in images:
        wall.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), windows[0], VoiWindow(300.0, 900.0))
    return wall


@pytest.mark.meets("MG-D14")
def test_a_drag_changes_all_views_or_the_dragged_one_alone(wall: Wall) -> None:
    wall.panes[LCC].windowed.emit(0.0, 40.0)
    assert {pane.shade.adjustment for pane in wall.panes} == {wall.panes[LCC].shade.adjustment}
    before = wall.panes[RCC].shade.adjustment
    wall.tones.is_linked = False
    wall.panes[LCC].windowed.emit(0.0, 40.0)
    assert wall.panes[RCC].shade.adjustment == before
    assert wall.panes[LCC].shade.adjustment.shift == pytest.approx(2 * before.shift)
    # Linked again, the others follow the one that is dragged.
    wall.tones.is_linked = True
    wall.panes[LCC].windowed.emit(0.0, 0.0)
    assert {pane.shade.adjustment for pane in wall.panes} == {wall.panes[LCC].shade.adjustment}


@pytest.mark.meets("MG-D14")
def test_unlinked_inversion_and_reset_stay_in_one_view(wall: Wall) -> None:
    wall.tones.is_linked = False
    wall.tones.set_inverted(is_inverted=True, pane=wall.panes[LCC])
    assert [pane.shade.is_inverted for pane in wall.panes] == [False, True, False, False]
    wall.panes[RCC].windowed.emit(10.0, 0.0)
    wall.panes[LCC].windowed.emit(10.0, 0.0)
    wall.tones.reset(wall.panes[LCC])
    assert [pane.shade.adjustment == Adjustment() for pane in wall.panes] == [False, True, True, True]


@pytest.mark.meets("MG-D01", "MG-D02", "MG-D14")
def test_a_choice_is_put_in_force_in_linked_views(choosing: Wall) -> None:
    one, other = choosing.panes
    choices = choosing.tones.choices(one)
    assert [choice.label for choice in choices[:4]] == ["NORMAL · window", "HARD · window", "HARD · table", "Computed"]
    choosing.tones.choose(one, choices[1])
    assert one.shade.voi == other.shade.voi == HARD
    # A table that the other image lacks changes nothing there.
    choosing.tones.choose(one, choices[2])
    assert isinstance(one.shade.voi, VoiLut)
    assert other.shade.voi == HARD
    choosing.tones.is_linked = False
    choosing.tones.choose(one, choices[3])
    assert one.shade.voi == VoiWindow(300.0, 900.0)
    assert other.shade.voi == HARD


@pytest.mark.meets("MG-D14")
def test_presets_are_relative_to_each_image(choosing: Wall) -> None:
    choosing.tones.presets = (GrayPreset("Firm", 0.5), GrayPreset("Elsewhere", 0.5, manufacturers=("NOBODY",)))
    names = [choice.name for choice in choosing.tones.choices(choosing.panes[0])]
    assert "Firm" in names
    assert "Elsewhere" not in names
    choosing.tones.choose(choosing.panes[0], choosing.tones.choices(choosing.panes[0])[names.index("Firm")])
    for pane in choosing.panes:
        assert (pane.shade.voi, pane.shade.adjustment) == (pane.default_voi, Adjustment(0.0, 0.5))


def test_an_image_that_comes_later_takes_the_choice_for_all(choosing: Wall) -> None:
    one, other = choosing.panes
    choosing.tones.choose(one, choosing.tones.choices(one)[1])
    assert other.hung is not None
    header = other.hung.image
    choosing.show_image(make_display(header), Box(0, 0, ROWS, COLUMNS), header.grayscale.windows[0])
    assert other.shade.voi == HARD


def test_stepping_goes_round_what_the_header_offers(choosing: Wall) -> None:
    one = choosing.panes[0]
    seen = []
    for _ in range(3):
        choosing.tones.step(one)
        seen.append(one.shade.voi)
    assert seen == [HARD, one.hung.image.grayscale.luts[0], one.default_voi]  # type: ignore[union-attr]


def test_what_was_done_to_one_patient_never_reaches_the_next(wall: Wall) -> None:
    wall.panes[LCC].windowed.emit(0.0, 80.0)
    wall.set_inverted(is_inverted=True)
    wall.show_hanging(make_hanging())
    assert all(pane.shade.is_inverted and pane.shade.adjustment != Adjustment() for pane in wall.panes)
    wall.show_hanging(replace(make_hanging(), study_uid="1.2.next"))
    assert all(pane.shade.adjustment == Adjustment() and not pane.shade.is_inverted for pane in wall.panes)


# Estimated air


def air_of_the_study(*, is_digital: bool) -> Air:
    """Half the resolution of the image, so that its edge is enlarged."""
    return Air(make_pixels().pixels[::2, ::2] == 100, is_digital)


@pytest.mark.meets("MG-E03")
@pytest.mark.parametrize(
    ("mode", "is_inverted", "is_digital", "is_black"),
    [
        (AirMode.AUTOMATIC, False, True, False),
        (AirMode.AUTOMATIC, True, True, True),
        (AirMode.AUTOMATIC, True, False, False),
        (AirMode.ON, False, False, True),
        (AirMode.ON, True, False, True),
        (AirMode.OFF, True, True, False),
    ],
)
def test_estimated_air_is_black_when_it_should_be(
    wall: Wall, mode: AirMode, is_inverted: bool, is_digital: bool, is_black: bool
) -> None:
    pane = wall.panes[LCC]
    wall.tones.found_air(IMAGES[LCC].id, air_of_the_study(is_digital=is_digital))
    wall.tones.set_air(mode)
    wall.set_inverted(is_inverted=is_inverted)
    # Air has the value 100, breast 500; a point beside the skin, and one in the breast.
    air, breast = gray_at(pane, 300, 395), gray_at(pane, 420, 100)
    expected = 255 - 25.5 if is_inverted else 25.5
    assert air == pytest.approx(0 if is_black else expected, abs=3)
    assert breast == pytest.approx(127.5, abs=4)
    assert ("AIR ESTIMATED" in pane.shade.caption(IMAGES[LCC].grayscale, has_black_air=pane.is_air_black)) == is_black


@pytest.mark.meets("MG-E03")
def test_what_was_estimated_waits_for_its_image(wall: Wall) -> None:
    wall.tones.found_air(IMAGES[LCC].id, air_of_the_study(is_digital=True))
    assert wall.tones.knows_air(IMAGES[LCC].id)
    wall.show_hanging(make_hanging())
    wall.set_inverted(is_inverted=True)
    wall.show_image(make_display(IMAGES[LCC]), Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert wall.panes[LCC].is_air_black
    assert not wall.panes[RCC].is_air_black


@pytest.mark.meets("MG-E03")
@pytest.mark.parametrize("intent", [None, PresentationIntent.FOR_PRESENTATION])
def test_air_is_looked_for_where_the_header_marks_none(intent: PresentationIntent | None) -> None:
    header = make_mammogram(intent=intent)
    look = first_look(make_display(header), header)
    air = look_for_air(look, header)
    assert air is not None
    assert air.mask.shape in [level.shape for level in look.image.levels]
    step = ROWS // air.mask.shape[0]
    breast = make_pixels().pixels[::step, ::step] > 100
    assert not (air.mask & breast).any()
    assert air.mask.mean() > 0.8 * (~breast).mean()
    # A side that is padded for the most part was marked by the vendor.
    padded = make_display(header, padding_columns=200)
    assert look_for_air(first_look(padded, header), header) is None


def test_only_so_many_estimates_are_kept(wall: Wall) -> None:
    for number in range(80):
        wall.tones.found_air(str(number), None)
    assert not wall.tones.knows_air("0")
    assert wall.tones.knows_air("79")


# The monitor


@pytest.mark.meets("MG-D08", "MG-D10")
@pytest.mark.parametrize("depth", Depth)
def test_every_depth_shows_the_same_gray_through_the_monitors_table(wall: Wall, depth: Depth) -> None:
    pane = wall.panes[LCC]
    driving = (np.arange(65536) // 2).astype(np.uint16)
    wall.tones.set_output(Output(depth, driving))
    assert gray_at(pane, 420, 100) == pytest.approx(127.5 / 2, abs=2)
    # What hangs later is shown alike.
    wall.show_hanging(make_hanging())
    wall.show_image(make_display(IMAGES[LCC]), Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert gray_at(wall.panes[LCC], 420, 100) == pytest.approx(127.5 / 2, abs=2)
    wall.set_lens(is_on=True)
    assert shot(wall.panes[LCC]).max() <= 255


@pytest.mark.meets("MG-E01")
@pytest.mark.parametrize("depth", Depth)
def test_padding_is_black_at_every_depth(wall: Wall, depth: Depth) -> None:
    pane = wall.panes[LCC]
    wall.show_image(make_display(IMAGES[LCC], padding_columns=60), Box(0, 0, ROWS, COLUMNS), WINDOW)
    wall.tones.set_output(Output(depth))
    for adjustment in (Adjustment(), Adjustment(4.0, 0.3), Adjustment(-4.0, 5.0)):
        wall.set_adjustment(adjustment)
        for is_inverted in (False, True):
            wall.set_inverted(is_inverted=is_inverted)
            assert gray_at(pane, 400, 460) == 0
