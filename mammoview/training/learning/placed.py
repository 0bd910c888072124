"""Attention that is told where to look: the marked lesions of whole images, as further targets.

Ilse et al. 2018 leave it to the image's label to find the places that matter; a few hundred films do not teach that.
Where readers marked the lesions, the weights of the positions are drawn to them, and the logits of the positions inside
are told which lesion is malignant. Nothing is added to the network: what learns is what the package holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from mammoview.models.networks import WholeImageNet
from mammoview.models.networks.heads import AttentionHead
from mammoview.training.cases.places import MALIGNANT, NOTHING, UNKNOWN
from mammoview.training.learning.losses import balanced_cross_entropy, over_all_processes

if TYPE_CHECKING:
    from collections.abc import Callable

# Cross entropy over a few hundred positions is larger than over two classes.
_SHARE_OF_WEIGHTS = 0.3


class PlacedNet(nn.Module):
    """A whole-image classifier with attention that also tells where it looks, for training.

    Parameters
    ----------
    net
        Its ``body`` and ``head`` keep their names, so that a schedule's patterns fit both. Two classes.
    """

    def __init__(self, net: WholeImageNet) -> None:
        super().__init__()
        self.body = net.body
        self.head = net.head
        assert isinstance(self.head, AttentionHead)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, h, w) to (n, 2 + 3 · positions): logits, scores, and both logits of each position.

        In eval mode the logits alone, as the network itself: whoever watches a run watches what will be used.
        """
        assert isinstance(self.head, AttentionHead)
        if not self.training:
            logits: Tensor = self.head(self.body(images))
            return logits
        logits, scores, of_places = self.head.told(self.body(images))
        return torch.cat((logits, scores, of_places.flatten(1)), dim=1)


def placing_loss(weight: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Balanced cross entropy of the image plus ``weight`` times what its places say.

    The targets have shape (n, 1 + positions), float32: the image's class, then what `places.place_targets` gave.
    """

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        places = targets[:, 1:]
        count = places.shape[1]
        of_image = balanced_cross_entropy(outputs[:, :2], targets[:, 0].long())
        scores, logits = outputs[:, 2 : 2 + count], outputs[:, 2 + count :].reshape(-1, 2, count)
        is_lesion = places != NOTHING
        has_lesion, is_known = is_lesion.any(dim=1), is_lesion & (places != UNKNOWN)
        (images, known), processes = over_all_processes(torch.stack((has_lesion.sum(), is_known.sum())))
        share = is_lesion.to(scores.dtype)
        share = share / share.sum(dim=1, keepdim=True).clamp_min(1)
        looked = -(share * torch.log_softmax(scores, dim=1)).sum() / images.clamp_min(1)
        is_malignant = (places[is_known] == MALIGNANT).long()
        told = functional.cross_entropy(logits.movedim(1, 2)[is_known], is_malignant, reduction="sum")
        of_places: Tensor = _SHARE_OF_WEIGHTS * looked + told / known.clamp_min(1)
        return of_image + weight * processes * of_places

    return loss
