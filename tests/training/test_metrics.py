"""Metrics against values worked out by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mammoview.training import metrics


def pairs_won(labels: np.ndarray, scores: np.ndarray) -> float:
    """The definition: share of pairs in which the positive scores higher, ties one half."""
    wins = [(p > n) + 0.5 * (p == n) for p, n in itertools.product(scores[labels == 1], scores[labels == 0])]
    return float(np.mean(wins))


def test_auc_of_a_hand_example() -> None:
    # Positives 0.9, 0.4, 0.4; negatives 0.4, 0.1: pairs 1 + 1 + 0.5 + 1 + 0.5 + 1 of 6.
    assert metrics.auc([1, 1, 1, 0, 0], [0.9, 0.4, 0.4, 0.4, 0.1]) == pytest.approx(5 / 6)


def test_auc_is_the_share_of_pairs_with_many_ties() -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 80), rng.integers(0, 6, 80) / 5
    assert metrics.auc(labels, scores) == pytest.approx(pairs_won(labels, scores), abs=1e-12)


def test_auc_of_one_class_is_not_a_number() -> None:
    assert np.isnan(metrics.auc([1, 1], [0.1, 0.2]))


def test_delong_equals_the_structural_components_by_definition() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 60)
    scores = np.round(rng.normal(labels * 0.8, 1.0), 1)
    positive, negative = scores[labels == 1], scores[labels == 0]
    kernel = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = kernel.mean(1).var(ddof=1) / len(positive) + kernel.mean(0).var(ddof=1) / len(negative)
    found = metrics.auc_delong(labels, scores)
    assert found.value == pytest.approx(kernel.mean(), abs=1e-12)
    assert found.high - found.low == pytest.approx(2 * 1.959963985 * np.sqrt(variance), abs=1e-6)


def test_delong_needs_two_of_each_class() -> None:
    with pytest.raises(ValueError, match="two samples"):
        metrics.auc_delong([1, 0, 0], [0.3, 0.2, 0.1])


def test_bootstrap_draws_whole_patients() -> None:
    values = np.repeat(np.arange(6.0), 50)
    patients = np.repeat(np.arange(6), 50)
    by_patient = metrics.clustered_bootstrap(lambda rows: float(values[rows].mean()), patients, seed=0)
    by_image = metrics.clustered_bootstrap(lambda rows: float(values[rows].mean()), np.arange(300), seed=0)
    assert by_patient.value == by_image.value == 2.5
    # The standard error of a mean of 6 is √50 times that of 300.
    assert (by_patient.high - by_patient.low) / (by_image.high - by_image.low) == pytest.approx(np.sqrt(50), rel=0.15)


def test_dice_by_hand() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2], other[1:3] = True, True
    assert metrics.dice(one, other) == pytest.approx(2 * 4 / 16)
    assert metrics.dice(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1.0


def test_calibration_by_hand() -> None:
    labels, told = [0, 1, 1, 1], [0.2, 0.2, 0.8, 0.8]
    assert metrics.brier(labels, told) == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4)
    # Two bins: |0.5 − 0.2| and |1 − 0.8|.
    assert metrics.ece(labels, told, bins=2) == pytest.approx(0.25)
    assert metrics.ece([0, 1], [0.0, 1.0]) == 0.0


def test_balanced_accuracy_weighs_classes_alike() -> None:
    labels, told = np.array([0] * 9 + [1]), np.zeros(10, np.int64)
    assert metrics.balanced_accuracy(labels, told) == 0.5


def test_operating_point_reaches_its_specificity() -> None:
    labels, scores = [0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.5, 0.9]
    threshold, sensitivity, specificity = metrics.operating_point(labels, scores, specificity=0.75)
    assert (sensitivity, specificity) == (1.0, 0.75)
    assert 0.3 < threshold <= 0.5
