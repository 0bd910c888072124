"""Old model against new on the sealed test cases of a site: from what they say to the wizard's verdict.

The test patients are cut in two halves by a seed: temperature and operating points are fitted on one half, and what
depends on them is measured on the other. Ranking and overlap, which a temperature does not change, use all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.amounts import counted
from mammoview.models.calibration import fit_temperature, mean_probabilities, operating_point
from mammoview.training.judging import metrics
from mammoview.training.judging.measured import BOOTSTRAP_SEED
from mammoview.training.judging.sentence import LEAST_PATIENTS, UNKNOWN, Change, Interval, sentence_of
from mammoview.training.judging.site_verdict import GRID, PartChange, Roc, Side, SiteVerdict, WorseCase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: The operating point at which sensitivity and specificity are told.
SPECIFICITY = 0.9
#: Most cases that are listed as worse.
MOST_WORSE = 50
_LEAST_OF_PART = 2
_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Told:
    """What a classifier says of the test samples.

    Attributes
    ----------
    logits
        Shape (4, n, classes), float64: of each sample and its flips.
    temperature
        That the package came with.
    """

    key: str
    logits: NDArray[np.float64]
    temperature: float


@dataclass(frozen=True, eq=False)
class Samples:
    """What is true of the test samples.

    Attributes
    ----------
    labels
        Shape (n,), int64: the true class.
    malignant
        Classes that speak for malignancy together.
    images, patients
        Shape (n,), str: file and patient.
    groups
        What they may be parted by: for each field the part of every sample, shape (n,), str.
    unit
        What a sample is.
    """

    labels: NDArray[np.int64]
    malignant: Sequence[int]
    images: NDArray[np.str_]
    patients: NDArray[np.str_]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    unit: str = "images"

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Shape (n,), bool."""
        return np.isin(self.labels, list(self.malignant))


def judge_classifiers(task: str, old: Told, new: Told, samples: Samples, *, half: NDArray[np.bool_]) -> SiteVerdict:
    """Compare two classifiers.

    Parameters
    ----------
    task
        Of the wizard.
    half
        Shape (n,), bool: the samples of the patients that calibration may look at.
    """
    sides, scores = [], []
    for told in (old, new):
        side, score = _side(told, samples, half)
        sides.append(side)
        scores.append(score)
    change = auc_change(samples.positive, scores[0], scores[1], samples.patients, unit=samples.unit)
    parts = [
        PartChange(name, part, auc_change(samples.positive[rows], scores[0][rows], scores[1][rows], people, unit=unit))
        for name, part, rows in _parts(samples.groups)
        for people, unit in ((samples.patients[rows], samples.unit),)
        if min(samples.positive[rows].sum(), (~samples.positive[rows]).sum()) >= _LEAST_OF_PART
    ]
    return SiteVerdict(
        task,
        sentence_of(change),
        change.outcome,
        change,
        sides[0],
        sides[1],
        subgroups=tuple(parts),
        worse=_worse(samples, scores[0], scores[1]),
        half_patients=len(np.unique(samples.patients[~half])),
        notes=_notes(change, parts, is_decided=sides[1].sensitivity.value is not None),
    )


def judge_outlines(
    old: tuple[str, NDArray[np.float64]], new: tuple[str, NDArray[np.float64]], samples: Samples
) -> SiteVerdict:
    """Compare two segmenters.

    Parameters
    ----------
    old, new
        Name, and the Dice of each lesion, shape (n,).
    """
    change = mean_change("Dice", old[1], new[1], samples.patients, unit=samples.unit)
    parts = [
        PartChange(
            name, part, mean_change("Dice", old[1][rows], new[1][rows], samples.patients[rows], unit=samples.unit)
        )
        for name, part, rows in _parts(samples.groups)
        if len(np.unique(samples.patients[rows])) >= _LEAST_OF_PART
    ]
    order = np.argsort(new[1] - old[1], kind="stable")
    worse = tuple(
        WorseCase(
            str(samples.images[row]),
            str(samples.patients[row]),
            "outlined",
            round(float(old[1][row]), 4),
            round(float(new[1][row]), 4),
        )
        for row in order[:MOST_WORSE]
        if new[1][row] < old[1][row]
    )
    return SiteVerdict(
        "segment",
        sentence_of(change),
        change.outcome,
        change,
        Side(old[0]),
        Side(new[0]),
        subgroups=tuple(parts),
        worse=worse,
        half_patients=change.patients,
        notes=_notes(change, parts),
    )


def auc_change(
    positive: NDArray[np.bool_],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    patients: NDArray[np.str_],
    *,
    unit: str = "images",
) -> Change:
    """The change of the AUC; shapes (n,). Nothing can be told where a class is absent."""
    count = len(np.unique(patients))
    if positive.all() or not positive.any():
        return Change("AUC", UNKNOWN, UNKNOWN, UNKNOWN, None, None, positive.size, count, unit)
    one, other = metrics.auc_of(positive, before), metrics.auc_of(positive, after)
    can_tell = min(int(positive.sum()), int((~positive).sum())) >= _LEAST_OF_PART
    delong = metrics.auc_delong_paired(positive, after, before).p_value if can_tell else None
    # The rarer class says how few there are: forty women without cancer do not make up for two with it.
    rarer = min(len(np.unique(patients[part])) for part in (positive, ~positive))
    return _change("AUC", one, other, patients, delong, unit, rarer)


def mean_change(
    measure: str,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    patients: NDArray[np.str_],
    *,
    unit: str = "lesions",
) -> Change:
    """The change of a mean; shapes (n,)."""
    count = len(np.unique(patients))
    return _change(measure, metrics.mean_of(before), metrics.mean_of(after), patients, None, unit, count)


def _change(
    measure: str,
    before: metrics.Weighted,
    after: metrics.Weighted,
    patients: NDArray[np.str_],
    delong: float | None,
    unit: str,
    rarer: int,
) -> Change:
    """A change, its interval widened for ``rarer`` patients; none is told of fewer than `LEAST_PATIENTS`."""
    one, other = (metrics.bootstrap(each, patients, seed=BOOTSTRAP_SEED)[0] for each in (before, after))
    paired = metrics.paired_bootstrap(after, before, patients, seed=BOOTSTRAP_SEED, widened_for=rarer)
    first, second, gap = (_drawn(each, rarer) for each in (one, other, paired.difference))
    p_value, delong = (paired.p_value, delong) if gap.ends else (None, None)
    return Change(measure, first, second, gap, p_value, delong, len(patients), len(np.unique(patients)), unit)


def _side(told: Told, samples: Samples, half: NDArray[np.bool_]) -> tuple[Side, NDArray[np.float64]]:
    positive = samples.positive
    fitted = told.temperature
    if half.any() and len(np.unique(positive[half])) == 2:
        fitted = round(fit_temperature(told.logits[:, half], samples.labels[half]), 4)
    classes = list(samples.malignant)

    def score(temperature: float) -> NDArray[np.float64]:
        shares = mean_probabilities(told.logits, temperature=temperature)
        return np.asarray(shares[:, classes].sum(axis=1).clip(0.0, 1.0))

    as_it_came, calibrated = score(told.temperature), score(fitted)
    sensitivity = specificity = UNKNOWN
    rest = ~half
    if len(np.unique(positive[half])) == 2 and rest.any():
        threshold = operating_point(calibrated[half], positive[half], specificity=SPECIFICITY).threshold
        called = calibrated >= threshold
        sensitivity = _of(metrics.proportion(called[rest & positive], samples.patients[rest & positive]))
        specificity = _of(metrics.proportion(~called[rest & ~positive], samples.patients[rest & ~positive]))
    side = Side(
        told.key,
        told.temperature,
        fitted,
        _ece(positive[rest], as_it_came[rest]),
        _ece(positive[rest], calibrated[rest]),
        sensitivity,
        specificity,
        _roc(positive, calibrated, samples.patients),
        _ece(positive[rest], score(1.0)[rest]),
    )
    return side, calibrated


def _roc(positive: NDArray[np.bool_], score: NDArray[np.float64], patients: NDArray[np.str_]) -> Roc | None:
    if positive.all() or not positive.any():
        return None
    curves = metrics.roc_curves(positive, score)

    def at_grid(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        drawn = curves(weights)
        rows = zip(drawn.false_positive, drawn.true_positive, strict=True)
        return np.array([np.interp(GRID, one, other) for one, other in rows])

    band = metrics.bootstrap(at_grid, patients, seed=BOOTSTRAP_SEED, resamples=_DRAWS)
    curve = metrics.roc_curve(positive, score)
    low, high = (tuple(round(getattr(one, end), 4) for one in band) for end in ("low", "high"))
    rarer = min(len(np.unique(patients[part])) for part in (positive, ~positive))
    if rarer < LEAST_PATIENTS or low == high:
        low = high = ()
    return Roc(
        tuple(np.round(curve.false_positive, 4).tolist()), tuple(np.round(curve.true_positive, 4).tolist()), low, high
    )


def _worse(samples: Samples, before: NDArray[np.float64], after: NDArray[np.float64]) -> tuple[WorseCase, ...]:
    """Cases whose score moved away from the truth, the farthest first."""
    positive = samples.positive
    moved = np.where(positive, before - after, after - before)
    return tuple(
        WorseCase(
            str(samples.images[row]),
            str(samples.patients[row]),
            "malignant" if positive[row] else "benign",
            round(float(before[row]), 4),
            round(float(after[row]), 4),
        )
        for row in np.argsort(-moved, kind="stable")[:MOST_WORSE]
        if moved[row] > 0
    )


def _parts(groups: Mapping[str, NDArray[np.str_]]) -> list[tuple[str, str, NDArray[np.bool_]]]:
    found = []
    for name, parts in groups.items():
        known = [part for part in np.unique(parts).tolist() if part]
        found += [(name, part, np.asarray(parts == part)) for part in known if len(known) > 1]
    return found


def _notes(change: Change, parts: Sequence[PartChange], *, is_decided: bool = False) -> tuple[str, ...]:
    notes = []
    gap = change.difference
    if gap.value is not None and not gap.ends:
        kinds = " of each kind" if change.measure == "AUC" else ""
        notes.append(
            f"No 95 % interval can be told from {counted(change.patients, 'patient')}: it needs {LEAST_PATIENTS} "
            f"patients{kinds} at least, and cases on which the models differ."
        )
    elif change.patients < 50:
        notes.append(
            f"{counted(change.patients, 'patient')} are few: the interval of the change is widened for that, and a few "
            "others might have given another verdict."
        )
    if is_decided:
        notes.append(
            "Intervals of sensitivity and specificity are Clopper and Pearson’s, each patient counted once; all others "
            "are of draws of whole patients."
        )
    if len(parts) > 1:
        notes.append(f"{len(parts)} subgroups were looked at: about one of twenty differs by chance, and none decides.")
    return tuple(notes)


def _ece(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float | None:
    return _number(metrics.ece(positive, score)) if positive.size else None


def _drawn(estimate: metrics.Estimate, rarer: int) -> Interval:
    """A number with the interval of its draws, where there are enough patients, and the draws differ at all."""
    found = _of(estimate)
    has_width = found.low is not None and found.high is not None and found.low < found.high
    return found if has_width and rarer >= LEAST_PATIENTS else Interval(found.value)


def _of(estimate: metrics.Estimate) -> Interval:
    return Interval(_number(estimate.value), _number(estimate.low), _number(estimate.high))


def _number(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None
