"""Patch places, with every overlap counted anew, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.training.cases.sampling import (
    S1,
    S10,
    PatchPlace,
    Roi,
    cut_patch,
    cut_short,
    fit_mask,
    place_patches,
    roi_of_box,
    roi_of_mask,
)

SHAPE = (1152, 896)
BREAST = np.zeros(SHAPE, dtype=bool)
BREAST[100:1050, :700] = True


def disc(row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return (rows + 0.5 - row) ** 2 + (columns + 0.5 - column) ** 2 <= radius**2


def roi(row: float, column: float, radius: float, label: PatchClass = PatchClass.MALIGNANT_MASS) -> Roi:
    found = roi_of_mask(disc(row, column, radius), label)
    assert found is not None
    return found


def shares(place: PatchPlace, lesion: Roi, patch_px: int = 224) -> tuple[float, float]:
    """Share of the lesion in the patch and of the patch in the lesion, by drawing the patch."""
    drawn = np.zeros(SHAPE, dtype=bool)
    drawn[place.box.clipped(*SHAPE).slices()] = True
    common = np.count_nonzero(drawn & lesion.region)
    return common / np.count_nonzero(lesion.region), common / patch_px**2


def test_ten_patches_hold_each_lesion_and_ten_hold_none() -> None:
    small, large = roi(400, 200, 40), roi(800, 450, 190, PatchClass.BENIGN_MASS)
    places = place_patches([small, large], BREAST, S10, key="a")
    assert [place.lesion for place in places] == [0] * 10 + [1] * 10 + [None] * 10
    for place in places[:20]:
        lesion = (small, large)[place.lesion or 0]
        assert place.label is lesion.label
        assert max(shares(place, lesion)) > place.cutoff
        assert lesion.box.contains(*place.centre)
    # The small disc fits into a patch, the large one holds a patch: both pass the published 0.9 as it stands.
    assert {place.cutoff for place in places[:20]} == {0.9}
    for place in places[20:]:
        assert place.label is PatchClass.BACKGROUND
        assert BREAST[place.centre]
        assert max(max(shares(place, lesion)) for lesion in (small, large)) < 0.35


def test_patches_differ_and_surround_their_lesion() -> None:
    centres = np.array([p.centre for p in place_patches([roi(400, 200, 60)], BREAST, S10, key="a") if p.lesion == 0])
    assert len(np.unique(centres, axis=0)) == 10
    assert np.all(centres.std(axis=0) > 10)


def test_the_cutoff_falls_where_no_patch_can_hold_enough() -> None:
    bar = roi_of_box(Box(300, 100, 310, 700), SHAPE, PatchClass.BENIGN_CALCIFICATION)
    assert bar is not None
    places = place_patches([bar], BREAST, S10, key="a")[:10]
    # A patch holds 224 of 600 columns at most: 0.373. The first multiple of 0.05 below that is 0.35.
    assert {place.cutoff for place in places} == {0.35}
    assert all(224 / 600 + 1e-9 >= max(shares(place, bar)) > 0.35 for place in places)


def test_s1_is_one_patch_in_the_middle_and_one_of_background() -> None:
    lesion = roi(500.5, 300.5, 50)
    first, second = place_patches([lesion], BREAST, S1, key="a")
    assert first.centre == (500, 300)
    assert (first.label, second.label) == (PatchClass.MALIGNANT_MASS, PatchClass.BACKGROUND)
    assert max(shares(second, lesion)) < 0.35


def test_the_seed_and_the_name_decide() -> None:
    lesions = [roi(400, 200, 40)]
    first = place_patches(lesions, BREAST, S10, key="a")
    assert place_patches(lesions, BREAST, S10, key="a") == first
    assert place_patches(lesions, BREAST, S10, key="b") != first
    assert place_patches(lesions, BREAST, replace(S10, seed=1), key="a") != first


def test_hard_negatives_are_the_best_proposals_that_touch_no_lesion() -> None:
    lesion = roi(400, 200, 40)
    proposals = [Box(430, 230, 500, 300), Box(700, 300, 760, 360), Box(900, 500, 930, 540), Box(200, 560, 230, 600)]
    places = place_patches([lesion], BREAST, replace(S10, hard=2), key="a", proposals=proposals)
    background = [place for place in places if place.lesion is None]
    assert [place.centre for place in background[:2]] == [(730, 330), (915, 520)]
    assert len(background) == 10


def test_a_lesion_of_unknown_class_gives_no_patch_and_is_kept_free() -> None:
    unknown, known = replace(roi(500, 300, 180), label=None), roi(900, 600, 40)
    places = place_patches([unknown, known], BREAST, S10, key="a")
    assert [place.lesion for place in places] == [1] * 10 + [None] * 10
    assert all(max(shares(place, unknown)) < 0.35 for place in places[10:])


def test_a_breast_without_room_gives_fewer_background_patches() -> None:
    lesion = roi(500, 300, 200)
    places = place_patches([lesion], lesion.region & disc(500, 300, 60), S10, key="a")
    assert [place.lesion for place in places] == [0] * 10
    nothing = np.zeros(SHAPE, dtype=bool)
    assert place_patches([], nothing, S10, key="a") == ()


def test_an_empty_cutoff_always_ends() -> None:
    """A lesion at the corner, and a patch much smaller than any share asks for."""
    corner = roi_of_box(Box(0, 0, 3, 896), SHAPE, PatchClass.BENIGN_MASS)
    assert corner is not None
    places = place_patches([corner], BREAST, replace(S10, patch_px=8, overlap=1.0), key="a")
    assert sum(place.lesion == 0 for place in places) == 10


def test_patches_beyond_the_border_are_black_there() -> None:
    image = np.full(SHAPE, 7, np.uint16)
    corner = roi_of_box(Box(0, 0, 20, 20), SHAPE, PatchClass.BENIGN_MASS)
    assert corner is not None
    place = place_patches([corner], BREAST, S1, key="a")[0]
    patch = cut_patch(image, place)
    assert patch.shape == (224, 224)
    assert patch.dtype == np.uint16
    assert place.centre == (10, 10)
    assert np.all(patch[102:, 102:] == 7)
    assert not patch[:102].any()
    assert not patch[:, :102].any()


def test_the_largest_part_of_a_mask_is_the_lesion() -> None:
    found = roi_of_mask(disc(300, 300, 20) | disc(700, 500, 50), PatchClass.BENIGN_MASS)
    assert found is not None
    assert found.box == Box(650, 450, 750, 550)
    assert found.centroid == pytest.approx((700, 500), abs=0.01)
    assert roi_of_mask(np.zeros(SHAPE, dtype=bool), PatchClass.BENIGN_MASS) is None
    assert roi_of_box(Box(2000, 0, 2010, 10), SHAPE, PatchClass.BENIGN_MASS) is None


def test_a_mask_of_another_size_is_repaired_and_told() -> None:
    half, was_other = fit_mask(disc(400, 200, 80)[::2, ::2], SHAPE)
    assert was_other
    assert half.shape == SHAPE
    assert np.count_nonzero(half ^ disc(400, 200, 80)) < 0.02 * np.count_nonzero(half)
    same = disc(400, 200, 80)
    assert fit_mask(same, SHAPE) == (same, False)


def test_a_patch_cut_short_goes_on_as_its_reflection() -> None:
    image = np.arange(60 * 50, dtype=np.uint16).reshape(60, 50)
    place = PatchPlace(PatchClass.BENIGN_MASS, (30, 20), Box(14, 4, 46, 36), 0.9, 0)
    end = Box(24, 12, 40, 30)
    wanted = np.pad(image[24:40, 12:30], ((10, 6), (8, 6)), mode="reflect")
    np.testing.assert_array_equal(cut_short(image, place, end), wanted)
    # An end beyond the patch changes nothing; beyond the image there is nothing to keep.
    np.testing.assert_array_equal(cut_short(image, place, Box(0, 0, 60, 50)), cut_patch(image, place))
    corner = PatchPlace(PatchClass.BENIGN_MASS, (4, 4), Box(-12, -12, 20, 20), 0.9, 0)
    wanted = np.pad(image[:20, :20], ((12, 0), (12, 0)), mode="reflect")
    np.testing.assert_array_equal(cut_short(image, corner, Box(-5, -5, 70, 70)), wanted)
