"""The packages that ship: they open, their hashes hold, they say what they are, and they beat chance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mammoview.core.geometry import Box
from mammoview.core.paths import shipped_models, site_folds
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import EXPECTED, Task, verify
from mammoview.models.networks import PriorsNet
from mammoview.models.networks.temporal import pack
from mammoview.models.preprocess import prepare_image, prepare_patch
from mammoview.models.registry import Origin, PackageInfo, active, packages
from mammoview.training.cases.folds import CBIS, CESM
from mammoview.training.cases.splits import fold_split, read_folds

SHIPPED = [info for info in packages() if info.origin is Origin.SHIPPED]


def test_there_is_one_for_every_task_and_together_they_are_small() -> None:
    assert {info.task for info in SHIPPED} >= set(EXPECTED)
    assert all(active(task) for task in EXPECTED)
    assert sum(path.stat().st_size for path in shipped_models().rglob("*") if path.is_file()) <= 60 << 20


def input_of(package: LoadedPackage) -> torch.Tensor:
    """Noise as the net takes it; of a net for priors two exams of one view."""
    image = np.random.default_rng(0).integers(0, 60_000, (400, 300)).astype(np.uint16)
    network = package.network()
    if package.info.task in {Task.WHOLE_IMAGE, Task.PRIORS}:
        assert package.preprocess.image is not None
        values, _ = prepare_image(image, package.preprocess.image, breast=np.ones(image.shape, bool))
        if isinstance(network, PriorsNet):
            view = network.embed(torch.from_numpy(values[None]))
            exams = view.expand(1, 2, 1, -1)
            return pack(exams, torch.ones(1, 2, 1, dtype=torch.bool), torch.tensor([[-12.0, 0.0]]))
    elif package.preprocess.sliding is not None:
        side = package.preprocess.sliding.size_px
        values = np.zeros((package.preprocess.sliding.channels, side, side), np.float32)
    else:
        assert package.preprocess.patch is not None
        values, _ = prepare_patch(image, Box(100, 100, 180, 190), package.preprocess.patch)
    return torch.from_numpy(values[None])


@pytest.mark.parametrize("info", SHIPPED, ids=lambda info: info.key)
def test_it_opens_and_answers(info: PackageInfo) -> None:
    verify(info.folder, info.manifest)
    package = load(info)
    with torch.inference_mode():
        answer = package.network()(input_of(package))
    assert torch.isfinite(answer).all()
    assert answer.shape[1] == len(info.manifest.labels)


@pytest.mark.parametrize("info", SHIPPED, ids=lambda info: info.key)
def test_its_card_is_honest(info: PackageInfo) -> None:
    card = (info.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    evaluation = load(info).evaluation
    # The card says what the manifest says: those that learned from drawn images alone are marked.
    assert ("experimental" in card.lower()) is info.manifest.experimental
    for words in ("Not a medical device", "Split by patient", evaluation.split_sha256[:16]):
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


def test_the_comparison_with_earlier_exams_learned_change_and_is_off() -> None:
    (info,) = (info for info in SHIPPED if info.task is Task.PRIORS)
    assert info.manifest.experimental
    assert active(Task.PRIORS) == ()
    found = {metric.name: metric for metric in load(info).evaluation.metrics if not metric.group}
    assert found["auc_gain"].low is not None
    assert found["auc_gain"].low > 0
    assert found["p_value_of_gain"].value < 0.01
    assert sum(path.stat().st_size for path in info.folder.iterdir()) < 3 << 20


def test_the_segmenter_is_the_published_net() -> None:
    (info, *_) = active(Task.SEGMENTATION)
    net = load(info).network()
    numbers = sum(p.numel() for p in net.parameters())
    buffers = sum(b.numel() for name, b in net.named_buffers() if not name.endswith("num_batches_tracked"))
    assert (numbers, buffers, numbers + buffers) == (1_274_289, 2_432, 1_276_721)
