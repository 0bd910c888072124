"""How well scores order the samples: ROC and precision–recall, DeLong's variance, alone and in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from mammoview.training.judging.metrics.estimates import Comparison, Estimate, Weighted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

_NORMAL = NormalDist()
_Z95 = _NORMAL.inv_cdf(0.975)
# 1 − 1/5 is a little more or less than 0.8 in floating point.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class RocCurve:
    """A ROC curve from (0, 0) to (1, 1), or one for each of many weightings of the same samples.

    Attributes
    ----------
    false_positive, true_positive
        Shape (…, k), float64: shares of the negatives and of the positives at or above each threshold; NaN where one
        class is absent.
    thresholds
        Shape (k,), float64, falling; the first is infinite.
    positives, negatives
        Shape (…), float64: how many samples there are, by weight.
    """

    false_positive: NDArray[np.float64]
    true_positive: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    positives: NDArray[np.float64]
    negatives: NDArray[np.float64]

    @property
    def area(self) -> NDArray[np.float64]:
        """Area under the curve; ties count one half. Shape (…)."""
        return np.asarray(np.trapezoid(self.true_positive, self.false_positive, axis=-1))

    @property
    def average_precision(self) -> NDArray[np.float64]:
        """Area under the precision–recall curve as a sum of steps, without interpolation. Shape (…).

        A classifier of no skill reaches the share of positives.
        """
        hits = self.true_positive[..., 1:] * self.positives[..., None]
        misses = self.false_positive[..., 1:] * self.negatives[..., None]
        precision = np.divide(hits, hits + misses, out=np.zeros_like(hits), where=hits + misses > 0)
        return np.asarray((np.diff(self.true_positive, axis=-1) * precision).sum(axis=-1))

    def sensitivity_at(self, specificity: float) -> NDArray[np.float64]:
        """The highest sensitivity of a threshold that reaches a specificity. Shape (…)."""
        is_missed = 1.0 - self.false_positive < specificity - _ROUNDING
        return np.asarray(np.where(is_missed, 0.0, self.true_positive).max(axis=-1))

    def specificity_at(self, sensitivity: float) -> NDArray[np.float64]:
        """The highest specificity of a threshold that reaches a sensitivity. Shape (…)."""
        is_missed = self.true_positive < sensitivity - _ROUNDING
        return np.asarray(np.where(is_missed, 0.0, 1.0 - self.false_positive).max(axis=-1))

    def partial_area(self, max_false_positive: float) -> NDArray[np.float64]:
        """Area left of a false-positive rate, standardised to 1/2 for no skill and 1 for perfect (McClish 1989)."""
        left, width = self.false_positive[..., :-1], np.diff(self.false_positive, axis=-1)
        bottom, rise = self.true_positive[..., :-1], np.diff(self.true_positive, axis=-1)
        # The share of each step that lies left of the limit; steps straight up have no width and no area.
        inside = np.divide(max_false_positive - left, width, out=np.zeros_like(width), where=width != 0).clip(0.0, 1.0)
        area = (width * inside * (bottom + rise * inside / 2.0)).sum(axis=-1)
        least = max_false_positive**2 / 2.0
        return np.asarray(0.5 * (1.0 + (area - least) / (max_false_positive - least)))


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


def delong_covariance(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """AUCs of several scores of the same samples, and their covariance.

    The variance is that of DeLong, DeLong and Clarke-Pearson 1988 (doi 10.2307/2531595), computed from ranks after
    Sun and Xu 2014 (doi 10.1109/LSP.2014.2337313) in O(n log n).

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    scores
        Shape (k, n): k scores of every sample.

    Returns
    -------
    ndarray, shape (k,), float64
        The areas.
    ndarray, shape (k, k), float64
        Their covariance.

    Raises
    ------
    ValueError
        With fewer than two samples of a class, where no variance can be told.
    """
    positive = np.asarray(labels, dtype=bool)
    values = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    m, n = int(positive.sum()), int((~positive).sum())
    if m < 2 or n < 2:
        raise ValueError("DeLong's variance needs two samples of each class")
    of_positive, of_negative = np.empty((len(values), m)), np.empty((len(values), n))
    for row, one in enumerate(values):
        ranks = midranks(one)
        of_positive[row] = (ranks[positive] - midranks(one[positive])) / n
        of_negative[row] = 1.0 - (ranks[~positive] - midranks(one[~positive])) / m
    covariance = np.atleast_2d(np.cov(of_positive)) / m + np.atleast_2d(np.cov(of_negative)) / n
    return of_positive.mean(axis=1), covariance


def auc_delong(labels: ArrayLike, scores: ArrayLike) -> Estimate:
    """AUC with the interval of DeLong; see `delong_covariance`.

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
    areas, covariance = delong_covariance(labels, scores)
    value, spread = float(areas[0]), _Z95 * float(np.sqrt(covariance[0, 0]))
    return Estimate(value, max(0.0, value - spread), min(1.0, value + spread))


def auc_delong_paired(labels: ArrayLike, first: ArrayLike, second: ArrayLike) -> Comparison:
    """Difference of the AUCs of two scores of the same samples, by DeLong's test; see `delong_covariance`.

    Parameters
    ----------
    labels
        Shape (n,), true where positive; every sample independent.
    first, second
        Shape (n,), higher is more positive.

    Raises
    ------
    ValueError
        With fewer than two samples of a class, where no variance can be told.
    """
    areas, covariance = delong_covariance(labels, np.stack([np.asarray(first), np.asarray(second)]))
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    # Scores of the same order differ by nothing; rounding must not make a difference of that.
    error = float(np.sqrt(max(0.0, variance)))
    if error < 1e-12:
        p_value = 1.0 if abs(difference) < 1e-12 else 0.0
    else:
        p_value = 2.0 * _NORMAL.cdf(-abs(difference) / error)
    spread = _Z95 * error
    return Comparison(
        Estimate(difference, difference - spread, difference + spread), p_value, "DeLong, samples taken as independent"
    )


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> RocCurve:
    """The ROC curve, one point for every different score.

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    scores
        Shape (n,), higher is more positive.

    Raises
    ------
    ValueError
        When one class is absent.
    """
    positive = np.asarray(labels, dtype=bool)
    if positive.all() or not positive.any():
        raise ValueError("a ROC curve needs both classes")
    return roc_curves(positive, scores)(np.ones(positive.size))


def roc_curves(labels: ArrayLike, scores: ArrayLike) -> Callable[[NDArray[np.float64]], RocCurve]:
    """Sort the samples once, to draw their ROC curve for any weights of shape (…, n)."""
    positive = np.asarray(labels, dtype=bool)
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    ordered, is_positive = values[order], positive[order]
    # Samples of one score fall together: a point of the curve is the last of each.
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) if ordered.size else np.zeros(0, np.intp)
    thresholds = np.append(np.inf, ordered[last])

    def curve(weights: NDArray[np.float64]) -> RocCurve:
        sorted_weights = weights[..., order]
        start = np.zeros((*weights.shape[:-1], 1))
        hits = np.concatenate([start, np.cumsum(sorted_weights * is_positive, axis=-1)[..., last]], axis=-1)
        misses = np.concatenate([start, np.cumsum(sorted_weights * ~is_positive, axis=-1)[..., last]], axis=-1)
        positives, negatives = hits[..., -1:], misses[..., -1:]
        # Without one of the classes there is no curve, not even its other axis.
        is_curve = np.where((positives > 0) & (negatives > 0), 1.0, np.nan)
        return RocCurve(
            false_positive=is_curve * misses / (negatives + (negatives == 0)),
            true_positive=is_curve * hits / (positives + (positives == 0)),
            thresholds=thresholds,
            positives=positives[..., 0],
            negatives=negatives[..., 0],
        )

    return curve


def auc_of(labels: ArrayLike, scores: ArrayLike) -> Weighted:
    """The statistic "area under the ROC curve", for `bootstrap`."""
    curves = roc_curves(labels, scores)
    return lambda weights: curves(weights).area[:, None]


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """See `RocCurve.average_precision`; NaN where one class is absent.

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    scores
        Shape (n,), higher is more positive.
    """
    positive = np.asarray(labels, dtype=bool)
    return float(roc_curves(positive, scores)(np.ones(positive.size)).average_precision)
