"""Marked lesions on a network's map."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.geometry import Box
from mammoview.training.cases.augment import Ranges, random_affine
from mammoview.training.cases.places import BENIGN, MALIGNANT, NOTHING, STRIDE, UNKNOWN, marked, place_targets

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
SHAPE = (8 * STRIDE, 4 * STRIDE)


def test_images_with_fewer_lesions_are_filled_up_with_nothing() -> None:
    found = marked([[], [(Box(0, 0, 32, 32), True), (Box(64, 0, 96, 32), None)]])
    assert found.shape == (2, 2, 5)
    assert np.isnan(found[0]).all()
    assert found[1, :, 4].tolist() == [MALIGNANT, UNKNOWN]


def test_where_nothing_is_marked_at_all_there_is_no_array() -> None:
    assert marked([[], []]).shape == (0,)
    assert marked([]).shape == (0,)


def test_a_position_belongs_to_the_lesion_that_holds_its_centre() -> None:
    lesions = marked([[(Box(0, 0, 64, 64), False), (Box(160, 64, 256, 128), True)]])[0]
    found = place_targets(lesions, STILL, SHAPE).reshape(8, 4)
    assert (found[:2, :2] == BENIGN).all()
    assert (found[5:, 2:] == MALIGNANT).any()
    assert (found[2:5] == NOTHING).all()


@pytest.mark.parametrize("row", [0, 3, 7])
def test_a_lesion_smaller_than_a_position_has_one(row: int) -> None:
    middle = (row + 0.5) * STRIDE
    found = place_targets(marked([[(Box.square(middle, middle / 2, 4), True)]])[0], STILL, SHAPE)
    assert (found == MALIGNANT).sum() >= 1


def test_targets_move_with_the_image() -> None:
    lesions = marked([[(Box(32, 0, 96, 64), True)]])[0]
    across = np.array([[-1.0, 0.0, SHAPE[1] - 1.0], [0.0, 1.0, 0.0]])
    straight, mirrored = (place_targets(lesions, matrix, SHAPE).reshape(8, 4) for matrix in (STILL, across))
    assert np.array_equal(mirrored, straight[:, ::-1])


def test_what_leaves_the_image_is_nowhere() -> None:
    away = np.array([[1.0, 0.0, 10_000.0], [0.0, 1.0, 0.0]])
    assert (place_targets(marked([[(Box(32, 0, 96, 64), True)]])[0], away, SHAPE) == NOTHING).all()


def test_a_bright_square_and_its_targets_stay_together() -> None:
    """Wherever a draw moves the image, the marked positions are where the brightness went."""
    import cv2

    rng = np.random.default_rng(3)
    image = np.zeros(SHAPE, dtype=np.float32)
    image[64:160, 32:96] = 1.0
    lesions = marked([[(Box(64, 32, 160, 96), True)]])[0]
    for _ in range(10):
        matrix = random_affine(rng, Ranges(), centre=(SHAPE[0] / 2, SHAPE[1] / 2), jitter_px=10.0)
        moved = cv2.warpAffine(image, matrix, SHAPE[::-1])
        bright = cv2.resize(moved, (4, 8), interpolation=cv2.INTER_AREA).ravel()
        found = place_targets(lesions, matrix, SHAPE) == MALIGNANT
        assert bright[found].min() > 0.35
        assert bright[found].mean() > bright[~found].mean()
