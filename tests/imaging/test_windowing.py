"""Against the formulas of PS3.3 written out a second time, value by value, as the standard's text has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mammoview.core.image import StoredImage
from mammoview.core.study import Grayscale, RawScale, VoiFunction, VoiLut, VoiWindow
from mammoview.imaging.windowing import (
    P_MAX,
    computed_voi,
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
@pytest.mark.parametrize("shape", ["", "IDENTITY", "INVERSE"])
@pytest.mark.parametrize("inverted", [False, True])
def test_monochrome1_and_inverse_are_one_inversion(monochrome1: bool, shape: str, inverted: bool) -> None:
    gray = Grayscale(12, is_monochrome1=monochrome1, is_inverse=shape == "INVERSE", is_identity=shape == "IDENTITY")
    table = presentation_table(gray, VoiWindow(2048, 4096), is_inverted=inverted)
    is_falling = (shape == "INVERSE" if shape else monochrome1) != inverted
    assert (table[0] > table[4095]) == is_falling


def test_a_modality_table_gives_values_and_holds_its_ends() -> None:
    gray = Grayscale(12, modality_lut=VoiLut(10, 12, np.array([100, 300, 500], "<u2").tobytes()))
    table = display_table(gray, VoiWindow(300, 400, VoiFunction.LINEAR_EXACT))
    np.testing.assert_array_equal(table[[0, 10, 12, 4000]], [0, 0, 255, 255])
    assert table[11] in (127, 128)


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


@pytest.mark.meets("MG-E02")
@pytest.mark.parametrize("is_dark_high", [False, True])
def test_a_computed_window_leaves_air_out(is_dark_high: bool) -> None:
    air, tissue = (4000, (500, 900)) if is_dark_high else (7, (500, 900))
    pixels = np.full((300, 300), air, np.uint16)
    pixels[:, :60] = np.linspace(*tissue, 300 * 60).reshape(300, 60)
    voi = computed_voi(Grayscale(12, is_monochrome1=is_dark_high), StoredImage(pixels))
    assert isinstance(voi, VoiWindow)
    assert voi.center == pytest.approx(700, abs=10)
    assert voi.width == pytest.approx(400, abs=10)


def raw_counts(sign: int, *, is_linear: bool) -> tuple[StoredImage, np.ndarray]:
    """A breast that absorbs more and more from row to row, beside air: attenuation and stored values."""
    attenuation = np.zeros((300, 300))
    attenuation[:, :150] = np.linspace(1.5, 4.0, 300)[:, None]
    values = 12000 * np.exp(-attenuation) if is_linear else 12000 - 2500 * attenuation
    values = values if sign > 0 else 12500 - values
    return StoredImage(values.astype(np.uint16)), attenuation


@pytest.mark.meets("MG-D11", "MG-E02")
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("is_linear", [True, False])
@pytest.mark.parametrize("is_monochrome1", [True, False])
def test_a_raw_image_shows_tissue_bright_and_air_black(sign: int, is_linear: bool, is_monochrome1: bool) -> None:
    image, _ = raw_counts(sign, is_linear=is_linear)
    gray = Grayscale(14, is_monochrome1=is_monochrome1, raw=RawScale(is_linear=is_linear, sign=sign))
    shown = to_presentation(image, gray) / P_MAX
    assert shown[:, 150:].max() == 0
    assert (np.diff(shown[:, 50]) >= 0).all()
    assert shown[0, 50] < 0.05
    assert shown[-1, 50] > 0.95


@pytest.mark.meets("MG-D11")
def test_the_logarithm_makes_raw_intensity_even() -> None:
    """Equal steps of attenuation are equal steps of gray, which they are not in the stored values."""
    image, attenuation = raw_counts(1, is_linear=True)
    gray = Grayscale(14, is_monochrome1=True, raw=RawScale(is_linear=True, sign=1))
    shown = to_presentation(image, gray)[20:280, 50] / P_MAX
    line = np.polyval(np.polyfit(attenuation[20:280, 50], shown, 1), attenuation[20:280, 50])
    assert np.abs(shown - line).max() < 0.02


def test_a_raw_image_without_tissue_still_has_a_curve() -> None:
    gray = Grayscale(14, raw=RawScale(is_linear=True, sign=1))
    padded = StoredImage(np.zeros((9, 9), np.uint16), padding=np.ones((9, 9), bool))
    assert isinstance(default_voi(gray, padded), VoiLut)
    even = StoredImage(np.full((9, 9), 700, np.uint16))
    assert isinstance(default_voi(gray, even), VoiLut)
