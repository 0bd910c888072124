"""The mean of several models' probabilities, with what each of them says. Any packages of one task may take part.

Each model prepares its own input, divides by its own temperature and is averaged over its own flips; only then are the
probabilities averaged, each model counting the same (Shen et al. 2019 averaged four models so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import ModelPackageError
from mammoview.core.findings import MemberScore, PatchClass, ScoreMeaning, Threshold
from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.models.registry import PackageInfo
from mammoview.models.uncertainty import spread, varied_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

MALIGNANT = "malignant"
#: What a package must be able to answer to take part; others of the same task keep to their own commands.
_NEEDED_LABELS = {Task.WHOLE_IMAGE: {MALIGNANT}, Task.PATCH: {kind.value for kind in PatchClass}}


@dataclass(frozen=True, eq=False)
class Samples:
    """What one model says of one image or region.

    Attributes
    ----------
    model
        ``id@version``.
    flips
        Shape (flips, classes), float64: probabilities.
    passes
        Shape (passes, flips, classes): the same with dropout left on; no passes where nobody asked.
    """

    model: str
    flips: NDArray[np.float64]
    passes: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Probabilities averaged over the flips, shape (classes,). Dropout passes do not change the score."""
        return np.asarray(self.flips.mean(axis=0))

    def malignant(self, classes: Sequence[int]) -> NDArray[np.float64]:
        """Probability of some classes together in each sample, flat."""
        varied = self.passes if len(self.passes) else self.flips[None]
        return np.asarray(varied[..., list(classes)].sum(axis=-1).ravel())


@dataclass(frozen=True, eq=False)
class Average:
    """What the models say together.

    Attributes
    ----------
    probabilities
        Shape (classes,), float64.
    p_malignant, members
        Their mean for the malignant classes, and each model's own.
    uncertainty, spread_over
        See `mammoview.core.findings.ImageResult`.
    """

    probabilities: NDArray[np.float64]
    p_malignant: float
    members: tuple[MemberScore, ...]
    uncertainty: float | None
    spread_over: str


def average(samples: Sequence[Samples], classes: Sequence[int]) -> Average:
    """Average models.

    Parameters
    ----------
    samples
        Of each model, at least one; all in the same order of classes.
    classes
        The malignant ones.
    """
    means = np.stack([one.mean for one in samples])
    own = means[:, list(classes)].sum(axis=1)
    return Average(
        probabilities=means.mean(axis=0),
        p_malignant=float(own.mean()),
        members=tuple(MemberScore(one.model, float(p)) for one, p in zip(samples, own, strict=True)),
        uncertainty=spread([one.malignant(classes) for one in samples]),
        spread_over=varied_words(
            flips=max(len(one.flips) for one in samples),
            models=len(samples),
            passes=max(len(one.passes) for one in samples),
        ),
    )


def check_fitness(info: PackageInfo) -> None:
    """Refuse a package whose outputs do not answer its task.

    Raises
    ------
    ModelPackageError
        With the labels that it lacks.
    """
    lacking = sorted(_NEEDED_LABELS.get(info.task, set()) - set(info.manifest.labels))
    if lacking:
        raise ModelPackageError(
            f"The model {info.key} cannot be used for {info.task.value.replace('_', ' ')}: "
            f"none of its outputs is called {', '.join(lacking)}.",
            "Choose another model.",
        )


def meaning_of(infos: tuple[PackageInfo, ...], *, precision: str = "fp32", flips: bool = True) -> ScoreMeaning | None:
    """What the mean of some packages' scores says; None where none says anything.

    Parameters
    ----------
    infos
        Packages of one task.
    precision
        Of the arithmetic in use: operating points hold for one.
    flips
        Whether scores are averaged over the four flips; the points were fitted so, and hold for nothing else.

    Raises
    ------
    ModelPackageError
        When a package's calibration cannot be read.
    """
    scores = [info.manifest.score for info in infos if info.manifest.score is not None]
    if not scores:
        return None
    calibration = registry.calibration_of(infos)
    points = [point for point in calibration.operating_points if flips and point.precision == precision]
    return ScoreMeaning(
        text="; or: ".join(dict.fromkeys(score.meaning for score in scores)),
        training_prevalence=float(np.mean([score.training_prevalence for score in scores])),
        thresholds=tuple(
            Threshold(
                name=point.name,
                threshold=point.threshold,
                sensitivity=point.sensitivity,
                specificity=point.specificity,
                fitted_on=calibration.fitted_on,
                n_patients=calibration.n_patients,
            )
            for point in points
        ),
        models=len(infos),
    )
