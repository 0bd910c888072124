"""What training makes small."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def balanced_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy in which the classes present in the batch weigh the same (Shen et al. 2019).

    Parameters
    ----------
    logits
        Shape (n, classes).
    labels
        Shape (n,), int64.
    """
    counts = torch.bincount(labels, minlength=logits.shape[1]).to(logits.dtype)
    weights = counts.clamp_min(1).reciprocal()
    return functional.cross_entropy(logits, labels, weight=weights)


def bce_dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Binary cross entropy plus one less the soft Dice of each mask; both of shape (n, 1, h, w)."""
    told = torch.sigmoid(logits)
    overlap = 2.0 * (told * masks).sum(dim=(1, 2, 3)) + 1.0
    total = told.sum(dim=(1, 2, 3)) + masks.sum(dim=(1, 2, 3)) + 1.0
    return functional.binary_cross_entropy_with_logits(logits, masks) + (1.0 - overlap / total).mean()
