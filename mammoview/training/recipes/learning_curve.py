"""How much each further case of a new site brings: a parent tuned to few, then to more, tested on the same patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError
from mammoview.models.calibration import mean_probabilities
from mammoview.training.cases.splits import Split, split_by_patient
from mammoview.training.judging import metrics
from mammoview.training.judging.measured import BOOTSTRAP_SEED
from mammoview.training.judging.metrics import Comparison, Estimate
from mammoview.training.judging.plots import LearningCurve
from mammoview.training.recipes.publish import settle
from mammoview.training.recipes.site import check_parent
from mammoview.training.recipes.transfer import (
    WIDE,
    fit_tuned,
    logits_of,
    parent_net,
    part_of,
    patient_labels,
    tuned_config,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mammoview.models.loading import LoadedPackage
    from mammoview.models.networks import Network
    from mammoview.training.cases.samples import ImageSet
    from mammoview.training.recipes.fitting import Run

COUNTS, DRAWS = (5, 10, 20, 40), 3


@dataclass(frozen=True)
class CurvePoint:
    """A parent tuned to so many cases of a site, several times.

    Attributes
    ----------
    cases
        Patients learned from.
    images
        Their images, mean over the draws.
    draws
        AUC by image on the fixed test patients, one for each draw of the cases.
    auc
        Mean of ``draws``; its interval is over whole test patients.
    gain
        ``auc`` less that of the parent.
    """

    cases: int
    images: float
    draws: tuple[float, ...]
    auc: Estimate
    gain: Comparison

    @property
    def is_wide(self) -> bool:
        """Whether the interval is too wide to say much."""
        return not self.auc.high - self.auc.low <= WIDE


@dataclass(frozen=True)
class SiteCurve:
    """What more cases of a new site bring.

    Attributes
    ----------
    before
        AUC by image of the parent on the test patients.
    points
        By the number of cases, rising.
    test_patients, test_images, pool_patients
        How many judge, always the same, and how many the cases are drawn from.
    warnings
        What to know before believing it.
    """

    before: Estimate
    points: tuple[CurvePoint, ...]
    test_patients: int
    test_images: int
    pool_patients: int
    warnings: tuple[str, ...] = ()

    def plotted(self) -> LearningCurve:
        """For `plots.plot_learning`."""
        return LearningCurve(tuple(one.cases for one in self.points), tuple(one.auc for one in self.points))


def learning_curve(
    package: LoadedPackage,
    images: ImageSet,
    run: Run,
    *,
    counts: Sequence[int] = COUNTS,
    draws: int = DRAWS,
    splits: Iterable[Split] = (),
) -> SiteCurve:
    """Tune a parent to few, then more cases of a new site, and test each on the same half of its patients.

    The half that tests is never drawn from, so that all points compare. A draw of more cases holds those of the same
    draw of fewer, and always both classes.

    Parameters
    ----------
    package
        A whole-image classifier that never saw the site.
    images
        Of the site, prepared as `tuned_config` says.
    run
        The schedule, and a folder for each tuning; one that was stopped goes on. ``config.split.seed`` draws.
    counts
        Numbers of cases (patients), each at least 2; those beyond the half that is drawn from are left out.
    draws
        How often each number is drawn.
    splits
        Those that the parent may have been trained with.

    Raises
    ------
    InputError
        When the site has too few patients of a class.
    UsageError
        When the parent saw a patient of the site.
    """
    run = replace(run, config=tuned_config(package, run.config))
    strata = patient_labels(images)
    doubt = check_parent(package.info, frozenset(strata), splits)
    halves = split_by_patient(strata, 0.5, seed=run.config.split.seed)
    pool = {patient: strata[patient] for patient in sorted(halves.training)}
    fitting = sorted(count for count in set(counts) if 2 <= count <= len(pool))
    malignant = sum(pool.values())
    if not fitting or min(malignant, len(pool) - malignant) < 1 or len(set(map(strata.get, halves.validation))) < 2:
        raise InputError(
            f"A learning curve needs more than {len(strata)} patients with {sum(strata.values())} malignant ones.",
            "Add cases of both classes.",
        )
    test = images.select(np.isin(images.patients, list(halves.validation)))
    start = metrics.auc_of(test.labels == 1, _scores(parent_net(package), test, run))
    points = []
    for index, count in enumerate(fitting):
        scores, seen = [], []
        for number in range(draws):
            drawn = Split(_drawn(pool, count, (run.config.split.seed, number)), halves.validation)
            done = index * draws + number
            own = part_of(run, f"{count}-{number}", done, len(fitting) * draws)
            scores.append(_scores(settle(fit_tuned(images, drawn, own, package)), test, run))
            seen.append(int(np.isin(images.patients, list(drawn.training)).sum()))
        points.append(_point(count, float(np.mean(seen)), scores, start, test))
    (before,) = metrics.bootstrap(start, test.patients, seed=BOOTSTRAP_SEED)
    wide = ", ".join(str(one.cases) for one in points if one.is_wide)
    warnings = [doubt] if doubt else []
    if wide:
        warnings.append(f"The interval is wider than {WIDE} for {wide} cases: too few test patients to tell much.")
    return SiteCurve(
        before, tuple(points), len(halves.validation), len(test.labels), len(pool), warnings=tuple(warnings)
    )


def _point(
    count: int, images: float, scores: list[NDArray[np.float64]], start: metrics.Weighted, test: ImageSet
) -> CurvePoint:
    one_by_one = [metrics.auc_of(test.labels == 1, score) for score in scores]

    def mean(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.mean([area(weights) for area in one_by_one], axis=0))

    everything = np.ones((1, len(test.labels)))
    (auc,) = metrics.bootstrap(mean, test.patients, seed=BOOTSTRAP_SEED)
    gain = metrics.paired_bootstrap(mean, start, test.patients, seed=BOOTSTRAP_SEED)
    return CurvePoint(count, images, tuple(float(area(everything)[0, 0]) for area in one_by_one), auc, gain)


def _drawn(pool: dict[str, int], count: int, seed: tuple[int, int]) -> frozenset[str]:
    """So many patients of the pool, in its mixture of classes but with one of each at least."""
    rng = np.random.default_rng(seed)
    benign, malignant = (
        rng.permutation([patient for patient, label in pool.items() if label == wanted]).tolist() for wanted in (0, 1)
    )
    share = min(max(1, round(count * len(malignant) / len(pool))), count - 1, len(malignant))
    share = max(share, count - len(benign))
    return frozenset(malignant[:share] + benign[: count - share])


def _scores(net: Network, images: ImageSet, run: Run) -> NDArray[np.float64]:
    return mean_probabilities(logits_of(net, images, run))[:, 1]
