"""Overlap and border distance of masks drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.training.judging import metrics


def square(row: int, column: int, side: int, *, size: int = 40) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    mask[row : row + side, column : column + side] = True
    return mask


EMPTY = np.zeros((40, 40), bool)


def test_overlap_by_hand() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2], other[1:3] = True, True
    assert metrics.dice(one, other) == pytest.approx(2 * 4 / 16)
    assert metrics.iou(one, other) == pytest.approx(4 / 12)


def test_empty_masks_are_defined() -> None:
    full = square(0, 0, 40)
    assert metrics.dice(EMPTY, EMPTY) == metrics.iou(EMPTY, EMPTY) == 1.0
    assert metrics.dice(EMPTY, full) == metrics.iou(full, EMPTY) == 0.0
    assert metrics.hd95(EMPTY, EMPTY) == 0.0
    # The diagonal of the image: no two pixels are farther apart.
    assert metrics.hd95(full, EMPTY) == pytest.approx(40 * np.sqrt(2))
    assert metrics.hd95(EMPTY, full, spacing_mm=(0.3, 0.4)) == pytest.approx(20.0)


def test_a_shifted_square_is_as_far_as_it_was_shifted() -> None:
    # Of the moved square's 36 border pixels the right side's ten and one pixel of the top and of the bottom row, more
    # than 5 %, lie 1 px or more outside; none is farther than the shift.
    one = square(10, 10, 10)
    assert metrics.hd95(one, one) == 0.0
    assert metrics.hd95(one, square(10, 13, 10)) == pytest.approx(3.0)
    assert metrics.hd95(one, square(10, 13, 10), spacing_mm=(1.0, 0.1)) == pytest.approx(0.3)
    assert metrics.hd95(one, square(13, 10, 10), spacing_mm=(1.0, 0.1)) == pytest.approx(3.0)


def test_a_single_stray_pixel_is_left_out_by_the_percentile() -> None:
    one, other = square(10, 10, 10), square(10, 10, 10)
    other[39, 39] = True
    # One of 37 border pixels lies far away: fewer than 5 %.
    assert metrics.hd95(one, other) == 0.0


def test_it_is_the_larger_of_the_two_directions() -> None:
    dot = np.zeros((40, 40), bool)
    dot[20, 10] = True
    line = np.zeros((40, 40), bool)
    line[20, 10:31] = True
    # The dot lies on the line, while 95 % of the line's 21 pixels are within 19 of the dot.
    assert metrics.hd95(dot, line) == metrics.hd95(line, dot) == pytest.approx(19.0)
