"""The same number for parts of the samples: by view, density, lesion type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.training.judging.metrics.estimates import RESAMPLES, Estimate, Weighted, bootstrap

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Subgroup:
    """A number for a part of the samples.

    Attributes
    ----------
    field, name
        What the samples are parted by, and the part: ``view`` and ``CC``.
    images, positives, patients
        How many samples it was measured on, how many of them positive, of how many patients.
    """

    field: str
    name: str
    estimate: Estimate
    images: int
    positives: int
    patients: int


def subgroups(
    measure: Callable[[NDArray[np.bool_], NDArray[np.float64]], Weighted],
    labels: NDArray[np.bool_],
    scores: NDArray[np.float64],
    *,
    patients: NDArray[np.str_],
    groups: Mapping[str, NDArray[np.str_]],
    seed: int,
    resamples: int = RESAMPLES,
) -> tuple[Subgroup, ...]:
    """Measure every part by itself.

    Parameters
    ----------
    measure
        The statistic of labels and scores, `auc_of` for one.
    labels, scores
        Shape (n,).
    patients
        Shape (n,): the intervals draw whole patients.
    groups
        For each field the part that each sample belongs to, shape (n,), str; samples with an empty name belong to
        none.
    seed, resamples
        Of the bootstrap.

    Returns
    -------
    tuple of Subgroup
        Those with a number; a part that has none (one class absent) is left out.
    """
    found = []
    for field, names in groups.items():
        for name in np.unique(names[names != ""]):
            rows = np.flatnonzero(names == name)
            label, score, who = labels[rows], scores[rows], patients[rows]
            estimate = bootstrap(measure(label, score), who, seed=seed, resamples=resamples)[0]
            if np.isfinite(estimate.value):
                found.append(Subgroup(field, str(name), estimate, rows.size, int(label.sum()), len(np.unique(who))))
    return tuple(found)
