"""Is one way of scoring better than another? Always on the same samples, with p-values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError
from mammoview.training.judging import metrics
from mammoview.training.judging.measured import BOOTSTRAP_SEED, Scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mammoview.training.judging.metrics import Comparison, Estimate


@dataclass(frozen=True)
class PairedAuc:
    """Two AUCs on the same samples.

    Attributes
    ----------
    first_name, second_name
        What was compared.
    first, second
        AUCs with intervals over whole patients.
    bootstrap
        Difference over whole patients: the one to go by where patients have several samples.
    delong
        Difference by DeLong's test, which takes all samples as independent; None with fewer than two of a class.
    samples, patients
        How many there were.
    """

    first_name: str
    second_name: str
    first: Estimate
    second: Estimate
    bootstrap: Comparison
    delong: Comparison | None
    samples: int
    patients: int

    def __str__(self) -> str:
        gap = self.bootstrap.difference
        delong = "" if self.delong is None else f", DeLong p = {self.delong.p_value:.3g}"
        return (
            f"{self.first_name} {self.first.value:.3f}, {self.second_name} {self.second.value:.3f}: difference "
            f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}), p = {self.bootstrap.p_value:.3g}{delong}; "
            f"{self.samples} samples of {self.patients} patients"
        )


def compare_aucs(
    positive: NDArray[np.bool_],
    first: tuple[str, NDArray[np.float64]],
    second: tuple[str, NDArray[np.float64]],
    *,
    patients: NDArray[np.str_],
) -> PairedAuc:
    """Compare two scores of the same samples.

    Parameters
    ----------
    positive
        Shape (n,).
    first, second
        Name, and scores of shape (n,).
    patients
        Shape (n,).

    Raises
    ------
    InputError
        When one class is absent.
    """
    if positive.all() or not positive.any():
        raise InputError("One class is absent: there is no AUC to compare.", "Add cases of the other class.")
    one, other = (metrics.auc_of(positive, scores) for _, scores in (first, second))
    can_tell = min(int(positive.sum()), int((~positive).sum())) >= 2
    return PairedAuc(
        first_name=first[0],
        second_name=second[0],
        first=metrics.bootstrap(one, patients, seed=BOOTSTRAP_SEED)[0],
        second=metrics.bootstrap(other, patients, seed=BOOTSTRAP_SEED)[0],
        bootstrap=metrics.paired_bootstrap(one, other, patients, seed=BOOTSTRAP_SEED),
        delong=metrics.auc_delong_paired(positive, first[1], second[1]) if can_tell else None,
        samples=positive.size,
        patients=len(np.unique(patients)),
    )


def ensemble_against_members(
    positive: NDArray[np.bool_], members: Mapping[str, NDArray[np.float64]], *, patients: NDArray[np.str_]
) -> tuple[PairedAuc, ...]:
    """The mean of several models' scores against each of them.

    Parameters
    ----------
    positive
        Shape (n,).
    members
        Scores of each model, shape (n,).
    patients
        Shape (n,).
    """
    mean = np.mean(list(members.values()), axis=0)
    return tuple(
        compare_aucs(positive, ("mean of all", mean), (name, score), patients=patients)
        for name, score in members.items()
    )


def two_views_against_one(
    images: Scored, *, breasts: NDArray[np.str_], views: NDArray[np.str_]
) -> tuple[PairedAuc, ...]:
    """The mean of both views of a breast against each view alone, on the breasts that have both.

    Parameters
    ----------
    images
        Scores of single images.
    breasts, views
        Shape (n,).

    Returns
    -------
    tuple of PairedAuc
        One for each of the two views; empty where no breast has both CC and MLO, or all that have are of one class.
    """
    names = ("CC", "MLO")
    sides = [images.select(views == view) for view in names]
    of_view = [side.mean_by(breasts[views == view]) for side, view in zip(sides, names, strict=True)]
    of_cc, of_mlo = (np.unique(breasts[views == view]) for view in names)
    # In the order of names, as `mean_by` gives the breasts.
    one = of_view[0].select(np.isin(of_cc, of_mlo))
    other = of_view[1].select(np.isin(of_mlo, of_cc))
    # A breast is malignant when any of its images is.
    positive = one.positive | other.positive
    if positive.all() or not positive.any():
        # Also where no breast has both views.
        return ()
    mean = (one.score + other.score) / 2.0
    return tuple(
        compare_aucs(positive, ("CC and MLO", mean), (f"{name} alone", side.score), patients=one.patients)
        for name, side in zip(names, (one, other), strict=True)
    )
