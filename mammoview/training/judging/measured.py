"""From labels and scores to the metrics that a package states: names, intervals over whole patients, counts.

A number that cannot be told (one class absent) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mammoview.models.manifest import Metric, ReliabilityPoint
from mammoview.training.judging import metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

BOOTSTRAP_SEED = 7
#: Specificities and sensitivities at which the other is told.
SHARES = (0.8, 0.9, 0.95)
#: The partial area runs up to this share of false positives.
PARTIAL = 0.2

_RANKING = (
    *(f"sensitivity_at_specificity_{share * 100:.0f}" for share in SHARES),
    *(f"specificity_at_sensitivity_{share * 100:.0f}" for share in SHARES),
    "average_precision",
    f"partial_auc_fpr_{PARTIAL * 100:.0f}",
)
_DECISIONS = ("sensitivity", "specificity", "accuracy", "balanced_accuracy", "f1")


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of samples, and what is true of them.

    Attributes
    ----------
    positive
        Shape (n,), bool.
    score
        Shape (n,), float64: probability, or anything that rises with it.
    patients
        Shape (n,), str.
    groups
        What the samples may be parted by: for each field the part of every sample, shape (n,), str, empty where it
        belongs to none.
    """

    positive: NDArray[np.bool_]
    score: NDArray[np.float64]
    patients: NDArray[np.str_]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def select(self, rows: NDArray[np.bool_]) -> Scored:
        """The samples where ``rows`` (shape (n,), bool) is true."""
        parts = {name: values[rows] for name, values in self.groups.items()}
        return Scored(self.positive[rows], self.score[rows], self.patients[rows], parts)

    def mean_by(self, keys: NDArray[np.str_]) -> Scored:
        """One sample for each different key (shape (n,), str): mean score, positive where any is, first patient."""
        names, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        counts = np.bincount(inverse, minlength=len(names))
        means = np.bincount(inverse, weights=self.score, minlength=len(names)) / counts
        hits = np.bincount(inverse, weights=self.positive.astype(np.float64), minlength=len(names)) > 0
        return Scored(hits, means, self.patients[first])

    @property
    def has_both_classes(self) -> bool:
        """Whether there are positives and negatives."""
        return bool(self.positive.any() and not self.positive.all())


def area(name: str, scored: Scored) -> tuple[Metric, ...]:
    """AUC of all, then of each part, with intervals over whole patients."""
    parts = metrics.subgroups(
        metrics.auc_of,
        scored.positive,
        scored.score,
        patients=scored.patients,
        groups=scored.groups,
        seed=BOOTSTRAP_SEED,
    )
    whole = stated((name,), metrics.auc_of(scored.positive, scored.score), scored.patients)
    found = (
        metric(name, part.estimate, group=_group(part.field, part.name), images=part.images, patients=part.patients)
        for part in parts
    )
    return (*whole, *(one for many in found for one in many))


def area_delong(name: str, scored: Scored) -> tuple[Metric, ...]:
    """AUC with the interval of DeLong, for samples that are patients."""
    if min(int(scored.positive.sum()), int((~scored.positive).sum())) < 2:
        return ()
    count = len(scored.score)
    return metric(name, metrics.auc_delong(scored.positive, scored.score), images=count, patients=count)


def ranking(scored: Scored) -> tuple[Metric, ...]:
    """Sensitivity at fixed specificities and the reverse, average precision, partial area."""
    curves = metrics.roc_curves(scored.positive, scored.score)

    def numbers(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        curve = curves(weights)
        columns = [
            *(curve.sensitivity_at(share) for share in SHARES),
            *(curve.specificity_at(share) for share in SHARES),
            curve.average_precision,
            curve.partial_area(PARTIAL),
        ]
        return np.stack(columns, axis=1)

    return stated(_RANKING, numbers, scored.patients)


def decisions(scored: Scored, *, threshold: float, group: str = "") -> tuple[Metric, ...]:
    """Sensitivity, specificity, accuracy, balanced accuracy and F1 at a threshold."""

    def numbers(rows: NDArray[np.intp]) -> list[float]:
        found = metrics.decisions(scored.positive[rows], scored.score[rows], threshold=threshold)
        return [getattr(found, name) for name in _DECISIONS]

    return stated(_DECISIONS, metrics.by_rows(numbers), scored.patients, group=group)


def calibration(scored: Scored, *, group: str) -> tuple[Metric, ...]:
    """ECE over 15 bins of equal mass, Brier score, log loss."""
    images, patients = len(scored.score), len(np.unique(scored.patients))
    # No interval: every resampling of patients makes this error larger, so that its percentiles miss it.
    error = Metric(
        name="ece",
        value=round(metrics.ece(scored.positive, scored.score), 4),
        group=group,
        n_images=images,
        n_patients=patients,
    )
    told = np.clip(scored.score, 1e-12, 1 - 1e-12)
    losses = -np.log(np.where(scored.positive, told, 1.0 - told))
    squares = (scored.score - scored.positive) ** 2
    others = stated(("brier", "log_loss"), metrics.mean_of(np.stack([squares, losses])), scored.patients, group=group)
    return error, *others


def reliability(scored: Scored) -> tuple[ReliabilityPoint, ...]:
    """The reliability curve as a package keeps it."""
    return tuple(
        ReliabilityPoint(told=round(one.told, 4), came_true=round(one.came_true, 4), count=one.count)
        for one in metrics.reliability(scored.positive, scored.score)
    )


def clustered(
    name: str, statistic: metrics.Statistic, patients: NDArray[np.str_], *, group: str = ""
) -> tuple[Metric, ...]:
    """A number told from sample indices, with its interval over whole patients."""
    return stated((name,), metrics.by_rows(statistic), patients, group=group)


def mean(
    name: str, values: NDArray[np.float64] | NDArray[np.bool_], patients: NDArray[np.str_], *, group: str = ""
) -> tuple[Metric, ...]:
    """The mean of values, shape (n,), with its interval over whole patients."""
    return stated((name,), metrics.mean_of(values), patients, group=group)


def stated(
    names: Sequence[str], numbers: metrics.Weighted, patients: NDArray[np.str_], *, group: str = ""
) -> tuple[Metric, ...]:
    """The values of a statistic, one for each name, with their intervals over whole patients."""
    if not patients.size:
        return ()
    found = metrics.bootstrap(numbers, patients, seed=BOOTSTRAP_SEED)
    images, count = patients.size, len(np.unique(patients))
    return tuple(
        one
        for name, value in zip(names, found, strict=True)
        for one in metric(name, value, images=images, patients=count, group=group)
    )


def metric(name: str, value: metrics.Estimate, *, images: int, patients: int, group: str = "") -> tuple[Metric, ...]:
    """As a package states it, four decimals; nothing where there is no number."""
    if not np.isfinite(value.value):
        return ()
    low, high = (round(end, 4) if np.isfinite(end) else None for end in (value.low, value.high))
    one = Metric(
        name=name,
        value=round(value.value, 4),
        low=low,
        high=high,
        group=group,
        n_images=images,
        n_patients=patients,
    )
    return (one,)


def _group(field_name: str, part: str) -> str:
    """Views and kinds of lesion say what they are; a bare number does not."""
    return f"{field_name} {part}" if part.isdigit() else part
