"""Sets of classes that hold the true one as often as promised, whatever the network: split-conformal prediction.

The threshold of each class is fitted on patients that the network never saw (Mondrian: one threshold a class, so that
the promise holds for malignant and for benign alike). Images of one patient are not exchangeable with those of another:
every patient counts once, their images share that weight (Lee, Barber and Willett 2023, arXiv 2306.06342, hierarchical
conformal prediction). The promise is for an image of a new patient from the same population, and for no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class ConformalSets:
    """Fitted thresholds.

    Attributes
    ----------
    coverage
        The share that was promised.
    least
        Shape (classes,), float64: a class belongs to the set when its probability is at least this; 0 where too few
        patients were there to leave the class out of anything.
    patients
        Shape (classes,), int64: how many patients each was fitted on.
    """

    coverage: float
    least: NDArray[np.float64]
    patients: NDArray[np.int64]

    def sets(self, probabilities: ArrayLike) -> NDArray[np.bool_]:
        """The classes that are kept, shape (n, classes), bool, for probabilities of that shape; a set may be empty."""
        return np.asarray(np.asarray(probabilities, dtype=np.float64) >= self.least)


def fit_conformal(
    probabilities: ArrayLike, labels: ArrayLike, patients: ArrayLike, *, coverage: float = 0.9
) -> ConformalSets:
    """Fit the thresholds.

    Parameters
    ----------
    probabilities
        Shape (n, classes), of samples that neither the network nor its temperature was fitted on.
    labels
        Shape (n,), integers: the true classes.
    patients
        Shape (n,).
    coverage
        Wanted share of sets that hold the true class, between 0 and 1.
    """
    told = np.asarray(probabilities, dtype=np.float64)
    truth, names = np.asarray(labels, dtype=np.int64), np.asarray(patients)
    least, counts = np.zeros(told.shape[1]), np.zeros(told.shape[1], dtype=np.int64)
    for index in range(told.shape[1]):
        own = truth == index
        if own.any():
            least[index], counts[index] = _lower_quantile(told[own, index], names[own], coverage)
    return ConformalSets(coverage, least, counts)


def coverage_by_class(sets: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Share of the samples of each class whose set holds it.

    Parameters
    ----------
    sets
        Shape (n, classes), bool.
    labels
        Shape (n,), integers.

    Returns
    -------
    ndarray, shape (classes,), float64
        NaN for a class without samples.
    """
    kept, truth = np.asarray(sets, dtype=bool), np.asarray(labels, dtype=np.int64)
    shares = [kept[truth == index, index] for index in range(kept.shape[1])]
    return np.array([share.mean() if share.size else np.nan for share in shares])


def _lower_quantile(told: NDArray[np.float64], patients: NDArray[np.str_], coverage: float) -> tuple[float, int]:
    """The largest threshold that keeps the wanted share, the patient to come counted as one that is not kept."""
    _, inverse, counts = np.unique(patients, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[inverse] / (len(counts) + 1)
    order = np.argsort(-told, kind="stable")
    kept = np.cumsum(weights[order])
    reached = np.flatnonzero(kept >= coverage - 1e-12)
    return (float(told[order[reached[0]]]) if reached.size else 0.0), len(counts)
