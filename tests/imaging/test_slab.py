"""Slabs against numpy's own maximum and mean."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.image import StoredImage
from mammoview.imaging.pyramid import build
from mammoview.imaging.slab import SlabMode, project, slab_pyramid, within


@pytest.fixture
def frames() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 65_536, (301, 203)).astype(np.uint16) for _ in range(7)]


@pytest.mark.meets("MG-I05")
@pytest.mark.parametrize("count", [1, 2, 7])
def test_slabs_are_the_maximum_and_the_mean(frames: list[np.ndarray], count: int) -> None:
    some = frames[:count]
    kept = [frame.copy() for frame in some]
    np.testing.assert_array_equal(project(some, SlabMode.MIP), np.max(some, axis=0))
    assert np.abs(project(some, SlabMode.AVERAGE) - np.mean(some, axis=0)).max() <= 0.5001
    np.testing.assert_array_equal(project(some, SlabMode.SINGLE), some[0])
    for frame, before in zip(some, kept, strict=True):
        np.testing.assert_array_equal(frame, before, "the slices themselves are untouched")


def test_padding_stays_out_of_the_averages_of_a_slab(frames: list[np.ndarray]) -> None:
    padded = [np.where(np.arange(203) < 100, frame | 64, 3).astype(np.uint16) for frame in frames[:3]]
    levels = slab_pyramid(padded, SlabMode.MIP, (0, 4))
    highest = np.max(padded, axis=0)
    wanted, _ = build(StoredImage(highest, 0, highest <= 4))
    for shown, level in zip(levels, wanted, strict=True):
        np.testing.assert_array_equal(shown, level)


@pytest.mark.meets("MG-I05")
def test_a_slab_takes_in_the_slices_whose_middles_lie_in_it() -> None:
    every_mm = tuple(float(k) for k in range(30))
    assert [len(within(every_mm, 30, 15, thickness)) for thickness in (3.0, 5.0, 10.0)] == [3, 5, 9]
    assert list(within(every_mm, 30, 0, 5.0)) == [0, 1, 2]
    assert list(within(every_mm, 30, 29, 5.0)) == [27, 28, 29]
    assert list(within((0.0, 4.0, 8.0), 3, 1, 3.0)) == [1]
    assert list(within((), 9, 4, 3.0)) == [3, 4, 5], "slices where heights are unknown"


def test_modes_go_round() -> None:
    assert SlabMode.SINGLE.following.following.following is SlabMode.SINGLE
