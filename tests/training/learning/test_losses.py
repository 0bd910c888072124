"""Losses against what they are by hand, and the mean of two halves against the whole."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mammoview.training.learning.losses import (
    balanced_cross_entropy,
    bce_dice,
    cross_entropy_dice,
    lesion_then_class,
    loss_named,
)


def test_each_class_that_is_there_weighs_the_same() -> None:
    torch.manual_seed(0)
    logits = torch.randn(7, 4, dtype=torch.float64)
    labels = torch.tensor([0, 0, 0, 0, 2, 2, 3])
    single = -torch.log_softmax(logits, dim=1)[torch.arange(7), labels]
    # The mean over classes of the mean over each class; class 1 is absent.
    by_hand = (single[:4].mean() + single[4:6].mean() + single[6]) / 3
    torch.testing.assert_close(balanced_cross_entropy(logits, labels), by_hand)


def test_binary_loss_of_known_masks() -> None:
    masks = torch.zeros(1, 1, 2, 2)
    masks[0, 0, 0, 0] = 1
    # Logits of 0 say 1/2 everywhere: overlap 1/2, sum 2 + 1.
    expected = math.log(2) + 1 - (2 * 0.5 + 1) / (2 + 1 + 1)
    assert float(bce_dice(torch.zeros(1, 1, 2, 2), masks)) == pytest.approx(expected)


def test_loss_of_three_classes_of_known_masks() -> None:
    masks = torch.tensor([[[0, 1], [0, 2]]])
    sure = torch.nn.functional.one_hot(masks, 3).permute(0, 3, 1, 2) * 60.0
    assert float(cross_entropy_dice(sure, masks)) == pytest.approx(0, abs=1e-6)
    # A third everywhere: for each lesion class overlap 1/3, sum 4/3 + 1.
    dice = (2 / 3 + 1) / (4 / 3 + 1 + 1)
    assert float(cross_entropy_dice(torch.zeros(1, 3, 2, 2), masks)) == pytest.approx(math.log(3) + 1 - dice)
    # The background's own overlap does not count: taking all lesions for background is punished by the lesions alone.
    blind = torch.zeros(1, 3, 2, 2)
    blind[:, 0] = 60
    assert float(cross_entropy_dice(blind, masks)) == pytest.approx(60 / 2 + 1 - 1 / 2, rel=1e-4)


def test_a_lesion_is_found_first_and_named_then() -> None:
    masks = torch.tensor([[[0, 1], [0, 1]], [[0, 0], [0, 2]], [[0, 0], [0, 0]]])
    torch.manual_seed(2)
    logits = torch.randn(3, 3, 2, 2, dtype=torch.float64)
    told = torch.softmax(logits, dim=1)
    lesion = told[:, 1:].sum(dim=1, keepdim=True)
    found = bce_dice(torch.log(lesion / (1 - lesion)), (masks > 0).to(torch.float64)[:, None])
    malignant = told[:, 2] / lesion[:, 0]
    # The mean over the pixels of each mask; a mask without a lesion has no class.
    named = (-torch.log(1 - malignant[0, :, 1]).mean() - torch.log(malignant[1, 1, 1])) / 3
    torch.testing.assert_close(lesion_then_class(logits, masks), found + named)


def test_doubt_about_the_class_is_not_pushed_to_one_class() -> None:
    """Two lesions alike, one of each class: only telling both by halves is at rest, and naming one is worse."""
    masks = torch.tensor([[[0, 1]], [[0, 2]]])
    sure, doubt = torch.zeros(2, 3, 1, 2), torch.zeros(2, 3, 1, 2)
    for logits, lean in ((sure, 6.0), (doubt, 0.0)):
        logits[:, 0, 0, 0] = logits[:, 1, 0, 1] = logits[:, 2, 0, 1] = 9.0
        logits[:, 1, 0, 1] += lean
    assert lesion_then_class(doubt, masks) < lesion_then_class(sure, masks)
    overlaps = [cross_entropy_dice(logits, masks) - cross_entropy(logits, masks) for logits in (doubt, sure)]
    assert overlaps[0] > overlaps[1], "the overlaps by class alone ask for the contrary"


def masks_of(classes: int) -> Tensor:
    if classes == 1:
        return torch.randint(0, 2, (4, 1, 5, 6)).float()
    return torch.randint(0, classes, (4, 5, 6))


@pytest.mark.parametrize(("loss", "classes"), [(bce_dice, 1), (cross_entropy_dice, 3), (lesion_then_class, 3)])
def test_the_mean_over_equal_parts_is_the_whole(loss: Callable[[Tensor, Tensor], Tensor], classes: int) -> None:
    torch.manual_seed(1)
    logits, masks = torch.randn(4, classes, 5, 6), masks_of(classes)
    halves = torch.stack([loss(logits[:2], masks[:2]), loss(logits[2:], masks[2:])])
    torch.testing.assert_close(halves.mean(), loss(logits, masks))


def test_each_name_is_its_loss() -> None:
    assert loss_named("cross_entropy") is balanced_cross_entropy
    assert loss_named("bce_dice") is bce_dice
    assert loss_named("cross_entropy_dice") is cross_entropy_dice
    assert loss_named("lesion_then_class") is lesion_then_class
