"""Numbers with their intervals: bootstrap over whole patients, alone and in pairs.

A draw with replacement is a weight for every sample: how often its patient was drawn. Statistics that take many draws
at once, as rows of weights, make 2,000 draws cheap; `by_rows` makes such a statistic of one that takes sample indices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: A value for an array of sample indices, with repetitions.
Statistic = Callable[["NDArray[np.intp]"], float]
#: Values of shape (draws, k) for weights of shape (draws, n), float64; NaN where a draw has no value.
Weighted = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]

RESAMPLES = 2000
# Weights held at once.
_BLOCK = 1 << 21


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval; the ends are NaN where no interval can be told."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two numbers measured on the same samples.

    Attributes
    ----------
    difference
        The first less the second.
    p_value
        Two-sided, of the difference being zero.
    method
        How interval and p-value came about, a few words.
    """

    difference: Estimate
    p_value: float
    method: str


def bootstrap(
    statistic: Weighted, clusters: ArrayLike, *, seed: int, resamples: int = RESAMPLES
) -> tuple[Estimate, ...]:
    """Percentile intervals of the k values of a statistic by drawing whole patients with replacement.

    Parameters
    ----------
    statistic
        Values for rows of weights.
    clusters
        Shape (n,): the patient of each sample.
    seed, resamples
        Of the draws. Draws whose value is not finite (one class absent) are left out.
    """
    values, drawn = _drawn(statistic, clusters, seed=seed, resamples=resamples)
    return tuple(_percentiles(value, column) for value, column in zip(values, drawn.T, strict=True))


def clustered_bootstrap(
    statistic: Statistic, clusters: ArrayLike, *, seed: int, resamples: int = RESAMPLES
) -> Estimate:
    """As `bootstrap`, of one value that is told from sample indices.

    Parameters
    ----------
    statistic
        Value for an array of sample indices (with repetitions).
    clusters
        Shape (n,): the patient of each sample.
    seed, resamples
        Of the draws. Draws whose statistic is not finite (one class absent) are left out.
    """
    return bootstrap(by_rows(statistic), clusters, seed=seed, resamples=resamples)[0]


def paired_bootstrap(
    first: Weighted,
    second: Weighted,
    clusters: ArrayLike,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    widened_for: int | None = None,
) -> Comparison:
    """Difference of the first values of two statistics on the same draws of whole patients.

    The p-value is twice the share of draws on the far side of zero, counted with one draw more on each side so that
    it is never 0 (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 4.2).

    Parameters
    ----------
    first, second
        Values for rows of weights.
    clusters
        Shape (n,): the patient of each sample.
    seed, resamples
        Of the draws. Draws for which either value is not finite are left out.
    widened_for
        So many patients, for whom interval and p-value are widened as Student's t is against the normal distribution:
        draws from a handful vary too little (Hesterberg 2015, doi 10.1080/00031305.2015.1089789, the expanded
        percentile interval). None leaves them as they are.
    """
    values, all_drawn = _drawn(
        lambda weights: first(weights)[:, :1] - second(weights)[:, :1], clusters, seed=seed, resamples=resamples
    )
    drawn = all_drawn[np.isfinite(all_drawn)]
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p_value = min(1.0, 2.0 * (beyond + 1) / (drawn.size + 1))
    method = f"bootstrap of whole patients, {drawn.size:,} draws"
    if widened_for is None:
        return Comparison(_percentiles(values[0], drawn), p_value, method)
    if widened_for < 2:
        return Comparison(Estimate(float(values[0]), float("nan"), float("nan")), 1.0, method)
    tail, p_value = _for_few(0.025, widened_for), _p_for_few(p_value, widened_for)
    method = f"{method}, widened for {widened_for} patients"
    return Comparison(_percentiles(values[0], drawn, tail=tail), p_value, method)


def proportion(hits: ArrayLike, clusters: ArrayLike) -> Estimate:
    """Share of the samples that are hit, with the interval of Clopper and Pearson over whole patients.

    A share of 0 or 1 has an interval as wide as so few patients leave it, where draws with replacement would give none.
    Samples of one patient count as one, as if they all agreed, so that the interval is rather too wide than too
    narrow; its counts need not be whole then (Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404; for samples in
    clusters Korn and Graubard 1998, Survey Methodology 24).

    Parameters
    ----------
    hits
        Shape (n,), bool.
    clusters
        Shape (n,): the patient of each sample.

    Returns
    -------
    Estimate
        All NaN where there are no samples.
    """
    from scipy import stats

    told = np.asarray(hits, dtype=np.float64)
    if not told.size:
        return Estimate(float("nan"), float("nan"), float("nan"))
    share, count = float(told.mean()), len(np.unique(np.asarray(clusters)))
    there, lacking = share * count, (1.0 - share) * count
    low = float(stats.beta.ppf(0.025, there, lacking + 1)) if there > 0 else 0.0
    high = float(stats.beta.ppf(0.975, there + 1, lacking)) if lacking > 0 else 1.0
    return Estimate(share, low, high)


def by_rows(statistic: Callable[[NDArray[np.intp]], float | Sequence[float]]) -> Weighted:
    """Make a statistic of weights out of one of sample indices (with repetitions), giving a value or several."""

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        everything = np.arange(weights.shape[1])
        values = [statistic(np.repeat(everything, row.astype(np.intp))) for row in weights]
        return np.array(values, dtype=np.float64).reshape(len(weights), -1)

    return weighted


def mean_of(values: ArrayLike) -> Weighted:
    """The statistic "mean" of values of shape (n,) or, several at once, (k, n)."""
    columns = np.atleast_2d(np.asarray(values, dtype=np.float64)).T

    def weighted(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            return np.asarray(weights @ columns / weights.sum(axis=1, keepdims=True))

    return weighted


def _drawn(
    statistic: Weighted, clusters: ArrayLike, *, seed: int, resamples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of the samples as they are, shape (k,), and of each draw, shape (resamples, k)."""
    names, inverse = np.unique(np.asarray(clusters), return_inverse=True)
    values = statistic(np.ones((1, inverse.size)))[0]
    blocks = [statistic(weights) for weights in _weights(len(names), inverse, seed=seed, resamples=resamples)]
    return values, np.concatenate([np.empty((0, values.size)), *blocks])


def _weights(count: int, inverse: NDArray[np.intp], *, seed: int, resamples: int) -> Iterator[NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    at_once = max(1, _BLOCK // max(1, inverse.size))
    for start in range(0, resamples, at_once):
        draws = min(at_once, resamples - start)
        chosen = rng.integers(count, size=(draws, count)) + count * np.arange(draws)[:, None]
        times = np.bincount(chosen.ravel(), minlength=draws * count).reshape(draws, count)
        yield times[:, inverse].astype(np.float64)


def _for_few(tail: float, count: int) -> float:
    """The share of draws beyond each end of an interval that has its coverage with so few patients."""
    from scipy import stats

    wide = float(stats.t.ppf(tail, count - 1)) * np.sqrt(count / (count - 1))
    return float(stats.norm.cdf(wide))


def _p_for_few(p_value: float, count: int) -> float:
    """The p-value that belongs to the interval of `_for_few`."""
    from scipy import stats

    narrow = float(stats.norm.ppf(p_value / 2.0)) * np.sqrt((count - 1) / count)
    return min(1.0, 2.0 * float(stats.t.cdf(narrow, count - 1)))


def _percentiles(value: float, drawn: NDArray[np.float64], *, tail: float = 0.025) -> Estimate:
    finite = drawn[np.isfinite(drawn)]
    if not finite.size:
        return Estimate(float(value), float("nan"), float("nan"))
    low, high = np.percentile(finite, (100.0 * tail, 100.0 * (1.0 - tail)))
    return Estimate(float(value), float(low), float(high))
