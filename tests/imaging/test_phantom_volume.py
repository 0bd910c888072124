"""Synthetic slices: sharp at the height where a thing lies, smeared along the sweep elsewhere."""

from __future__ import annotations

from math import radians, tan

import numpy as np
import pytest

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import exam_lesions
from mammoview.imaging.phantom_volume import SWEEP_DEGREES, PhantomVolume, make_volume, smear


@pytest.fixture(scope="module")
def volume() -> PhantomVolume:
    return make_volume(9, frames=40, rows=512, columns=416)


def test_a_point_is_spread_over_the_arc_and_nothing_is_lost() -> None:
    sheet = np.zeros((201, 31), np.float32)
    sheet[100, 15] = 1.0
    spread = smear(sheet, 20.0, spacing_mm=0.1)
    assert spread.sum() == pytest.approx(1.0, abs=1e-4)
    assert np.flatnonzero(spread.any(axis=0)).tolist() == [15], "the sweep runs along the chest wall"
    # A box of that width has this standard deviation (uniform distribution), the pixel's own size included.
    width = 2 * 20.0 * tan(radians(SWEEP_DEGREES / 2)) / 0.1
    rows = np.arange(201) - 100
    deviation = float(np.sqrt((spread[:, 15] * rows**2).sum()))
    assert deviation == pytest.approx(width / np.sqrt(12), rel=0.03)


def test_in_its_own_plane_a_sheet_is_untouched() -> None:
    sheet = np.random.default_rng(1).random((40, 30)).astype(np.float32)
    np.testing.assert_array_equal(smear(sheet, 0.0, spacing_mm=0.1), sheet)


def test_smearing_grows_with_the_height_between(volume: PhantomVolume) -> None:
    sheet = np.random.default_rng(1).random((200, 30)).astype(np.float32)
    spread = [float(smear(sheet, off, spacing_mm=0.1).std()) for off in (0.0, 0.5, 1.0, 3.0, 9.0, -9.0)]
    assert spread[:5] == sorted(spread[:5], reverse=True)
    assert spread[4] == spread[5]


def test_each_lesion_is_sharpest_at_its_own_height(volume: PhantomVolume) -> None:
    assert {lesion.shape for lesion in volume.image.truth.lesions} == set(exam_lesions(9, Laterality.LEFT))
    plain = make_volume(9, frames=40, rows=512, columns=416, lesions=())
    for lesion in volume.image.truth.lesions:
        at = volume.heights_mm.index(volume.lesion_heights_mm[lesion.id])
        box = lesion.box.slices()
        rise = []
        for number in range(0, 40, 3):
            own = volume.slice_at(number)[box].astype(float) - plain.slice_at(number)[box].astype(float)
            rise.append((float(np.diff(own, axis=0).std()), abs(number - at)))
        nearest = min(rise, key=lambda pair: pair[1])
        farthest = max(rise, key=lambda pair: pair[1])
        assert nearest[0] > 1.3 * farthest[0], lesion.id
        assert max(rise)[1] <= 3, f"{lesion.id} is sharpest {max(rise)[1]} slices from where it lies"


def test_slices_are_the_same_again_and_black_outside(volume: PhantomVolume) -> None:
    again = make_volume(9, frames=40, rows=512, columns=416)
    np.testing.assert_array_equal(volume.slice_at(11), again.slice_at(11))
    assert not np.array_equal(volume.slice_at(11), volume.slice_at(12))
    assert not volume.slice_at(3)[~volume.image.truth.breast].any()
    slices = list(make_volume(9, frames=3, rows=256, columns=208).slices())
    assert [part.shape for part in slices] == [(256, 208)] * 3


@pytest.mark.parametrize("side", list(Laterality))
def test_a_volume_shows_the_breast_of_the_two_dimensional_view(side: Laterality) -> None:
    made = make_volume(5, view=ViewPosition.CC, laterality=side, frames=8, rows=256, columns=208)
    middle = made.slice_at(4).astype(float)
    breast = made.image.truth.breast
    assert np.corrcoef(middle[breast], made.image.pixels[breast])[0, 1] > 0.8
    left, right = breast[:, :104].sum(), breast[:, 104:].sum()
    assert (left > right) == (side is Laterality.LEFT)
