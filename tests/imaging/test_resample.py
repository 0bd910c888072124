from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.imaging.resample import Axis, resample

ROWS, COLUMNS = 61, 47


def cover(axis: Axis, pixels: int) -> np.ndarray:
    """The share of each target pixel that each source pixel covers, from the definition, in double precision."""
    shares = np.zeros((axis.high - axis.low, pixels))
    for j, i in product(range(axis.low, axis.high), range(pixels)):
        ends = sorted((edge - axis.shift) / axis.scale for edge in (j, j + 1))
        shares[j - axis.low, i] = max(0.0, min(ends[1], i + 1, axis.length) - max(ends[0], i))
    return shares / shares.sum(axis=1, keepdims=True)


def axis(scale: float, shift: float, pixels: int) -> Axis:
    """The whole of an axis: every target pixel that it touches."""
    ends = sorted((shift, shift + scale * pixels))
    return Axis(scale, shift, int(np.floor(ends[0])), int(np.ceil(ends[1])), pixels)


@pytest.mark.parametrize("scale", [1 / 16, 0.11, 0.26, 0.5, 0.51, 0.77, 0.93, 1.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_shrinking_averages_over_the_area(scale: float, sign: int) -> None:
    image = np.random.default_rng(1).integers(0, 65536, (ROWS, COLUMNS)).astype(np.uint16)
    rows, columns = axis(scale, 3.3, ROWS), axis(sign * scale, -7.62, COLUMNS)
    expected = cover(rows, ROWS) @ image.astype(float) @ cover(columns, COLUMNS).T
    shown = resample(image, rows, columns)
    assert shown.dtype == np.uint16
    assert np.abs(shown - expected).max() <= 0.52


@pytest.mark.meets("MG-C08")
@pytest.mark.parametrize("zoom", [1 / 16, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.51, 0.6, 0.77, 0.93, 0.99, 1.0])
def test_one_bright_pixel_keeps_its_summed_contrast_at_every_shift(zoom: float) -> None:
    image = np.full((90, 90), 1000, np.uint16)
    image[44, 46] = 17000
    for down, across in product((0.0, 0.13, 0.25, 0.5, 0.77), repeat=2):
        shown = resample(image, axis(zoom, down, 90), axis(zoom, across, 90)).astype(float) - 1000
        assert shown.sum() / zoom**2 == pytest.approx(16000, rel=0.02)


def test_a_last_pixel_that_is_covered_in_part_counts_in_part() -> None:
    image = np.array([[10], [20], [40]], np.uint16)
    shown = resample(image, Axis(0.4, 0.0, 0, 1, 2.5), Axis(1.0, 0.0, 0, 1, 1.0))
    assert shown[0, 0] == round((10 + 20 + 40 / 2) / 2.5)


@pytest.mark.meets("MG-C06")
@pytest.mark.parametrize("times", [1, 2, 3])
def test_whole_multiples_repeat_the_pixels(times: int) -> None:
    image = np.random.default_rng(2).integers(0, 65536, (20, 30)).astype(np.uint16)
    shown = resample(image, Axis(times, -4.0, -4, 20 * times - 4, 20), Axis(-times, 90.0, 90 - 30 * times, 90, 30))
    assert np.array_equal(shown, np.kron(image, np.ones((times, times), np.uint16))[:, ::-1])


def keys(image: np.ndarray, at: float) -> float:
    """Cubic convolution along a line as published, a = −1/2."""
    total = 0.0
    for i, value in enumerate(image):
        x = abs(at - i)
        if x < 1:
            total += value * (1.5 * x**3 - 2.5 * x**2 + 1)
        elif x < 2:
            total += value * (-0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)
    return total


@pytest.mark.parametrize("scale", [1.3, 2.6, 7.9])
def test_enlarging_is_cubic_convolution(scale: float) -> None:
    smooth = np.rint(2000 + 1500 * np.sin(np.arange(40) / 3)).astype(np.uint16)
    shown = resample(np.tile(smooth, (8, 1)), axis(scale, 0.4, 8), axis(scale, 0.4, 40))
    for j in range(int(5 * scale), int(34 * scale)):
        at = (j + 0.5 - 0.4) / scale
        near = smooth[int(at) - 1 : int(at) + 2]
        # Every pixel of a column is alike.
        expected = np.clip(keys(smooth, at - 0.5), near.min(), near.max())
        assert shown[int(4 * scale), j] == pytest.approx(expected, abs=1.0)


@pytest.mark.meets("MG-C08")
@pytest.mark.parametrize("scale", [1.2, 3.3, 11.0])
def test_enlarging_invents_no_brighter_and_no_darker_spot(scale: float) -> None:
    image = np.full((30, 30), 1000, np.uint16)
    image[14, 15], image[20, 9:11] = 9000, 3000
    shown = resample(image, axis(scale, 0.3, 30), axis(scale, 0.3, 30))
    assert shown.min() == 1000
    assert shown.max() <= 9000
    assert shown.max() > 6000


def test_one_axis_may_shrink_while_the_other_grows() -> None:
    image = np.tile(np.arange(40, dtype=np.uint16) * 100, (40, 1))
    shown = resample(image, axis(0.5, 0.0, 40), Axis(2.5, 0.0, 0, 100, 40))
    assert shown.shape == (20, 100)
    assert np.abs(shown[5, 10:-10] - ((np.arange(10, 90) + 0.5) / 2.5 - 0.5) * 100).max() <= 1


def test_masks_are_resampled_alike() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[:, 20:] = 255
    shown = resample(mask, axis(0.4, 0.0, 40), axis(0.4, 0.0, 40))
    assert shown.dtype == np.uint8
    assert not shown[:, :8].any()
    assert (shown[:, 8:] == 255).all()
