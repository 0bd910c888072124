"""Temperature and operating points."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.models.calibration import fit_temperature, operating_point, probabilities


def test_probabilities_of_known_logits() -> None:
    found = probabilities([[0.0, np.log(3.0)], [1000.0, -1000.0]])
    np.testing.assert_allclose(found, [[0.25, 0.75], [1.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(probabilities([[0.0, 2 * np.log(3.0)]], temperature=2.0), [[0.25, 0.75]])


def test_temperature_that_made_the_logits_is_found() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (4_000, 2))
    labels = (rng.random(4_000) < probabilities(honest)[:, 1]).astype(int)
    assert fit_temperature(honest * 3, labels) == pytest.approx(3, rel=0.1)
    assert fit_temperature(honest * 0.5, labels) == pytest.approx(0.5, rel=0.1)


def test_temperature_stays_in_bounds_on_perfect_scores() -> None:
    assert 0.05 <= fit_temperature([[0.0, 5.0], [5.0, 0.0]], [1, 0]) <= 20
    assert 0.05 <= fit_temperature([[0.0, 5.0], [5.0, 0.0]], [0, 1]) <= 20
    with pytest.raises(ValueError, match="cases"):
        fit_temperature(np.zeros((0, 2)), [])


def test_operating_point_of_a_hand_example() -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    truth = [False, False, True, False, True, False, True, True]
    point = operating_point(scores, truth, sensitivity=0.75)
    assert (point.threshold, point.sensitivity, point.specificity) == (0.5, 0.75, 0.75)
    everything = operating_point(scores, truth, sensitivity=1.0)
    assert (everything.threshold, everything.sensitivity, everything.specificity) == (0.3, 1.0, 0.5)
    assert operating_point(scores, truth, sensitivity=0.01).threshold == 0.8


def test_wanted_share_that_is_exact_is_not_rounded_up() -> None:
    scores = np.linspace(0.1, 1.0, 10)
    point = operating_point([*scores, 0.0], [True] * 10 + [False], sensitivity=0.9)
    assert point.threshold == pytest.approx(0.2)


def test_one_class_alone_has_no_operating_point() -> None:
    with pytest.raises(ValueError, match="negatives"):
        operating_point([0.1], [True], sensitivity=0.9)
