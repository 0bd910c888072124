from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.geometry import Box
from mammoview.session.coverage import Coverage, Coverages

STEP = 16
#: 100 × 70 pixels: the last row and the last column of cells reach beyond the image.
SIZE = (100, 70)
SHAPE = (7, 5)


def coverage(breast: np.ndarray | None = None) -> Coverage:
    return Coverage(np.ones(SHAPE, bool) if breast is None else breast, STEP, SIZE)


@pytest.mark.meets("MG-C06")
def test_only_cells_that_were_seen_wholly_count() -> None:
    seen = coverage()
    assert seen.see(Box(10, 17, 50, 64))
    expected = np.zeros(SHAPE, bool)
    # Rows 16 to 48 and columns 32 to 64 lie in the box with all of their pixels.
    expected[1:3, 2:4] = True
    assert np.array_equal(seen.seen, expected)


@pytest.mark.meets("MG-C06")
def test_the_last_cells_count_once_the_image_ends_in_sight() -> None:
    seen = coverage()
    seen.see(Box(0, 0, 100, 70))
    assert seen.seen.all()
    assert seen.share == 1.0


def test_what_is_seen_again_is_not_new() -> None:
    seen = coverage()
    assert seen.see(Box(0, 0, 48, 48))
    assert not seen.see(Box(0, 0, 40, 40))
    assert not seen.see(Box(0, 0, 3, 3))


def test_the_share_is_one_of_the_breast() -> None:
    breast = np.zeros(SHAPE, bool)
    breast[:4, :2] = True
    seen = coverage(breast)
    seen.see(Box(0, 0, 32, 70))
    assert seen.share == pytest.approx(0.5)
    assert coverage(np.zeros(SHAPE, bool)).share == 1.0


def test_each_image_is_remembered_for_itself() -> None:
    all_ = Coverages()
    assert all_.get("a") is None
    first = all_.begin("a", np.ones(SHAPE, bool), step_px=STEP, size=SIZE)
    first.see(Box(0, 0, 100, 70))
    other = all_.begin("b", np.ones(SHAPE, bool), step_px=STEP, size=SIZE)
    assert all_.begin("a", np.ones(SHAPE, bool), step_px=STEP, size=SIZE) is first
    assert all_.get("a") is first
    assert other.share == 0.0
