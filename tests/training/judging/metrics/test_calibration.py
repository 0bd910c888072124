"""Calibration by hand, and against another library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss as another_log_loss

from mammoview.training.judging import metrics


def test_errors_by_hand() -> None:
    labels, told = [0, 1, 1, 1], [0.2, 0.2, 0.8, 0.8]
    assert metrics.brier(labels, told) == pytest.approx((0.04 + 0.64 + 0.04 + 0.04) / 4)
    # Two bins: |0.5 − 0.2| and |1 − 0.8|.
    assert metrics.ece(labels, told, bins=2) == pytest.approx(0.25)
    assert metrics.ece([0, 1], [0.0, 1.0]) == 0.0


def test_bins_have_equal_mass() -> None:
    rng = np.random.default_rng(0)
    told = rng.random(150) ** 3
    curve = metrics.reliability(rng.random(150) < told, told)
    assert [one.count for one in curve] == [10] * 15
    assert [one.told for one in curve] == sorted(one.told for one in curve)


def test_true_probabilities_are_calibrated_and_bent_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    told = rng.random(20_000)
    labels = rng.random(20_000) < told
    assert metrics.ece(labels, told) < 0.02
    # The mean of p − p² over even p is 1/6.
    assert metrics.ece(labels, told**2) == pytest.approx(1 / 6, abs=0.01)


def test_log_loss_agrees_with_another_library_and_stays_finite() -> None:
    labels, told = [0, 1, 1], [0.3, 0.6, 0.9]
    assert metrics.log_loss(labels, told) == pytest.approx(another_log_loss(labels, told))
    assert metrics.log_loss([1], [0.0]) == pytest.approx(-np.log(1e-12))
