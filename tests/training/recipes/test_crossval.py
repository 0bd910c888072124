"""Nets of a cross-validation: each judged on the patients that it never saw, all published with the pooled numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mammoview.core.errors import UsageError
from mammoview.models.loading import load
from mammoview.training.cases.samples import ImageSet
from mammoview.training.cases.splits import fold_split
from mammoview.training.cases.tiles import TileSet
from mammoview.training.config import TrainingConfig
from mammoview.training.recipes import crossval
from mammoview.training.recipes.fitting import Run

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1, "conv_bias": False}
FOLDS = {"cbis_ddsm": {f"p{n}": n % 3 for n in range(12)}, "cdd_cesm": {f"p{n}": n % 3 for n in range(12)}}


def _config(name: str, network: dict[str, object], **more: object) -> TrainingConfig:
    words = {
        "package": {"id": name, "version": "1", "title": name, "score_meaning": "m"},
        "network": network,
        "preprocess": {"patch": {"size_px": 32}, "image": {"rows": 64, "columns": 64}},
        "split": {"seed": 1},
        "stages": [{"name": "all", "epochs": 1, "learning_rate": 1e-3}],
        "batch_size": 8,
        "seed": 1,
        "loss": "cross_entropy",
        **more,
    }
    return TrainingConfig.model_validate(words)


def _tiles(*, masks: bool = False) -> TileSet:
    rng = np.random.default_rng(0)
    count = 60
    patients = np.array([f"p{n % 12}" for n in range(count)])
    disc = (np.hypot(*(np.mgrid[:192, :192] - 96)) < 30).astype(np.uint8)
    return TileSet(
        pixels=rng.integers(1, 255, (count, 192, 192)).astype(np.uint8),
        masks=np.stack([disc] * count) if masks else np.zeros(0, np.uint8),
        boxes=np.tile(np.array([64, 64, 128, 128], np.float32), (count, 1)),
        labels=np.arange(count, dtype=np.int64) % 5,
        patients=patients,
        lesions=np.array([f"{patient}_L_CC_mass_1" for patient in patients]),
        densities=np.array(["2"] * count),
    )


def _images() -> ImageSet:
    rng = np.random.default_rng(0)
    patients = np.array([f"p{n % 12}" for n in range(48)])
    return ImageSet(
        pixels=rng.normal(size=(48, 64, 64)).astype(np.float16),
        labels=rng.integers(0, 2, 48),
        patients=patients,
        breasts=np.array([f"{patient}_L" for patient in patients]),
        views=np.array(["CC", "MLO"] * 24),
    )


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    kinds = dict(crossval._KINDS)
    made: dict[str, Callable[[Path, Run], object]] = {
        "patch": lambda data, run: _tiles(),
        "image": lambda data, run: _images(),
        "segment": lambda data, run: _tiles(masks=True),
    }
    monkeypatch.setattr(crossval, "_KINDS", {name: replace(kind, samples=made[name]) for name, kind in kinds.items()})


@pytest.mark.usefixtures("made_up")
def test_every_fold_is_judged_by_the_net_that_never_saw_it(tmp_path: Path) -> None:
    config = _config("p", {"architecture": "resnet-patch", "sizes": {**SIZES, "classes": 5}})
    found = crossval.cross_validate("patch", tmp_path, Run(config, tmp_path / "patch"), FOLDS)
    assert [info.id for info in found] == ["p-1", "p-2", "p-3"]
    pooled = crossval.read_outputs(tmp_path / "patch")
    assert sorted(pooled["patients"]) == sorted(_tiles().patients)
    assert pooled["logits"].shape == (4, 60, 5)
    for number, info in enumerate(found):
        assert load(info).evaluation.split_sha256 == fold_split(FOLDS["cbis_ddsm"], number).sha256
        with np.load(tmp_path / "patch" / f"fold{number}" / crossval.OUTPUTS) as own:
            assert {FOLDS["cbis_ddsm"][patient] for patient in own["patients"]} == {number}
    evaluations = [load(info).evaluation.metrics for info in found]
    assert evaluations[0] == evaluations[1] == evaluations[2]

    image = _config("i", {"architecture": "resnet-attention", "sizes": SIZES})
    nets = crossval.cross_validate("image", tmp_path, Run(image, tmp_path / "image"), FOLDS, parents=tmp_path / "patch")
    assert [info.manifest.parent_sha256 for info in nets] == [info.sha256 for info in found]


@pytest.mark.usefixtures("made_up")
def test_masks_are_pooled(tmp_path: Path) -> None:
    config = _config("s", {"architecture": "bcir-unet", "sizes": {"width": 2}}, loss="bce_dice")
    found = crossval.cross_validate("segment", tmp_path, Run(config, tmp_path), FOLDS)
    metrics = {metric.name: metric for metric in load(found[0]).evaluation.metrics}
    assert metrics["dice"].n_patients == 12
    assert metrics["dice_of_inscribed_ellipse"].value > 0.95


@pytest.mark.usefixtures("made_up")
def test_a_whole_image_net_needs_a_parent(tmp_path: Path) -> None:
    config = _config("i", {"architecture": "resnet-attention", "sizes": SIZES})
    with pytest.raises(UsageError, match="needs the body"):
        crossval.cross_validate("image", tmp_path, Run(config, tmp_path), FOLDS)
