"""Sizes on the screen: across detectors, as large as life, at the acquired pixels, part by part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot
from ui_study import COLUMNS, IMAGES, ROWS, WINDOW, make_display, make_hanging, make_hung, make_mammogram

from mammoview.core.geometry import Box, Dihedral
from mammoview.core.image import DisplayImage, StoredImage
from mammoview.core.study import Laterality, Mammogram, ViewModifier, VoiWindow
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.pyramid import build
from mammoview.session.coverage import Coverages
from mammoview.session.hanging import Hanging, Hung, Slot
from mammoview.session.orientation import orient
from mammoview.ui.pitch import name_of
from mammoview.ui.viewport.navigator import SEEN_MS, Navigator, told_share
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.pyramid import breast_box
from mammoview.ui.viewport.wall import Wall

RCC, LCC, RMLO, LMLO = range(4)
DISC_MM, DISC_VALUE = 6.0, 3000


def shot(pane: Pane) -> np.ndarray:
    image = pane.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].astype(int)


def said(pane: Pane) -> str:
    """Everything that stands in the corners and banners of a pane."""
    pane.grab()
    assert pane.written is not None
    return "\n".join(one.text for one in (*pane.written.lines, *pane.written.badges))


def settle(pane: Pane, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.rest.settled):
        # It may have come to rest before.
        pane.pan(0, 0)
        pane.grab()


def hang_files(wall: Wall, *files: Path) -> None:
    """Hang files side by side, as they come from the disk."""
    headers = [read_header(file) for file in files]
    items = [Hung(header, orient(header)) for header in headers]
    slots = [Slot(0, column, item.image.label, (item,)) for column, item in enumerate(items)]
    wall.show_hanging(Hanging("1.2", "test", 1, len(slots), tuple(slots)))
    for header in headers:
        stored = decode(header)
        levels, padding = build(stored)
        image = DisplayImage(header.id, levels, padding, stored.value_offset)
        # Only the disc is brighter than this.
        wall.show_image(image, breast_box(image), VoiWindow(DISC_VALUE, 2.0))


def disc_px(pane: Pane) -> float:
    """The disc's diameter on the screen, from its area: what is bright, and is not once the window lies above it."""
    bright = shot(pane)
    pane.set_shade(replace(pane.shade, voi=VoiWindow(DISC_VALUE + 2000, 2.0)))
    dark = shot(pane)
    pane.set_shade(replace(pane.shade, voi=VoiWindow(DISC_VALUE, 2.0)))
    return float(2 * np.sqrt((bright - dark > 127).sum() / np.pi))


@pytest.mark.meets("MG-C01", "MG-C02", "MG-C03")
def test_one_disc_is_as_large_on_the_screen_from_every_detector(wall: Wall, fixtures_dir, qtbot: QtBot) -> None:  # type: ignore[no-untyped-def]
    folder = fixtures_dir("detectors")
    hang_files(wall, folder / "70um_x1.dcm", folder / "100um_x1.dcm", folder / "two_spacings.dcm")
    for pane in wall.panes:
        settle(pane, qtbot)
    sizes = [disc_px(pane) for pane in wall.panes]
    assert sizes == pytest.approx([sizes[0]] * 3, rel=0.02)
    assert min(sizes) > 30


@pytest.mark.meets("MG-C04")
@pytest.mark.parametrize("name", ["100um_x1.8", "distances_x1.8"])
def test_a_magnified_view_stays_magnified_and_says_by_how_much(
    wall: Wall, fixtures_dir, qtbot: QtBot, name: str
) -> None:  # type: ignore[no-untyped-def]
    folder = fixtures_dir("detectors")
    hang_files(wall, folder / "70um_x1.dcm", folder / f"{name}.dcm")
    contact, magnified = wall.panes
    for pane in wall.panes:
        settle(pane, qtbot)
    assert disc_px(magnified) / disc_px(contact) == pytest.approx(1.8, rel=0.02)
    assert "×1.8 magnified" in said(magnified)
    assert "magnified" not in said(contact)


@pytest.mark.meets("MG-C04")
def test_a_magnified_view_of_unknown_factor_says_so(wall: Wall) -> None:
    spot = make_mammogram(modifiers=(ViewModifier.MAGNIFICATION,))
    wall.show_hanging(Hanging("1.2", "test", 1, 1, (Slot(0, 0, "LCC", (make_hung(spot),)),)))
    wall.show_image(make_display(spot), Box(0, 0, ROWS, COLUMNS), WINDOW)
    assert "magnified, factor unknown" in said(wall.panes[0])


@pytest.mark.meets("MG-C01")
def test_a_detector_whose_pixels_are_not_square_shows_them_square(wall: Wall) -> None:
    image = make_mammogram(spacing_mm=(0.1, 0.05))
    wall.show_hanging(Hanging("1.2", "test", 1, 1, (Slot(0, 0, "LCC", (make_hung(image),)),)))
    wall.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), WINDOW)
    down, across = wall.panes[0].placement.zoom
    assert down == pytest.approx(2 * across)


# True size


def calibrate(wall: Wall, pitch_mm: float) -> None:
    wall.pitches.calibrated[name_of(wall.screen())] = pitch_mm


@pytest.mark.meets("MG-C05")
@pytest.mark.parametrize("pitch_mm", [0.125, 0.2])
def test_at_true_size_a_disc_is_as_large_as_it_was(wall: Wall, fixtures_dir, qtbot: QtBot, pitch_mm: float) -> None:  # type: ignore[no-untyped-def]
    folder = fixtures_dir("detectors")
    calibrate(wall, pitch_mm)
    hang_files(wall, folder / "70um_x1.dcm", folder / "100um_x1.8.dcm")
    wall.motion.life_size(wall.panes[0])
    for pane in wall.panes:
        settle(pane, qtbot)
        # A magnified view, too, and it still says what it is.
        assert disc_px(pane) * pitch_mm == pytest.approx(DISC_MM, rel=0.03)
        assert "true size" in said(pane)
        assert "uncalibrated" not in said(pane)
    assert "×1.8 magnified" in said(wall.panes[1])


@pytest.mark.meets("MG-C05")
def test_true_size_on_a_monitor_that_nobody_measured_says_so(wall: Wall) -> None:
    wall.motion.life_size(wall.panes[LCC])
    assert "true size (uncalibrated)" in said(wall.panes[LCC])


@pytest.mark.meets("MG-K02", "MG-C05")
def test_without_a_scale_there_is_no_true_size_and_a_banner(wall: Wall) -> None:
    image = make_mammogram(spacing_mm=None)
    wall.show_hanging(Hanging("1.2", "test", 1, 1, (Slot(0, 0, "LCC", (make_hung(image),)),)))
    wall.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), WINDOW)
    (pane,) = wall.panes
    before = pane.placement
    wall.motion.life_size(pane)
    assert pane.placement == before
    assert "NO PHYSICAL SCALE" in said(pane)
    assert "true size" not in said(pane)
    assert "mm" not in said(pane)


@pytest.mark.meets("MG-F09")
def test_at_rest_the_zoom_that_is_written_is_the_one_that_is_shown(wall: Wall, qtbot: QtBot) -> None:
    pane = wall.panes[LCC]
    for _ in range(3):
        wall.motion.zoom(pane, 1.1, *pane.middle)
        said(pane)
    with qtbot.waitSignal(pane.rest.settled):
        pass
    assert f"zoom {pane.placement.zoom[1]:.2f}" in said(pane)


# The acquired pixels


@pytest.mark.meets("MG-C06")
def test_one_to_one_lies_on_whole_pixels_and_says_so(wall: Wall) -> None:
    wall.motion.zoom(wall.panes[LCC], 1.37, 11.3, 17.9)
    wall.one_to_one()
    for pane in wall.panes:
        assert pane.placement.zoom == (1.0, 1.0)
        assert all(float(n).is_integer() for n in pane.placement.origin)
        assert "1:1 acquired pixels" in said(pane)
    wall.one_to_one()
    assert all(pane.placement.zoom == (2.0, 2.0) for pane in wall.panes)
    assert "2:1 acquired pixels" in said(wall.panes[LCC])


@pytest.mark.meets("MG-C06", "MG-C05")
@pytest.mark.parametrize("key", ["one_to_one", "life_size", "zoom"])
def test_a_small_breast_stays_in_sight_when_a_key_enlarges_it(wall: Wall, key: str) -> None:
    """The middle of its pane shows air only."""
    calibrate(wall, 0.02)
    breast = Box(100, 0, 500, 60)
    for image in IMAGES:
        wall.show_image(make_display(image), breast, WINDOW)
    wall.fit()
    for _ in range(1 if key != "zoom" else 12):
        {
            "one_to_one": wall.one_to_one,
            "life_size": lambda: wall.motion.life_size(wall.panes[LCC]),
            "zoom": lambda: wall.zoom(1.25),
        }[key]()
    for pane in wall.panes:
        seen = pane.placement.to_device.apply_box(breast).clipped(*pane.device_size)
        assert seen.area_px > 0.1 * pane.device_size[0] * pane.device_size[1]
        edge = pane.placement.device_point(300, 0)[1]
        assert edge == pytest.approx(0 if pane.chest_wall.value == "left" else pane.device_size[1], abs=1)


@pytest.mark.meets("MG-C06", "MG-C07")
def test_a_roam_shows_all_of_both_breasts_mirrored(wall: Wall, qtbot: QtBot) -> None:
    coverages = Coverages()
    wall.add_overpaint(Navigator(coverages, lambda: wall.motion.tile))
    right, left = wall.panes[RCC], wall.panes[LCC]
    for step in range(100):
        wall.motion.roam(left, 1)
        assert wall.motion.tile is not None
        roam = wall.motion.tile
        assert roam.position == step
        assert left.placement.zoom == right.placement.zoom == (1.0, 1.0)
        assert left.placement.origin[0] == right.placement.origin[0]
        outward = right.device_size[1] - COLUMNS - right.placement.origin[1]
        # Panes of one wall differ by a pixel where its width is odd.
        assert abs(outward - left.placement.origin[1]) <= abs(left.device_size[1] - right.device_size[1])
        for pane in wall.panes:
            pane.grab()
        qtbot.wait(SEEN_MS + 60)
        if roam.position == len(roam.parts) - 1:
            break
    assert len(roam.parts) > 1
    for image in IMAGES:
        seen = coverages.get(image.id)
        assert seen is not None
        assert seen.share == 1.0
    wall.motion.roam(left, 1)
    assert wall.motion.tile.position == 0
    wall.motion.roam(left, -1)
    assert wall.motion.tile.position == len(roam.parts) - 1


@pytest.mark.meets("MG-C06")
def test_what_only_passed_by_or_was_shown_smaller_was_not_seen(wall: Wall, qtbot: QtBot) -> None:
    coverages = Coverages()
    navigator = Navigator(coverages, lambda: wall.motion.tile)
    navigator.is_on = True
    wall.add_overpaint(navigator)
    pane = wall.panes[LCC]

    def share() -> float:
        known = coverages.get(IMAGES[LCC].id)
        return known.share if known is not None else 0.0

    pane.grab()
    qtbot.wait(SEEN_MS + 60)
    assert share() == 0, "fitted, it is shown smaller than acquired"
    wall.one_to_one()
    pane.grab()
    wall.fit()
    pane.grab()
    qtbot.wait(SEEN_MS + 60)
    assert share() == 0, "it passed by"
    wall.one_to_one()
    pane.grab()
    qtbot.wait(SEEN_MS + 60)
    assert 0 < share() < 1


@pytest.mark.meets("MG-C06")
@pytest.mark.parametrize("way", [Dihedral(), Dihedral(flip_columns=True), Dihedral(flip_rows=True)])
def test_the_map_shows_what_was_seen_where_it_is(wall: Wall, qtbot: QtBot, way: Dihedral) -> None:
    coverages = Coverages()
    navigator = Navigator(coverages, lambda: None)
    navigator.is_on = True
    wall.add_overpaint(navigator)
    pane = wall.panes[LCC]
    item = make_hung(IMAGES[LCC])
    pane.set_hung(replace(item, orientation=replace(item.orientation, dihedral=way)))
    pane.go_to(Placement(ROWS, COLUMNS, way, (1.0, 1.0), (0.0, 0.0)))
    pane.grab()
    qtbot.wait(SEEN_MS + 60)
    image = pane.grab().toImage()
    map_px = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).getRgb()[:3] == (70, 150, 140)
    ]
    assert map_px, "something is marked as seen"
    rest = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).getRgb()[:3] == (85, 85, 90)
    ]
    # The upper left of the screen's picture was seen: what is left lies below it.
    assert np.mean([y for _, y in map_px]) < np.mean([y for _, y in rest])


def test_all_is_said_of_all_only() -> None:
    assert [told_share(share) for share in (0.0, 0.42, 0.9999, 1.0)] == ["0 %", "42 %", "99 %", "100 %"]


@pytest.mark.meets("MG-C07")
def test_a_quadrant_fills_the_pane_and_goes_back(wall: Wall) -> None:
    pane = wall.panes[LCC]
    before = [one.placement for one in wall.panes]
    high, wide = pane.device_size
    corners = [pane.placement.native_point(high / 2, 0), pane.placement.native_point(high, wide / 2)]
    wall.motion.quadrant(pane, high * 0.8, wide * 0.1)
    shown = [pane.placement.native_point(0, 0), pane.placement.native_point(high, wide)]
    assert np.allclose(shown, corners)
    # Both breasts, mirrored.
    assert wall.panes[RCC].placement.zoom == pane.placement.zoom
    wall.motion.quadrant(pane, 0, 0)
    assert [one.placement for one in wall.panes] == before
    assert wall.motion.is_fitted


def test_a_quadrant_left_for_another_study_is_forgotten(wall: Wall) -> None:
    wall.motion.quadrant(wall.panes[LCC], 0, 0)
    wall.show_hanging(make_hanging())
    for image in IMAGES:
        wall.show_image(make_display(image), Box(0, 0, ROWS, COLUMNS), WINDOW)
    fitted = wall.panes[LCC].placement
    wall.motion.quadrant(wall.panes[LCC], 0, 0)
    assert wall.panes[LCC].placement.zoom[0] == pytest.approx(2 * fitted.zoom[0])


@pytest.mark.meets("MG-C07", "MG-C02")
def test_the_breast_and_not_the_film_fills_the_pane(wall: Wall) -> None:
    """A small breast on a large detector is shown as large as on a small one."""
    small = make_mammogram(id="1.2.small")
    wall.show_hanging(Hanging("1.2", "test", 1, 1, (Slot(0, 0, "LCC", (make_hung(small),)),)))
    breast = Box(200, 0, 400, 150)
    wall.show_image(make_display(small), breast, WINDOW)
    (pane,) = wall.panes
    box = pane.placement.to_device.apply_box(breast)
    share = max(box.height_px / pane.device_size[0], box.width_px / pane.device_size[1])
    assert share == pytest.approx(1, abs=0.01)


# Down-scaling

CONTRAST, GROUND = 40_000, 1_000


def spot_pane(qtbot: QtBot) -> Pane:
    """A pane with one bright acquired pixel on an even ground; nothing is written over it."""
    image: Mammogram = make_mammogram(Laterality.LEFT, rows=700, columns=560)
    pixels = np.full((700, 560), GROUND, np.uint16)
    pixels[333, 287] = GROUND + CONTRAST
    levels, padding = build(StoredImage(pixels))
    pane = Pane()
    qtbot.addWidget(pane)
    pane.resize(640, 800)
    pane.set_waiting(make_hung(image), "")
    pane.set_image(DisplayImage(image.id, levels, padding), Box(0, 0, 700, 560), WINDOW)
    pane.show()
    return pane


def summed(pane: Pane, zoom: float, at: tuple[float, float]) -> float:
    """The contrast of the spot summed over the screen's pixels, in acquired ones. The window just reaches its peak."""
    width = max(20.0, 1.3 * CONTRAST * min(1.0, zoom * zoom))
    low = GROUND - 0.1 * width
    pane.set_shade(replace(pane.shade, voi=VoiWindow(low + width / 2, width)))
    row, col = int(at[0]), int(at[1])
    gray = shot(pane)
    ground = np.median(gray[row - 12 : row + 12, col - 12 : col + 12])
    part = gray[row - 4 : row + 5, col - 4 : col + 5] - ground
    return float(part.sum()) * width / 255 / (zoom * zoom)


@pytest.mark.meets("MG-C08")
@pytest.mark.parametrize("zoom", [0.12, 0.2, 0.25, 0.29, 0.33, 0.41, 0.5, 0.55, 0.67, 0.77, 0.86, 0.95, 0.99])
def test_at_rest_the_screen_keeps_the_summed_contrast_of_one_bright_pixel(qtbot: QtBot, zoom: float) -> None:
    pane = spot_pane(qtbot)
    rng = np.random.default_rng(int(zoom * 100))
    for shift in ((0.0, 0.0), (0.5, 0.5), *rng.random((4, 2))):
        place = Placement(700, 560, Dihedral(), (zoom, zoom), (150 + shift[0], 120 + shift[1]))
        pane.go_to(place)
        settle(pane, qtbot)
        assert summed(pane, zoom, place.device_point(333.5, 287.5)) == pytest.approx(CONTRAST, rel=0.1)


@pytest.mark.meets("MG-C08")
def test_what_is_shown_while_the_size_changes_is_replaced_at_once_when_it_stops(qtbot: QtBot) -> None:
    """The quick look keeps no contrast; it stands for a tenth of a second, and a pan does not bring it back."""
    pane = spot_pane(qtbot)
    zoom = 0.55
    off = []
    for shift in np.linspace(0, 1, 7):
        place = Placement(700, 560, Dihedral(), (zoom, zoom), (150 + shift, 120 + shift))
        pane.go_to(place)
        at = place.device_point(333.5, 287.5)
        with qtbot.waitSignal(pane.rest.settled, timeout=1000):
            off.append(abs(summed(pane, zoom, at) / CONTRAST - 1))
        assert summed(pane, zoom, at) == pytest.approx(CONTRAST, rel=0.1)
    assert max(off) > 0.1, "the quick look has become exact: say so, and drop this line"
    pane.pan(-7, 5)
    moved = pane.placement.device_point(333.5, 287.5)
    assert summed(pane, zoom, moved) == pytest.approx(CONTRAST, rel=0.1)
