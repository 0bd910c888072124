"""Attention that is told where to look."""

from __future__ import annotations

import pytest
import torch

from mammoview.models.networks import WholeImageNet, build
from mammoview.models.networks.heads import AttentionHead
from mammoview.training.cases.places import BENIGN, MALIGNANT, NOTHING, UNKNOWN
from mammoview.training.learning import placed
from mammoview.training.learning.losses import balanced_cross_entropy
from mammoview.training.learning.placed import PlacedNet, placing_loss

SIZES = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1, "attention": 8, "classes": 2}
POSITIONS = 4 * 2


@pytest.fixture
def net() -> WholeImageNet:
    torch.manual_seed(0)
    found = build("resnet-attention", SIZES)
    assert isinstance(found, WholeImageNet)
    return found.eval()


def test_the_placed_net_gives_the_logits_and_places_of_the_net_that_it_wraps(net: WholeImageNet) -> None:
    images = torch.randn(3, 1, 128, 64)
    both = PlacedNet(net).train()
    # Statistics of three images would differ from those that the net keeps.
    for module in both.modules():
        module.training = module is both
    told = both(images)
    assert told.shape == (3, 2 + 3 * POSITIONS)
    torch.testing.assert_close(told[:, :2], net(images))
    features = net.body(images)
    assert isinstance(net.head, AttentionHead)
    weights = torch.softmax(told[:, 2 : 2 + POSITIONS], dim=1)
    torch.testing.assert_close(weights, net.head.map_weights(features).flatten(1))
    torch.testing.assert_close(told[:, 2 + POSITIONS :].unflatten(1, (2, 4, 2)), net.head.map_logits(features))
    assert {name for name, _ in both.named_parameters()} == {name for name, _ in net.named_parameters()}


def test_images_without_marks_learn_from_their_label_alone() -> None:
    outputs, labels = torch.randn(4, 2 + 3 * POSITIONS), torch.tensor([0, 1, 1, 0])
    targets = torch.full((4, 1 + POSITIONS), float(NOTHING))
    targets[:, 0] = labels
    torch.testing.assert_close(placing_loss(1.0)(outputs, targets), balanced_cross_entropy(outputs[:, :2], labels))


def test_looking_at_the_lesion_costs_less_than_looking_beside_it() -> None:
    targets = torch.full((2, 1 + POSITIONS), float(NOTHING))
    targets[:, 0] = torch.tensor([0.0, 1.0])
    targets[0, 1 + 3], targets[1, 1 + 5] = BENIGN, MALIGNANT
    outputs = torch.zeros(2, 2 + 3 * POSITIONS)
    there, beside = outputs.clone(), outputs.clone()
    there[0, 2 + 3] = there[1, 2 + 5] = 4.0
    beside[0, 2 + 1] = beside[1, 2 + 2] = 4.0
    loss = placing_loss(1.0)
    assert loss(there, targets) < loss(outputs, targets) < loss(beside, targets)


def test_the_positions_of_a_lesion_learn_what_it_is_and_an_unknown_one_teaches_nothing() -> None:
    targets = torch.full((1, 1 + POSITIONS), float(NOTHING))
    targets[0, 0], targets[0, 1 + 3] = 1.0, MALIGNANT
    outputs = torch.zeros(1, 2 + 3 * POSITIONS, requires_grad=True)
    placing_loss(1.0)(outputs, targets).backward()
    assert outputs.grad is not None
    of_places = outputs.grad[0, 2 + POSITIONS :].reshape(2, POSITIONS)
    assert of_places[1, 3] < 0 < of_places[0, 3]
    assert of_places[:, [0, 1, 2, 4, 5, 6, 7]].abs().max() == 0
    outputs.grad = None
    targets[0, 1 + 3] = UNKNOWN
    placing_loss(1.0)(outputs, targets).backward()
    assert outputs.grad is not None
    assert outputs.grad[0, 2 + POSITIONS :].abs().max() == 0
    assert outputs.grad[0, 2 : 2 + POSITIONS].abs().max() > 0


def test_who_watches_a_run_sees_the_network_itself(net: WholeImageNet) -> None:
    images = torch.randn(2, 1, 128, 64)
    torch.testing.assert_close(PlacedNet(net).eval()(images), net(images))


def test_processes_that_share_a_batch_have_the_loss_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two halves with different numbers of marks, each told the counts of both."""
    torch.manual_seed(1)
    outputs, targets = torch.randn(4, 2 + 3 * POSITIONS), torch.full((4, 1 + POSITIONS), float(NOTHING))
    targets[:, 0] = torch.tensor([0.0, 1.0, 0.0, 1.0])
    targets[0, 1:4], targets[1, 5], targets[3, 2:4] = BENIGN, MALIGNANT, UNKNOWN
    whole = placing_loss(2.0)(outputs, targets)
    totals = torch.tensor([3, 4])
    monkeypatch.setattr(placed, "over_all_processes", lambda counts: (totals, 2))
    halves = [placing_loss(2.0)(outputs[rows], targets[rows]) for rows in (slice(0, 2), slice(2, 4))]
    torch.testing.assert_close(torch.stack(halves).mean(), whole)
