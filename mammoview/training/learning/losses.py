"""What training makes small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, distributed
from torch.nn import functional

LossName = Literal["cross_entropy", "bce_dice", "cross_entropy_dice", "lesion_then_class"]


def loss_named(name: LossName) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that a config names; each is of (output, targets), a scalar."""
    named: dict[LossName, Callable[[Tensor, Tensor], Tensor]] = {
        "cross_entropy": balanced_cross_entropy,
        "bce_dice": bce_dice,
        "cross_entropy_dice": cross_entropy_dice,
        "lesion_then_class": lesion_then_class,
    }
    return named[name]


def over_all_processes(counts: Tensor) -> tuple[Tensor, int]:
    """Counts of a batch that several processes may share, added up over all of them, and how many they are.

    A sum of losses times the second over the first is, as the mean over the processes, the mean of the whole batch.
    Every process has to ask alike.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return counts, 1
    total = counts.clone()
    distributed.all_reduce(total)
    return total, distributed.get_world_size()


def balanced_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy in which the classes present in the batch weigh the same (Shen et al. 2019).

    Where several processes share a batch its classes are counted over all of them, and the mean of their losses is
    the loss of the whole batch.

    Parameters
    ----------
    logits
        Shape (n, classes).
    labels
        Shape (n,), int64.
    """
    counts, processes = over_all_processes(torch.bincount(labels, minlength=logits.shape[1]).to(logits.dtype))
    weights = counts.clamp_min(1).reciprocal()
    # Each class that is there adds 1 to the sum of the weights.
    total = functional.cross_entropy(logits, labels, weight=weights, reduction="sum")
    return total * processes / (counts > 0).sum()


def bce_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross entropy plus one less the soft Dice of each mask; both of shape (n, 1, h, w)."""
    told = torch.sigmoid(logits)
    overlap = 2.0 * (told * masks).sum(dim=(1, 2, 3)) + 1.0
    total = told.sum(dim=(1, 2, 3)) + masks.sum(dim=(1, 2, 3)) + 1.0
    return functional.binary_cross_entropy_with_logits(logits, masks) + (1.0 - overlap / total).mean()


def cross_entropy_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy of each pixel plus one less the soft Dice of each mask's classes, the background left out.

    Parameters
    ----------
    logits
        Shape (n, classes, h, w); class 0 is the background.
    masks
        Shape (n, h, w), int64, class indices.
    """
    told = torch.softmax(logits, dim=1)
    truth = functional.one_hot(masks, logits.shape[1]).permute(0, 3, 1, 2).to(told.dtype)
    overlap = 2.0 * (told * truth).sum(dim=(2, 3)) + 1.0
    total = (told + truth).sum(dim=(2, 3)) + 1.0
    return functional.cross_entropy(logits, masks) + (1.0 - overlap / total)[:, 1:].mean()


def lesion_then_class(logits: Tensor, masks: Tensor) -> Tensor:
    """Where the lesion is, as `bce_dice` counts it for all lesion classes together; then of which class it is.

    The cross entropy of a pixel is that of lesion against background plus, in a lesion, that of its class. Here the
    second part is the mean over the mask's own pixels, so that a small lesion's class counts as much as a large one's.
    No Dice by class: of a class that a mask lacks it asks for nothing at all, so that a net that doubts loses less by
    naming one class always than by sharing its doubt.

    Parameters
    ----------
    logits
        Shape (n, classes, h, w); class 0 is the background.
    masks
        Shape (n, h, w), int64, class indices.
    """
    is_lesion = (masks > 0).to(logits.dtype)
    against_background = torch.logsumexp(logits[:, 1:], dim=1) - logits[:, 0]
    # Background pixels have no class of lesion; what stands in for theirs is left out below.
    each = functional.cross_entropy(logits[:, 1:], (masks - 1).clamp_min(0), reduction="none")
    of_class = (each * is_lesion).sum(dim=(1, 2)) / is_lesion.sum(dim=(1, 2)).clamp_min(1.0)
    return bce_dice(against_background[:, None], is_lesion[:, None]) + of_class.mean()
