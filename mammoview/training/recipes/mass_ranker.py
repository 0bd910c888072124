"""Teach the ranking of mass candidates from boxes on whole films, and judge it on patients that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.image import StoredImage
from mammoview.core.study import Grayscale
from mammoview.imaging.boosted_trees import BoostedTrees
from mammoview.imaging.mass_candidates import MassRanker, breast_frame, candidates_at
from mammoview.imaging.mass_features import measure, points
from mammoview.imaging.suppress import clean, suppress
from mammoview.imaging.windowing import to_presentation
from mammoview.training.cases.data import Film, read_gray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.findings import Candidate
    from mammoview.core.geometry import Box
    from mammoview.imaging.breast_frame import BreastFrame

FOLDS = 5
# Places without a mass that are taken from each film, and what all masses together weigh against them.
NEGATIVES, POSITIVE_SHARE = 150, 0.2
# A place belongs to a mass within this part of its box's squared half axes; the rest of the box teaches nothing.
CORE = 0.5
NO_MASS, MARGIN = -1, -2
CHANCE = {"max_iter": 150, "learning_rate": 0.08, "max_leaf_nodes": 16, "max_depth": 5, "min_samples_leaf": 60}
SIDE = {"max_iter": 60, "learning_rate": 0.08, "max_leaf_nodes": 8, "max_depth": 4, "min_samples_leaf": 100}


@dataclass(frozen=True, eq=False)
class MeasuredFilm:
    """A film, measured once.

    Attributes
    ----------
    frame
        Where the places lie.
    places
        Shape (n, 2).
    names, values
        The measurements, shape (n, names), float16 to save memory.
    masses
        Shape (n,): number of the mass that a place lies in, `NO_MASS`, or `MARGIN` for the rim of a box.
    """

    film: Film
    frame: BreastFrame
    places: NDArray[np.intp]
    names: tuple[str, ...]
    values: NDArray[np.float16]
    masses: NDArray[np.intp]


def measure_film(film: Film) -> MeasuredFilm:
    """Suppress, lay down and measure a film exactly as an image without a spacing is at run time."""
    stored = StoredImage(read_gray(film.path).astype(np.uint16))
    image = to_presentation(stored, Grayscale(bits_stored=8))
    suppression = suppress(image, view=film.key.view, laterality=film.key.side)
    frame = breast_frame(clean(image, suppression), suppression)
    places = points(frame)
    measured = measure(frame, places)
    values = np.stack(list(measured.values()), axis=1).astype(np.float16)
    native = frame.transform.inverse().apply(places + 0.5)
    masses = np.full(len(places), NO_MASS)
    for number, mass in enumerate(film.masses):
        offset = (native - mass.box.centre) / (np.array([mass.box.height_px, mass.box.width_px]) / 2)
        masses[(np.abs(offset).max(axis=1) < 1) & (masses == NO_MASS)] = MARGIN
        masses[np.square(offset).sum(axis=1) < CORE] = number
    return MeasuredFilm(film, frame, places, tuple(measured), values, masses)


def folds_of(films: Sequence[MeasuredFilm], *, seed: int) -> NDArray[np.intp]:
    """Number of each film's fold; all films of a patient share one."""
    patients = sorted({measured.film.key.patient for measured in films})
    order = np.random.default_rng(seed).permutation(len(patients))
    fold = {patients[place]: number % FOLDS for number, place in enumerate(order)}
    return np.array([fold[measured.film.key.patient] for measured in films])


def train_ranker(films: Sequence[MeasuredFilm], *, seed: int) -> MassRanker:
    """Fit a ranker whose scores are not calibrated yet.

    Every mass weighs the same, however many places it covers.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    rng = np.random.default_rng(seed)
    inside: list[NDArray[np.float16]] = []
    outside: list[NDArray[np.float16]] = []
    weights: list[float] = []
    sides: list[float] = []
    for measured in films:
        hit = measured.masses >= 0
        numbers, counts = np.unique(measured.masses[hit], return_counts=True)
        size = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
        inside.append(measured.values[hit])
        weights.extend(1.0 / size[number] for number in measured.masses[hit].tolist())
        sides.extend(_log_side(measured, number) for number in measured.masses[hit].tolist())
        free = np.flatnonzero(measured.masses == NO_MASS)
        outside.append(measured.values[rng.choice(free, min(NEGATIVES, free.size), replace=False)])
    positive, negative = (np.concatenate(parts).astype(np.float32) for parts in (inside, outside))
    weight = np.array(weights)
    settings: dict[str, Any] = {"early_stopping": False, "l2_regularization": 5.0, "max_features": 0.3}
    chance = HistGradientBoostingClassifier(**CHANCE, **settings, random_state=seed).fit(
        np.concatenate([positive, negative]),
        np.arange(len(positive) + len(negative)) < len(positive),
        sample_weight=np.concatenate(
            [weight * (POSITIVE_SHARE * len(negative) / weight.sum()), np.ones(len(negative))]
        ),
    )
    side = HistGradientBoostingRegressor(**SIDE, **settings, random_state=seed).fit(
        positive, np.array(sides), sample_weight=weight
    )
    return MassRanker(films[0].names, _plain(chance), _plain(side))


def out_of_fold(films: Sequence[MeasuredFilm], *, seed: int) -> list[tuple[Candidate, ...]]:
    """Candidates of each film from a ranker trained on other patients."""
    folds = folds_of(films, seed=seed)
    found: list[tuple[Candidate, ...]] = [()] * len(films)
    for fold in range(FOLDS):
        others = [film for film, its_fold in zip(films, folds, strict=True) if its_fold != fold]
        ranker = train_ranker(others, seed=seed)
        for index, its_fold in enumerate(folds):
            if its_fold == fold:
                found[index] = candidates_of(films[index], ranker)
    return found


def candidates_of(measured: MeasuredFilm, ranker: MassRanker) -> tuple[Candidate, ...]:
    """What a ranker proposes on a measured film."""
    return candidates_at(measured.frame, measured.places, measured.values.astype(np.float32), ranker)


def ranks_of_hits(candidates: Sequence[Candidate], boxes: Sequence[Box]) -> list[int]:
    """Place in the list, from 0, of the first candidate whose centre lies in each box; the length of it if none."""
    return [
        next((rank for rank, one in enumerate(candidates) if box.contains(*one.box.centre)), len(candidates))
        for box in boxes
    ]


def calibrated(ranker: MassRanker, films: Sequence[MeasuredFilm], found: Sequence[Sequence[Candidate]]) -> MassRanker:
    """Set the ranker's calibration from out-of-fold candidates (Platt's method)."""
    from sklearn.linear_model import LogisticRegression

    scores: list[float] = []
    hits: list[bool] = []
    for measured, candidates in zip(films, found, strict=True):
        scores.extend(candidate.score for candidate in candidates)
        hits.extend(
            any(mass.box.contains(*candidate.box.centre) for mass in measured.film.masses) for candidate in candidates
        )
    odds = np.log(np.array(scores) / (1.0 - np.array(scores)))
    fitted = LogisticRegression(C=1e6).fit(odds[:, None], np.array(hits))
    return replace(ranker, slope=float(fitted.coef_[0, 0]), intercept=float(fitted.intercept_[0]))


def _log_side(measured: MeasuredFilm, number: int) -> float:
    """Logarithm of a mass's mean side in pixels of the common frame."""
    box = measured.frame.transform.apply_box(measured.film.masses[number].box)
    return float(np.log(box.area_px) / 2)


def _plain(model: Any) -> BoostedTrees:
    """Take the arrays out of a fitted histogram booster.

    scikit-learn has no public way to them; its version is pinned, and a test holds the arrays against its predictions.
    """
    trees = [stage[0].nodes for stage in model._predictors]
    longest = max(len(nodes) for nodes in trees)
    shape = (len(trees), longest)
    feature, left, right = (np.zeros(shape, dtype=np.int16) for _ in range(3))
    threshold, value = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    for number, nodes in enumerate(trees):
        itself, here = np.arange(len(nodes)), slice(0, len(nodes))
        is_leaf = nodes["is_leaf"].astype(bool)
        feature[number, here] = np.where(is_leaf, 0, nodes["feature_idx"])
        threshold[number, here] = np.where(is_leaf, 0, nodes["num_threshold"])
        left[number, here] = np.where(is_leaf, itself, nodes["left"])
        right[number, here] = np.where(is_leaf, itself, nodes["right"])
        value[number, here] = np.where(is_leaf, nodes["value"], 0)
    depth = max(int(nodes["depth"].max()) for nodes in trees)
    return BoostedTrees(feature, threshold, left, right, value, depth, float(np.ravel(model._baseline_prediction)[0]))
