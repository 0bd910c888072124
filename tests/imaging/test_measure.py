"""Expected values come from objects of known size, from other programs' fillings, or from geometry by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean, pstdev

import numpy as np
import pytest
from pydicom import Dataset
from skimage.draw import ellipse as skimage_ellipse
from skimage.measure import points_in_poly

from mammoview.core.marks import Mark, MarkKind
from mammoview.dicom.tags import describe
from mammoview.imaging.measure import Quantity, inside, quantity, statistics


def mark(kind: MarkKind, *points: tuple[float, float]) -> Mark:
    return Mark("m", "image", kind, points)


def header(spacing: tuple[float, float], magnification: float | None = None) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.3"
    dataset.Modality, dataset.StudyInstanceUID = "MG", "1.2"
    dataset.Rows, dataset.Columns = 1000, 800
    dataset.SamplesPerPixel, dataset.BitsStored, dataset.BitsAllocated = 1, 12, 16
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
    dataset.ImagerPixelSpacing = list(spacing)
    dataset.PixelData = b"\0" * (1000 * 800 * 2)
    if magnification is not None:
        dataset.EstimatedRadiographicMagnificationFactor = magnification
    return dataset


def disc(
    diameter_mm: float, pitch: tuple[float, float], magnification: float, shape: tuple[int, int]
) -> tuple[np.ndarray, tuple[float, float], tuple[float, float]]:
    """The shadow of a disc in the breast on a detector of ``pitch``: pixels, centre, half axes in pixels."""
    centre = shape[0] * 0.45 + 0.3, shape[1] * 0.52 + 0.1
    half = tuple(diameter_mm / 2 * magnification / side for side in pitch)
    rows, cols = np.indices(shape) + 0.5
    pixels = np.where(((rows - centre[0]) / half[0]) ** 2 + ((cols - centre[1]) / half[1]) ** 2 <= 1, 900, 100)
    return pixels.astype(np.uint16), centre, (half[0], half[1])


@pytest.mark.meets("MG-C09", "MG-C03")
@pytest.mark.parametrize("magnification", [None, 1.0, 1.8])
@pytest.mark.parametrize("pitch", [(0.07, 0.07), (0.1, 0.1), (0.05, 0.1)])
@pytest.mark.parametrize("is_transposed", [False, True])
def test_a_disc_of_20_mm_measures_20_mm_on_every_detector(
    pitch: tuple[float, float], magnification: float | None, is_transposed: bool
) -> None:
    pixels, centre, half = disc(20.0, pitch, magnification or 1.0, (1000, 800))
    if is_transposed:
        # What a scanner does that stores the same object with rows and columns exchanged.
        pixels, centre, half, pitch = pixels.T, centre[::-1], half[::-1], pitch[::-1]
    spacing = describe(header(pitch, magnification), "x").spacing_mm
    assert spacing is not None

    # Drawn along the edges of the shadow in the pixels themselves, as a reader would.
    found = np.argwhere(pixels == 900)
    low, high = found.min(axis=0), found.max(axis=0) + 1
    across = quantity(mark(MarkKind.DISTANCE, (low[0], centre[1]), (high[0], centre[1])), spacing)
    along = quantity(mark(MarkKind.DISTANCE, (centre[0], low[1]), (centre[0], high[1])), spacing)
    for measured in (across, along):
        assert measured is not None
        assert measured.unit == "mm"
        assert abs(measured.value - 20.0) <= measured.error
        assert measured.error <= 0.15 / (magnification or 1.0)

    area = quantity(mark(MarkKind.ELLIPSE, (low[0], low[1]), (high[0], high[1])), spacing)
    assert area is not None
    assert area.unit == "mm²"
    assert abs(area.value - math.pi * 10**2) <= area.error
    # The shadow's own pixels, each of its size at the breast, are an area that no formula of ours made.
    counted = len(found) * math.prod(spacing)
    assert counted == pytest.approx(math.pi * 10**2, rel=0.005)
    assert area.value == pytest.approx(counted, rel=0.02)

    turns = np.linspace(0, math.tau, 90, endpoint=False)
    corners = [(centre[0] + half[0] * math.sin(t), centre[1] + half[1] * math.cos(t)) for t in turns]
    drawn = quantity(mark(MarkKind.AREA, *corners), spacing)
    assert drawn is not None
    # A polygon of 90 corners in a circle is smaller by 0.08 %.
    assert drawn.value == pytest.approx(math.pi * 10**2 * 0.9992, rel=1e-4)


@pytest.mark.meets("MG-C09")
def test_a_slanted_line_is_scaled_before_it_is_squared() -> None:
    # 30 rows of 0.1 mm and 80 columns of 0.05 mm are the sides 3 and 4 of a triangle whose third is 5.
    measured = quantity(mark(MarkKind.DISTANCE, (10, 10), (40, 90)), (0.1, 0.05))
    assert measured is not None
    assert measured.value == pytest.approx(5.0)
    # One pixel at either end: along the line (3, 4)/5 that is 0.06 mm by rows and 0.04 mm by columns, twice.
    assert measured.error == pytest.approx(math.sqrt(2 * (0.06**2 + 0.04**2)), rel=1e-5)


@pytest.mark.meets("MG-K02")
@pytest.mark.parametrize(
    ("kind", "points", "expected"),
    [
        (MarkKind.DISTANCE, ((0, 0), (3, 4)), Quantity(5.0, math.sqrt(2), "px")),
        (MarkKind.POLYGON, ((0, 0), (0, 6), (4, 6), (4, 0)), Quantity(24.0, 20.0, "px²")),
        (MarkKind.ANGLE, ((0, 10), (0, 0), (10, 0)), Quantity(90.0, math.degrees(0.2), "°")),
    ],
)
def test_without_a_spacing_everything_is_in_pixels(
    kind: MarkKind, points: tuple[tuple[float, float], ...], expected: Quantity
) -> None:
    measured = quantity(mark(kind, *points), None)
    assert measured is not None
    assert (measured.value, measured.unit) == (pytest.approx(expected.value), expected.unit)
    # The right angle: each arm's end is off by 1/10 across, the vertex by 1/10 across both.
    assert measured.error == pytest.approx(expected.error, rel=1e-5)


@pytest.mark.meets("MG-C09")
@pytest.mark.parametrize(
    ("spacing", "expected"),
    # 45 degrees in square pixels; with rows twice as far apart as columns tan⁻¹ 2.
    [((0.07, 0.07), 45.0), ((0.1, 0.05), math.degrees(math.atan(2))), (None, 45.0)],
)
def test_an_angle_is_that_of_the_breast(spacing: tuple[float, float] | None, expected: float) -> None:
    measured = quantity(mark(MarkKind.ANGLE, (0, 50), (0, 0), (50, 50)), spacing)
    assert measured is not None
    assert measured.value == pytest.approx(expected)
    straight = quantity(mark(MarkKind.ANGLE, (0, 50), (0, 0), (0, -50)), spacing)
    assert straight is not None
    assert straight.value == pytest.approx(180.0)


def test_what_cannot_be_measured_is_not() -> None:
    assert quantity(mark(MarkKind.ARROW, (0, 0), (5, 5)), None) is None
    assert quantity(mark(MarkKind.TEXT, (0, 0)), None) is None
    assert quantity(mark(MarkKind.ANGLE, (0, 0), (0, 0), (5, 5)), None) is None
    nothing = quantity(mark(MarkKind.DISTANCE, (4, 4), (4, 4)), (0.1, 0.05))
    assert nothing is not None
    assert nothing.value == 0
    assert nothing.error > 0


@pytest.mark.parametrize(
    ("points", "area"),
    [
        (((0, 0), (10, 10), (10, 0), (0, 10)), None),  # a bow tie
        (((0, 0), (5, 5), (10, 10), (10, 0), (5, 5), (0, 10)), None),  # pinched in the middle
        (((0, 0), (0, 10), (10, 10), (10, 0), (0, 0)), 100),  # closed by hand as well
        (((0, 0), (0, 10), (0, 10), (10, 10), (10, 0)), 100),  # a point twice
        (((0, 0), (0, 10), (10, 10), (10, 0), (5, 5)), 75),  # a dent
        (((10, 0), (10, 10), (0, 10), (0, 0)), 100),  # the other way round
    ],
)
def test_an_outline_that_crosses_itself_has_no_area(
    points: tuple[tuple[float, float], ...], area: float | None
) -> None:
    measured = quantity(mark(MarkKind.POLYGON, *points), None)
    assert (measured.value if measured else None) == area


def random_polygon(seed: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(seed)
    return [tuple(point) for point in rng.uniform(-8, 48, (7, 2)).tolist()]


@pytest.mark.parametrize("seed", range(12))
def test_a_polygon_holds_the_pixels_whose_centres_another_program_finds_inside(seed: int) -> None:
    points = random_polygon(seed)
    centres = np.argwhere(np.ones((40, 40), bool)) + 0.5
    expected = points_in_poly(centres, np.array(points)).reshape(40, 40)
    box, mask = inside(mark(MarkKind.POLYGON, *points), 40, 40)
    whole = np.zeros((40, 40), bool)
    whole[box] = mask
    assert np.array_equal(whole, expected)


@pytest.mark.parametrize(("row", "col", "half"), [(20, 15, (8.3, 6.1)), (3.2, 37.7, (9, 5)), (20.5, 20.5, (0.4, 0.4))])
def test_an_ellipse_holds_the_pixels_whose_centres_another_program_finds_inside(
    row: float, col: float, half: tuple[float, float]
) -> None:
    expected = np.zeros((40, 40), bool)
    # That program counts from the centre of the first pixel.
    expected[skimage_ellipse(row - 0.5, col - 0.5, *half, shape=(40, 40))] = True
    whole = np.zeros((40, 40), bool)
    box, mask = inside(mark(MarkKind.ELLIPSE, (row + half[0], col - half[1]), (row - half[0], col + half[1])), 40, 40)
    whole[box] = mask
    assert np.array_equal(whole, expected)


@pytest.mark.meets("MG-E02")
@pytest.mark.parametrize("make_padding", [np.asarray, lambda mask: np.where(mask, 255, 0).astype(np.uint8)])
def test_padding_is_left_out_of_the_statistics(make_padding: Callable[[np.ndarray], np.ndarray]) -> None:
    pixels = np.arange(100, dtype=np.uint16).reshape(10, 10)
    padding = np.zeros((10, 10), bool)
    padding[:, 7:] = True
    pixels[padding] = 4095
    found = statistics(
        mark(MarkKind.POLYGON, (2, 5), (2, 9), (4, 9), (4, 5)),
        pixels,
        value_offset=-32,
        slope=2.0,
        intercept=1.0,
        padding=make_padding(padding),
    )
    values = [(v - 32) * 2 + 1 for v in (25, 26, 35, 36)]
    assert found.count == 4
    assert found.padding_count == 4
    assert found.mean == pytest.approx(mean(values))
    assert found.deviation == pytest.approx(pstdev(values))
    assert (found.minimum, found.maximum) == (min(values), max(values))


def test_nothing_inside_is_said_and_not_averaged() -> None:
    found = statistics(mark(MarkKind.ELLIPSE, (4, 4), (4, 9)), np.zeros((10, 10), np.uint16))
    assert found.count == 0
    assert math.isnan(found.mean)
    away = statistics(mark(MarkKind.POLYGON, (-9, -9), (-9, -2), (-2, -2)), np.zeros((10, 10), np.uint16))
    assert away.count == 0
    beyond = statistics(mark(MarkKind.POLYGON, (20, 20), (30, 25), (30, 20)), np.zeros((10, 10), np.uint16))
    assert beyond.count == 0
