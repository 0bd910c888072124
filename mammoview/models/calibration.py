"""From logits to probabilities that mean what they say, and thresholds with what they achieve. No torch here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammoview.core.errors import UsageError
from mammoview.models.manifest import Calibration, OperatingPoint

# Beyond these a temperature says that the scores carry nothing, or that the fit had too little to go by.
_COLDEST, _HOTTEST = 0.05, 20.0
#: Spread of the logarithm of temperatures before any case is seen: nineteen of twenty lie between 0.38 and 2.7.
_SPREAD = 0.5


def probabilities(logits: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of logits divided by a temperature (Guo et al. 2017, "On calibration of modern neural networks").

    Parameters
    ----------
    logits
        Shape (…, classes).

    Returns
    -------
    ndarray, shape (…, classes), float64, sums over the classes are 1
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def mean_probabilities(logits: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """What the program shows: class probabilities, averaged over the flips.

    Parameters
    ----------
    logits
        Shape (flips, n, classes).

    Returns
    -------
    ndarray, shape (n, classes), float64
    """
    return np.asarray(probabilities(logits, temperature=temperature).mean(axis=0))


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The most probable temperature, between 0.05 and 20.

    Few cases are often told apart without a mistake, and the likelihood alone would then call every score certain. A
    prior around 1 outweighs a handful of cases, and hundreds outweigh it (ADR 0360).

    Parameters
    ----------
    logits
        Shape (n, classes), or (flips, n, classes): probabilities are then averaged over the flips.
    labels
        Shape (n,), integers: the true classes.

    Raises
    ------
    ValueError
        When there are no cases.
    """
    from scipy.optimize import minimize_scalar

    values = np.asarray(logits, dtype=np.float64)
    values = values[None] if values.ndim == 2 else values
    truth = np.asarray(labels, dtype=np.int64)
    if not truth.size:
        raise ValueError("a temperature needs cases")

    def loss(log_temperature: float) -> float:
        shares = mean_probabilities(values, temperature=float(np.exp(log_temperature)))
        likelihood = np.log(np.maximum(shares[np.arange(truth.size), truth], 1e-300)).sum()
        return float(0.5 * (log_temperature / _SPREAD) ** 2 - likelihood)

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def operating_point(
    scores: ArrayLike,
    is_positive: ArrayLike,
    *,
    sensitivity: float | None = None,
    specificity: float | None = None,
    name: str = "",
) -> OperatingPoint:
    """The threshold that reaches a sensitivity or a specificity and loses least of the other.

    A score at or above the threshold is positive.

    Parameters
    ----------
    scores
        Shape (n,), in [0, 1].
    is_positive
        Shape (n,), bool.
    sensitivity
        Wanted share of positives found, above 0, at most 1: the highest threshold that reaches it.
    specificity
        Wanted share of negatives left alone, at least 0, at most 1, instead: the lowest threshold that reaches it.
        Negatives that score 1 are positive at every threshold, and may keep it out of reach.

    Raises
    ------
    ValueError
        When there are no positives or no negatives, or not exactly one of the two shares is asked for.
    """
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(is_positive, dtype=bool)
    positives, negatives = np.sort(values[truth])[::-1], np.sort(values[~truth])
    if not positives.size or not negatives.size:
        raise ValueError("an operating point needs positives and negatives")
    if (sensitivity is None) == (specificity is None):
        raise ValueError("an operating point is for a sensitivity or for a specificity")
    if sensitivity is not None:
        threshold = float(positives[max(1, _needed(sensitivity, positives.size)) - 1])
    else:
        needed = _needed(specificity or 0.0, negatives.size)
        # Just above the last negative that has to be left alone, or at the next score there is.
        limit = -np.inf if needed == 0 else negatives[needed - 1]
        threshold = float(values[values > limit].min(initial=1.0))
    return OperatingPoint(
        name=name
        or (f"sensitivity {sensitivity:.0%}" if sensitivity is not None else f"specificity {specificity:.0%}"),
        threshold=threshold,
        sensitivity=float(np.mean(positives >= threshold)),
        specificity=float(np.mean(negatives < threshold)),
    )


def operating_points(
    scores: ArrayLike, is_positive: ArrayLike, *, shares: tuple[float, ...] = (0.8, 0.9, 0.95)
) -> tuple[OperatingPoint, ...]:
    """Points that reach these specificities, then points that reach these sensitivities; see `operating_point`."""
    by_specificity = (operating_point(scores, is_positive, specificity=share) for share in shares)
    by_sensitivity = (operating_point(scores, is_positive, sensitivity=share) for share in shares)
    return (*by_specificity, *by_sensitivity)


def refit(
    logits: ArrayLike,
    labels: ArrayLike,
    patients: ArrayLike,
    *,
    malignant: Sequence[int],
    site: str,
    left_out: Sequence[int] = (),
) -> Calibration:
    """A site's own temperature and operating points for a model that stays as it is.

    A temperature fitted elsewhere can make scores worse under another scanner, so that each site should fit its own.

    Parameters
    ----------
    logits
        Shape (n, classes) or (flips, n, classes), from the model without a temperature.
    labels
        Shape (n,), integers: the true classes.
    patients
        Shape (n,): whose images they are; counted, and named in the result.
    malignant
        Classes whose probabilities together are the score.
    site
        Where the patients come from, in the words that stand beside the score.
    left_out
        Classes that take no part in the operating points, such as background.

    Returns
    -------
    Calibration
        Points at 80, 90 and 95 % specificity and sensitivity on these very patients.

    Raises
    ------
    UsageError
        When there are not both malignant and benign cases.
    """
    values, truth = np.asarray(logits, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    counted = ~np.isin(truth, list(left_out))
    is_positive = np.isin(truth, list(malignant))
    if not (is_positive & counted).any() or not (~is_positive & counted).any():
        raise UsageError("The cases are not both malignant and benign.", "Add cases of the other kind.")
    temperature = fit_temperature(values, truth)
    flips = values[None] if values.ndim == 2 else values
    score = mean_probabilities(flips, temperature=temperature)[:, list(malignant)].sum(axis=1).clip(0.0, 1.0)
    count = len(np.unique(np.asarray(patients)))
    return Calibration(
        temperature=temperature,
        operating_points=operating_points(score[counted], is_positive[counted]),
        fitted_on=f"patients of {site}",
        n_patients=count,
    )


def _needed(share: float, count: int) -> int:
    # Rounded first: 0.9 · 10 cases is 9 of them, not 9.000…1.
    return int(np.ceil(round(share * count, 9)))
