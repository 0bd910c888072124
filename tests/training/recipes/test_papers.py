"""Each way to train, on a few synthetic images: it learns, stops, goes on, and never sees a held-out patient."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mammoview.core.errors import CancelledError, UsageError
from mammoview.core.geometry import Box
from mammoview.core.progress import Cancel
from mammoview.models.loading import load
from mammoview.models.manifest import Task
from mammoview.models.networks import Network, PatchNet, WholeImageNet, build
from mammoview.models.networks.heads import AttentionHead
from mammoview.models.registry import packages
from mammoview.training.cases.places import marked, place_targets
from mammoview.training.cases.samples import ImageSet, TileBatches
from mammoview.training.cases.splits import Split
from mammoview.training.cases.tiles import TILE_PX, TileSet
from mammoview.training.config import TrainingConfig
from mammoview.training.judging.evaluate import calibration_half
from mammoview.training.judging.measure import patch_spec
from mammoview.training.learning.loop import CHECKPOINT, TrainingError
from mammoview.training.recipes import fitting
from mammoview.training.recipes import papers as recipes
from mammoview.training.recipes.finish import publish_patch
from mammoview.training.recipes.fitting import Run

BODY = {"depths": (1, 1, 1, 1), "width": 4, "in_channels": 1, "dropout": 0.1}
PATCH = {"size_px": 32, "context": 2.0, "equalise": "standard", "mean": 0.5, "std": 0.17}
NETWORKS: dict[str, dict[str, object]] = {
    "patch": {"architecture": "resnet-patch", "sizes": BODY},
    "whole_image": {
        "architecture": "resnet-whole-image",
        "sizes": {**BODY, "top": ((8, 8, 16),), "top_units": 1},
    },
    "segmenter": {"architecture": "bcir-unet", "sizes": {"width": 4}},
}
SPLIT = Split(frozenset(f"{n}" for n in range(6)), frozenset(f"{n}" for n in range(6, 8)))


def config(kind: str, **changes: object) -> TrainingConfig:
    stages = [{"name": "all", "epochs": 3, "learning_rate": 3e-3}]
    if kind == "whole_image":
        stages = [{"name": "top", "epochs": 1, "learning_rate": 3e-3, "trains": ["head.*"]}, {**stages[0], "epochs": 2}]
    words: dict[str, object] = {
        "package": {"id": "toy", "version": "1", "title": "Toy", "score_meaning": "nothing"},
        "network": NETWORKS[kind],
        "preprocess": {"image": {"rows": 64, "columns": 32}} if kind == "whole_image" else {"patch": PATCH},
        "split": {"seed": 1},
        "stages": stages,
        "batch_size": 3,
        "seed": 5,
        "loss": "bce_dice" if kind == "segmenter" else "cross_entropy",
    }
    return TrainingConfig.model_validate({**words, **changes})


def tiles(*, with_masks: bool = False, count: int = 8) -> TileSet:
    """A bright disc on noise for each of ``count`` patients; its size tells the class."""
    rng = np.random.default_rng(0)
    row, col = np.mgrid[:TILE_PX, :TILE_PX] - TILE_PX / 2
    labels = np.arange(count) % 5
    masks = np.stack([(np.hypot(row, col) < 12 + 4 * label) for label in labels])
    pixels = np.clip(rng.normal(90, 8, masks.shape) + 70 * masks, 1, 255).astype(np.uint8)
    boxes = np.repeat(np.array([[64, 64, 128, 128]], np.float32), count, axis=0)
    return TileSet(
        pixels,
        masks.astype(np.uint8) if with_masks else np.zeros(0, np.uint8),
        boxes,
        labels.astype(np.int64),
        np.array([f"{n}" for n in range(count)]),
    )


def images() -> ImageSet:
    rng = np.random.default_rng(0)
    names = np.array([f"{n}" for n in range(8)])
    labels = np.arange(8) % 2
    pixels = (rng.normal(0, 1, (8, 64, 32)) + labels[:, None, None]).astype(np.float16)
    return ImageSet(pixels, labels.astype(np.int64), names, names, np.array(["CC", "MLO"] * 4))


def fit(kind: str, run: Run, split: Split = SPLIT) -> Network:
    if kind == "patch":
        return fitting.fit_patch(tiles(), split, run)
    if kind == "segmenter":
        return fitting.fit_segmenter(tiles(with_masks=True), split, run)
    torch.manual_seed(0)
    parent = build("resnet-patch", BODY)
    assert isinstance(parent, PatchNet)
    return fitting.fit_whole_image(images(), split, run, patch_net=parent)


def stop_after(steps: int) -> Cancel:
    """A `Cancel` that says yes at step ``steps``."""
    asked = iter(range(1_000))
    return lambda: next(asked) >= steps


@pytest.mark.parametrize("kind", NETWORKS)
def test_six_steps_change_the_weights_and_are_logged(kind: str, tmp_path: Path) -> None:
    run = Run(config(kind), tmp_path)
    net = fit(kind, run)
    assert not net.training
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["epoch"] for line in log] == [1, 2, 3]
    assert all(np.isfinite(line["loss"]) for line in log)
    assert (tmp_path / "split.csv").exists()


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_stopped_run_goes_on_to_the_same_weights(kind: str, tmp_path: Path) -> None:
    straight = fit(kind, Run(config(kind), tmp_path / "straight"))
    # Two batches an epoch: the third step is in the second epoch.
    with pytest.raises(CancelledError):
        fit(kind, Run(config(kind), tmp_path / "stopped", cancel=stop_after(3)))
    resumed = fit(kind, Run(config(kind), tmp_path / "stopped"))
    for name, value in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0, msg=name)
    finished = fit(kind, Run(config(kind), tmp_path / "stopped"))
    for name, value in straight.state_dict().items():
        torch.testing.assert_close(finished.state_dict()[name], value, rtol=0, atol=0, msg=name)


def test_the_first_stage_of_surgery_leaves_the_body_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    body = build("resnet-patch", BODY).state_dict()
    only_top = config("whole_image", stages=[{"name": "t", "epochs": 2, "learning_rate": 1e-2, "trains": ["head.*"]}])
    net = fit("whole_image", Run(only_top, tmp_path))
    for name, value in net.state_dict().items():
        if name.startswith("body.") and not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(value, body[name], rtol=0, atol=0, msg=name)


ATTENTION = {"architecture": "resnet-attention", "sizes": {**BODY, "attention": 8}}


def placed_images() -> ImageSet:
    """A bright disc somewhere in each image, which looks the same whatever the label."""
    rng = np.random.default_rng(1)
    row, column = np.mgrid[:128, :128] + 0.5
    pixels, lesions, labels = rng.normal(0, 0.2, (32, 128, 128)), [], np.arange(32) % 2
    for image, label in zip(pixels, labels, strict=True):
        r, c = rng.choice([32.0, 96.0], 2)
        image[np.hypot(row - r, column - c) < 24] += 3.0
        lesions.append([(Box.square(r, c, 48.0), bool(label))])
    names = np.array([f"{n % 8}" for n in range(32)])
    views = np.array(["CC", "MLO"] * 16)
    return ImageSet(pixels.astype(np.float16), labels.astype(np.int64), names, names, views, marked(lesions))


def share_in_lesions(net: WholeImageNet, samples: ImageSet) -> float:
    """How much of the attention lies in the lesions."""
    assert isinstance(net.head, AttentionHead)
    with torch.inference_mode():
        weights = net.head.map_weights(net.body(torch.from_numpy(samples.pixels.astype(np.float32))[:, None]))
    still = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    places = np.stack([place_targets(of_image, still, samples.pixels.shape[1:]) for of_image in samples.places])
    return float((weights.flatten(1).numpy() * (places > 0)).sum(axis=1).mean())


def test_attention_that_is_told_the_places_learns_to_look_there(tmp_path: Path) -> None:
    torch.manual_seed(0)
    parent = build("resnet-patch", BODY)
    assert isinstance(parent, PatchNet)
    stages = [{"name": "all", "epochs": 14, "learning_rate": 1e-2}]
    words = {"network": ATTENTION, "preprocess": {"image": {"rows": 128, "columns": 128}}, "stages": stages}
    found = {}
    for weight in (0.0, 1.0):
        run = Run(config("whole_image", placing=weight, batch_size=6, **words), tmp_path / f"{weight}")
        net = fitting.fit_whole_image(placed_images(), SPLIT, run, patch_net=parent)
        held = placed_images().select(np.isin(placed_images().patients, list(SPLIT.validation)))
        found[weight] = share_in_lesions(net, held)
    assert found[1.0] > 2 * found[0.0], found


def test_a_net_without_attention_cannot_be_told_where_to_look(tmp_path: Path) -> None:
    parent = build("resnet-patch", BODY)
    assert isinstance(parent, PatchNet)
    run = Run(config("whole_image", placing=1.0), tmp_path)
    with pytest.raises(UsageError, match="with attention"):
        fitting.fit_whole_image(placed_images(), SPLIT, run, patch_net=parent)


def test_without_marks_attention_learns_from_labels_and_says_so(tmp_path: Path) -> None:
    parent = build("resnet-patch", BODY)
    assert isinstance(parent, PatchNet)
    said: list[str] = []
    stages = [{"name": "all", "epochs": 1, "learning_rate": 1e-3}]
    words = config("whole_image", network=ATTENTION, placing=1.0, stages=stages)
    fitting.fit_whole_image(
        images(), SPLIT, Run(words, tmp_path, progress=lambda _, text: said.append(text)), patch_net=parent
    )
    assert any("No lesion is marked" in text for text in said)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    fit("patch", Run(config("patch"), tmp_path))
    with pytest.raises(TrainingError, match="another config"):
        fit("patch", Run(config("patch", seed=6), tmp_path))
    with pytest.raises(TrainingError, match="another config"):
        fit("patch", Run(config("patch"), tmp_path), Split(SPLIT.training - {"0"}, SPLIT.validation))


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CancelledError):
        fit("patch", Run(config("patch"), tmp_path, cancel=stop_after(3)))
    before = (tmp_path / CHECKPOINT).read_bytes()
    monkeypatch.setattr(fitting.losses, "balanced_cross_entropy", lambda logits, _: logits.sum() * float("nan"))
    with pytest.raises(TrainingError, match="became nan"):
        fit("patch", Run(config("patch"), tmp_path))
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_the_mask_moves_with_its_image() -> None:
    some = tiles(with_masks=True)
    spec = patch_spec(config("segmenter"))
    for jitter in (0.0, 0.2):
        batches = TileBatches(some, spec, 8, config("segmenter").augment)
        (batch,) = batches.still(3, jitter=jitter)
        inside = batch.targets.numpy() > 0.5
        values = batch.images.numpy()
        # The disc is brighter than its surroundings by eight standard deviations of the noise, wherever it lies.
        assert values[inside].min() > np.percentile(values[~inside], 90)


def test_an_epoch_sees_every_tile_once_and_repeats_with_its_seed() -> None:
    batches = TileBatches(tiles(), patch_spec(config("patch")), 4, config("patch").augment)
    first = list(batches(np.random.default_rng(0)))
    again = list(batches(np.random.default_rng(0)))
    assert sorted(np.concatenate([b.targets.numpy() for b in first])) == sorted(tiles().labels)
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(one.images, other.images, rtol=0, atol=0)


def test_a_parent_of_another_split_is_refused() -> None:
    shipped = next(info for info in packages() if info.task is Task.PATCH)
    with pytest.raises(UsageError, match="another split"):
        recipes.patch_net_of(shipped, SPLIT)


def test_a_package_says_what_was_measured_on_the_held_out_patients(tmp_path: Path) -> None:
    some = tiles(count=60)
    split = Split(frozenset(f"{n}" for n in range(20)), frozenset(f"{n}" for n in range(20, 60)))
    run = Run(config("patch", stages=[{"name": "all", "epochs": 1, "learning_rate": 1e-3}]), tmp_path)
    info = publish_patch(tmp_path / "package", fitting.fit_patch(some, split, run), some, split, run.config)
    assert info.folder == tmp_path / "package"
    package = load(info)
    assert package.evaluation.split_sha256 == split.sha256
    assert {metric.n_patients for metric in package.evaluation.metrics if not metric.group} == {32, 40}
    held = some.select(np.isin(some.patients, list(split.validation)))
    half = calibration_half(held.patients, seed=run.config.split.seed)
    assert package.calibration.n_patients == (held.labels[half] > 0).sum()
    # 16 of the 20 training tiles are lesions, 8 of them malignant.
    assert info.manifest.score is not None
    assert info.manifest.score.training_prevalence == 0.5
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Not a medical device" in card
    assert (info.manifest.experimental, "experimental" in card) == (False, False)
