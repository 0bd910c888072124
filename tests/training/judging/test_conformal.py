"""Sets hold the true class as often as promised, class by class, on patients that were not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.training.judging.conformal import coverage_by_class, fit_conformal


def population(rng: np.random.Generator, patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patients with one to six images each that look alike, malignant ones rarer and harder to tell."""
    counts = rng.integers(1, 7, patients)
    who = np.repeat(np.arange(patients), counts)
    malignant = rng.random(patients) < 0.3
    look = rng.normal(np.where(malignant, 0.5, -1.0), 1.0)
    told = 1 / (1 + np.exp(-(look[who] + rng.normal(0, 0.5, who.size))))
    return np.stack([1 - told, told], axis=1), malignant[who].astype(int), who


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_coverage_is_kept_for_each_class_on_new_patients(coverage: float) -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        sets = fit_conformal(*population(rng, 600), coverage=coverage)
        told, labels, who = population(rng, 600)
        # One image of each new patient: what the promise is about.
        first = np.unique(who, return_index=True)[1]
        found.append(coverage_by_class(sets.sets(told[first]), labels[first]))
    np.testing.assert_allclose(np.mean(found, axis=0), coverage, atol=0.02)


def test_threshold_of_a_hand_example() -> None:
    told = np.array([[0.1, 0.9], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    # Four patients and one to come: 3 of 5 keep 60 %, 4 of 5 keep 80 %, and no threshold keeps 90 % for sure.
    for coverage, least in ((0.6, 0.6), (0.8, 0.3), (0.9, 0.0)):
        sets = fit_conformal(told, [1, 1, 1, 1], ["a", "b", "c", "d"], coverage=coverage)
        assert sets.least.tolist() == [0.0, least]
    assert sets.patients.tolist() == [0, 4]


def test_a_patient_with_many_images_counts_once() -> None:
    told = np.array([[0.5, 0.5]] * 50 + [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]])
    patients = ["many"] * 50 + ["a", "b", "c"]
    assert fit_conformal(told, [1] * 53, patients, coverage=0.6).least[1] == 0.7
    by_image = fit_conformal(told, [1] * 53, np.arange(53).astype(str), coverage=0.6)
    assert by_image.least[1] == 0.5


def test_a_class_without_samples_has_no_coverage() -> None:
    assert np.isnan(coverage_by_class([[True, False]], [0])[1])
