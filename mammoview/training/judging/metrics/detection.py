"""How many lesions are found at how many false marks an image: FROC, with the rule of a hit stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.geometry import Box
from mammoview.training.judging.metrics.estimates import RESAMPLES, Estimate, bootstrap, by_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: False marks an image at which the sensitivity is told.
FALSE_MARKS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class HitRule:
    """When a mark has found a lesion.

    Attributes
    ----------
    iou
        None: the mark's centre lies in the lesion (its mask, or its box where it has none). A number: the boxes of
        both overlap by at least this intersection over union.
    """

    iou: float | None = None

    def __str__(self) -> str:
        return "centre in the lesion" if self.iou is None else f"IoU of the boxes ≥ {self.iou:g}"

    def is_hit(self, mark: Box, lesion: Box | NDArray[np.bool_]) -> bool:
        """Whether a mark finds a lesion, given as a box or as a mask of the whole image."""
        if self.iou is None:
            return _covers(lesion, mark.centre)
        box = lesion if isinstance(lesion, Box) else _box_of(lesion)
        common = box.intersection(mark).area_px
        union = box.area_px + mark.area_px - common
        return union > 0 and common / union >= self.iou


@dataclass(frozen=True)
class ImageMarks:
    """What was marked in one image, after comparison with the truth; see `compare_marks`.

    Attributes
    ----------
    patient
        Whose image it is.
    found
        For each lesion the highest score of a mark that hit it, minus infinity where none did.
    false
        Scores of the marks that hit nothing.
    """

    patient: str
    found: tuple[float, ...]
    false: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FrocCurve:
    """Sensitivity against false marks an image, from the strictest threshold to the laxest.

    Attributes
    ----------
    false_per_image, sensitivity
        Shape (k,), float64, rising from 0.
    thresholds
        Shape (k,), float64, falling from infinity.
    """

    false_per_image: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    def sensitivity_at(self, false_per_image: float) -> float:
        """The highest sensitivity with at most so many false marks an image; no interpolation."""
        return float(self.sensitivity[self.false_per_image <= false_per_image][-1])


@dataclass(frozen=True)
class Froc:
    """Sensitivities at fixed numbers of false marks an image.

    Attributes
    ----------
    false_per_image
        At which.
    sensitivity
        One for each, with intervals over whole patients.
    mean
        Mean of the sensitivities.
    rule
        When a mark was a hit, in words.
    images, lesions, patients
        How many there were; ``lesions`` counts patients with a lesion where patients were to be found.
    """

    false_per_image: tuple[float, ...]
    sensitivity: tuple[Estimate, ...]
    mean: Estimate
    rule: str
    images: int
    lesions: int
    patients: int


def compare_marks(
    patient: str,
    marks: Sequence[tuple[Box, float]],
    lesions: Sequence[Box | NDArray[np.bool_]],
    *,
    rule: HitRule,
) -> ImageMarks:
    """Tell hits from false marks in one image.

    A second mark on a lesion that was found already is neither a hit nor false.

    Parameters
    ----------
    patient
        Whose image it is.
    marks
        Boxes with their scores.
    lesions
        Boxes, or masks of shape (rows, columns), bool.
    rule
        When a mark has found a lesion.
    """
    hits = np.array([[rule.is_hit(box, lesion) for lesion in lesions] for box, _ in marks], dtype=bool)
    hits = hits.reshape(len(marks), len(lesions))
    scores = np.array([score for _, score in marks], dtype=np.float64)
    found = (max(scores[hits[:, index]].tolist(), default=-np.inf) for index in range(len(lesions)))
    return ImageMarks(patient, tuple(found), tuple(scores[~hits.any(axis=1)].tolist()))


def froc_curve(images: Sequence[ImageMarks], *, by_patient: bool = False) -> FrocCurve:
    """The FROC curve over all images, those without lesions included.

    Parameters
    ----------
    images
        From `compare_marks`.
    by_patient
        Whether what is to be found is a patient with lesions, by any of them in any view, instead of every lesion.

    Raises
    ------
    ValueError
        Without images or without lesions.
    """
    found = np.array(_to_find(images, by_patient=by_patient), dtype=np.float64)
    if not found.size:
        raise ValueError("a FROC curve needs lesions")
    false = np.array([score for image in images for score in image.false], dtype=np.float64)
    finite = np.concatenate([found[np.isfinite(found)], false])
    thresholds = np.concatenate([[np.inf], np.unique(finite)[::-1]])
    return FrocCurve(
        false_per_image=_at_or_above(false, thresholds) / len(images),
        sensitivity=_at_or_above(found, thresholds) / found.size,
        thresholds=thresholds,
    )


def froc(
    images: Sequence[ImageMarks],
    *,
    rule: HitRule,
    seed: int,
    false_per_image: Sequence[float] = FALSE_MARKS,
    by_patient: bool = False,
    resamples: int = RESAMPLES,
) -> Froc:
    """Sensitivities at fixed numbers of false marks an image, with intervals over whole patients.

    Parameters
    ----------
    images
        From `compare_marks`.
    rule
        The rule that they were compared by, to be told beside the numbers.
    seed, resamples
        Of the bootstrap.
    false_per_image
        At which.
    by_patient
        As for `froc_curve`.
    """
    patients = np.array([image.patient for image in images])

    def numbers(rows: NDArray[np.intp]) -> list[float]:
        drawn = [images[row] for row in rows]
        if not any(image.found for image in drawn):
            return [float("nan")] * (len(false_per_image) + 1)
        curve = froc_curve(drawn, by_patient=by_patient)
        found = [curve.sensitivity_at(limit) for limit in false_per_image]
        return [*found, float(np.mean(found))]

    *sensitivity, mean = bootstrap(by_rows(numbers), patients, seed=seed, resamples=resamples)
    return Froc(
        false_per_image=tuple(false_per_image),
        sensitivity=tuple(sensitivity),
        mean=mean,
        rule=str(rule),
        images=len(images),
        lesions=len(_to_find(images, by_patient=by_patient)),
        patients=len(np.unique(patients)),
    )


def _to_find(images: Sequence[ImageMarks], *, by_patient: bool) -> list[float]:
    if not by_patient:
        return [score for image in images for score in image.found]
    best: dict[str, float] = {}
    for image in images:
        if image.found:
            best[image.patient] = max(best.get(image.patient, -np.inf), *image.found)
    return list(best.values())


def _at_or_above(scores: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.sort(scores)
    return np.asarray(ordered.size - np.searchsorted(ordered, thresholds, side="left"), dtype=np.float64)


def _covers(lesion: Box | NDArray[np.bool_], point: tuple[float, float]) -> bool:
    if isinstance(lesion, Box):
        return lesion.contains(*point)
    row, column = int(np.floor(point[0])), int(np.floor(point[1]))
    is_inside = 0 <= row < lesion.shape[0] and 0 <= column < lesion.shape[1]
    return is_inside and bool(lesion[row, column])


def _box_of(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return Box(0, 0, 0, 0)
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
