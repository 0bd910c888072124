"""Judging: calibration looks at its half only, flips are averaged, groups are what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mammoview.training import evaluate, metrics
from mammoview.training.evaluate import Judged
from mammoview.training.loop import Batch


def made_up(*, sharpness: float, classes: int = 2, count: int = 400) -> Judged:
    """Outputs of a net that is right about its own doubt at ``sharpness`` 1, and too sure above."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (count, classes))
    told = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (told.cumsum(axis=1) < rng.random(count)[:, None]).sum(axis=1).clip(0, classes - 1)
    patients = np.array([f"{index // 2:04d}" for index in range(count)])
    return Judged(np.repeat(logits[None] * sharpness, 4, axis=0), labels, patients, patients)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_false_confidence(sharpness: float) -> None:
    judged = made_up(sharpness=sharpness, count=4000)
    assert evaluate.fit_temperature(judged.logits, judged.labels) == pytest.approx(sharpness, rel=0.1)


def test_calibration_looks_at_half_of_the_patients_only() -> None:
    judged = made_up(sharpness=2.0)
    half = evaluate.calibration_half(judged.patients, seed=1)
    assert set(judged.patients[half]).isdisjoint(judged.patients[~half])
    assert len(set(judged.patients[half])) == 100
    views = np.array(["CC", "MLO"] * 200)
    before, _ = evaluate.judge_whole_image(judged, views, seed=1)
    changed = Judged(judged.logits, np.where(half, judged.labels, 1 - judged.labels), judged.patients, judged.breasts)
    after, _ = evaluate.judge_whole_image(changed, views, seed=1)
    assert after == before


def test_whole_image_metrics_are_those_of_the_mean_over_flips() -> None:
    judged = made_up(sharpness=1.0)
    views = np.array(["CC", "MLO"] * 200)
    calibration, found = evaluate.judge_whole_image(judged, views, seed=1)
    score = evaluate.mean_probabilities(judged.logits, calibration.temperature)[:, 1]
    by_name = {(metric.name, metric.group): metric for metric in found}
    assert by_name["auc_image", ""].value == pytest.approx(metrics.auc(judged.labels, score), abs=1e-4)
    assert by_name["auc_image", "CC"].n_images == 200
    patient_score = score.reshape(-1, 2).mean(axis=1)
    patient_label = judged.labels.reshape(-1, 2).max(axis=1)
    assert by_name["auc_patient", ""].value == pytest.approx(metrics.auc(patient_label, patient_score), abs=1e-4)
    for metric in found:
        assert metric.low is None or metric.high is None or metric.low <= metric.value <= metric.high


def test_patch_metrics_leave_background_out_of_the_lesion_question() -> None:
    judged = made_up(sharpness=1.0, classes=5)
    _, found = evaluate.judge_patch(judged, seed=1)
    sizes = {(metric.name, metric.group): metric.n_images for metric in found}
    assert sizes["auc_malignant_vs_benign_lesion", ""] == (judged.labels > 0).sum()
    assert sizes["auc_malignant_vs_benign_lesion", "mass"] == (judged.labels > 2).sum()
    assert sizes["auc_lesion_vs_background", ""] == len(judged.labels)


def test_outputs_are_given_for_all_four_flips() -> None:
    class Corner(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0, :1, 0]

    images = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    found = evaluate.outputs(Corner(), [Batch(images, torch.zeros(1))])
    assert found[:, 0, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_masks_are_compared_with_a_disc_on_the_same_crops() -> None:
    net = nn.Conv2d(1, 1, 1)
    with torch.no_grad():
        net.weight.fill_(10.0)
        net.bias.fill_(-5.0)
    mask = torch.zeros(2, 1, 8, 8)
    mask[:, :, 2:6, 2:6] = 1.0
    found = evaluate.mask_dice(net, [Batch(mask, mask)])
    assert found.tolist() == [1.0, 1.0]
    measured = evaluate.judge_masks(np.array([0.9, 0.7]), np.array([0.5, 0.5]), np.array(["1", "2"]))
    assert {metric.name: metric.value for metric in measured}["dice_gain_over_disc"] == pytest.approx(0.3)
