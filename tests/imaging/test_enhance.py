"""Local contrast and denoising: what they change, and above all what they leave."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mammoview.imaging.enhance import clahe, denoise, noise_by_level

ROWS, COLUMNS = 400, 480


def truth() -> NDArray[np.float64]:
    """A ramp from 200 to 3500, as wide as the range of a 12-bit detector."""
    return np.linspace(200, 3500, COLUMNS)[None, :].repeat(ROWS, 0)


def exposed(signal: NDArray[np.float64], seed: int = 1) -> NDArray[np.uint16]:
    """With the noise of photons: its variance grows with the signal."""
    noisy = np.random.default_rng(seed).normal(signal, 0.8 * np.sqrt(signal))
    return np.rint(noisy.clip(0, 4095)).astype(np.uint16)


def test_noise_is_measured_at_each_level() -> None:
    level, deviation = noise_by_level(exposed(truth()))
    assert len(level) > 10
    assert deviation == pytest.approx(0.8 * np.sqrt(level), rel=0.08)


def test_denoising_takes_half_of_the_noise_and_no_brightness() -> None:
    before = exposed(truth())
    after = denoise(before)
    for part in (slice(10, 150), slice(160, 320), slice(330, 470)):
        wanted = truth()[:, part]
        noise = [float((image[:, part] - wanted).std()) for image in (before, after)]
        assert noise[1] < 0.5 * noise[0]
        # Half a standard error of a region of interest of 1 cm² would be more than this.
        assert float((after[:, part] - wanted).mean()) == pytest.approx(0, abs=0.1 * noise[0])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_micro_calcifications_keep_their_contrast(size: int) -> None:
    signal = truth()
    places = [(row, column) for row in range(20, ROWS - 20, 20) for column in range(20, COLUMNS - 20, 20)]
    for row, column in places:
        signal[row : row + size, column : column + size] += 8 * 0.8 * np.sqrt(signal[row, column])
    before = exposed(signal)
    after = denoise(before)
    background = truth()
    kept = [
        (after - background)[row : row + size, column : column + size].sum()
        / (signal - background)[row : row + size, column : column + size].sum()
        for row, column in places
    ]
    assert np.mean(kept) > 0.9
    assert np.quantile(kept, 0.05) > 0.7


def test_an_edge_stays_where_it_is_and_as_sharp() -> None:
    signal = np.full((ROWS, COLUMNS), 800.0)
    signal[:, COLUMNS // 2 :] = 2000.0
    after = denoise(exposed(signal)).astype(float).mean(axis=0)
    step = after[COLUMNS // 2] - after[COLUMNS // 2 - 1]
    assert step == pytest.approx(1200, rel=0.03)


def test_padding_comes_back_unchanged() -> None:
    pixels = exposed(truth())
    padding = np.zeros(pixels.shape, bool)
    padding[:, :60] = True
    pixels[padding] = 4095
    assert (denoise(pixels, padding=padding)[padding] == 4095).all()


@pytest.mark.parametrize("value", [0, 65535])
def test_an_image_of_one_value_is_left_alone(value: int) -> None:
    flat = np.full((64, 64), value, np.uint16)
    assert (denoise(flat) == flat).all()


def test_local_contrast_grows_and_the_order_of_a_neighbourhood_stays() -> None:
    rng = np.random.default_rng(2)
    # A faint disc on a strong slope, in the values of a 12-bit image.
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    disc = (rows - 200) ** 2 + (columns - 240) ** 2 < 20**2
    stored = np.rint(np.linspace(300, 3700, COLUMNS)[None, :] + 60 * disc + rng.normal(0, 4, (ROWS, COLUMNS)))
    shown = (stored * 16).clip(0, 65535).astype(np.uint16)
    ring = ((rows - 200) ** 2 + (columns - 240) ** 2 < 34**2) & ~disc & (abs(columns - 240) < 20)
    after = clahe(shown, clip_limit=3.0)
    contrast = [float(image[disc].mean()) - float(image[ring].mean()) for image in (shown, after)]
    assert contrast[1] > 1.2 * contrast[0]
    assert after[disc].mean() > after[ring].mean()


def test_a_higher_limit_is_harsher() -> None:
    shown = (exposed(truth()).astype(np.uint32) * 16).clip(0, 65535).astype(np.uint16)
    shown = (shown // 4 + 24000).astype(np.uint16)
    spreads = [float(clahe(shown, clip_limit=limit).std()) for limit in (1.0, 2.0, 4.0)]
    assert spreads == sorted(spreads)
    assert spreads[2] > 1.1 * spreads[0]
