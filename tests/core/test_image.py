from __future__ import annotations

import pickle

import numpy as np

from mammoview.core.findings import ValueMap
from mammoview.core.geometry import Box
from mammoview.core.image import Mask


def test_a_mask_survives_packing_and_the_way_between_processes() -> None:
    mask = np.random.default_rng(0).random((37, 53)) > 0.5
    packed = pickle.loads(pickle.dumps(Mask.from_array(mask)))
    np.testing.assert_array_equal(packed.to_array(), mask)
    assert hash(packed) == hash(Mask.from_array(mask))


def test_a_value_map_survives_packing() -> None:
    values = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    packed = ValueMap.from_array("gradcam", Box(0, 0, 30, 40), values)
    np.testing.assert_allclose(packed.to_array(), values, atol=1e-3)
