from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.air import estimate_air
from mammoview.imaging.phantom import make_view


def digital_breast() -> tuple[np.ndarray, np.ndarray]:
    """P-values of a half ellipse at the left edge on black, and its mask."""
    rows, cols = np.mgrid[0:1000, 0:800]
    breast = ((rows - 500) / 430) ** 2 + (cols / 560) ** 2 < 1
    noise = np.random.default_rng(2).integers(0, 2000, breast.shape)
    return np.where(breast, 24000 + 4 * cols + noise, 0).astype(np.uint16), breast


@pytest.mark.meets("MG-E03")
def test_digital_air_is_all_that_lies_beyond_the_skin() -> None:
    shown, breast = digital_breast()
    air = estimate_air(shown)
    assert air is not None
    assert air.is_digital
    assert air.mask.shape == shown.shape
    # No skin is lost, and next to no air is left bright.
    assert not (air.mask & breast).any()
    assert (~air.mask & ~breast).mean() < 0.02


@pytest.mark.meets("MG-E03")
@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_film_keeps_its_breast_and_says_that_it_is_film(view: ViewPosition) -> None:
    drawn = make_view(7, view=view, laterality=Laterality.RIGHT, rows=1024, columns=832, is_film=True)
    air = estimate_air(drawn.pixels)
    assert air is not None
    assert not air.is_digital
    breast = drawn.truth.breast
    assert (air.mask & breast).sum() < 0.005 * breast.sum()


def test_where_no_breast_is_nothing_is_air() -> None:
    assert estimate_air(np.zeros((500, 400), np.uint16)) is None
