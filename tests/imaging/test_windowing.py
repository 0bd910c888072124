"""Against the formulas of PS3.3 written out a second time, value by value, as the standard's text has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mammoview.core.image import StoredImage
from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow
from mammoview.imaging.windowing import (
    P_MAX,
    default_voi,
    display_table,
    presentation_table,
    to_presentation,
)


def linear(x: float, c: float, w: float) -> float:
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5


def linear_exact(x: float, c: float, w: float) -> float:
    if x <= c - w / 2:
        return 0.0
    if x > c + w / 2:
        return 1.0
    return (x - c) / w + 0.5


def sigmoid(x: float, c: float, w: float) -> float:
    exponent = -4 * (x - c) / w
    return 0.0 if exponent > 700 else 1 / (1 + math.exp(exponent))


FORMULAS = {
    VoiFunction.LINEAR: linear,
    VoiFunction.LINEAR_EXACT: linear_exact,
    VoiFunction.SIGMOID: sigmoid,
}
TWELVE = Grayscale(bits_stored=12)


@pytest.mark.meets("MG-D03", "MG-D04")
@pytest.mark.parametrize("function", VoiFunction)
@pytest.mark.parametrize(("center", "width"), [(2048, 4096), (100.5, 37), (3000, 1), (-50, 20)])
def test_windows_follow_the_standard(function: VoiFunction, center: float, width: float) -> None:
    table = presentation_table(TWELVE, VoiWindow(center, width, function))
    for x in range(0, 4096, 13):
        assert table[x] / P_MAX == pytest.approx(FORMULAS[function](x, center, width), abs=1e-4)


@pytest.mark.meets("MG-D09", "MG-D12")
@pytest.mark.parametrize("monochrome1", [False, True])
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_monochrome1_and_inverse_are_one_inversion(monochrome1: bool, inverse: bool, inverted: bool) -> None:
    gray = Grayscale(bits_stored=12, is_monochrome1=monochrome1, is_inverse=inverse)
    table = presentation_table(gray, VoiWindow(2048, 4096), is_inverted=inverted)
    is_falling = (monochrome1 or inverse) != inverted
    assert (table[0] > table[4095]) == is_falling


def test_a_lookup_table_holds_its_ends() -> None:
    lut = VoiLut(first=10, bits=8, data=np.array([0, 51, 255], "<u2").tobytes())
    table = display_table(TWELVE, lut)
    np.testing.assert_array_equal(table[[0, 10, 11, 12, 4000]], [0, 0, 51, 255, 255])


def test_signed_values_and_rescale_come_before_the_window() -> None:
    gray = Grayscale(bits_stored=12, signed=True, slope=2.0, intercept=100.0)
    table = display_table(gray, VoiWindow(100, 10, VoiFunction.LINEAR_EXACT), value_offset=-32768)
    # Stored 0 is pixel 32768, modality value 100: the middle of the window.
    np.testing.assert_array_equal(table[[32768 - 3, 32768 + 3]], [0, 255])
    assert table[32768] in (127, 128)


def test_the_first_sound_window_is_the_default_then_the_table_then_the_tissue() -> None:
    image = StoredImage(np.zeros((64, 64), np.uint16))
    image.pixels[:, 32:] = 1000 + np.arange(32, dtype=np.uint16)
    broken, sound = VoiWindow(math.nan, 10), VoiWindow(500, 100)
    lut = VoiLut(0, 8, b"\x00\x00")
    assert default_voi(Grayscale(12, windows=(broken, sound), luts=(lut,)), image) is sound
    assert default_voi(Grayscale(12, luts=(lut,)), image) is lut
    computed = default_voi(Grayscale(12), image)
    assert isinstance(computed, VoiWindow)
    assert 1000 <= computed.center <= 1031
    eight = default_voi(Grayscale(8), image)
    assert isinstance(eight, VoiWindow)
    assert (eight.center, eight.width) == (127.5, 255)


def test_an_image_of_one_value_still_has_a_window() -> None:
    voi = default_voi(Grayscale(12), StoredImage(np.full((64, 64), 7, np.uint16)))
    assert isinstance(voi, VoiWindow)
    assert voi.width > 0


def test_padding_counts_for_nothing_and_is_black() -> None:
    pixels = np.full((64, 64), 4095, np.uint16)
    pixels[:, :32] = np.linspace(1000, 1100, 64 * 32).reshape(64, 32)
    padding = pixels == 4095
    image = StoredImage(pixels, padding=padding)
    gray = Grayscale(12, is_monochrome1=True)
    voi = default_voi(gray, image)
    assert isinstance(voi, VoiWindow)
    assert voi.center + voi.width < 2000
    shown = to_presentation(image, gray)
    assert not shown[padding].any()
    assert shown[0, 0] > shown[63, 31]
