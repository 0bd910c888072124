"""The net over several exams: what may not change its score, and what must."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mammoview.core.errors import ModelPackageError
from mammoview.models.export import write_package
from mammoview.models.loading import load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Task
from mammoview.models.names import FEATURES, Backend
from mammoview.models.networks import PatchNet, PriorsNet, build
from mammoview.models.networks.temporal import ODDS, pack
from mammoview.models.preprocess import ImageSpec, Preprocess
from mammoview.models.runtime import open_runner

SIZES = {"body": {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1}, "embedding": 8, "hidden": 8}
BODY_CHANNELS = 128
WOMEN, EXAMS, VIEWS, CHANNELS = 3, 4, 4, BODY_CHANNELS + ODDS


@pytest.fixture(scope="module")
def net() -> PriorsNet:
    torch.manual_seed(3)
    built = build("gru-priors", SIZES)
    assert isinstance(built, PriorsNet)
    return built.eval()


@pytest.fixture
def exams() -> tuple[Tensor, Tensor, Tensor]:
    """Embeddings, which views are there, and dates at unequal intervals."""
    rng = np.random.default_rng(0)
    embeddings = torch.from_numpy(rng.normal(size=(WOMEN, EXAMS, VIEWS, CHANNELS)).astype(np.float32))
    present = torch.ones(WOMEN, EXAMS, VIEWS, dtype=torch.bool)
    present[0, 1, 2] = False
    months = torch.tensor([[0.0, 11.0, 26.0, 37.0]]).expand(WOMEN, -1).clone()
    return embeddings, present, months


def score(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    with torch.no_grad():
        return torch.as_tensor(net(pack(*exams)))


def test_order_in_which_exams_are_given_changes_nothing(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    mixed = tuple(part[:, [2, 0, 3, 1]] for part in exams)
    torch.testing.assert_close(score(net, mixed), score(net, exams))  # type: ignore[arg-type]


def test_which_exam_was_when_matters(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    shuffled = score(net, (embeddings, present, months[:, [2, 0, 3, 1]]))
    assert (shuffled - score(net, exams)).abs().max() > 1e-3


def test_shift_of_all_dates_changes_nothing(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    torch.testing.assert_close(score(net, (embeddings, present, months + 24_000)), score(net, exams))


def test_longer_intervals_change_the_score(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    assert (score(net, (embeddings, present, 2 * months)) - score(net, exams)).abs().max() > 1e-3


def test_padding_changes_nothing(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    longer = (
        torch.cat((torch.full_like(embeddings[:, :2], torch.nan), embeddings), dim=1),
        torch.cat((torch.zeros_like(present[:, :2]), present), dim=1),
        torch.cat((torch.full_like(months[:, :2], 99.0), months), dim=1),
    )
    torch.testing.assert_close(score(net, longer), score(net, exams))


def test_shorter_sequence_scores_alone_as_in_a_batch(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    present = present.clone()
    present[1, :2] = False
    alone = (embeddings[1:2, 2:], present[1:2, 2:], months[1:2, 2:])
    torch.testing.assert_close(score(net, alone), score(net, (embeddings, present, months))[1:2])


def test_order_of_the_views_changes_nothing(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    turn = [3, 1, 0, 2]
    torch.testing.assert_close(score(net, (embeddings[:, :, turn], present[:, :, turn], months)), score(net, exams))


def test_missing_view_is_not_read(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    other = embeddings.clone()
    other[0, 1, 2] = 1e6
    torch.testing.assert_close(score(net, (other, present, months)), score(net, exams))


@pytest.mark.parametrize("priors", [0, 1, 6])
def test_any_number_of_priors(net: PriorsNet, priors: int) -> None:
    count = priors + 1
    shape = (2, count, VIEWS)
    dates = torch.arange(count, dtype=torch.float32).expand(2, -1) * 7
    found = score(net, (torch.randn(*shape, CHANNELS), torch.ones(shape, dtype=torch.bool), dates))
    assert found.shape == (2, 2)
    assert torch.isfinite(found).all()


def test_gradient_reaches_the_oldest_exam(net: PriorsNet, exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    embeddings = embeddings.clone().requires_grad_()
    net(pack(embeddings, present, months))[:, 1].sum().backward()
    assert embeddings.grad is not None
    assert (embeddings.grad.abs().amax(dim=(0, 2, 3)) > 0).all()
    assert embeddings.grad[0, 1, 2].abs().max() == 0


def test_standardised_channels_do_not_depend_on_the_bodys_scale(exams: tuple[Tensor, Tensor, Tensor]) -> None:
    embeddings, present, months = exams
    found = []
    for factor in (1.0, 50.0):
        torch.manual_seed(0)
        net = build("gru-priors", SIZES).eval()
        assert isinstance(net, PriorsNet)
        net.head.standardise(factor * embeddings.flatten(0, 2) + factor)
        found.append(score(net, (factor * embeddings + factor, present, months)))
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-4)


def test_a_view_is_read_where_the_patch_classifier_sees_a_lesion(net: PriorsNet) -> None:
    """Wherever on the map the lesion lies; what the rest of the map shows hardly counts."""
    built = build("gru-priors", {**SIZES, "window": 1})
    assert isinstance(built, PriorsNet)
    with torch.no_grad():
        built.dense.weight.zero_()
        built.dense.weight[0, 0], built.dense.weight[4, 0] = -20.0, 20.0
        built.dense.bias.zero_()
        features = torch.rand(1, BODY_CHANNELS, 3, 5)
        features[:, 0] = 0.0
        features[:, 0, 2, 3] = 1.0
        other = features.flip(2, 3)
        torch.testing.assert_close(built.embedding(features)[:, :-ODDS], features[..., 2, 3])
        torch.testing.assert_close(built.embedding(other), built.embedding(features))
        wider = features.clone()
        wider[..., 2, 4] = features[..., 2, 3]
        (largest, total), (same, more) = built.embedding(features)[0, -ODDS:], built.embedding(wider)[0, -ODDS:]
    assert same == pytest.approx(largest)
    assert more - total == pytest.approx(np.log(2), abs=1e-4), "twice the area, twice the odds"


def test_body_and_dense_layer_are_those_of_the_classifier() -> None:
    """So that a window of the map has the logits of a patch."""
    parent, child = build("resnet-patch", SIZES["body"]).eval(), build("gru-priors", SIZES).eval()  # type: ignore[arg-type]
    assert isinstance(parent, PatchNet)
    assert isinstance(child, PriorsNet)
    child.take_over(parent)
    images = torch.randn(2, 1, 64, 96)
    with torch.no_grad():
        features = parent.body(images)
        torch.testing.assert_close(child.body(images), features)
        # One place whose neighbours are the same: its window is the map's mean, as in the patch classifier.
        even = features.mean(dim=(2, 3), keepdim=True).expand(-1, -1, 2, 3)
        logits = parent(images)
        odds = logits[:, 1:].logsumexp(dim=1) - logits[:, 0]
        torch.testing.assert_close(child.embedding(even)[:, -ODDS], odds)
        torch.testing.assert_close(child.embedding(even)[:, :-ODDS], even[..., 0, 0])
        torch.testing.assert_close(child.embed(images), child.embedding(features))


@pytest.mark.parametrize("body", ["bcir-unet", "gru-priors", "resnet-whole-image", "nonsense-patch"])
def test_a_body_that_is_no_classifiers_is_refused(body: str) -> None:
    with pytest.raises(ModelPackageError):
        build("gru-priors", {"body_architecture": body})


@pytest.mark.parametrize("backend", [Backend.ONNX, Backend.TORCH])
def test_package_embeds_as_the_net_does(net: PriorsNet, backend: Backend, tmp_path) -> None:  # type: ignore[no-untyped-def]
    info = write_package(
        tmp_path / "package",
        net,
        identity=Identity(
            id="toy-priors",
            version="1",
            name="Toy",
            task=Task.PRIORS,
            labels=("stable", "growing"),
            licence="Apache-2.0",
            training_data="None.",
        ),
        preprocess=Preprocess(image=ImageSpec(rows=96, columns=64)),
        calibration=Calibration(),
        evaluation=Evaluation(),
        card="# Toy\n",
        precision="fp32",
    )
    package = load(info)
    images = np.random.default_rng(1).normal(size=(2, 1, 96, 64)).astype(np.float32)
    found = open_runner(package, backend=backend, threads=1).run(images)
    assert set(found) == {FEATURES}
    with torch.no_grad():
        np.testing.assert_allclose(
            net.embedding(torch.from_numpy(found[FEATURES])).numpy(),
            net.embed(torch.from_numpy(images)).numpy(),
            atol=1e-4,
        )
        stored = package.network()
        sequence = torch.randn(1, 2, 4, CHANNELS + 2)
        torch.testing.assert_close(stored(sequence), net(sequence))
