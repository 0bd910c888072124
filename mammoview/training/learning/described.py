"""What the readers wrote of a lesion, as further targets beside its class.

Shape, margins, type and distribution say why a lesion looks malignant, which a label of one bit does not. A second
dense layer answers them while the net is trained, and is left out of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mammoview.models.networks import PatchNet
from mammoview.training.learning.losses import balanced_cross_entropy, over_all_processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mammoview.training.cases.data import LesionDetails

# Words that at least thirty abnormalities of CBIS-DDSM's training set bear.
_SHAPES = ("irregular", "oval", "lobulated", "round", "architectural_distortion", "lymph_node")
_MARGINS = ("ill_defined", "circumscribed", "spiculated", "obscured", "microlobulated")
_TYPES = (
    "pleomorphic",
    "amorphous",
    "punctate",
    "lucent_center",
    "round_and_regular",
    "fine_linear_branching",
    "vascular",
    "coarse",
)
_DISTRIBUTIONS = ("clustered", "segmental", "regional", "linear", "diffusely_scattered")

#: Questions that a lesion's description answers with yes (1), no (0), or not (NaN).
QUESTIONS = (
    *_SHAPES,
    *_MARGINS,
    *_TYPES,
    *_DISTRIBUTIONS,
    *(f"assessment of at least {grade}" for grade in (3, 4, 5)),
    *(f"subtlety of at least {grade}" for grade in (3, 4, 5)),
    *(f"density of at least {grade}" for grade in (2, 3, 4)),
)


def answers(details: LesionDetails) -> NDArray[np.float32]:
    """Answers to `QUESTIONS`: shape (len(QUESTIONS),), float32; NaN where nothing was written."""
    found: list[float] = []
    for vocabulary, written in (
        (_SHAPES, details.shape),
        (_MARGINS, details.margins),
        (_TYPES, details.calcification_type),
        (_DISTRIBUTIONS, details.distribution),
    ):
        found += [float(word in written) if written else np.nan for word in vocabulary]
    # An assessment of 0 asks for more images: no grade.
    for grade, steps in (
        (details.assessment or None, (3, 4, 5)),
        (details.subtlety, (3, 4, 5)),
        (details.density, (2, 3, 4)),
    ):
        found += [np.nan if grade is None else float(grade >= step) for step in steps]
    return np.array(found, dtype=np.float32)


class DescribingNet(nn.Module):
    """A patch classifier that also answers `QUESTIONS`, for training.

    Parameters
    ----------
    net
        Its ``body`` and ``head`` keep their names, so that a schedule's patterns fit both.
    """

    def __init__(self, net: PatchNet) -> None:
        super().__init__()
        self.body = net.body
        self.head = net.head
        dense = net.head.get_submodule("fc")
        assert isinstance(dense, nn.Linear)
        self.words = nn.Linear(dense.in_features, len(QUESTIONS))

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, h, w) to logits (n, classes + questions)."""
        pooled = self.body(images)
        for name, layer in self.head.named_children():
            if name != "fc":
                pooled = layer(pooled)
        return torch.cat((self.head.get_submodule("fc")(pooled), self.words(pooled)), dim=1)


def describing_loss(weight: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Balanced cross entropy of the class plus ``weight`` times the mean cross entropy of the answers that are known.

    The targets have shape (n, 1 + questions), float32: the class's index, then the answers.
    """
    count = len(QUESTIONS)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        classes = balanced_cross_entropy(outputs[:, :-count], targets[:, 0].long())
        told, truth = outputs[:, -count:], targets[:, 1:]
        is_known = ~torch.isnan(truth)
        known, processes = over_all_processes(is_known.sum())
        total = functional.binary_cross_entropy_with_logits(told[is_known], truth[is_known], reduction="sum")
        return classes + weight * total * processes / known.clamp_min(1)

    return loss
