"""Watching a run by patients of its own training side: for early stopping, and for keeping the best weights.

Shen et al. 2019 set a tenth of the training patients aside for this; the held-out patients are never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.findings import PatchClass
from mammoview.training.cases.splits import Split, split_by_patient
from mammoview.training.judging import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from mammoview.training.config import Value, Watch
    from mammoview.training.learning.validation import Measure


def set_aside(split: Split, watch: Watch, *, seed: int) -> Split:
    """Part the training patients of a split: those learned from, and those watched."""
    return split_by_patient(dict.fromkeys(split.training, ""), watch.share, seed=seed)


def measure_of(value: Value) -> Measure:
    """How a watched value comes from outputs and targets; NaN where they cannot tell."""
    named: Mapping[Value, Callable[[NDArray[np.float32], NDArray[Any]], float]] = {
        "accuracy": _accuracy,
        "auc": _auc,
        "dice": _dice,
    }
    return lambda outputs, targets: {value: named[value](outputs, targets)}


def _accuracy(outputs: NDArray[np.float32], targets: NDArray[Any]) -> float:
    # A net that also answers questions tells the classes first.
    return float(np.mean(outputs[:, : len(PatchClass)].argmax(axis=1) == targets))


def _auc(outputs: NDArray[np.float32], targets: NDArray[Any]) -> float:
    return metrics.auc(targets == 1, outputs[:, 1] - outputs[:, 0])


def _dice(outputs: NDArray[np.float32], targets: NDArray[Any]) -> float:
    told = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(axis=1) > 0
    truth = targets.reshape(told.shape) > 0.5
    return float(np.mean([metrics.dice(one, other) for one, other in zip(told, truth, strict=True)]))
