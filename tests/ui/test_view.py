from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.core.geometry import Dihedral
from mammoview.core.image import StoredImage
from mammoview.imaging.pyramid import build
from mammoview.ui.viewport.placement import Placement
from mammoview.ui.viewport.render import GrayRenderer
from mammoview.ui.viewport.view import Viewer

DIHEDRALS = [Dihedral(*ways) for ways in product((False, True), repeat=3)]
ROWS, COLUMNS = 700, 560
SIZE = (500, 450)


def laid(image: np.ndarray, way: Dihedral) -> np.ndarray:
    image = image.T if way.transpose else image
    return image[:: -1 if way.flip_rows else 1, :: -1 if way.flip_columns else 1]


@pytest.mark.meets("MG-C06")
@pytest.mark.parametrize("way", DIHEDRALS, ids=str)
def test_at_one_to_one_the_acquired_pixels_are_shown_at_once(way: Dihedral) -> None:
    image = np.random.default_rng(5).integers(0, 65536, (ROWS, COLUMNS)).astype(np.uint16)
    levels, _ = build(StoredImage(image))
    renderer = GrayRenderer(levels)
    renderer.place(Placement(ROWS, COLUMNS, way, (1.0, 1.0), (-31.0, -17.0)).to_device, SIZE)
    table = np.random.default_rng(6).integers(0, 256, 65536).astype(np.uint8)
    assert renderer.is_exact
    assert np.array_equal(renderer.gray(table), table[laid(image, way)[31 : 31 + SIZE[0], 17 : 17 + SIZE[1]]])


@pytest.mark.meets("MG-C06")
def test_at_two_to_one_each_pixel_is_a_square_of_four() -> None:
    image = np.random.default_rng(5).integers(0, 256, (ROWS, COLUMNS)).astype(np.uint16)
    renderer = GrayRenderer(build(StoredImage(image))[0])
    renderer.place(Placement(ROWS, COLUMNS, zoom=(2.0, 2.0), origin=(-7.0, 3.0)).to_device, SIZE)
    shown = renderer.gray(np.arange(65536).astype(np.uint8))
    assert np.array_equal(shown[:, 3:], np.kron(image, np.ones((2, 2)))[7 : 7 + SIZE[0], : SIZE[1] - 3])


@pytest.mark.meets("MG-C08")
@pytest.mark.parametrize("way", DIHEDRALS, ids=str)
@pytest.mark.parametrize("zoom", [1 / 16, 0.13, 0.26, 0.51, 0.77, 0.93])
def test_the_view_at_rest_keeps_the_summed_contrast_of_a_bright_pixel(way: Dihedral, zoom: float) -> None:
    image = np.full((ROWS, COLUMNS), 1000, np.uint16)
    image[333, 287] = 41000
    viewer = Viewer(build(StoredImage(image))[0], ())
    for shift in ((0.0, 0.0), (0.3, 0.81), (0.5, 0.5)):
        view = viewer.exact(Placement(ROWS, COLUMNS, way, (zoom, zoom), shift).to_device, (800, 800))
        assert view is not None
        assert (view.values - 1000.0).sum() / zoom**2 == pytest.approx(40000, rel=0.1)
        # It lies where the geometry says.
        row, col = np.unravel_index(view.values.argmax(), view.values.shape)
        at = Placement(ROWS, COLUMNS, way, (zoom, zoom), shift).device_point(333.5, 287.5)
        middle = view.target.row0 + row + 0.5, view.target.col0 + col + 0.5
        assert np.abs(np.subtract(middle, at)).max() <= 1.1


@pytest.mark.parametrize("zoom", [0.37, 1.0, 2.3])
def test_a_pan_by_whole_pixels_shows_what_placing_anew_shows(zoom: float) -> None:
    rng = np.random.default_rng(7)
    image = rng.integers(0, 4096, (ROWS, COLUMNS)).astype(np.uint16)
    padding = np.zeros(image.shape, bool)
    padding[:, 500:] = True
    levels, shares = build(StoredImage(image, padding=padding))
    viewer = Viewer(levels, (shares,))
    place = Placement(ROWS, COLUMNS, Dihedral(flip_columns=True), (zoom, zoom), (10.25, -20.5))
    view = viewer.exact(place.to_device, SIZE)
    for rows, columns in ((-7, 13), (30, -2), (0, 40), (-160, -90)):
        place = place.panned(rows, columns)
        view, anew = viewer.place(view, place.to_device, SIZE), viewer.exact(place.to_device, SIZE)
        assert view is not None
        assert anew is not None
        assert view.is_exact
        assert view.target == anew.target
        assert np.abs(view.values.astype(int) - anew.values).max() <= 1
        assert view.keep is not None
        assert anew.keep is not None
        assert (view.keep != anew.keep).mean() < 0.001


@pytest.mark.parametrize("way", DIHEDRALS, ids=str)
@pytest.mark.parametrize("zoom", [0.09, 0.37, 0.93, 2.3, 17.0])
def test_the_moving_picture_lies_where_the_one_at_rest_lies(zoom: float, way: Dihedral) -> None:
    rows, cols = np.mgrid[0:ROWS, 0:COLUMNS]
    viewer = Viewer(build(StoredImage((rows * 20 + cols * 30).astype(np.uint16)))[0], ())
    for origin in ((0.0, 0.0), (-100.3 * zoom, -90.7 * zoom), (3.5, 8.81)):
        to_device = Placement(ROWS, COLUMNS, way, (zoom, zoom), origin).to_device
        quick, exact = viewer.place(None, to_device, SIZE), viewer.exact(to_device, SIZE)
        assert quick is not None
        assert exact is not None
        # A device pixel each way at the most, on a slope of 20 and 30 for each acquired one.
        away = np.abs(quick.values.astype(float) - exact.values) * zoom / 50
        assert np.median(away) <= 0.75
        assert away.max() <= 1.2 + 2 * zoom / 50


def test_what_was_made_for_another_place_is_not_shown() -> None:
    levels, _ = build(StoredImage(np.random.default_rng(1).integers(0, 4096, (ROWS, COLUMNS)).astype(np.uint16)))
    renderer = GrayRenderer(levels)
    first, second = (Placement(ROWS, COLUMNS, zoom=(zoom, zoom)).to_device for zoom in (0.4, 0.5))
    renderer.place(first, SIZE)
    late = renderer.exact(first, SIZE)
    renderer.place(second, SIZE)
    assert not renderer.settle(late)
    assert not renderer.is_exact
    assert renderer.settle(renderer.exact(second, SIZE))
    assert renderer.is_exact


def test_the_moving_picture_is_as_bright_as_the_one_at_rest() -> None:
    """No flash: what follows at rest changes the mean of no part by more than a gray level of 255."""
    rng = np.random.default_rng(9)
    rows, cols = np.mgrid[0:1400, 0:1120]
    tissue = 6000 + 3000 * np.sin(rows / 400) * np.cos(cols / 300) + rng.normal(0, 120, rows.shape)
    viewer = Viewer(build(StoredImage(tissue.astype(np.uint16)))[0], ())
    for zoom in (0.21, 0.37, 0.51, 0.77, 1.4):
        to_device = Placement(1400, 1120, zoom=(zoom, zoom), origin=(0.4, 0.7)).to_device
        quick, exact = viewer.place(None, to_device, SIZE), viewer.exact(to_device, SIZE)
        assert quick is not None
        assert exact is not None
        change = quick.values.astype(float) - exact.values
        high, wide = (n // 16 * 16 for n in change.shape)
        parts = change[:high, :wide].reshape(high // 16, 16, wide // 16, 16).mean(axis=(1, 3))
        assert np.abs(parts).max() <= 12000 / 255
