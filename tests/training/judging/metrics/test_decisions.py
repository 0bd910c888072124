"""Decisions counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.training.judging import metrics


def test_shares_of_a_hand_example() -> None:
    labels = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    scores = [0.9, 0.8, 0.7, 0.2, 0.7, 0.3, 0.2, 0.1, 0.1, 0.0]
    found = metrics.decisions(labels, scores, threshold=0.7)
    assert found == metrics.Decisions(true_positive=3, false_positive=1, true_negative=5, false_negative=1)
    assert (found.sensitivity, found.specificity, found.precision) == (3 / 4, 5 / 6, 3 / 4)
    assert (found.accuracy, found.f1) == (8 / 10, 6 / 8)
    assert found.balanced_accuracy == pytest.approx((3 / 4 + 5 / 6) / 2)


def test_a_share_of_nothing_is_not_a_number() -> None:
    found = metrics.decisions([0, 0], [0.1, 0.2], threshold=0.5)
    assert np.isnan(found.sensitivity)
    assert np.isnan(found.precision)
    assert np.isnan(found.f1)
    assert found.specificity == 1.0


def test_confusion_has_the_truth_in_rows() -> None:
    found = metrics.confusion_matrix([0, 0, 2, 2, 2], [0, 2, 2, 2, 0], classes=3)
    assert found.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 2]]


def test_balanced_accuracy_weighs_classes_alike() -> None:
    labels, told = np.array([0] * 9 + [1]), np.zeros(10, np.int64)
    assert metrics.balanced_accuracy(labels, told) == 0.5
