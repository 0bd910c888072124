"""Watching a run by patients of its own training side: for early stopping, and for keeping the best weights.

Shen et al. 2019 set a tenth of the training patients aside for this; the held-out patients are never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.errors import UsageError
from mammoview.core.findings import PatchClass
from mammoview.training.cases.splits import Split, read_folds, split_by_patient
from mammoview.training.judging import metrics
from mammoview.training.judging.measured import BOOTSTRAP_SEED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mammoview.training.config import TrainingConfig, Value, Watch
    from mammoview.training.learning.validation import Measure

#: Draws for an interval that is looked at while a net learns.
_DRAWS = 500


def set_aside(split: Split, watch: Watch, *, seed: int, table: Path | None = None) -> Split:
    """Part the training patients of a split: those learned from, and those watched.

    Parameters
    ----------
    table
        Of folds, where ``watch`` names one of them.

    Raises
    ------
    UsageError
        When a fold is named without a table.
    """
    if watch.fold is not None:
        if table is None:
            raise UsageError("The config watches a fold of no table.", "Name it in [split] table.")
        folds = max(read_folds(table).values(), key=lambda one: len(split.training & one.keys()))
        watched = frozenset(patient for patient in split.training if folds.get(patient) == watch.fold)
        return Split(split.training - watched, watched)
    return split_by_patient(dict.fromkeys(split.training, ""), watch.share, seed=seed)


def sides_of(split: Split, config: TrainingConfig) -> tuple[frozenset[str], frozenset[str] | None]:
    """Training patients to learn from, and those that the config sets aside to be watched; None where it sets none."""
    if config.watch is None:
        return split.training, None
    parts = set_aside(split, config.watch, seed=config.split.seed, table=config.split.table)
    # A tenth of a handful of patients is nobody.
    return parts.training, parts.validation or None


def measure_of(value: Value, patients: Callable[[], NDArray[np.str_]] | None = None) -> Measure:
    """How a watched value comes from outputs and targets; NaN where they cannot tell.

    Parameters
    ----------
    patients
        Gives the patients of the watched samples, shape (n,): with them the ends of the 95 % interval over whole
        patients come too, as ``auc_low`` and ``auc_high`` for one.
    """
    named: Mapping[Value, Callable[[NDArray[np.float32], NDArray[Any]], metrics.Weighted]] = {
        "accuracy": _accuracy,
        "auc": _auc,
        "dice": _dice,
    }

    def measure(outputs: NDArray[np.float32], targets: NDArray[Any]) -> dict[str, float]:
        statistic = named[value](outputs, targets)
        if patients is None:
            return {value: float(statistic(np.ones((1, len(outputs))))[0, 0])}
        (found,) = metrics.bootstrap(statistic, patients()[: len(outputs)], seed=BOOTSTRAP_SEED, resamples=_DRAWS)
        if found.low == found.high:
            # Draws that never differ are no interval.
            return {value: found.value}
        return {value: found.value, f"{value}_low": found.low, f"{value}_high": found.high}

    return measure


def _accuracy(outputs: NDArray[np.float32], targets: NDArray[Any]) -> metrics.Weighted:
    # A net that also answers questions tells the classes first.
    return metrics.mean_of(outputs[:, : len(PatchClass)].argmax(axis=1) == targets)


def _auc(outputs: NDArray[np.float32], targets: NDArray[Any]) -> metrics.Weighted:
    return metrics.auc_of(targets == 1, outputs[:, 1] - outputs[:, 0])


def _dice(outputs: NDArray[np.float32], targets: NDArray[Any]) -> metrics.Weighted:
    told = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(axis=1) > 0
    truth = targets.reshape(told.shape) > 0.5
    return metrics.mean_of([metrics.dice(one, other) for one, other in zip(told, truth, strict=True)])
