"""The background is followed over the film, and skin does not count as background."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.imaging.background import measure_background


def film(level: float, noise: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    values = level + noise * rng.standard_normal((300, 240)) + np.linspace(0, 0.03, 240)[None]
    values[60:240, :100] = 0.6
    return values.clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_fog_and_slope_come_off(level: float) -> None:
    background = measure_background(film(level, 0.004), np.ones((300, 240), dtype=bool))
    assert background is not None
    empty = background.residual[:, 140:]
    assert abs(float(np.median(empty))) < 0.005
    assert background.residual[100:200, 20:80].min() > 0.3
    assert background.noise < 0.01


def test_noise_is_smoothed_before_a_low_rise_is_asked_for() -> None:
    background = measure_background(film(0.15, 0.03), np.ones((300, 240), dtype=bool))
    assert background is not None
    above = background.above(0.03)
    assert above[80:220, 10:90].all()
    assert above[:, 150:].mean() < 0.02


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_image_has_no_background(value: float) -> None:
    flat = np.full((50, 40), value, dtype=np.float32)
    assert measure_background(flat, np.ones(flat.shape, dtype=bool)) is None
    assert measure_background(flat, np.zeros(flat.shape, dtype=bool)) is None
