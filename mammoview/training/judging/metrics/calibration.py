"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

BINS = 15
_LEAST = 1e-12


@dataclass(frozen=True)
class ReliabilityBin:
    """Samples of about one probability: what was told on average, what came true, of how many."""

    told: float
    came_true: float
    count: int


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared difference of probability and outcome."""
    difference = np.asarray(probabilities, dtype=np.float64) - np.asarray(labels, dtype=np.float64)
    return float(np.mean(difference**2))


def log_loss(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean negative logarithm of the probability given to what came true, probabilities kept off 0 and 1 by 1e-12."""
    told = np.clip(np.asarray(probabilities, dtype=np.float64), _LEAST, 1.0 - _LEAST)
    positive = np.asarray(labels, dtype=bool)
    return float(-np.mean(np.log(np.where(positive, told, 1.0 - told))))


def reliability(labels: ArrayLike, probabilities: ArrayLike, *, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """The reliability curve over bins of equal mass.

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    probabilities
        Shape (n,), of the positive class.
    bins
        Number of bins; fewer where there are fewer samples.
    """
    return tuple(
        ReliabilityBin(float(told.mean()), float(outcome.mean()), told.size)
        for outcome, told in _equal_mass(labels, probabilities, bins)
    )


def ece(labels: ArrayLike, probabilities: ArrayLike, *, bins: int = BINS) -> float:
    """Expected calibration error over bins of equal mass.

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    probabilities
        Shape (n,), of the positive class.
    bins
        Number of bins; fewer where there are fewer samples.
    """
    curve = reliability(labels, probabilities, bins=bins)
    return sum(one.count * abs(one.came_true - one.told) for one in curve) / sum(one.count for one in curve)


def _equal_mass(
    labels: ArrayLike, probabilities: ArrayLike, bins: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    told = np.asarray(probabilities, dtype=np.float64)
    outcome = np.asarray(labels, dtype=np.float64)
    order = np.argsort(told, kind="stable")
    for part in np.array_split(order, min(bins, order.size)):
        yield outcome[part], told[part]
