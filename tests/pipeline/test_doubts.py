from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.findings import ValueMap
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.pipeline.doubts import doubts, share_outside

LEFT_HALF = np.zeros((80, 60), bool)
LEFT_HALF[:, :30] = True
BREAST = Mask.from_array(LEFT_HALF)


def lit(columns: slice, name: str = "gradcam") -> ValueMap:
    values = np.zeros((8, 6), np.float32)
    values[:, columns] = 1.0
    return ValueMap.from_array(name, Box(0, 0, 80, 60), values)


@pytest.mark.parametrize(
    ("columns", "outside"), [(slice(0, 3), 0.0), (slice(3, 6), 1.0), (slice(0, 6), 0.5), (slice(0, 0), 0.0)]
)
def test_the_share_outside_is_that_of_the_energy(columns: slice, outside: float) -> None:
    assert share_outside(lit(columns), BREAST) == pytest.approx(outside, abs=1e-3)


def test_a_map_over_a_part_of_the_image_is_weighed_there() -> None:
    part = ValueMap.from_array("gradcam", Box(0, 30, 80, 60), np.ones((4, 4), np.float32))
    assert share_outside(part, BREAST) == pytest.approx(1.0)


def test_a_map_of_the_air_is_called_into_doubt_and_one_of_the_breast_is_not() -> None:
    assert "50%" in doubts(lit(slice(0, 6)), BREAST)[0]
    assert not doubts(lit(slice(0, 3)), BREAST)
    assert not doubts(None, BREAST)


def test_guided_back_propagation_always_carries_its_caveat() -> None:
    assert len(doubts(lit(slice(0, 3), "guided"), BREAST)) == 1
