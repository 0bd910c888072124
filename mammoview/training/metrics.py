"""How good a model is, with intervals: ranking, overlap and calibration. NumPy only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: A value for an array of sample indices, with repetitions.
Statistic = Callable[["NDArray[np.intp]"], float]

_Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


def midranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of their ranks. Shape (n,), float64."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse])


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve, as the Mann–Whitney statistic; ties count one half.

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    scores
        Shape (n,), higher is more positive.

    Returns
    -------
    float
        NaN where one class is absent.
    """
    positive = np.asarray(labels, dtype=bool)
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return float("nan")
    ranks = midranks(np.asarray(scores, dtype=np.float64))
    return float((ranks[positive].sum() - m * (m + 1) / 2.0) / (m * n))


def auc_delong(labels: ArrayLike, scores: ArrayLike) -> Estimate:
    """AUC with the interval of DeLong, by the ranks of Sun and Xu 2014 (doi 10.1109/LSP.2014.2337313).

    Parameters
    ----------
    labels
        Shape (n,), true where positive; every sample independent (for several images of a patient use
        `clustered_bootstrap`).
    scores
        Shape (n,), higher is more positive.

    Raises
    ------
    ValueError
        With fewer than two samples of a class, where no variance can be told.
    """
    positive = np.asarray(labels, dtype=bool)
    values = np.asarray(scores, dtype=np.float64)
    m, n = int(positive.sum()), int((~positive).sum())
    if m < 2 or n < 2:
        raise ValueError("DeLong's variance needs two samples of each class")
    ranks = midranks(values)
    of_positive = (ranks[positive] - midranks(values[positive])) / n
    of_negative = 1.0 - (ranks[~positive] - midranks(values[~positive])) / m
    value = float(of_positive.mean())
    spread = _Z95 * float(np.sqrt(of_positive.var(ddof=1) / m + of_negative.var(ddof=1) / n))
    return Estimate(value, max(0.0, value - spread), min(1.0, value + spread))


def clustered_bootstrap(statistic: Statistic, clusters: ArrayLike, *, seed: int, resamples: int = 2000) -> Estimate:
    """Percentile interval by drawing whole patients with replacement.

    Parameters
    ----------
    statistic
        Value for an array of sample indices (with repetitions).
    clusters
        Shape (n,): the patient of each sample.
    seed, resamples
        Of the draws. Draws whose statistic is not finite (one class absent) are left out.
    """
    names, inverse = np.unique(np.asarray(clusters), return_inverse=True)
    members = [np.flatnonzero(inverse == index) for index in range(len(names))]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        chosen = rng.integers(len(members), size=len(members))
        value = statistic(np.concatenate([members[index] for index in chosen]))
        if np.isfinite(value):
            drawn.append(value)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(statistic(np.arange(inverse.size)), float(low), float(high))


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Dice overlap of two masks of the same shape; 1 where both are empty."""
    total = int(one.sum()) + int(other.sum())
    return 1.0 if total == 0 else 2.0 * int((one & other).sum()) / total


def brier(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared difference of probability and outcome."""
    difference = np.asarray(probabilities, dtype=np.float64) - np.asarray(labels, dtype=np.float64)
    return float(np.mean(difference**2))


def ece(labels: ArrayLike, probabilities: ArrayLike, *, bins: int = 15) -> float:
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
    order = np.argsort(np.asarray(probabilities, dtype=np.float64), kind="stable")
    outcome = np.asarray(labels, dtype=np.float64)[order]
    told = np.asarray(probabilities, dtype=np.float64)[order]
    gap = 0.0
    for part in np.array_split(np.arange(order.size), min(bins, order.size)):
        gap += part.size / order.size * abs(float(outcome[part].mean() - told[part].mean()))
    return gap


def balanced_accuracy(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Mean over the classes present of the share that is predicted right."""
    return float(np.mean([np.mean(predicted[labels == name] == name) for name in np.unique(labels)]))


def operating_point(labels: ArrayLike, scores: ArrayLike, *, specificity: float) -> tuple[float, float, float]:
    """(threshold, sensitivity, specificity) of the lowest threshold that reaches ``specificity``.

    A score at or above the threshold counts as positive.
    """
    positive = np.asarray(labels, dtype=bool)
    values = np.asarray(scores, dtype=np.float64)
    candidates = np.append(np.unique(values), np.inf)
    reached = np.array([np.mean(values[~positive] < threshold) for threshold in candidates])
    index = int(np.flatnonzero(reached >= specificity)[0])
    threshold = float(min(candidates[index], np.nextafter(values.max(), np.inf)))
    return threshold, float(np.mean(values[positive] >= threshold)), float(reached[index])
