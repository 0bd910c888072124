"""Temperature and operating points."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.models.calibration import (
    fit_temperature,
    mean_probabilities,
    operating_point,
    operating_points,
    probabilities,
)


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


def test_four_cases_told_apart_do_not_make_a_model_certain() -> None:
    logits, labels = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 0.0], [2.0, 0.0]]), np.array([1, 1, 0, 0])
    few = fit_temperature(logits, labels)
    assert 0.3 < few < 1
    # A hundred times as many are believed.
    assert fit_temperature(np.tile(logits, (100, 1)), np.tile(labels, 100)) < few / 2


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


def test_specificity_is_reached_with_the_lowest_threshold() -> None:
    scores, truth = [0.1, 0.2, 0.3, 0.6, 0.5, 0.9], [False, False, False, False, True, True]
    point = operating_point(scores, truth, specificity=0.75)
    assert (point.threshold, point.sensitivity, point.specificity) == (0.5, 1.0, 0.75)
    strict = operating_point(scores, truth, specificity=1.0)
    assert (strict.threshold, strict.sensitivity, strict.specificity) == (0.9, 0.5, 1.0)
    lax = operating_point(scores, truth, specificity=0.0)
    assert (lax.threshold, lax.specificity) == (0.1, 0.0)


def test_points_say_what_they_reach_where_the_wish_is_out_of_reach() -> None:
    point = operating_point([1.0, 1.0, 0.2, 0.9], [False, True, False, True], specificity=1.0)
    assert (point.threshold, point.sensitivity, point.specificity) == (1.0, 0.5, 0.5)


def test_points_of_both_kinds_reach_their_shares_and_no_threshold_does_better() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random(400) < 0.4
    scores = np.clip(np.round(rng.normal(0.4 + 0.2 * truth, 0.15), 2), 0, 1)
    points = {point.name: point for point in operating_points(scores, truth)}
    assert list(points) == [
        f"{kind} {share:.0%}" for kind in ("specificity", "sensitivity") for share in (0.8, 0.9, 0.95)
    ]
    reached = [
        (float(np.mean(scores[truth] >= cut)), float(np.mean(scores[~truth] < cut))) for cut in np.arange(0, 101) / 100
    ]
    for name, point in points.items():
        wish = float(name.split()[1].removesuffix("%")) / 100
        if name.startswith("specificity"):
            assert point.sensitivity == max(sensitivity for sensitivity, specificity in reached if specificity >= wish)
        else:
            assert point.specificity == max(specificity for sensitivity, specificity in reached if sensitivity >= wish)


def test_flips_are_averaged_as_probabilities() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 2.0, (4, 5, 3))
    np.testing.assert_allclose(mean_probabilities(logits), np.mean([probabilities(flip) for flip in logits], axis=0))
    honest = np.repeat(rng.normal(0, 1.5, (1, 4_000, 2)), 4, axis=0)
    labels = (rng.random(4_000) < probabilities(honest[0])[:, 1]).astype(int)
    assert fit_temperature(honest * 2, labels) == pytest.approx(2, rel=0.1)
    assert fit_temperature(honest * 2, labels) == pytest.approx(fit_temperature(honest[0] * 2, labels))


def test_one_class_alone_has_no_operating_point() -> None:
    with pytest.raises(ValueError, match="negatives"):
        operating_point([0.1], [True], sensitivity=0.9)


def test_exactly_one_share_is_asked_for() -> None:
    with pytest.raises(ValueError, match="or for a specificity"):
        operating_point([0.1, 0.2], [True, False])
    with pytest.raises(ValueError, match="or for a specificity"):
        operating_point([0.1, 0.2], [True, False], sensitivity=0.5, specificity=0.5)
