"""Ranking against values by hand, by definition, from publications and from another library."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import roc_curve as another_roc_curve

from mammoview.training.judging import metrics

# DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44:837): patients with ovarian cancer and intestinal obstruction,
# the 43 of 49 whose three tests are complete: albumin, total protein, K-G score, whether surgery was of no use (0).
OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
3.8 5.7 5 1   3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
2.3 4.4 6 1   4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
3.1 6.6 6 1   4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
3.7 6.1 5 1   3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
3.3 5.7 6 1   3.7 6.9 5 1  3.6 6.6 5 1
"""
_TABLE = np.array(OVARIAN.split(), dtype=np.float64).reshape(43, 4)
BENEFITS = _TABLE[:, 3] == 1
ALBUMIN, PROTEIN, KG_SCORE = _TABLE[:, 0], _TABLE[:, 1], 10 - _TABLE[:, 2]
_ALL = np.stack([ALBUMIN, KG_SCORE, PROTEIN])
# What the worked example prints ("Comparing Receiver Operating Characteristic Curves", PROC LOGISTIC, SAS/STAT User's
# Guide), with its four decimals: area, standard error.
PRINTED = {"albumin": (0.7366, 0.0927), "kg": (0.7258, 0.1028), "protein": (0.6478, 0.1000)}


def pairs_won(labels: np.ndarray, scores: np.ndarray) -> float:
    """The definition: share of pairs in which the positive scores higher, ties one half."""
    wins = [(p > n) + 0.5 * (p == n) for p, n in itertools.product(scores[labels == 1], scores[labels == 0])]
    return float(np.mean(wins))


def covariance_by_definition(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """DeLong's structural components over all pairs of a positive with a negative, in m · n steps."""
    positive, negative = scores[:, labels], scores[:, ~labels]
    kernel = (positive[:, :, None] > negative[:, None, :]) + 0.5 * (positive[:, :, None] == negative[:, None, :])
    of_positive, of_negative = kernel.mean(axis=2), kernel.mean(axis=1)
    return np.cov(of_positive) / labels.sum() + np.cov(of_negative) / (~labels).sum()


def test_auc_of_a_hand_example() -> None:
    # Positives 0.9, 0.4, 0.4; negatives 0.4, 0.1: pairs 1 + 1 + 0.5 + 1 + 0.5 + 1 of 6.
    assert metrics.auc([1, 1, 1, 0, 0], [0.9, 0.4, 0.4, 0.4, 0.1]) == pytest.approx(5 / 6)


def test_auc_is_the_share_of_pairs_with_many_ties() -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 80), rng.integers(0, 6, 80) / 5
    assert metrics.auc(labels, scores) == pytest.approx(pairs_won(labels, scores), abs=1e-12)


def test_auc_of_one_class_is_not_a_number() -> None:
    assert np.isnan(metrics.auc([1, 1], [0.1, 0.2]))


def test_delong_gives_the_published_areas_and_errors() -> None:
    areas, covariance = metrics.delong_covariance(BENEFITS, _ALL)
    errors = np.sqrt(np.diag(covariance))
    for area, error, printed in zip(areas, errors, PRINTED.values(), strict=True):
        assert (round(area, 4), round(error, 4)) == printed
    # The areas are fractions of 31 · 12 pairs, exactly.
    assert areas * 372 == pytest.approx([274, 270, 241], abs=1e-9)


def test_delong_agrees_with_its_definition_on_the_published_data() -> None:
    _, covariance = metrics.delong_covariance(BENEFITS, _ALL)
    np.testing.assert_allclose(covariance, covariance_by_definition(BENEFITS, _ALL), rtol=0, atol=1e-12)
    interval = metrics.auc_delong(BENEFITS, ALBUMIN)
    # Printed: 0.5549 to 0.9182.
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.5549, 0.9182)


@pytest.mark.parametrize(
    ("first", "chi_square", "difference", "low", "high", "p_value"),
    [
        (ALBUMIN, 0.0127, 0.0108, -0.1761, 0.1976, 0.9102),
        (PROTEIN, 0.5554, -0.0780, -0.2830, 0.1271, 0.4561),
    ],
    ids=["albumin", "protein"],
)
def test_paired_delong_gives_the_published_contrasts(
    first: np.ndarray, chi_square: float, difference: float, low: float, high: float, p_value: float
) -> None:
    found = metrics.auc_delong_paired(BENEFITS, first, KG_SCORE)
    assert round(found.difference.value, 4) == difference
    assert (round(found.difference.low, 4), round(found.difference.high, 4)) == (low, high)
    assert round(found.p_value, 4) == p_value
    # The same test from the definition's covariance, to 1e-6 and beyond what is printed.
    covariance = covariance_by_definition(BENEFITS, np.stack([first, KG_SCORE]))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    gap = pairs_won(BENEFITS, first) - pairs_won(BENEFITS, KG_SCORE)
    assert round(gap**2 / variance, 4) == chi_square
    assert found.p_value == pytest.approx(2 * norm.sf(abs(gap) / np.sqrt(variance)), abs=1e-6)


def test_the_same_scores_do_not_differ() -> None:
    found = metrics.auc_delong_paired(BENEFITS, ALBUMIN, 3 * ALBUMIN + 1)
    assert (found.difference.value, found.p_value) == (0.0, 1.0)


def test_a_difference_without_variance_is_certain() -> None:
    labels = np.array([True, True, False, False])
    found = metrics.auc_delong_paired(labels, [2.0, 3.0, 0.0, 1.0], [0.0, 1.0, 2.0, 3.0])
    assert (found.difference.value, found.p_value) == (1.0, 0.0)


def test_delong_needs_two_of_each_class() -> None:
    with pytest.raises(ValueError, match="two samples"):
        metrics.auc_delong([1, 0, 0], [0.3, 0.2, 0.1])


def test_roc_curve_of_a_hand_example() -> None:
    curve = metrics.roc_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    assert curve.false_positive.tolist() == [0, 0, 0.5, 1]
    assert curve.true_positive.tolist() == [0, 0.5, 1, 1]
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.5, 0.1]
    assert (curve.sensitivity_at(1.0), curve.sensitivity_at(0.5), curve.sensitivity_at(0.4)) == (0.5, 1.0, 1.0)
    assert (curve.specificity_at(0.5), curve.specificity_at(0.6), curve.specificity_at(1.0)) == (1.0, 0.5, 0.5)
    with pytest.raises(ValueError, match="both classes"):
        metrics.roc_curve([1, 1], [0.1, 0.2])


def test_curves_agree_with_another_library() -> None:
    rng = np.random.default_rng(2)
    labels = rng.random(300) < 0.3
    scores = np.round(rng.normal(labels * 0.9, 1.0), 1)
    curve = metrics.roc_curve(labels, scores)
    across, up, _ = another_roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive, across)
    np.testing.assert_allclose(curve.true_positive, up)
    assert metrics.average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    for limit in (0.05, 0.1, 0.37, 1.0):
        assert curve.partial_area(limit) == pytest.approx(roc_auc_score(labels, scores, max_fpr=limit)), limit
    assert curve.partial_area(1.0) == pytest.approx(metrics.auc(labels, scores))
    assert curve.area == pytest.approx(metrics.auc(labels, scores))


def test_shares_of_ten_are_reached_in_spite_of_rounding() -> None:
    labels = np.repeat([True, False], 10)
    scores = np.concatenate([np.arange(10) + 0.5, np.arange(10)])
    curve = metrics.roc_curve(labels, scores)
    for tenth in range(1, 11):
        assert curve.sensitivity_at(tenth / 10) == pytest.approx((11 - tenth) / 10)


def test_average_precision_of_a_hand_example() -> None:
    # Recall rises by 1/2 at precision 1, and by 1/2 at precision 2/3.
    assert metrics.average_precision([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0]) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert np.isnan(metrics.average_precision([0, 0], [0.1, 0.2]))
