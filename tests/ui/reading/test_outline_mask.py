"""The brush on its mask: areas against geometry, edges of the image, and pieces."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.marks import Point
from mammoview.ui.reading.outline_mask import Brush, painted

SHAPE = (1000, 800)


def area(contour: tuple[Point, ...]) -> float:
    row, col = np.array(contour).T
    return float(abs((row * np.roll(col, -1) - np.roll(row, -1) * col).sum()) / 2)


def box(row0: float, col0: float, row1: float, col1: float) -> tuple[Point, ...]:
    return ((row0, col0), (row0, col1), (row1, col1), (row1, col0))


@pytest.mark.parametrize("radius", [4.0, 20.0, 90.0])
def test_a_stroke_has_the_area_of_a_capsule(radius: float) -> None:
    made = painted((), ((500.0, 300.0), (500.0, 500.0)), Brush((radius, radius)), SHAPE)
    assert area(made) == pytest.approx(np.pi * radius**2 + 400 * radius, rel=0.1)


def test_an_uneven_spacing_makes_an_ellipse() -> None:
    made = np.array(painted((), ((500.0, 300.0),), Brush((40.0, 20.0)), SHAPE))
    high, wide = np.ptp(made, axis=0)
    assert high == pytest.approx(80, rel=0.1)
    assert wide == pytest.approx(40, rel=0.1)


def test_painting_inside_changes_next_to_nothing_however_often() -> None:
    line = box(200, 200, 400, 400)
    for _ in range(20):
        line = painted(line, ((300.0, 300.0), (310.0, 300.0)), Brush((20.0, 20.0)), SHAPE)
    assert area(line) == pytest.approx(200 * 200, rel=0.02)


def test_what_is_cut_in_two_keeps_its_larger_piece() -> None:
    left = painted(
        box(200, 200, 300, 500), ((150.0, 300.0), (350.0, 300.0)), Brush((10.0, 10.0), is_erasing=True), SHAPE
    )
    assert area(left) == pytest.approx(100 * 190, rel=0.06)
    assert min(col for _, col in left) > 300


def test_nothing_is_left_where_all_was_rubbed_out() -> None:
    assert painted(box(290, 290, 310, 310), ((300.0, 300.0),), Brush((60.0, 60.0), is_erasing=True), SHAPE) == ()


def test_nothing_lies_outside_of_the_image() -> None:
    made = painted((), ((2.0, 2.0), (2.0, 300.0)), Brush((40.0, 40.0)), SHAPE)
    assert min(min(point) for point in made) >= 0
