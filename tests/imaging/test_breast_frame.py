from __future__ import annotations

import numpy as np
import pytest

from mammoview.imaging.breast_frame import FRAME_HEIGHT_MM, STEP_MM, believed_spacing, extent, lay_down


def half_disc(rows, columns, *, width):
    y, x = np.ogrid[:rows, :columns]
    return ((y - rows / 2) / (0.45 * rows)) ** 2 + (x / width) ** 2 < 1


def test_known_spacing_is_believed_unless_it_cannot_be():
    breast = half_disc(1000, 800, width=500)
    assert believed_spacing(breast, (0.2, 0.25)) == (0.2, 0.25)
    assert believed_spacing(breast, (25.0, 25.0)) == pytest.approx((FRAME_HEIGHT_MM / 1000,) * 2)


@pytest.mark.parametrize(("width", "is_stretched"), [(700, True), (300, False)])
def test_square_frame_with_a_broad_breast_was_stretched(width, is_stretched):
    row_mm, col_mm = believed_spacing(half_disc(800, 800, width=width), None)
    assert (col_mm < row_mm) is is_stretched


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_places_keep_their_tissue_and_the_chest_wall_is_on_the_left(is_mirrored):
    breast = half_disc(900, 600, width=500)
    image = np.where(breast, 20000, 0).astype(np.uint16)
    image[395:405, 195:205] = 60000
    at = (400.0, 200.0)
    if is_mirrored:
        breast, image, at = breast[:, ::-1].copy(), image[:, ::-1].copy(), (400.0, 400.0)
    frame = lay_down(image, breast, None, spacing_mm=(0.3, 0.25))
    assert frame.values.shape == (round(900 * 0.3 / STEP_MM), round(600 * 0.25 / STEP_MM))
    assert frame.breast[:, 0].sum() > frame.breast[:, -1].sum()
    row, column = frame.transform.apply([at])[0]
    brightest = np.unravel_index(np.argmax(frame.values), frame.values.shape)
    assert np.hypot(brightest[0] + 0.5 - row, brightest[1] + 0.5 - column) < 3


def test_extent_is_tight_and_empty_masks_have_none():
    mask = np.zeros((10, 12), bool)
    mask[2:5, 7:9] = True
    assert extent(mask).as_list() == [2, 7, 5, 9]
    assert extent(np.zeros((3, 3), bool)).area_px == 0


@pytest.mark.parametrize("shape", [(1, 400), (8, 3000), (3000, 8)])
def test_a_strip_of_an_image_stays_small_in_the_common_frame(shape: tuple[int, int]) -> None:
    row_mm, column_mm = believed_spacing(np.ones(shape, bool), None)
    assert max(shape[0] * row_mm, shape[1] * column_mm) <= 600.0
