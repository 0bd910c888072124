"""Forty variants of each image, by index, after the split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.core.geometry import Box
from mammoview.training.cases.forty_fold import CHANGES, VARIANTS, FortyFold, Pair, roi_crop, vary
from mammoview.training.cases.splits import check_patients, split_by_patient

SIDE = 96


def disc(row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def load(index: int) -> Pair:
    """A bright disc off the middle on gray; each image has another place for it."""
    mask = disc(40 + index, 56, 10)
    return np.where(mask, 0.9, 0.4).astype(np.float32), mask


def forty(patients: int = 4) -> FortyFold:
    return FortyFold.of([f"p{number // 2}" for number in range(2 * patients)], load, seed=3)


def test_there_are_forty_of_each_and_they_differ() -> None:
    assert len(forty()) == 8 * 40
    seen = {forty().variant(index)[0].tobytes() for index in range(VARIANTS)}
    assert len(seen) == 40


def test_the_mask_moves_with_the_image() -> None:
    for index in range(VARIANTS):
        image, mask = forty().variant(index)
        assert image.dtype == np.float32
        assert mask.dtype == np.bool_
        assert 0 <= image.min() <= image.max() <= 1
        bright = image > 0.65
        # Disagreement along the disc's border only, and single pixels of noise.
        assert np.count_nonzero(bright ^ mask) < 0.15 * np.count_nonzero(mask), (index, CHANGES[index % 4])


def test_items_come_back_whatever_was_drawn_before() -> None:
    first = forty()
    for index in (0, 3, 39, 40, 199):
        again = FortyFold.of([f"p{number // 2}" for number in range(8)], load, seed=3)
        np.testing.assert_array_equal(first.variant(index)[0], again.variant(index)[0])
    other = FortyFold.of(["a"], load, seed=4)
    assert not np.array_equal(other.variant(3)[0], FortyFold.of(["a"], load, seed=3).variant(3)[0])


def test_flips_are_exact_and_rotations_are_eighteen_degrees_apart() -> None:
    image, mask = load(0)
    flip, noise = CHANGES.index("flip"), CHANGES.index("noise")
    flips = [image[:, ::-1], image[::-1], image[::-1, ::-1]]
    seen = set()
    for seed in range(30):
        found = vary(image, mask, flip, np.random.default_rng(seed))[0]
        seen |= {which for which in range(3) if np.array_equal(found, flips[which])}
    assert seen == {0, 1, 2}
    middle, start = np.full(2, (SIDE - 1) / 2), np.argwhere(mask).mean(axis=0)
    for orientation in range(10):
        turned = vary(image, mask, 4 * orientation + noise, np.random.default_rng(0))[1]
        before, after = (np.arctan2(*(place - middle)) for place in (start, np.argwhere(turned).mean(axis=0)))
        assert np.degrees(before - after) % 360 == pytest.approx(18 * orientation, abs=2)


def test_an_epoch_has_every_item_once_and_few_images_at_a_time() -> None:
    pairs = forty()
    first = pairs.order(0, block=2)
    assert sorted(first.tolist()) == list(range(len(pairs)))
    assert first.tolist() != pairs.order(1, block=2).tolist()
    assert first.tolist() == pairs.order(0, block=2).tolist()
    for start in range(0, len(pairs), 80):
        part = first[start : start + 80]
        assert len(set((part // VARIANTS).tolist())) == 2
        # Not one image after the other.
        assert len(set((part[:20] // VARIANTS).tolist())) == 2
    assert forty(0).order(0).size == 0


def test_the_split_comes_first_and_a_later_one_is_caught() -> None:
    pairs = forty(20)
    split = split_by_patient(dict.fromkeys(pairs.patients.tolist(), ""), 0.25, seed=1)
    sides = [pairs.select(patients) for patients in (split.training, split.validation)]
    assert [len(side) for side in sides] == [15 * 80, 5 * 80]
    training, validation = ([side.patient(index) for index in range(len(side))] for side in sides)
    check_patients(split, training=training, validation=validation)
    # A chosen image's variants are what they were among all images.
    whole = int(np.flatnonzero(pairs.patients == sides[1].patients[0])[0])
    np.testing.assert_array_equal(sides[1].variant(7)[0], pairs.variant(whole * VARIANTS + 7)[0])

    by_variant = np.random.default_rng(0).random(len(pairs)) < 0.75
    leaked = [pairs.patient(int(index)) for index in np.flatnonzero(by_variant)]
    with pytest.raises(InputError, match="5 patients do not belong to training"):
        check_patients(split, training=leaked, validation=[])


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = forty()
    for index in pairs.order(0)[:50]:
        pairs.variant(int(index))
    assert not list(tmp_path.iterdir())


def test_the_crop_has_the_region_in_its_middle_and_its_grays_spread() -> None:
    image = np.zeros((3000, 2000), np.uint16)
    image[500:2500, :1500] = 20_000 + np.random.default_rng(0).integers(0, 500, (2000, 1500)).astype(np.uint16)
    mask = np.zeros(image.shape, dtype=bool)
    mask[600:700, 1400:1480] = True
    crop, crop_mask = roi_crop(image, mask, Box(600, 1400, 700, 1480))
    assert crop.shape == crop_mask.shape == (1024, 1024)
    assert np.argwhere(crop_mask).mean(axis=0) == pytest.approx((511.5, 511.5))
    assert np.count_nonzero(crop_mask) == 8000
    tissue = crop[crop > 0]
    assert tissue.size == (650 + 512 - 500) * (1500 - (1440 - 512))
    # Evenly spread: the quantiles of (0, 1].
    np.testing.assert_allclose(np.quantile(tissue, (0.25, 0.5, 0.75)), (0.25, 0.5, 0.75), atol=0.05)
    # Beyond the image all is black.
    assert not roi_crop(image, mask, Box(0, 1900, 20, 1990))[0][:, 600:].any()
    assert not roi_crop(image, mask, Box(9000, 0, 9020, 20))[0].any()
