"""From logits to probabilities that mean what they say, and thresholds with what they achieve. No torch here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammoview.models.manifest import OperatingPoint

# Beyond these a temperature says that the scores carry nothing, or that the fit had too little to go by.
_COLDEST, _HOTTEST = 0.05, 20.0


def probabilities(logits: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of logits divided by a temperature (Guo et al. 2017, "On calibration of modern neural networks").

    Parameters
    ----------
    logits
        Shape (n, classes).

    Returns
    -------
    ndarray, shape (n, classes), float64, rows sum to 1
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature with the smallest negative log-likelihood, between 0.05 and 20.

    Parameters
    ----------
    logits
        Shape (n, classes).
    labels
        Shape (n,), integers: the true classes.

    Raises
    ------
    ValueError
        When there are no cases.
    """
    from scipy.optimize import minimize_scalar

    values = np.asarray(logits, dtype=np.float64)
    truth = np.asarray(labels, dtype=np.int64)
    if not truth.size:
        raise ValueError("a temperature needs cases")

    def loss(log_temperature: float) -> float:
        shares = probabilities(values, temperature=float(np.exp(log_temperature)))
        return -float(np.mean(np.log(np.maximum(shares[np.arange(truth.size), truth], 1e-300))))

    found = minimize_scalar(loss, bounds=(np.log(_COLDEST), np.log(_HOTTEST)), method="bounded")
    return float(np.exp(found.x))


def operating_point(scores: ArrayLike, is_positive: ArrayLike, *, sensitivity: float, name: str = "") -> OperatingPoint:
    """The highest threshold that reaches a sensitivity; a score at or above it is positive.

    Parameters
    ----------
    scores
        Shape (n,), in [0, 1].
    is_positive
        Shape (n,), bool.
    sensitivity
        Wanted share of positives found, above 0, at most 1.

    Raises
    ------
    ValueError
        When there are no positives or no negatives.
    """
    values, truth = np.asarray(scores, dtype=np.float64), np.asarray(is_positive, dtype=bool)
    positives, negatives = np.sort(values[truth])[::-1], values[~truth]
    if not positives.size or not negatives.size:
        raise ValueError("an operating point needs positives and negatives")
    # Rounded first: 0.9 · 10 positives is 9 of them, not 9.000…1.
    needed = int(np.ceil(round(sensitivity * positives.size, 9)))
    threshold = float(positives[max(1, needed) - 1])
    return OperatingPoint(
        name=name or f"sensitivity {sensitivity:g}",
        threshold=threshold,
        sensitivity=float(np.mean(positives >= threshold)),
        specificity=float(np.mean(negatives < threshold)),
    )
