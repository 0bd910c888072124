"""How good the decisions are once a threshold, or a class, was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Decisions:
    """Counts of right and wrong yes-or-no decisions. A share of nothing is NaN."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def sensitivity(self) -> float:
        """Share of the positives that are found."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """Share of the negatives that are left alone."""
        return _share(self.true_negative, self.true_negative + self.false_positive)

    @property
    def precision(self) -> float:
        """Share of the positive decisions that are right; depends on the share of positives."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def accuracy(self) -> float:
        """Share of all decisions that are right."""
        right = self.true_positive + self.true_negative
        return _share(right, right + self.false_positive + self.false_negative)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of sensitivity and specificity."""
        return (self.sensitivity + self.specificity) / 2.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and sensitivity."""
        return _share(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)


def decisions(labels: ArrayLike, scores: ArrayLike, *, threshold: float) -> Decisions:
    """Count the decisions; a score at or above the threshold is positive.

    Parameters
    ----------
    labels
        Shape (n,), true where positive.
    scores
        Shape (n,).
    threshold
        In the scores' units.
    """
    positive = np.asarray(labels, dtype=bool)
    told = np.asarray(scores, dtype=np.float64) >= threshold
    return Decisions(
        true_positive=int((told & positive).sum()),
        false_positive=int((told & ~positive).sum()),
        true_negative=int((~told & ~positive).sum()),
        false_negative=int((~told & positive).sum()),
    )


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike, *, classes: int) -> NDArray[np.int64]:
    """How often each class is taken for each.

    Parameters
    ----------
    labels, predicted
        Shape (n,), integers from 0.
    classes
        Number of classes.

    Returns
    -------
    ndarray, shape (classes, classes), int64
        Rows are the truth, columns what was predicted.
    """
    pairs = np.asarray(labels, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def balanced_accuracy(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Mean over the classes present of the share that is predicted right: accuracy, macro-averaged."""
    return float(np.mean([np.mean(predicted[labels == name] == name) for name in np.unique(labels)]))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
