"""What the readers wrote, as further targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mammoview.models.networks import PatchNet, build
from mammoview.training.cases.data import LesionDetails
from mammoview.training.learning import described
from mammoview.training.learning.described import QUESTIONS, DescribingNet, answers, describing_loss
from mammoview.training.learning.losses import balanced_cross_entropy

SIZES = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1, "classes": 5}


def test_answers_are_yes_no_or_unknown() -> None:
    found = dict(
        zip(
            QUESTIONS,
            answers(
                LesionDetails(shape=("irregular",), margins=("spiculated", "ill_defined"), assessment=4, density=2)
            ),
            strict=True,
        )
    )
    assert found["irregular"] == 1
    assert found["oval"] == 0
    assert (found["spiculated"], found["ill_defined"], found["circumscribed"]) == (1, 1, 0)
    assert (found["assessment of at least 4"], found["assessment of at least 5"]) == (1, 0)
    assert (found["density of at least 2"], found["density of at least 3"]) == (1, 0)
    assert np.isnan([found["pleomorphic"], found["clustered"], found["subtlety of at least 3"]]).all()


def test_an_assessment_of_zero_is_no_grade() -> None:
    found = dict(zip(QUESTIONS, answers(LesionDetails(assessment=0)), strict=True))
    assert np.isnan(found["assessment of at least 3"])


def test_the_describing_net_gives_the_classes_of_the_net_that_it_wraps() -> None:
    net = build("resnet-patch", SIZES)
    assert isinstance(net, PatchNet)
    both = DescribingNet(net)
    images = torch.randn(3, 1, 64, 64)
    net.eval(), both.eval()
    told = both(images)
    assert told.shape == (3, 5 + len(QUESTIONS))
    torch.testing.assert_close(told[:, :5], net(images))
    assert {name.split(".")[0] for name, _ in both.named_parameters()} == {"body", "head", "words"}


def test_unknown_answers_cost_nothing() -> None:
    outputs = torch.randn(4, 5 + len(QUESTIONS), requires_grad=True)
    labels = torch.tensor([0, 1, 2, 3])
    targets = torch.full((4, 1 + len(QUESTIONS)), torch.nan)
    targets[:, 0] = labels
    alone = balanced_cross_entropy(outputs[:, :5], labels)
    torch.testing.assert_close(describing_loss(2.0)(outputs, targets), alone)
    targets[1, 1] = 1.0
    more = describing_loss(2.0)(outputs, targets)
    expected = 2.0 * torch.nn.functional.softplus(-outputs[1, 5])
    torch.testing.assert_close(more, alone + expected)
    more.backward()
    assert outputs.grad is not None
    assert (outputs.grad[:, 5:] != 0).sum() == 1


def test_processes_that_share_a_batch_have_the_loss_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two halves with different numbers of known answers, each told the count of both."""
    torch.manual_seed(1)
    outputs = torch.randn(4, 5 + len(QUESTIONS))
    targets = torch.full((4, 1 + len(QUESTIONS)), torch.nan)
    # The same two classes in each half, so that their balance is that of the whole.
    targets[:, 0] = torch.tensor([0.0, 1.0, 0.0, 1.0])
    targets[0, 1:4], targets[3, 2] = 1.0, 0.0
    whole = describing_loss(2.0)(outputs, targets)
    monkeypatch.setattr(described, "over_all_processes", lambda count: (torch.tensor(4), 2))
    halves = [describing_loss(2.0)(outputs[rows], targets[rows]) for rows in (slice(0, 2), slice(2, 4))]
    torch.testing.assert_close(torch.stack(halves).mean(), whole)
