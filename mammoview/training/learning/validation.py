"""Judging a net between epochs, on samples that it does not learn from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.training.learning.prefetch import Batch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from mammoview.training.learning.loop import Validate

Measure = Callable[["NDArray[np.float32]", "NDArray[Any]"], Mapping[str, float]]


def validation_of(batches: Callable[[], Iterable[Batch]], measure: Measure) -> Validate:
    """A `loop.Validate` that runs the net over batches on its device and measures its outputs.

    Parameters
    ----------
    batches
        Gives all batches anew at each call, unchanged and in order (``TileBatches.still``).
    measure
        Of outputs, shape (n, …), float32, and targets, shape (n, …): values by name. Two batches may lack a class; a
        value that cannot be given is NaN.
    """

    def validate(net: nn.Module, limit: int | None) -> Mapping[str, float]:
        device = next(net.parameters()).device
        outputs, targets = [], []
        for batch in itertools.islice(batches(), limit):
            outputs.append(net(batch.images.to(device)).float().cpu().numpy())
            targets.append(batch.targets.numpy())
        return measure(np.concatenate(outputs), np.concatenate(targets))

    return validate
