from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.core.geometry import Dihedral, PixelTransform
from mammoview.core.image import StoredImage
from mammoview.imaging.pyramid import build
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
