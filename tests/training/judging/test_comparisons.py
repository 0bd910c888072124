"""Paired comparisons of scores of the same samples."""

from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.training.judging import metrics
from mammoview.training.judging.comparisons import compare_aucs, ensemble_against_members, two_views_against_one
from mammoview.training.judging.measured import Scored


def test_a_better_score_is_told_from_a_worse_one() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(200) % 2 == 0
    patients = np.array([f"{index // 4}" for index in range(200)])
    good, poor = rng.normal(positive * 2.0, 1.0), rng.normal(positive * 0.3, 1.0)
    found = compare_aucs(positive, ("good", good), ("poor", poor), patients=patients)
    assert found.first.value == pytest.approx(metrics.auc(positive, good))
    assert found.bootstrap.difference.value == pytest.approx(found.first.value - found.second.value)
    assert found.delong is not None
    assert found.delong.difference.value == pytest.approx(found.bootstrap.difference.value)
    assert found.bootstrap.p_value < 0.01
    assert found.delong.p_value < 0.01
    assert (found.samples, found.patients) == (200, 50)
    assert "good 0.9" in str(found)
    assert "of 50 patients" in str(found)


def test_the_mean_beats_members_that_err_independently() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(300) < 0.5
    members = {name: rng.normal(positive * 0.8, 1.0) for name in ("a", "b", "c")}
    found = ensemble_against_members(positive, members, patients=np.arange(300).astype(str))
    assert [one.second_name for one in found] == ["a", "b", "c"]
    for one in found:
        assert one.bootstrap.difference.low > 0


def test_two_views_are_compared_on_breasts_that_have_both() -> None:
    rng = np.random.default_rng(2)
    breasts = np.repeat([f"{index:03d}" for index in range(200)], 2)
    positive = np.repeat(np.arange(200) % 2 == 0, 2)
    views = np.tile(["CC", "MLO"], 200)
    score = rng.normal(positive * 1.0, 1.0)
    # One breast lacks its second view, one has its first view twice.
    keep = np.arange(400) != 1
    views[2] = views[3] = "CC"
    images = Scored(positive, score, np.char.add("p", breasts)).select(keep)
    found = two_views_against_one(images, breasts=breasts[keep], views=views[keep])
    assert [one.second_name for one in found] == ["CC alone", "MLO alone"]
    assert all(one.samples == 198 for one in found)
    expected = metrics.auc(positive[4::2], (score[4::2] + score[5::2]) / 2)
    assert found[0].first.value == pytest.approx(expected)
    assert found[1].second.value == pytest.approx(metrics.auc(positive[5::2], score[5::2]))


def test_without_pairs_or_without_a_class_there_is_no_comparison() -> None:
    images = Scored(np.array([True, False]), np.array([0.1, 0.2]), np.array(["1", "2"]))
    assert two_views_against_one(images, breasts=np.array(["1", "2"]), views=np.array(["CC", "MLO"])) == ()
    with pytest.raises(InputError, match="class"):
        compare_aucs(np.ones(3, bool), ("a", np.zeros(3)), ("b", np.ones(3)), patients=np.array(["1", "2", "3"]))
