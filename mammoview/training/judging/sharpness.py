"""Does sharpness alone give the class of a tile away?

Lesion crops and places on mammograms come from files of different sharpness; a net that learns the file instead of the
lesion scores well and knows nothing. A classifier that is shown nothing but a few numbers about sharpness says how far
one gets that way: its accuracy belongs beside the net's. It need not be that of chance, as calcifications are fine
structure and masses are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mammoview.training.judging import metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.training.judging.metrics import Estimate

#: What is measured of a tile; all but the blockiness is divided by the tile's variance, so that contrast drops out.
FEATURES = (
    "laplacian_variance",
    "gradient_energy",
    "power_above_1_4",
    "power_above_1_8",
    "noise",
    "blockiness",
)
_JPEG_BLOCK = 8
_EVERYTHING = "all features"


@dataclass(frozen=True)
class Sharpness:
    """What sharpness alone achieves, by cross-validation over patients.

    Attributes
    ----------
    classifier
        What was fitted on which features.
    macro_accuracy
        Mean over the classes of the share that is told right, with its interval over whole patients.
    recalls
        The share of each class, in the order of the labels present.
    chance
        What guessing reaches.
    """

    classifier: str
    macro_accuracy: Estimate
    recalls: tuple[float, ...]
    chance: float


def sharpness_features(tiles: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Measure the sharpness of tiles.

    Parameters
    ----------
    tiles
        Shape (n, side, side), uint8; the outer tenth on each side is left out, where tiles end in black.

    Returns
    -------
    ndarray, shape (n, len(FEATURES)), float64
        Logarithms of what `FEATURES` names.
    """
    margin = tiles.shape[1] // 10
    inner = slice(margin, tiles.shape[1] - margin)
    return np.array([_measure(tile[inner, inner].astype(np.float64)) for tile in tiles])


def sharpness_accuracy(
    features: NDArray[np.float64], labels: NDArray[np.int64], patients: NDArray[np.str_], *, seed: int, folds: int = 5
) -> tuple[Sharpness, ...]:
    """Tell the class from sharpness features, by cross-validation over patients.

    Parameters
    ----------
    features
        From `sharpness_features`, shape (n, k).
    labels, patients
        Shape (n,).
    seed
        Of folds, fits and bootstrap.
    folds
        Of the cross-validation.

    Returns
    -------
    tuple of Sharpness
        A boosted classifier and a linear one on all features, then a boosted one on each feature alone.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def boosted() -> Any:
        return HistGradientBoostingClassifier(
            max_iter=80, learning_rate=0.1, max_leaf_nodes=15, class_weight="balanced", random_state=seed
        )

    def linear() -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500))

    fold = _folds(patients, folds, seed=seed)
    kinds = [(f"boosted trees, {_EVERYTHING}", boosted, features), (f"logistic, {_EVERYTHING}", linear, features)]
    kinds += [(f"boosted trees, {name}", boosted, features[:, [k]]) for k, name in enumerate(FEATURES)]
    found = []
    for name, make, values in kinds:
        told = np.empty_like(labels)
        for number in range(folds):
            own = fold == number
            told[own] = make().fit(values[~own], labels[~own]).predict(values[own])
        found.append(_judged(name, labels, told, patients, seed=seed))
    return tuple(found)


def _judged(
    name: str, labels: NDArray[np.int64], told: NDArray[np.int64], patients: NDArray[np.str_], *, seed: int
) -> Sharpness:
    classes = np.unique(labels)
    right = labels == told

    def macro(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            shares = [weights[:, own] @ right[own] / weights[:, own].sum(axis=1) for own in own_rows]
        return np.asarray(np.mean(shares, axis=0)[:, None])

    own_rows = [labels == index for index in classes]
    estimate = metrics.bootstrap(macro, patients, seed=seed)[0]
    return Sharpness(name, estimate, tuple(float(right[own].mean()) for own in own_rows), 1.0 / len(classes))


def _folds(patients: NDArray[np.str_], count: int, *, seed: int) -> NDArray[np.intp]:
    names, inverse = np.unique(patients, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray((order % count)[inverse])


def _measure(tile: NDArray[np.float64]) -> list[float]:
    variance = float(tile.var()) + 1e-6
    laplacian = cv2.Laplacian(tile, cv2.CV_64F)
    across, down = np.diff(tile, axis=1), np.diff(tile, axis=0)
    energy = float((across**2).mean() + (down**2).mean())
    noise = float(np.median(np.abs(laplacian))) ** 2
    shares = [laplacian.var() / variance, energy / variance, *_high_power(tile), noise / variance]
    return [*(float(np.log(share + 1e-9)) for share in shares), _blockiness(across)]


def _high_power(tile: NDArray[np.float64]) -> tuple[float, float]:
    """Share of the power at more than 1/4, and at more than 1/8 of a cycle a pixel; a window keeps the edges quiet."""
    side = tile.shape[0]
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.abs(np.fft.rfft2((tile - tile.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    total = power.sum() + 1e-9
    return float(power[radius > 0.25].sum() / total), float(power[radius > 0.125].sum() / total)


def _blockiness(across: NDArray[np.float64]) -> float:
    """How much steeper the steps are at the steepest of eight column phases than on average: traces of JPEG blocks."""
    steps = np.abs(across).mean(axis=0)
    phases = [steps[phase::_JPEG_BLOCK].mean() for phase in range(_JPEG_BLOCK)]
    return float(np.log((max(phases) + 1e-6) / (np.mean(phases) + 1e-6)))
