"""Judging a trained net on held-out patients, and calibrating it on half of them.

The held-out patients are cut in two halves by a seed. The temperature and the operating points are fitted on one half
and calibration is measured on the other; ranking and overlap, which a temperature does not change, are measured on all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import optimize
from scipy.special import softmax

from mammoview.core.findings import PatchClass
from mammoview.models.manifest import Calibration, Metric, OperatingPoint
from mammoview.training import metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from mammoview.training.loop import Batch
    from mammoview.training.metrics import Estimate

RESAMPLES = 2000
_BOOTSTRAP_SEED = 7
_FLIPS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))
#: The outputs of a patch classifier that speak for malignancy.
MALIGNANT = [list(PatchClass).index(name) for name in (PatchClass.MALIGNANT_CALCIFICATION, PatchClass.MALIGNANT_MASS)]


@dataclass(frozen=True, eq=False)
class Judged:
    """Outputs on held-out samples, and what is true of them.

    Attributes
    ----------
    logits
        Shape (4, n, classes), float64: of the sample as it is, mirrored, upside down, both.
    labels
        Shape (n,), int64.
    patients, breasts
        Shape (n,), str.
    """

    logits: NDArray[np.float64]
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    breasts: NDArray[np.str_]


@torch.inference_mode()
def outputs(net: nn.Module, batches: Iterable[Batch]) -> NDArray[np.float64]:
    """Logits of a net in eval mode for the four flips of all batches: shape (4, n, classes), float64."""
    net.eval()
    found = []
    for batch in batches:
        flips = [batch.images.flip(axes) if axes else batch.images for axes in _FLIPS]
        found.append(np.stack([net(images).numpy() for images in flips]))
    return np.concatenate(found, axis=1).astype(np.float64)


def mask_dice(net: nn.Module, batches: Iterable[Batch], *, threshold: float = 0.5) -> NDArray[np.float64]:
    """Dice of each crop's predicted mask, shape (n,), float64."""
    net.eval()
    found = []
    cut = float(np.log(threshold / (1 - threshold)))
    with torch.inference_mode():
        for batch in batches:
            told = net(batch.images).numpy() > cut
            truth = batch.targets.numpy() > 0.5
            found += [metrics.dice(one, other) for one, other in zip(told, truth, strict=True)]
    return np.array(found)


def calibration_half(patients: NDArray[np.str_], *, seed: int) -> NDArray[np.bool_]:
    """True for the samples of the patients that calibration may look at: half of them."""
    names = np.unique(patients)
    chosen = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return np.isin(patients, chosen)


def mean_probabilities(logits: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """What the program shows: class probabilities, averaged over the flips. (4, n, classes) to (n, classes)."""
    return np.asarray(softmax(logits / temperature, axis=2).mean(axis=0))


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature with the least cross entropy (Guo et al. 2017, arXiv 1706.04599), between 0.05 and 20.

    Parameters
    ----------
    logits
        Shape (flips, n, classes).
    labels
        Shape (n,).
    """

    def cross_entropy(log_temperature: float) -> float:
        told = mean_probabilities(logits, float(np.exp(log_temperature)))
        return float(-np.log(told[np.arange(len(labels)), labels] + 1e-12).mean())

    found = optimize.minimize_scalar(cross_entropy, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def judge_patch(judged: Judged, *, seed: int) -> tuple[Calibration, tuple[Metric, ...]]:
    """Calibrate and measure a five-class patch classifier.

    Parameters
    ----------
    judged
        Labels are indices into `PatchClass`.
    seed
        Of the calibration half.
    """
    half = calibration_half(judged.patients, seed=seed)
    temperature = fit_temperature(judged.logits[:, half], judged.labels[half])
    told = mean_probabilities(judged.logits, temperature)
    # What the program shows: malignant mass and calcification together.
    malignant = np.isin(judged.labels, MALIGNANT)
    score = told[:, MALIGNANT].sum(axis=1)
    lesion = judged.labels != 0
    groups = {
        "mass": np.isin(judged.labels, (3, 4)),
        "calcification": np.isin(judged.labels, (1, 2)),
    }
    found = [
        _auc("auc_malignant_vs_benign_lesion", malignant, score, judged.patients, keep=lesion),
        *(
            _auc("auc_malignant_vs_benign_lesion", malignant, score, judged.patients, keep=keep, group=name)
            for name, keep in groups.items()
        ),
        _auc("auc_lesion_vs_background", lesion, 1 - told[:, 0], judged.patients, keep=np.ones_like(lesion)),
        _clustered(
            "balanced_accuracy",
            lambda rows: metrics.balanced_accuracy(judged.labels[rows], told[rows].argmax(axis=1)),
            judged.patients,
        ),
        *_calibration_metrics(malignant[~half & lesion], score[~half & lesion], judged.patients[~half & lesion]),
    ]
    return _calibration(temperature, malignant, score, judged.patients, keep=half & lesion), tuple(found)


def judge_whole_image(judged: Judged, views: NDArray[np.str_], *, seed: int) -> tuple[Calibration, tuple[Metric, ...]]:
    """Calibrate and measure a whole-image classifier.

    Parameters
    ----------
    judged
        Labels are 1 where malignant.
    views
        Shape (n,), str.
    seed
        Of the calibration half.
    """
    half = calibration_half(judged.patients, seed=seed)
    temperature = fit_temperature(judged.logits[:, half], judged.labels[half])
    score = mean_probabilities(judged.logits, temperature)[:, 1]
    malignant = judged.labels == 1
    everything = np.ones_like(malignant)
    by_breast = _mean_by(judged.breasts, score, malignant, judged.patients)
    by_patient = _mean_by(judged.patients, score, malignant, judged.patients)
    found = [
        _auc("auc_image", malignant, score, judged.patients, keep=everything),
        *(
            _auc("auc_image", malignant, score, judged.patients, keep=views == name, group=str(name))
            for name in np.unique(views)
        ),
        _auc("auc_breast", by_breast[1], by_breast[0], by_breast[2], keep=np.ones_like(by_breast[1])),
        _delong("auc_patient", by_patient[1], by_patient[0]),
        *_calibration_metrics(malignant[~half], score[~half], judged.patients[~half]),
    ]
    return _calibration(temperature, malignant, score, judged.patients, keep=half), tuple(found)


def judge_masks(
    dice: NDArray[np.float64], baseline: NDArray[np.float64], patients: NDArray[np.str_]
) -> tuple[Metric, ...]:
    """Measure masks.

    Parameters
    ----------
    dice
        Shape (n,), of the net.
    baseline
        Shape (n,), of the disc that fills the lesion's box: what is known without looking.
    patients
        Shape (n,).
    """
    return (
        _clustered("dice", lambda rows: float(dice[rows].mean()), patients),
        _clustered("dice_median", lambda rows: float(np.median(dice[rows])), patients),
        _clustered("dice_of_centred_disc", lambda rows: float(baseline[rows].mean()), patients),
        _clustered("dice_gain_over_disc", lambda rows: float((dice - baseline)[rows].mean()), patients),
    )


def _metric(name: str, value: Estimate, *, group: str, images: int, patients: int) -> Metric:
    return Metric(
        name=name,
        value=round(value.value, 4),
        low=round(value.low, 4),
        high=round(value.high, 4),
        group=group,
        n_images=images,
        n_patients=patients,
    )


def _auc(
    name: str,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    patients: NDArray[np.str_],
    *,
    keep: NDArray[np.bool_],
    group: str = "",
) -> Metric:
    kept, values, names = positive[keep], score[keep], patients[keep]
    return _clustered(name, lambda rows: metrics.auc(kept[rows], values[rows]), names, group=group)


def _clustered(name: str, statistic: metrics.Statistic, patients: NDArray[np.str_], *, group: str = "") -> Metric:
    value = metrics.clustered_bootstrap(statistic, patients, seed=_BOOTSTRAP_SEED, resamples=RESAMPLES)
    return _metric(name, value, group=group, images=len(patients), patients=len(np.unique(patients)))


def _delong(name: str, positive: NDArray[np.bool_], score: NDArray[np.float64]) -> Metric:
    return _metric(name, metrics.auc_delong(positive, score), group="", images=len(score), patients=len(score))


def _mean_by(
    keys: NDArray[np.str_], score: NDArray[np.float64], malignant: NDArray[np.bool_], patients: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_]]:
    """Mean score, any malignant, and patient of each key."""
    names, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    counts = np.bincount(inverse, minlength=len(names))
    means = np.bincount(inverse, weights=score, minlength=len(names)) / counts
    hits = np.bincount(inverse, weights=malignant.astype(np.float64), minlength=len(names)) > 0
    return means, hits, patients[first]


def _calibration_metrics(
    positive: NDArray[np.bool_], score: NDArray[np.float64], patients: NDArray[np.str_]
) -> tuple[Metric, Metric]:
    group = "not used to calibrate"
    # No interval: every resampling of patients makes this error larger, so that its percentiles miss it.
    error = Metric(
        name="ece",
        value=round(metrics.ece(positive, score), 4),
        group=group,
        n_images=len(score),
        n_patients=len(np.unique(patients)),
    )
    return error, _clustered("brier", lambda rows: metrics.brier(positive[rows], score[rows]), patients, group=group)


def _calibration(
    temperature: float,
    positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    patients: NDArray[np.str_],
    *,
    keep: NDArray[np.bool_],
) -> Calibration:
    points = []
    for specificity in (0.8, 0.9):
        threshold, sensitivity, reached = metrics.operating_point(positive[keep], score[keep], specificity=specificity)
        points.append(
            OperatingPoint(
                name=f"specificity {specificity:.0%}",
                threshold=min(1.0, threshold),
                sensitivity=sensitivity,
                specificity=reached,
            )
        )
    return Calibration(
        temperature=temperature,
        operating_points=tuple(points),
        fitted_on="half of the held-out patients",
        n_patients=len(np.unique(patients[keep])),
    )
