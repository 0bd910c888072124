"""Planted better, worse and equal models get the right sentence, from scores and from real nets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from mammoview.core.errors import DamagedDocumentError, NewerDocumentError, UsageError
from mammoview.training.judging import metrics
from mammoview.training.judging.evaluate import calibration_half, outputs
from mammoview.training.judging.sentence import Change, Interval, Outcome, may_activate, require_reason, sentence_of
from mammoview.training.judging.site_judging import (
    Samples,
    Told,
    auc_change,
    judge_classifiers,
    judge_outlines,
    mean_change,
)
from mammoview.training.judging.site_verdict import GRID, from_json, to_json
from mammoview.training.learning.prefetch import Batch

PATIENTS = 120


def samples(count: int = PATIENTS, *, images: int = 2) -> Samples:
    people = np.repeat([f"p{number:03d}" for number in range(count)], images)
    labels = np.repeat(np.arange(count) % 2, images).astype(np.int64)
    views = np.array([("CC", "MLO")[index % images % 2] for index in range(count * images)])
    return Samples(labels, (1,), np.array([f"{index}.dcm" for index in range(len(people))]), people, {"view": views})


def told(key: str, truth: Samples, strength: float, *, seed: int, temperature: float = 1.0) -> Told:
    """Logits that separate the classes by ``strength`` standard deviations, alike for the images of a patient."""
    rng = np.random.default_rng(seed)
    count = len(truth.labels)
    own = np.repeat(rng.normal(size=count // 2), 2) if count % 2 == 0 else rng.normal(size=count)
    score = strength * (truth.labels - 0.5) + 0.7 * own + 0.7 * rng.normal(size=count)
    logits = np.stack([np.zeros(count), score], axis=1)
    return Told(key, np.stack([logits] * 4), temperature)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [(0.4, 2.5, Outcome.BETTER), (2.5, 0.4, Outcome.WORSE), (1.0, 1.0, Outcome.UNTOLD)],
)
def test_planted_models_get_the_right_sentence(before: float, after: float, wanted: Outcome) -> None:
    truth = samples()
    half = calibration_half(truth.patients, seed=1)
    verdict = judge_classifiers(
        "image", told("old@1", truth, before, seed=1), told("new@1", truth, after, seed=2), truth, half=half
    )
    assert verdict.outcome is wanted
    assert f"{PATIENTS} patients (240 images)" in verdict.sentence
    assert {
        Outcome.BETTER: "is better on",
        Outcome.WORSE: "is worse on",
        Outcome.UNTOLD: f"cannot be told with {PATIENTS} patients",
    }[wanted] in verdict.sentence
    assert verdict.change.delong_p is not None
    assert (verdict.change.delong_p < 0.05) is (wanted is not Outcome.UNTOLD)


def test_the_same_model_twice_is_no_change_at_all() -> None:
    truth = samples()
    half = calibration_half(truth.patients, seed=1)
    old = told("old@1", truth, 1.0, seed=1)
    verdict = judge_classifiers("image", old, replace(old, key="new@1"), truth, half=half)
    # Draws that never differ are no interval of width zero.
    assert verdict.change.difference == Interval(0.0)
    assert (verdict.change.p_value, verdict.change.delong_p) == (None, None)
    assert verdict.outcome is Outcome.UNTOLD
    assert f"cannot be told with {PATIENTS} patients" in verdict.sentence
    assert "both have the AUC" in verdict.sentence
    assert verdict.worse == ()


def test_equal_models_are_rarely_called_better_or_worse() -> None:
    """Two models of one strength, many times: the interval of 95 % is missed about as often as it promises."""
    rng = np.random.default_rng(5)
    people = np.array([f"p{number}" for number in range(60)])
    labels = np.arange(60) % 2 == 1
    called = 0
    for _ in range(60):
        one, other = (labels * 1.0 + rng.normal(size=60) for _ in range(2))
        called += auc_change(labels, one, other, people).outcome is not Outcome.UNTOLD
    assert called <= 9


def test_a_handful_of_patients_is_not_called_a_change_more_often_than_promised() -> None:
    """Eight patients whose values differ by chance: plain percentiles call far too many a change."""
    rng = np.random.default_rng(1)
    people = np.array([f"p{number}" for number in range(8)])
    called = {True: 0, False: 0}
    for _ in range(300):
        one, other = rng.normal(size=8), rng.normal(size=8)
        for is_widened in called:
            gap = metrics.paired_bootstrap(
                metrics.mean_of(one),
                metrics.mean_of(other),
                people,
                seed=7,
                resamples=500,
                widened_for=8 if is_widened else None,
            ).difference
            called[is_widened] += not gap.low <= 0 <= gap.high
    # What is promised is 0.05; eight patients have too few different draws to keep it to the letter.
    assert called[False] / 300 > 0.1
    assert 0.02 < called[True] / 300 < 0.09


def people_of(count: int) -> NDArray[np.str_]:
    return np.array([f"p{number:03d}" for number in range(count)])


@pytest.mark.parametrize("count", [2, 5, 30])
def test_a_gain_that_never_varies_is_not_called_better(count: int) -> None:
    """Every draw gives the same: an interval without a width looks surer than anything and says nothing."""
    change = mean_change("Dice", np.full(count, 0.6), np.full(count, 0.7), people_of(count))
    assert change.difference == Interval(0.1)
    assert (change.before, change.after) == (Interval(0.6), Interval(0.7))
    assert (change.outcome, change.p_value) == (Outcome.UNTOLD, None)
    assert "by +0.100, but no 95 % interval of that can be told" in sentence_of(change)
    # Neither where a file says so.
    assert replace(change, difference=Interval(0.1, 0.1, 0.1)).outcome is Outcome.UNTOLD


def test_five_patients_tell_nothing_and_six_may() -> None:
    """Five that all gain a little, each its own: by the sign alone that is chance in one of 16 cases."""
    for count, wanted in ((5, Outcome.UNTOLD), (6, Outcome.BETTER)):
        before = np.linspace(0.5, 0.6, count)
        after = before + np.linspace(0.1, 0.12, count)
        assert mean_change("Dice", before, after, people_of(count)).outcome is wanted


@pytest.mark.parametrize("few", [1, 2, 3, 5])
def test_many_without_cancer_do_not_make_up_for_few_with_it(few: int) -> None:
    positive = np.arange(40) < few
    before, after = np.linspace(0, 1, 40), np.where(positive, 2.0, np.linspace(0, 1, 40))
    change = auc_change(positive, before, after, people_of(40))
    assert change.difference.value is not None
    assert change.difference.value > 0.5
    assert (change.difference.low, change.outcome, change.delong_p) == (None, Outcome.UNTOLD, None)


def test_a_rare_class_is_not_called_a_change_more_often_than_promised() -> None:
    rng = np.random.default_rng(5)
    labels, called = np.arange(46) < 6, 0
    for _ in range(100):
        one, other = (labels * 1.0 + rng.normal(size=46) for _ in range(2))
        called += auc_change(labels, one, other, people_of(46)).outcome is not Outcome.UNTOLD
    assert called <= 7


def test_perfect_ranking_has_neither_an_interval_nor_a_band_of_no_width() -> None:
    truth = samples(40)
    half = calibration_half(truth.patients, seed=1)
    old, new = told("old@1", truth, 1.0, seed=1), told("new@1", truth, 60.0, seed=2)
    verdict = judge_classifiers("image", old, new, truth, half=half)
    assert verdict.change.after == Interval(1.0)
    assert verdict.new.roc is not None
    assert verdict.old.roc is not None
    assert (len(verdict.new.roc.band_low), len(verdict.old.roc.band_low)) == (0, len(GRID))
    # All of so many are found: the share whose power of so many is 0.025 is the least that it may be.
    count = len(np.unique(truth.patients[~half & truth.positive]))
    assert verdict.new.sensitivity == Interval(1.0, round(0.025 ** (1 / count), 5), 1.0)
    assert any("Clopper and Pearson" in note for note in verdict.notes)
    assert verdict.outcome is Outcome.BETTER


def test_few_patients_are_told_to_have_no_interval() -> None:
    truth = samples(6)
    half = calibration_half(truth.patients, seed=1)
    old, new = told("old@1", truth, 1.0, seed=1), told("new@1", truth, 2.0, seed=2)
    verdict = judge_classifiers("image", old, new, truth, half=half)
    assert verdict.change.difference.low is None
    assert any("No 95 % interval can be told from 6 patients" in note for note in verdict.notes)


def test_a_narrow_interval_is_told_with_its_width() -> None:
    gap = Interval(0.0002, 0.0001, 0.0003)
    assert (gap.signed, gap.ends) == ("+0.00020 (+0.00010 to +0.00030)", "+0.00010 to +0.00030")
    assert (str(Interval(0.5, 0.4, 0.6)), Interval(0.5).ends) == ("0.500 (0.400 to 0.600)", "")


def test_few_cases_or_one_class_cannot_tell() -> None:
    truth = samples(4, images=1)
    change = auc_change(np.ones(4, dtype=bool), np.zeros(4), np.ones(4), truth.patients)
    assert change.outcome is Outcome.UNTOLD
    assert "too few to measure a change of the AUC" in sentence_of(change)


def test_a_temperature_shows_in_calibration_and_not_in_the_sentence() -> None:
    truth = samples()
    half = calibration_half(truth.patients, seed=1)
    old = told("old@1", truth, 1.5, seed=1)
    # As the old one, but ten times as sure of itself.
    new = Told("new@1", old.logits * 10.0, 1.0)
    verdict = judge_classifiers("image", old, new, truth, half=half)
    assert verdict.outcome is Outcome.UNTOLD
    # The prior of temperatures holds it a little nearer to 1.
    assert verdict.new.fitted_temperature == pytest.approx(10 * verdict.old.fitted_temperature, rel=0.25)  # type: ignore[operator]
    assert verdict.new.ece is not None
    assert verdict.new.fitted_ece is not None
    assert verdict.new.ece > verdict.new.fitted_ece + 0.05
    # It came without a temperature.
    assert verdict.new.raw_ece == verdict.new.ece
    assert verdict.half_patients == PATIENTS // 2


def test_a_verdict_shows_curves_subgroups_and_the_cases_that_got_worse() -> None:
    truth = samples()
    half = calibration_half(truth.patients, seed=1)
    old, new = told("old@1", truth, 2.0, seed=1), told("new@1", truth, 2.0, seed=2)
    new.logits[:, 7, 1] -= 6.0
    verdict = judge_classifiers("image", old, new, truth, half=half)
    worse = {case.image: case for case in verdict.worse}
    assert worse["7.dcm"].truth == "malignant"
    assert all((case.after < case.before) is (case.truth == "malignant") for case in verdict.worse)
    assert {(part.field, part.name) for part in verdict.subgroups} == {("view", "CC"), ("view", "MLO")}
    roc = verdict.new.roc
    assert roc is not None
    assert len(roc.band_low) == len(GRID) == len(roc.band_high)
    assert all(low <= high for low, high in zip(roc.band_low, roc.band_high, strict=True))
    assert verdict.new.specificity.value == pytest.approx(0.9, abs=0.12)
    assert any("2 subgroups" in note for note in verdict.notes)


@pytest.mark.parametrize(("gain", "wanted"), [(0.06, Outcome.BETTER), (-0.06, Outcome.WORSE), (0.0, Outcome.UNTOLD)])
def test_outlines_are_judged_by_dice(gain: float, wanted: Outcome) -> None:
    truth = samples(40)
    rng = np.random.default_rng(3)
    old = rng.uniform(0.5, 0.9, len(truth.labels))
    new = old + gain + rng.normal(0, 0.05, len(old))
    verdict = judge_outlines(("old@1", old), ("new@1", new), replace(truth, unit="lesions"))
    assert verdict.outcome is wanted
    assert "Dice" in verdict.sentence
    assert "(80 lesions)" in verdict.sentence
    assert all(case.after < case.before for case in verdict.worse)


class Bright(nn.Module):
    """Says malignant of bright images; ``blindness`` shuffles what it sees."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = nn.Parameter(torch.tensor(sign))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        level = images.mean(dim=(1, 2, 3)) * self.sign
        return torch.stack([torch.zeros_like(level), level], dim=1)


def learned(images: NDArray[np.float32], labels: NDArray[np.int64], *, steps: int) -> Bright:
    net = Bright(-1.0)
    optimizer = torch.optim.SGD(net.parameters(), lr=5.0)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(torch.from_numpy(images)), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
    return net.eval()


def test_two_real_nets_are_told_apart() -> None:
    """One learned for long enough to turn its wrong idea round, the other did not."""
    truth = samples()
    rng = np.random.default_rng(4)
    images = (truth.labels[:, None, None, None] * 0.6 + rng.normal(0, 2.0, (len(truth.labels), 1, 6, 6))).astype(
        np.float32
    )
    half = calibration_half(truth.patients, seed=1)
    nets = {steps: learned(images, truth.labels, steps=steps) for steps in (0, 200)}
    batch = [Batch(torch.from_numpy(images), torch.from_numpy(truth.labels))]
    before, after = (Told(f"net@{steps}", outputs(net, batch), 1.0) for steps, net in nets.items())
    assert judge_classifiers("image", before, after, truth, half=half).outcome is Outcome.BETTER
    assert judge_classifiers("image", after, before, truth, half=half).outcome is Outcome.WORSE
    assert judge_classifiers("image", after, after, truth, half=half).outcome is Outcome.UNTOLD


def change_of(low: float, high: float) -> Change:
    return Change(
        "AUC", Interval(0.7), Interval(0.6), Interval((low + high) / 2, low, high), 0.01, None, 50, 40, "images"
    )


def test_the_bounds_decide_and_zero_is_on_neither_side() -> None:
    assert change_of(-0.2, -0.001).outcome is Outcome.WORSE
    assert change_of(-0.2, 0.0).outcome is Outcome.UNTOLD
    assert change_of(0.0, 0.2).outcome is Outcome.UNTOLD
    assert change_of(0.001, 0.2).outcome is Outcome.BETTER


def test_a_worse_model_needs_a_reason() -> None:
    worse = change_of(-0.2, -0.1)
    assert not may_activate(worse)
    assert not may_activate(worse, "   ")
    assert may_activate(worse, "the old one does not take our images")
    assert may_activate(change_of(-0.2, 0.1))
    with pytest.raises(UsageError, match="not put to use without a reason"):
        require_reason(worse)


def test_a_verdict_comes_back_from_its_file() -> None:
    truth = samples(20)
    half = calibration_half(truth.patients, seed=1)
    verdict = judge_classifiers(
        "image", told("old@1", truth, 0.5, seed=1), told("new@1", truth, 2.0, seed=2), truth, half=half
    )
    text = to_json(verdict)
    assert from_json(text) == verdict
    with pytest.raises(NewerDocumentError):
        from_json(text.replace('"schema": 1', '"schema": 2'))
    with pytest.raises(DamagedDocumentError):
        from_json(text[: len(text) // 2])
