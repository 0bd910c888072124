from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mammoview.core.findings import Candidate, LesionKind
from mammoview.core.geometry import Box, PixelTransform
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.breast_frame import BreastFrame
from mammoview.imaging.mass_candidates import MassRanker
from mammoview.training.cases.data import Film, Mass, ViewKey
from mammoview.training.recipes import mass_ranker
from mammoview.training.recipes.mass_ranker import MeasuredFilm

SHAPE = (200, 120)


def film(number: int) -> MeasuredFilm:
    """A film whose first measurement is high in its mass; two films a patient."""
    rng = np.random.default_rng(number)
    places = np.stack(np.meshgrid(np.arange(2, 200, 4), np.arange(2, 120, 4), indexing="ij"), -1).reshape(-1, 2)
    centre = rng.uniform((40, 30), (160, 90))
    masses = np.where(np.hypot(*(places - centre).T) < 12, 0, mass_ranker.NO_MASS)
    values = rng.normal(0, 1, (len(places), 3))
    values[:, 0] += 3 * (masses == 0)
    key = ViewKey(f"{number // 2:05d}", Laterality.LEFT, (ViewPosition.CC, ViewPosition.MLO)[number % 2])
    mass = Mass(Box.square(*centre, 30), is_malignant=True)
    blank = np.zeros(SHAPE, dtype=bool)
    return MeasuredFilm(
        Film(key, Path("none"), is_malignant=True, has_calcification=False, native_size=SHAPE, masses=(mass,)),
        BreastFrame(blank.astype(np.float32), blank, blank, PixelTransform.identity()),
        places,
        ("signal", "noise", "more_noise"),
        values.astype(np.float16),
        masses,
    )


@pytest.fixture(scope="module")
def films() -> list[MeasuredFilm]:
    return [film(number) for number in range(30)]


@pytest.fixture(autouse=True)
def small_trees(monkeypatch):
    monkeypatch.setitem(mass_ranker.CHANCE, "max_iter", 20)
    monkeypatch.setitem(mass_ranker.SIDE, "max_iter", 10)


def test_arrays_predict_what_the_booster_predicts():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (2000, 5)).astype(np.float32)
    target = values[:, 0] * values[:, 1] + rng.normal(0, 0.1, 2000)
    chance = HistGradientBoostingClassifier(max_iter=15, early_stopping=False).fit(values, target > 0)
    side = HistGradientBoostingRegressor(max_iter=15, early_stopping=False).fit(values, target)
    fresh = rng.normal(0, 1, (500, 5)).astype(np.float32)
    np.testing.assert_allclose(mass_ranker._plain(chance).predict(fresh), chance.decision_function(fresh), atol=1e-4)
    np.testing.assert_allclose(mass_ranker._plain(side).predict(fresh), side.predict(fresh), atol=1e-4)


def test_a_patient_stays_in_one_fold(films):
    folds = mass_ranker.folds_of(films, seed=3)
    assert set(folds) == set(range(mass_ranker.FOLDS))
    for first, second in zip(folds[::2], folds[1::2], strict=True):
        assert first == second


def test_signal_is_learned_and_judged_on_other_patients(films):
    found = mass_ranker.out_of_fold(films, seed=0)
    ranks = [
        mass_ranker.ranks_of_hits(one, [m.box for m in its.film.masses])[0]
        for one, its in zip(found, films, strict=True)
    ]
    assert np.mean(np.array(ranks) == 0) > 0.8
    sides = [one[0].box.height_px for one in found]
    assert np.median(sides) == pytest.approx(30, rel=0.1)


def test_calibrated_scores_tell_how_often_a_candidate_is_right(films):
    found = mass_ranker.out_of_fold(films, seed=0)
    ranker = mass_ranker.calibrated(mass_ranker.train_ranker(films, seed=0), films, found)
    raw = [candidate.score for one in found for candidate in one]
    odds = np.log(np.array(raw) / (1 - np.array(raw)))
    told = 1 / (1 + np.exp(-(ranker.slope * odds + ranker.intercept)))
    right = [
        any(mass.box.contains(*candidate.box.centre) for mass in its.film.masses)
        for one, its in zip(found, films, strict=True)
        for candidate in one
    ]
    assert np.mean(told) == pytest.approx(np.mean(right), abs=0.01)


def test_ranker_survives_the_way_to_a_file(films, tmp_path):
    ranker = mass_ranker.train_ranker(films, seed=0)
    ranker.save(tmp_path / "ranker.npz")
    back = MassRanker.load(tmp_path / "ranker.npz")
    assert back.names == ranker.names
    assert mass_ranker.candidates_of(films[0], back) == mass_ranker.candidates_of(films[0], ranker)


def test_rank_of_a_miss_is_the_length_of_the_list():
    found = [Candidate(Box.square(row, 10, 4), 0.5, LesionKind.MASS) for row in (10, 50, 90)]
    boxes = [Box.square(51, 11, 6), Box.square(11, 9, 6), Box.square(150, 10, 6)]
    assert mass_ranker.ranks_of_hits(found, boxes) == [1, 0, 3]
