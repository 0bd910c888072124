"""The packages that ship: they open, their hashes hold, they say what they are, and they beat chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mammoview.core.geometry import Box
from mammoview.core.paths import shipped_models, site_folds
from mammoview.models.loading import load
from mammoview.models.manifest import EXPECTED, Task, verify
from mammoview.models.preprocess import prepare_image, prepare_patch
from mammoview.models.registry import Origin, PackageInfo, active, packages
from mammoview.training.cases.folds import CBIS, CESM
from mammoview.training.cases.splits import fold_split, read_folds

SHIPPED = [info for info in packages() if info.origin is Origin.SHIPPED]


def test_there_is_one_for_every_task_and_together_they_are_small() -> None:
    assert {info.task for info in SHIPPED} >= set(EXPECTED)
    assert all(active(task) for task in EXPECTED)
    assert sum(path.stat().st_size for path in shipped_models().rglob("*") if path.is_file()) <= 60 << 20


@pytest.mark.parametrize("info", SHIPPED, ids=lambda info: info.key)
def test_it_opens_and_answers(info: PackageInfo) -> None:
    verify(info.folder, info.manifest)
    package = load(info)
    image = np.random.default_rng(0).integers(0, 60_000, (400, 300)).astype(np.uint16)
    if info.task is Task.WHOLE_IMAGE:
        assert package.preprocess.image is not None
        values, _ = prepare_image(image, package.preprocess.image, breast=np.ones(image.shape, bool))
    elif package.preprocess.sliding is not None:
        side = package.preprocess.sliding.size_px
        values = np.zeros((package.preprocess.sliding.channels, side, side), np.float32)
    else:
        assert package.preprocess.patch is not None
        values, _ = prepare_patch(image, Box(100, 100, 180, 190), package.preprocess.patch)
    with torch.inference_mode():
        answer = package.network()(torch.from_numpy(values[None]))
    assert torch.isfinite(answer).all()
    assert answer.shape[1] == len(info.manifest.labels)


@pytest.mark.parametrize("info", SHIPPED, ids=lambda info: info.key)
def test_its_card_is_honest(info: PackageInfo) -> None:
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    evaluation = load(info).evaluation
    for words in ("experimental", "Not a medical device", "Split by patient", evaluation.split_sha256[:16]):
        assert words in card
    assert info.manifest.licence in card
    assert all(citation in card for citation in info.manifest.citations)
    for metric in evaluation.metrics:
        assert f"| {metric.name} | {metric.group} | {metric.value:.3f} |" in card


def test_each_net_of_a_cross_validation_names_the_fold_that_it_never_saw() -> None:
    folds = read_folds(site_folds())
    found = {}
    for info in SHIPPED:
        name, _, number = info.id.rpartition("-")
        if info.task in EXPECTED and not info.manifest.experimental:
            dataset = CESM if info.task is Task.SEGMENTATION else CBIS
            assert load(info).evaluation.split_sha256 == fold_split(folds[dataset], int(number) - 1).sha256, info.id
            found.setdefault(name, set()).add(int(number))
    assert set(map(frozenset, found.values())) == {frozenset({1, 2, 3, 4, 5})}


def test_whole_image_nets_have_the_body_of_a_shipped_patch_net_of_the_same_fold() -> None:
    by_sha = {info.sha256: info for info in SHIPPED}
    for info in SHIPPED:
        if info.task is Task.WHOLE_IMAGE:
            assert info.manifest.parent_sha256 is not None
            parent = by_sha[info.manifest.parent_sha256]
            assert load(parent).evaluation.split_sha256 == load(info).evaluation.split_sha256


def test_they_beat_chance_on_held_out_patients() -> None:
    found = {
        (info.task, metric.name, metric.group): metric
        for info in SHIPPED
        if not info.manifest.experimental
        for metric in load(info).evaluation.metrics
    }
    lowest = {
        (Task.PATCH, "auc_malignant_vs_benign_lesion", ""): 0.5,
        (Task.WHOLE_IMAGE, "auc_image", ""): 0.5,
        (Task.WHOLE_IMAGE, "auc_patient", ""): 0.5,
        (Task.SEGMENTATION, "dice_gain_over_centred_disc", ""): 0.0,
    }
    for key, chance in lowest.items():
        low = found[key].low
        assert low is not None
        assert low > chance, key


def test_the_segmenter_is_the_published_net() -> None:
    (info, *_) = active(Task.SEGMENTATION)
    net = load(info).network()
    numbers = sum(p.numel() for p in net.parameters())
    buffers = sum(b.numel() for name, b in net.named_buffers() if not name.endswith("num_batches_tracked"))
    assert (numbers, buffers, numbers + buffers) == (1_274_289, 2_432, 1_276_721)
