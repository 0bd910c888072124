"""B-Cir's recipe: batches of variants for those who are learned from, crops as they are for those who judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mammoview.core.errors import UsageError
from mammoview.training.cases.forty_fold import VARIANTS, FortyFold, Pair
from mammoview.training.cases.splits import Split
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.learning.prefetch import prefetched
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.forty_fold_recipe import batch_of, measure_crops, train_forty_fold, training_batches

SIDE = 64
SPLIT = Split(frozenset({"p0", "p1"}), frozenset({"p2", "p3"}))


def load(index: int) -> Pair:
    """A bright disc, elsewhere in each image."""
    row, column = np.mgrid[:SIDE, :SIDE]
    mask = np.hypot(row - 28 - index, column - 34) < 8
    return np.where(mask, 0.9, 0.3).astype(np.float32), mask


def pairs() -> FortyFold:
    """Two crops of each of four patients."""
    return FortyFold.of([f"p{number // 2}" for number in range(8)], load, seed=1)


def config(**patch: object) -> TrainingConfig:
    path = Path(__file__).parents[3] / "trainers" / "configs" / "published" / "bcir-unet.toml"
    words = read_config(path).model_dump(mode="json", exclude_unset=True)
    words["preprocess"]["patch"] |= {"size_px": SIDE, **patch}
    return TrainingConfig.model_validate({**words, "batch_size": 8})


class Bright(nn.Module):
    """Outlines what is bright: exactly right."""

    def forward(self, images: Tensor) -> Tensor:
        return (images - 0.6) * 100


def test_an_epoch_has_each_variant_of_the_training_side_once() -> None:
    batches = training_batches(pairs(), SPLIT, config())
    assert set(batches.pairs.patients) == SPLIT.training
    assert batches.steps == 4 * VARIANTS // 8
    drawn = list(prefetched(batches(np.random.default_rng(0)), lambda batch: batch, workers=2))
    assert len(drawn) == batches.steps
    images = torch.cat([batch.images for batch in drawn]).numpy()
    assert images.shape == (4 * VARIANTS, 1, SIDE, SIDE)
    wanted = {batches.pairs.variant(index)[0].tobytes() for index in range(4 * VARIANTS)}
    assert {image.tobytes() for image in images} == wanted
    # The same epoch again, and another order for another.
    again = next(batches(np.random.default_rng(0)))()
    torch.testing.assert_close(again.images, drawn[0].images, rtol=0, atol=0)
    other = next(batches(np.random.default_rng(1)))()
    assert not torch.equal(other.images, drawn[0].images)


def test_gray_values_become_input_as_in_use() -> None:
    spec = config(mean=0.5, std=0.25, channels=3).preprocess.patch
    assert spec is not None
    batch = batch_of([load(0), load(1)], spec)
    assert batch.images.shape == (2, 3, SIDE, SIDE)
    assert batch.targets.shape == (2, 1, SIDE, SIDE)
    inside = batch.targets[:, 0] > 0.5
    torch.testing.assert_close(batch.images[:, 2][inside].unique(), torch.tensor([1.6]))
    torch.testing.assert_close(batch.images[:, 0][~inside].unique(), torch.tensor([-0.8]))


def test_the_held_out_are_judged_by_their_crops_not_by_variants() -> None:
    found = measure_crops(Bright().eval(), pairs().select(SPLIT.validation), SPLIT, config())
    values = {metric.name: metric for metric in found.metrics}
    assert values["dice"].value == 1.0
    assert (values["dice"].n_images, values["dice"].n_patients) == (4, 2)
    # The discs lie off the middle: one drawn there without looking misses them, an ellipse in their box does not.
    assert values["dice_of_centred_disc"].value < 0.9 < values["dice_of_inscribed_ellipse"].value
    assert "64 pixels" in found.protocol
    assert found.split_sha256 == SPLIT.sha256


def test_crops_that_are_not_equalised_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="equalised"):
        train_forty_fold(tmp_path, Run(config(equalise="none"), tmp_path))
