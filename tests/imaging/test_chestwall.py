from __future__ import annotations

import numpy as np
import pytest

from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import scan
from mammoview.imaging.chestwall import chest_wall_is_left
from mammoview.imaging.pyramid import build
from mammoview.imaging.windowing import to_presentation


def breast(reach: float) -> np.ndarray:
    """A half disc on the left edge that reaches over that share of the width."""
    rows, columns = np.indices((256, 200))
    inside = ((rows - 128) / 110) ** 2 + (columns / (200 * reach)) ** 2 < 1
    noise = np.random.default_rng(3).integers(0, 900, inside.shape)
    return (np.where(inside, 20_000, 300) + noise).astype(np.uint16)


@pytest.mark.parametrize("reach", [0.2, 0.5, 0.8, 1.0])
def test_the_side_with_more_tissue(reach) -> None:
    image = breast(reach)
    assert chest_wall_is_left(image) is True
    assert chest_wall_is_left(image[:, ::-1]) is False


def test_a_side_letter_does_not_turn_the_answer() -> None:
    image = breast(0.4)
    image[20:60, 150:190] = 65_535
    assert chest_wall_is_left(image) is True


@pytest.mark.parametrize("image", [np.zeros((64, 64)), np.full((64, 64), 7), np.zeros((1, 1)), np.zeros((300, 1))])
def test_nothing_to_see_is_no_answer(image) -> None:
    assert chest_wall_is_left(image.astype(np.uint16)) is None


def test_a_breast_on_both_sides_is_no_answer() -> None:
    image = np.maximum(breast(0.4), breast(0.4)[:, ::-1])
    assert chest_wall_is_left(image) is None


@pytest.mark.data
def test_real_digital_mammograms_that_all_face_the_same_way(data) -> None:
    (study,) = scan([data / "fixtures" / "ffdm_4view"]).studies
    assert len(study.images) == 4
    for image in study.images:
        stored = decode(image)
        levels, _ = build(stored)
        small = to_presentation(type(stored)(levels[-1]), image.grayscale)
        assert chest_wall_is_left(small) is True, image.label
