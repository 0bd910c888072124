"""A part of the training patients is watched; the held-out patients never are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from mammoview.training.cases.splits import Split
from mammoview.training.cases.tiles import TileSet
from mammoview.training.config import TrainingConfig, Watch
from mammoview.training.recipes import fitting
from mammoview.training.recipes.fitting import Run, fit_patch, fit_segmenter
from mammoview.training.recipes.watch import measure_of, set_aside

if TYPE_CHECKING:
    from torch import nn

    from mammoview.training.recipes.fitting import Batches, Watched

SPLIT = Split(frozenset(f"t{n}" for n in range(20)), frozenset(f"v{n}" for n in range(5)))


def _tiles(*, masks: bool = False) -> TileSet:
    rng = np.random.default_rng(0)
    patients = sorted(SPLIT.training | SPLIT.validation) * 2
    count = len(patients)
    disc = (np.hypot(*(np.mgrid[:192, :192] - 96)) < 30).astype(np.uint8)
    return TileSet(
        pixels=rng.integers(1, 255, (count, 192, 192)).astype(np.uint8),
        masks=np.stack([disc] * count) if masks else np.zeros(0, np.uint8),
        boxes=np.tile(np.array([64, 64, 128, 128], np.float32), (count, 1)),
        labels=np.arange(count, dtype=np.int64) % 5,
        patients=np.array(patients),
    )


def _config(architecture: str, sizes: dict[str, object], **more: object) -> TrainingConfig:
    words = {
        "package": {"id": "p", "version": "1", "title": "p", "score_meaning": "m"},
        "network": {"architecture": architecture, "sizes": sizes},
        "preprocess": {"patch": {"size_px": 32}},
        "split": {"seed": 1},
        "stages": [{"name": "all", "epochs": 2, "learning_rate": 1e-3}],
        "batch_size": 8,
        "seed": 1,
        "loss": "cross_entropy",
        **more,
    }
    return TrainingConfig.model_validate(words)


def test_the_watched_are_training_patients_that_are_not_learned_from() -> None:
    parts = set_aside(SPLIT, Watch(value="auc", share=0.25), seed=3)
    assert parts.training | parts.validation == SPLIT.training
    assert len(parts.validation) == 5


@pytest.mark.parametrize("masks", [False, True])
def test_a_recipe_hands_over_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masks: bool) -> None:
    seen: dict[str, set[str]] = {}

    def fit(net: nn.Module, batches: Batches, split: Split, run: Run, *, parent: str, watched: Watched) -> None:
        assert not parent
        seen["learned"] = set(batches.tiles.patients)  # type: ignore[attr-defined]
        seen["watched"] = set(watched.tiles.patients)  # type: ignore[attr-defined]

    monkeypatch.setattr(fitting, "fit", fit)
    sizes = {"width": 2} if masks else {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}
    config = _config(
        "bcir-unet" if masks else "resnet-patch",
        sizes,
        watch={"value": "dice" if masks else "accuracy", "share": 0.2},
        loss="bce_dice" if masks else "cross_entropy",
    )
    (fit_segmenter if masks else fit_patch)(_tiles(masks=masks), SPLIT, Run(config, tmp_path))
    assert not seen["learned"] & seen["watched"]
    assert seen["learned"] | seen["watched"] == SPLIT.training
    assert len(seen["watched"]) == 4


def test_the_best_epoch_is_kept_by_the_watched_value(tmp_path: Path) -> None:
    config = _config(
        "resnet-patch", {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}, watch={"value": "accuracy"}
    )
    fit_patch(_tiles(), SPLIT, Run(config, tmp_path))
    best = torch.load(tmp_path / "best.pt", weights_only=True)
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert best["epoch"] in {1, 2}
    assert all('"accuracy"' in line for line in lines)


def test_values_come_from_outputs_and_targets() -> None:
    logits = np.array([[2.0, 1, 0, 0, 0, 9, 9], [0, 3, 0, 0, 0, 9, 9]], np.float32)
    assert measure_of("accuracy")(logits, np.array([0, 2])) == {"accuracy": 0.5}
    two = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]], np.float32)
    assert measure_of("auc")(two, np.array([0, 0, 1])) == {"auc": 1.0}
    assert np.isnan(measure_of("auc")(two, np.array([0, 0, 0]))["auc"])
    masks = np.array([[[[1.0, -1.0], [-1.0, -1.0]]]], np.float32)
    assert measure_of("dice")(masks, np.array([[[[1.0, 1.0], [0.0, 0.0]]]])) == {"dice": pytest.approx(2 / 3)}
