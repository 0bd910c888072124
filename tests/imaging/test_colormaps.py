from __future__ import annotations

import numpy as np
import pytest

from mammoview.imaging.colormaps import ColorMap, colorize, rgb_table, rgba_table


def lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB."""
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > (6 / 29) ** 3, 116 * np.cbrt(y) - 16, y * (29 / 3) ** 3)


@pytest.mark.parametrize("name", list(ColorMap))
def test_more_is_lighter(name: ColorMap) -> None:
    steps = np.diff(lightness(rgb_table(name).astype(float)))
    assert steps.min() > -0.5


@pytest.mark.parametrize("name", list(ColorMap))
def test_neighbours_differ_little_and_the_ends_much(name: ColorMap) -> None:
    table = rgb_table(name).astype(int)
    assert np.abs(np.diff(table, axis=0)).max() <= 4
    assert np.abs(table[-1] - table[0]).sum() > 200


@pytest.mark.parametrize("name", list(ColorMap))
def test_alpha_is_premultiplied_and_clear_below_the_threshold(name: ColorMap) -> None:
    table = rgba_table(name, opacity=0.5, threshold=0.4)
    assert not table[:102].any()
    assert (table[102:, 3] == 128).all()
    assert (table[:, :3] <= table[:, 3:]).all()
    assert np.abs(table[102:, 2::-1].astype(int) - rgb_table(name)[102:] / 2).max() <= 1


def test_values_outside_take_the_ends() -> None:
    ends = colorize(np.array([-1.0, 2.0]), ColorMap.HEAT)
    assert np.array_equal(ends, rgb_table(ColorMap.HEAT)[[0, 255]])
