"""Judging a trained net on held-out patients, and calibrating it on half of them.

The held-out patients are cut in two halves by a seed. The temperature and the operating points are fitted on one half
and calibration is measured on the other; ranking and overlap, which a temperature does not change, are measured on all.
The logits may come from one net, or from the nets of a cross-validation, each on the fold that it never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.models.calibration import fit_temperature, mean_probabilities, operating_points
from mammoview.models.manifest import Calibration, Metric, ReliabilityPoint
from mammoview.training.judging import measured, metrics
from mammoview.training.judging.conformal import fit_conformal
from mammoview.training.judging.measured import Scored

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from mammoview.training.learning.prefetch import Batch

_FLIPS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))
_CLASSES = tuple(PatchClass)
#: The outputs of a patch classifier that speak for malignancy.
MALIGNANT = [_CLASSES.index(name) for name in (PatchClass.MALIGNANT_CALCIFICATION, PatchClass.MALIGNANT_MASS)]
_KINDS = np.array(["", *([LesionKind.CALCIFICATION.value] * 2), *([LesionKind.MASS.value] * 2)])
_UNSEEN = "not used to calibrate"
# Promised by the conformal sets.
_COVERAGE = 0.9


@dataclass(frozen=True, eq=False)
class Judged:
    """Outputs on held-out samples, and what is true of them.

    Attributes
    ----------
    logits
        Shape (4, n, classes), float64: of the sample as it is, mirrored, upside down, both. Of a cross-validation each
        sample's from the net that never saw its patient.
    labels
        Shape (n,), int64.
    patients, breasts
        Shape (n,), str.
    groups
        What the samples may be parted by (``view``, ``density``, ``lesion``, ``fold``): for each the part of every
        sample, shape (n,), str, empty where it belongs to none.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    breasts: NDArray[np.str_]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What judging gives: for ``calibration.json``, and for ``eval.json``."""

    calibration: Calibration
    metrics: tuple[Metric, ...]
    reliability: tuple[ReliabilityPoint, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class MaskScores:
    """Agreement of predicted masks with the truth.

    Attributes
    ----------
    dice, iou, hd95_px
        Shape (n,), float64; the distance in pixels of the net's input.
    """

    dice: NDArray[np.float64]
    iou: NDArray[np.float64]
    hd95_px: NDArray[np.float64]


@torch.inference_mode()
def outputs(net: nn.Module, batches: Iterable[Batch]) -> NDArray[np.float64]:
    """Logits of a net in eval mode for the four flips of all batches: shape (4, n, classes), float64."""
    net.eval()
    found = []
    for batch in batches:
        flips = [batch.images.flip(axes) if axes else batch.images for axes in _FLIPS]
        found.append(np.stack([net(images).numpy() for images in flips]))
    return np.concatenate(found, axis=1).astype(np.float64)


@torch.inference_mode()
def predicted_masks(net: nn.Module, batches: Iterable[Batch], *, threshold: float = 0.5) -> NDArray[np.bool_]:
    """Lesion masks, shape (n, h, w), bool; of a net with several classes all but the first are lesion."""
    net.eval()
    found = []
    cut = float(np.log(threshold / (1 - threshold)))
    for batch in batches:
        logits = net(batch.images)
        if logits.shape[1] == 1:
            found.append((logits[:, 0] > cut).numpy())
        else:
            found.append((1.0 - logits.softmax(dim=1)[:, 0] > threshold).numpy())
    return np.concatenate(found)


def mask_scores(told: NDArray[np.bool_], truth: NDArray[np.bool_]) -> MaskScores:
    """Compare masks of shape (n, h, w), bool, one by one."""
    pairs = list(zip(told, truth, strict=True))
    return MaskScores(
        dice=np.array([metrics.dice(one, other) for one, other in pairs]),
        iou=np.array([metrics.iou(one, other) for one, other in pairs]),
        hd95_px=np.array([metrics.hd95(one, other) for one, other in pairs]),
    )


def calibration_half(patients: NDArray[np.str_], *, seed: int) -> NDArray[np.bool_]:
    """True for the samples of the patients that calibration may look at: half of them."""
    names = np.unique(patients)
    chosen = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return np.isin(patients, chosen)


def judge_patch(judged: Judged, *, seed: int) -> Verdict:
    """Calibrate and measure a patch classifier.

    Parameters
    ----------
    judged
        Labels are indices into `PatchClass`.
    seed
        Of the calibration half.
    """
    half = calibration_half(judged.patients, seed=seed)
    temperature = round(fit_temperature(judged.logits[:, half], judged.labels[half]), 4)
    told = mean_probabilities(judged.logits, temperature=temperature)
    lesion = judged.labels != 0
    groups = {"lesion": _KINDS[judged.labels], **judged.groups}
    # What the program shows: malignant mass and calcification together.
    everything = Scored(np.isin(judged.labels, MALIGNANT), told[:, MALIGNANT].sum(axis=1), judged.patients, groups)
    malignant = everything.select(lesion)
    unseen = everything.select(lesion & ~half)
    predicted = told.argmax(axis=1)
    found = (
        *measured.area("auc_malignant_vs_benign_lesion", malignant),
        *measured.area("auc_lesion_vs_background", Scored(lesion, 1 - told[:, 0], judged.patients)),
        *_class_accuracy(judged.labels, predicted, judged.patients),
        *measured.ranking(malignant),
        *measured.decisions(unseen, threshold=0.5, group=_UNSEEN),
        *measured.calibration(unseen, group=_UNSEEN),
    )
    table = metrics.confusion_matrix(judged.labels, predicted, classes=len(_CLASSES))
    return Verdict(
        _calibration(temperature, everything.select(lesion & half)),
        found,
        measured.reliability(unseen),
        tuple(tuple(row) for row in table.tolist()),
    )


def judge_whole_image(judged: Judged, *, seed: int) -> Verdict:
    """Calibrate and measure a whole-image classifier.

    Parameters
    ----------
    judged
        Labels are 1 where malignant.
    seed
        Of the calibration half.
    """
    half = calibration_half(judged.patients, seed=seed)
    temperature = round(fit_temperature(judged.logits[:, half], judged.labels[half]), 4)
    told = mean_probabilities(judged.logits, temperature=temperature)
    images = Scored(judged.labels == 1, told[:, 1], judged.patients, judged.groups)
    unseen = images.select(~half)
    found = (
        *measured.area("auc_image", images),
        *measured.area("auc_breast", images.mean_by(judged.breasts)),
        *measured.area_delong("auc_patient", images.mean_by(judged.patients)),
        *measured.ranking(images),
        *measured.decisions(unseen, threshold=0.5, group=_UNSEEN),
        *measured.calibration(unseen, group=_UNSEEN),
        *_conformal(told, judged, half),
    )
    return Verdict(_calibration(temperature, images.select(half)), found, measured.reliability(unseen))


def judge_masks(
    scores: MaskScores, baselines: Mapping[str, NDArray[np.float64]], patients: NDArray[np.str_]
) -> tuple[Metric, ...]:
    """Measure masks.

    Parameters
    ----------
    scores
        Of the net.
    baselines
        Dice, shape (n,), of shapes drawn without looking, by name: ``centred_disc`` for one.
    patients
        Shape (n,).
    """
    found = [
        *measured.mean("dice", scores.dice, patients),
        *measured.clustered("dice_median", lambda rows: float(np.median(scores.dice[rows])), patients),
        *measured.mean("iou", scores.iou, patients),
        *measured.mean("hd95_px", scores.hd95_px, patients),
    ]
    for name, dice in baselines.items():
        found += measured.mean(f"dice_of_{name}", dice, patients)
        found += measured.mean(f"dice_gain_over_{name}", scores.dice - dice, patients)
    return tuple(found)


def _class_accuracy(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], patients: NDArray[np.str_]
) -> tuple[Metric, ...]:
    """Accuracy, its mean over the classes, and the share of each class that is told right."""
    right = labels == predicted
    found = [
        *measured.clustered(
            "balanced_accuracy", lambda rows: metrics.balanced_accuracy(labels[rows], predicted[rows]), patients
        ),
        *measured.mean("accuracy_five_classes", right, patients),
    ]
    for index, name in enumerate(_CLASSES):
        own = labels == index
        found += measured.mean("recall", right[own], patients[own], group=name.value.replace("_", " "))
    return tuple(found)


def _conformal(told: NDArray[np.float64], judged: Judged, half: NDArray[np.bool_]) -> tuple[Metric, ...]:
    """How often sets that promise 90 % hold the true class, class by class, and how many classes they hold."""
    fitted = fit_conformal(told[half], judged.labels[half], judged.patients[half], coverage=_COVERAGE)
    kept, labels, patients = fitted.sets(told[~half]), judged.labels[~half], judged.patients[~half]
    is_kept = kept[np.arange(len(labels)), labels]
    found: list[Metric] = []
    for index, name in enumerate(("benign", "malignant")):
        own = labels == index
        found += measured.mean("conformal_90_coverage", is_kept[own], patients[own], group=name)
    found += measured.mean("conformal_90_set_size", kept.sum(axis=1).astype(np.float64), patients, group=_UNSEEN)
    return tuple(found)


def _calibration(temperature: float, kept: Scored) -> Calibration:
    points = operating_points(kept.score, kept.positive) if kept.has_both_classes else ()
    return Calibration(
        temperature=temperature,
        operating_points=points,
        fitted_on="half of the held-out patients",
        n_patients=len(np.unique(kept.patients)),
    )
