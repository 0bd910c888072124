from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.core.geometry import Dihedral, PixelTransform
from mammoview.core.image import StoredImage
from mammoview.imaging.pyramid import build
from mammoview.ui.viewport.gray_image import as_image
from mammoview.ui.viewport.output import Depth, Output
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.render import GrayRenderer, Target, apply_table, level_for, target_of, warp

DIHEDRALS = [Dihedral(*ways) for ways in product((False, True), repeat=3)]


def bilinear(image: np.ndarray, to_device: PixelTransform, target: Target) -> np.ndarray:
    """The definition in double precision: pixel i has its centre at i + 0.5."""
    rows, cols = np.mgrid[target.row0 : target.row1, target.col0 : target.col1] + 0.5
    native = to_device.inverse().apply(np.stack([rows.ravel(), cols.ravel()], axis=1)) - 0.5
    low = np.floor(native).astype(int)
    part = native - low
    out = np.zeros(len(native))
    for dr, dc in product((0, 1), repeat=2):
        weight = np.abs(1 - dr - part[:, 0]) * np.abs(1 - dc - part[:, 1])
        r = np.clip(low[:, 0] + dr, 0, image.shape[0] - 1)
        c = np.clip(low[:, 1] + dc, 0, image.shape[1] - 1)
        out += weight * image[r, c]
    return out.reshape(target.size)


@pytest.mark.parametrize("dihedral", DIHEDRALS, ids=str)
@pytest.mark.parametrize(("zoom", "origin"), [(1.0, (0.0, 0.0)), (2.6, (-31.3, -57.7)), (0.8, (12.4, 3.1))])
def test_the_warp_is_bilinear_at_pixel_centres(dihedral: Dihedral, zoom: float, origin: tuple[float, float]) -> None:
    image = np.random.default_rng(1).integers(0, 4000, (90, 70)).astype(np.uint16)
    to_device = Placement(90, 70, dihedral, (zoom, zoom), origin).to_device
    target = target_of(to_device, 90, 70, (80, 100))
    shown = warp(image, to_device, target, step=1.0)
    # OpenCV counts fractions of a pixel in 1/32.
    assert np.abs(shown - bilinear(image, to_device, target)).max() <= 4000 / 32 + 1


def test_a_coarser_level_shows_the_same_place() -> None:
    ramp = np.tile(np.arange(0, 4096, 8, dtype=np.uint16), (256, 1))
    levels, _ = build(StoredImage(ramp))
    assert len(levels) > 1
    to_device = Placement(256, 512, zoom=(0.5, 0.5)).to_device
    target = target_of(to_device, 256, 512, (128, 256))
    fine = warp(ramp, to_device, target, step=1.0).astype(int)
    coarse = warp(levels[1], to_device, target, step=2.0).astype(int)
    assert np.abs(fine - coarse)[:, 2:-2].max() <= 4


@pytest.mark.parametrize(("zoom", "level"), [(4.0, 0), (1.0, 0), (0.9, 0), (0.5, 1), (0.26, 1), (0.25, 2), (0.01, 3)])
def test_the_level_has_a_pixel_for_every_device_pixel(zoom: float, level: int) -> None:
    assert level_for(Placement(4096, 3328, zoom=(zoom, zoom)).to_device, 4) == level


def test_single_bright_pixels_survive_at_a_quarter_of_the_size() -> None:
    image = np.zeros((512, 512), np.uint16)
    image[101:512:64, 203:512:64] = 60000
    levels, _ = build(StoredImage(image))
    renderer = GrayRenderer(levels)
    renderer.place(Placement(512, 512, zoom=(0.25, 0.25)).to_device, (128, 128))
    table = (np.arange(65536) > 500).astype(np.uint8) * 255
    spots = renderer.gray(table)
    for row, col in product(range(101, 512, 64), range(203, 512, 64)):
        assert spots[row // 4 - 1 : row // 4 + 2, col // 4 - 1 : col // 4 + 2].any()


@pytest.mark.meets("MG-E01")
def test_padding_stays_black_whatever_the_table() -> None:
    image = np.full((64, 64), 1000, np.uint16)
    padding = np.zeros(image.shape, bool)
    padding[:, 32:] = True
    levels, shares = build(StoredImage(image, padding=padding))
    renderer = GrayRenderer(levels, (shares,))
    renderer.place(Placement(64, 64).to_device, (64, 64))
    white = np.full(65536, 255, np.uint8)
    assert (renderer.gray(white)[:, 32:] == 0).all()
    assert (renderer.gray(white)[:, :31] == 255).all()


def test_the_pane_is_black_beside_the_image() -> None:
    renderer = GrayRenderer((np.full((10, 10), 9, np.uint16),))
    renderer.place(Placement(10, 10, origin=(20.0, 20.0)).to_device, (50, 50))
    gray = renderer.gray(np.full(65536, 200, np.uint8))
    assert gray[20:30, 20:30].min() == 200
    assert int(gray.astype(int).sum()) == 200 * 100
    renderer.place(Placement(10, 10, origin=(200.0, 20.0)).to_device, (50, 50))
    assert not renderer.gray(np.full(65536, 200, np.uint8)).any()


def test_the_lookup_takes_every_value() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    table = np.random.default_rng(0).integers(0, 256, 65536).astype(np.uint8)
    out = np.zeros((256, 300), np.uint8)
    apply_table(values, table, out[:, :256])
    assert np.array_equal(out[:, :256].ravel(), table)
    assert not out[:, 256:].any()


def ramp_renderer(padding_columns: int = 0) -> tuple[GrayRenderer, np.ndarray]:
    """A renderer of a 64 × 1024 ramp at 1:1, a little off the pane's corner, and the ramp."""
    ramp = np.tile(np.arange(1024, dtype=np.uint16), (64, 1))
    padding = np.zeros(ramp.shape, bool)
    padding[:, :padding_columns] = True
    levels, padded = build(StoredImage(ramp, padding=padding))
    renderer = GrayRenderer(levels, (padded,))
    renderer.place(Placement(64, 1024, origin=(4.0, 8.0)).to_device, (80, 1040))
    return renderer, ramp


def p_values() -> np.ndarray:
    return np.clip(np.arange(65536) / 1023.0, 0, 1)


@pytest.mark.meets("MG-D10")
def test_thirty_bit_pixels_show_1024_grays_and_opaque_black(qapp: object) -> None:
    renderer, ramp = ramp_renderer(padding_columns=10)
    pixels = renderer.gray(Output(Depth.TEN).table(1 - p_values())).view(np.uint32)
    shown = as_image(renderer.gray(Output(Depth.TEN).table(1 - p_values())))
    assert (pixels >> 30 == 3).all()
    expected = 1023 - ramp
    expected[:, :10] = 0
    for shift in (0, 10, 20):
        channel = pixels >> shift & 1023
        np.testing.assert_array_equal(channel[4:68, 8:1032], expected)
        assert channel[:4].max() == 0
    # And Qt understands the pixels as we do.
    assert shown.pixelColor(8 + 500, 20).rgba64().red() == pytest.approx(expected[0, 500] / 1023 * 65535, abs=64)
    assert shown.pixelColor(8 + 5, 20).rgba64().red() == 0


@pytest.mark.meets("MG-D10")
def test_dithered_pixels_have_the_mean_of_1024_grays_and_padding_is_black() -> None:
    renderer, ramp = ramp_renderer(padding_columns=10)
    flat = np.full(65536, 0.0)
    for level in (0.0, 100.25, 100.5, 100.75, 254.75, 255.0):
        flat[:] = level / 255
        shown = renderer.gray(Output(Depth.DITHERED).table(flat))[4:68, 8:1032]
        assert shown.dtype == np.uint8
        assert not shown[:, :10].any()
        assert shown[:, 10:].mean() == pytest.approx(level, abs=0.02)
        assert np.ptp(shown[:, 10:]) <= 1
    shown = renderer.gray(Output(Depth.DITHERED).table(p_values()))[4:68, 8:1032].astype(float)
    means = shown[:, 12:].reshape(16, 4, -1, 4).mean(axis=(0, 1, 3))
    expected = (ramp[0, 12:] / 1023 * 255).reshape(-1, 4).mean(axis=1)
    assert np.abs(means - expected).max() < 0.13


def test_a_shorter_pyramid_blackens_from_a_coarser_level() -> None:
    image = np.full((512, 512), 700, np.uint16)
    levels, _ = build(StoredImage(image))
    right = np.zeros(levels[-1].shape, np.uint8)
    right[:, right.shape[1] // 2 :] = 255
    renderer = GrayRenderer(levels, ((right,),))
    for zoom in (2.0, 1.0, 0.5):
        side = int(512 * zoom)
        renderer.place(Placement(512, 512, zoom=(zoom, zoom)).to_device, (side, side))
        shown = renderer.gray(np.full(65536, 200, np.uint8))
        assert (shown[:, : side // 2 - 3] == 200).all()
        assert not shown[:, side // 2 + 3 :].any()


@pytest.mark.meets("MG-D08")
def test_the_monitors_table_stands_between_p_values_and_gray() -> None:
    driving = np.linspace(0, 65535, 65536).astype(np.uint16) // 2
    table = Output(driving=driving).table(p_values())
    assert table[[0, 1023]].tolist() == [0, 127]
