"""Intervals draw whole patients; a pair is compared on the same draws."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.training.judging import metrics


def test_bootstrap_draws_whole_patients() -> None:
    values = np.repeat(np.arange(6.0), 50)
    patients = np.repeat(np.arange(6), 50)
    by_patient = metrics.clustered_bootstrap(lambda rows: float(values[rows].mean()), patients, seed=0)
    by_image = metrics.clustered_bootstrap(lambda rows: float(values[rows].mean()), np.arange(300), seed=0)
    assert by_patient.value == by_image.value == 2.5
    # The standard error of a mean of 6 is √50 times that of 300.
    assert (by_patient.high - by_patient.low) / (by_image.high - by_image.low) == pytest.approx(np.sqrt(50), rel=0.15)


def test_members_of_a_patient_need_not_stand_together() -> None:
    patients = np.array(["b", "a", "c", "a", "b"])
    drawn: list[np.ndarray] = []
    metrics.clustered_bootstrap(lambda rows: drawn.append(np.sort(rows)) or 0.0, patients, seed=1, resamples=50)
    for rows in drawn[1:]:
        counts = np.bincount(rows, minlength=5)
        assert counts[0] == counts[4]
        assert counts[1] == counts[3]
        assert counts[0] + counts[1] + counts[2] == 3


def test_draws_without_a_number_are_left_out() -> None:
    labels = np.array([True, False, False, False])
    scores = np.array([0.9, 0.1, 0.2, 0.3])
    found = metrics.clustered_bootstrap(lambda rows: metrics.auc(labels[rows], scores[rows]), np.arange(4), seed=0)
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_weights_and_indices_give_the_same_intervals() -> None:
    rng = np.random.default_rng(4)
    labels = rng.random(90) < 0.4
    scores = np.round(rng.normal(labels * 1.0, 1.0), 1)
    patients = rng.integers(0, 25, 90)
    fast = metrics.bootstrap(metrics.auc_of(labels, scores), patients, seed=1, resamples=300)[0]
    slow = metrics.clustered_bootstrap(
        lambda rows: metrics.auc(labels[rows], scores[rows]), patients, seed=1, resamples=300
    )
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high), abs=1e-12)


def test_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values, patients = np.arange(40.0), np.arange(40) // 2
    at_once = metrics.bootstrap(metrics.mean_of(values), patients, seed=3, resamples=200)
    monkeypatch.setattr("mammoview.training.judging.metrics.estimates._BLOCK", 70)
    assert metrics.bootstrap(metrics.mean_of(values), patients, seed=3, resamples=200) == at_once


def test_no_interval_where_no_draw_has_a_number() -> None:
    found = metrics.clustered_bootstrap(lambda _: float("nan"), np.arange(3), seed=0, resamples=20)
    assert np.isnan([found.value, found.low, found.high]).all()


def test_a_share_of_none_or_all_has_an_interval() -> None:
    """By hand: the end that is not 0 or 1 is where so many in a row have a probability of 0.025."""
    everyone = metrics.proportion(np.ones(5, dtype=bool), np.arange(5))
    assert (everyone.value, everyone.high) == (1.0, 1.0)
    assert everyone.low == pytest.approx(0.025 ** (1 / 5))
    nobody = metrics.proportion(np.zeros(10, dtype=bool), np.arange(10))
    assert (nobody.value, nobody.low) == (0.0, 0.0)
    assert nobody.high == pytest.approx(1 - 0.025 ** (1 / 10))


def test_several_samples_of_a_patient_count_once() -> None:
    hits = np.array([True, True, False, True])
    once = metrics.proportion(hits, np.arange(4))
    twice = metrics.proportion(np.repeat(hits, 2), np.repeat(np.arange(4), 2))
    assert twice == once
    assert np.isnan(metrics.proportion(np.zeros(0, dtype=bool), np.zeros(0)).value)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_share_lies_in_its_interval_as_often_as_promised(share: float) -> None:
    rng = np.random.default_rng(2)
    found = [metrics.proportion(rng.random(15) < share, np.arange(15)) for _ in range(400)]
    assert np.mean([one.low <= share <= one.high for one in found]) >= 0.95


def test_paired_difference_is_narrower_than_two_intervals() -> None:
    rng = np.random.default_rng(3)
    common = rng.normal(size=200)
    one, other = common + rng.normal(scale=0.1, size=200) + 0.05, common + rng.normal(scale=0.1, size=200)
    found = metrics.paired_bootstrap(metrics.mean_of(one), metrics.mean_of(other), np.arange(200), seed=1)
    alone = metrics.clustered_bootstrap(lambda rows: float(one[rows].mean()), np.arange(200), seed=1)
    assert found.difference.value == pytest.approx((one - other).mean())
    # The difference has a standard deviation of 0.1·√2 a sample, the values one of about 1.
    assert (found.difference.high - found.difference.low) < 0.3 * (alone.high - alone.low)
    assert found.p_value < 0.01


def test_p_value_is_two_sided_and_never_zero() -> None:
    values = np.arange(30.0) + 1
    up = metrics.paired_bootstrap(
        metrics.mean_of(values), metrics.mean_of(np.zeros(30)), np.arange(30), seed=0, resamples=199
    )
    down = metrics.paired_bootstrap(
        metrics.mean_of(np.zeros(30)), metrics.mean_of(values), np.arange(30), seed=0, resamples=199
    )
    # Nothing lies beyond zero: one more is counted on that side, 2 · 1 / 200.
    assert up.p_value == down.p_value == pytest.approx(0.01)
    same = metrics.paired_bootstrap(
        metrics.mean_of(values), metrics.by_rows(lambda rows: values[rows].mean()), np.arange(30), seed=0
    )
    assert same.p_value == 1.0


def test_p_values_of_no_difference_are_even() -> None:
    rng = np.random.default_rng(5)
    below = 0
    for _ in range(120):
        one, other = rng.normal(size=60), rng.normal(size=60)
        found = metrics.paired_bootstrap(
            metrics.mean_of(one),
            metrics.mean_of(other),
            np.arange(60),
            seed=2,
            resamples=199,
        )
        below += found.p_value < 0.2
    assert 0.1 <= below / 120 <= 0.32
