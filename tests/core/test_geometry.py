from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mammoview.core.geometry import Box, Dihedral, PixelTransform, mm_to_px, px_to_mm

POINTS = np.array([(0.0, 0.0), (3.5, 1.25), (10.0, 7.0), (-2.0, 5.5)])


def test_box_area_centre_and_membership_are_half_open() -> None:
    box = Box(1, 2, 4, 8)
    assert box.area_px == 18
    assert box.centre == (2.5, 5)
    assert box.contains(1, 2)
    assert not box.contains(4, 2)


def test_boxes_apart_share_nothing() -> None:
    assert Box(0, 0, 2, 2).intersection(Box(5, 5, 6, 6)).area_px == 0
    assert Box(0, 0, 4, 4).intersection(Box(2, 1, 9, 3)) == Box(2, 1, 4, 3)


def test_a_box_is_written_rounded_outwards() -> None:
    assert Box(0.2, 1.0, 2.1, 3.0).as_list() == [0, 1, 3, 3]
    assert Box(-3, -1, 2, 99).clipped(10, 5) == Box(0, 0, 2, 5)
    assert Box.square(5, 5, 4) == Box(3, 3, 7, 7)


@pytest.mark.parametrize("flip", [False, True])
def test_scale_crop_maps_corners_to_corners_and_back(flip: bool) -> None:
    box = Box(10, 20, 110, 70)
    transform = PixelTransform.scale_crop(box, 50, 100, flip_columns=flip)
    left, right = (100, 0) if flip else (0, 100)
    np.testing.assert_allclose(transform.apply([(10, 20), (110, 70)]), [(0, left), (50, right)])
    np.testing.assert_allclose(transform.inverse().apply(transform.apply(POINTS)), POINTS)
    assert transform.inverse().apply_box(Box(0, 0, 50, 100)) == box


def test_then_applies_the_second_map_last() -> None:
    first = PixelTransform(((2.0, 0.0, 1.0), (0.0, 3.0, -1.0)))
    second = PixelTransform(((0.0, 1.0, 5.0), (1.0, 0.0, 0.0)))
    np.testing.assert_allclose(first.then(second).apply(POINTS), second.apply(first.apply(POINTS)))


def test_a_map_onto_a_line_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="inverse"):
        PixelTransform(((1.0, 1.0, 0.0), (1.0, 1.0, 0.0))).inverse()


@pytest.mark.parametrize("flags", list(product([False, True], repeat=3)))
def test_dihedral_moves_points_as_numpy_moves_pixels(flags: tuple[bool, bool, bool]) -> None:
    image = np.arange(12).reshape(3, 4)
    laid = image.T if flags[0] else image
    laid = laid[::-1] if flags[1] else laid
    laid = laid[:, ::-1] if flags[2] else laid
    transform = Dihedral(*flags).transform(3, 4)
    for row, col in product(range(3), range(4)):
        new_row, new_col = transform.apply([(row + 0.5, col + 0.5)])[0] - 0.5
        assert laid[round(new_row), round(new_col)] == image[row, col]


def test_lengths_convert_both_ways() -> None:
    assert px_to_mm(mm_to_px(7.0, 0.07), 0.07) == pytest.approx(7.0)
