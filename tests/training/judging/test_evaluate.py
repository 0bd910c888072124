"""Judging: calibration looks at its half only, flips are averaged, groups are what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from mammoview.models.calibration import mean_probabilities
from mammoview.models.preprocess import PatchSpec
from mammoview.training.judging import evaluate, metrics
from mammoview.training.judging.evaluate import Judged
from mammoview.training.judging.measure import mask_baselines
from mammoview.training.learning.prefetch import Batch


def made_up(*, sharpness: float, classes: int = 2, count: int = 400) -> Judged:
    """Outputs of a net that is right about its own doubt at ``sharpness`` 1, and too sure above."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (count, classes))
    told = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (told.cumsum(axis=1) < rng.random(count)[:, None]).sum(axis=1).clip(0, classes - 1)
    patients = np.array([f"{index // 2:04d}" for index in range(count)])
    return Judged(np.repeat(logits[None] * sharpness, 4, axis=0), labels, patients, patients)


def in_two_views(judged: Judged) -> Judged:
    views = np.array(["CC", "MLO"] * (len(judged.labels) // 2))
    density = np.array(["1", "1", "4", "4"] * (len(judged.labels) // 4))
    return replace(judged, groups={"view": views, "density": density})


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_false_confidence(sharpness: float) -> None:
    calibration = evaluate.judge_whole_image(made_up(sharpness=sharpness, count=1600), seed=0).calibration
    assert calibration.temperature == pytest.approx(sharpness, rel=0.15)


def test_calibration_looks_at_half_of_the_patients_only() -> None:
    judged = made_up(sharpness=2.0)
    half = evaluate.calibration_half(judged.patients, seed=1)
    assert set(judged.patients[half]).isdisjoint(judged.patients[~half])
    assert len(set(judged.patients[half])) == 100
    before = evaluate.judge_whole_image(judged, seed=1).calibration
    changed = replace(judged, labels=np.where(half, judged.labels, 1 - judged.labels))
    assert evaluate.judge_whole_image(changed, seed=1).calibration == before
    assert before.n_patients == 100


def test_whole_image_metrics_are_those_of_the_mean_over_flips() -> None:
    judged = in_two_views(made_up(sharpness=1.0))
    verdict = evaluate.judge_whole_image(judged, seed=1)
    score = mean_probabilities(judged.logits, temperature=verdict.calibration.temperature)[:, 1]
    by_name = {(metric.name, metric.group): metric for metric in verdict.metrics}
    assert by_name["auc_image", ""].value == pytest.approx(metrics.auc(judged.labels, score), abs=1e-4)
    assert by_name["auc_image", "CC"].value == pytest.approx(metrics.auc(judged.labels[::2], score[::2]), abs=1e-4)
    assert by_name["auc_image", "CC"].n_images == by_name["auc_image", "density 4"].n_images == 200
    assert by_name["auc_image", "density 4"].n_patients == 100
    patient_score = score.reshape(-1, 2).mean(axis=1)
    patient_label = judged.labels.reshape(-1, 2).max(axis=1)
    assert by_name["auc_patient", ""].value == pytest.approx(metrics.auc(patient_label, patient_score), abs=1e-4)
    unseen = ~evaluate.calibration_half(judged.patients, seed=1)
    right = np.mean((score[unseen] >= 0.5) == judged.labels[unseen])
    assert by_name["accuracy", "not used to calibrate"].value == pytest.approx(right, abs=1e-4)
    for metric in verdict.metrics:
        assert metric.low is None or metric.high is None or metric.low <= metric.value <= metric.high


def test_a_verdict_holds_points_both_ways_and_the_reliability_curve() -> None:
    verdict = evaluate.judge_whole_image(made_up(sharpness=1.0), seed=1)
    names = [point.name for point in verdict.calibration.operating_points]
    assert names[0] == "specificity 80%"
    assert names[-1] == "sensitivity 95%"
    assert len(names) == 6
    by_name = {point.name: point for point in verdict.calibration.operating_points}
    assert by_name["specificity 90%"].specificity is not None
    assert by_name["specificity 90%"].specificity >= 0.9
    assert by_name["sensitivity 90%"].sensitivity is not None
    assert by_name["sensitivity 90%"].sensitivity >= 0.9
    assert len(verdict.reliability) == 15
    assert sum(point.count for point in verdict.reliability) == 200


def test_out_of_fold_logits_are_judged_as_one_set_and_by_fold() -> None:
    judged = made_up(sharpness=1.0)
    folds = np.array([str(int(name) % 5) for name in judged.patients])
    verdict = evaluate.judge_whole_image(replace(judged, groups={"fold": folds}), seed=1)
    by_group = {metric.group: metric for metric in verdict.metrics if metric.name == "auc_image"}
    assert set(by_group) == {"", *(f"fold {number}" for number in range(5))}
    assert by_group[""].n_images == sum(by_group[f"fold {number}"].n_images for number in range(5)) == 400


def test_conformal_sets_keep_their_promise_on_the_other_half() -> None:
    found = evaluate.judge_whole_image(made_up(sharpness=1.0, count=2000), seed=1).metrics
    coverage = {metric.group: metric for metric in found if metric.name == "conformal_90_coverage"}
    assert set(coverage) == {"benign", "malignant"}
    for metric in coverage.values():
        assert metric.value == pytest.approx(0.9, abs=0.04)
        assert metric.n_images > 400
    (size,) = (metric.value for metric in found if metric.name == "conformal_90_set_size")
    assert 1.0 < size < 2.0


def test_one_class_alone_leaves_numbers_out_instead_of_failing() -> None:
    judged = made_up(sharpness=1.0, count=40)
    verdict = evaluate.judge_whole_image(replace(judged, labels=np.zeros(40, np.int64)), seed=1)
    names = {metric.name for metric in verdict.metrics}
    assert "auc_image" not in names
    assert "auc_patient" not in names
    assert "brier" in names
    assert verdict.calibration.operating_points == ()
    assert all(np.isfinite(metric.value) for metric in verdict.metrics)


def test_patch_metrics_leave_background_out_of_the_lesion_question() -> None:
    judged = made_up(sharpness=1.0, classes=5)
    verdict = evaluate.judge_patch(judged, seed=1)
    found = {(metric.name, metric.group): metric for metric in verdict.metrics}
    assert found["auc_malignant_vs_benign_lesion", ""].n_images == (judged.labels > 0).sum()
    assert found["auc_malignant_vs_benign_lesion", "mass"].n_images == (judged.labels > 2).sum()
    assert found["auc_lesion_vs_background", ""].n_images == len(judged.labels)


def test_the_confusion_table_gives_the_macro_average() -> None:
    judged = made_up(sharpness=1.0, classes=5)
    verdict = evaluate.judge_patch(judged, seed=1)
    table = np.array(verdict.confusion)
    assert table.sum() == 400
    recalls = table.diagonal() / table.sum(axis=1)
    found = {(metric.name, metric.group): metric.value for metric in verdict.metrics}
    assert found["balanced_accuracy", ""] == pytest.approx(recalls.mean(), abs=1e-4)
    assert found["recall", "malignant mass"] == pytest.approx(recalls[4], abs=1e-4)
    assert found["accuracy_five_classes", ""] == pytest.approx(table.trace() / 400, abs=1e-4)


def test_outputs_are_given_for_all_four_flips() -> None:
    class Corner(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0, :1, 0]

    images = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    found = evaluate.outputs(Corner(), [Batch(images, torch.zeros(1))])
    assert found[:, 0, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_masks_are_compared_with_shapes_drawn_without_looking() -> None:
    net = nn.Conv2d(1, 1, 1)
    with torch.no_grad():
        net.weight.fill_(10.0)
        net.bias.fill_(-5.0)
    mask = torch.zeros(2, 1, 128, 128)
    mask[:, :, 32:96, 32:96] = 1.0
    truth = mask[:, 0].numpy() > 0.5
    scores = evaluate.mask_scores(evaluate.predicted_masks(net, [Batch(mask, mask)]), truth)
    assert scores.dice.tolist() == scores.iou.tolist() == [1.0, 1.0]
    assert scores.hd95_px.tolist() == [0.0, 0.0]
    baselines = mask_baselines(truth, PatchSpec(size_px=128, context=2.0))
    # A disc in its square: π/4 of the area, all of it inside.
    expected = 2 * np.pi / 4 / (1 + np.pi / 4)
    for name in ("centred_disc", "inscribed_ellipse"):
        assert baselines[name] == pytest.approx([expected, expected], abs=0.01)
    found = {metric.name: metric.value for metric in evaluate.judge_masks(scores, baselines, np.array(["1", "2"]))}
    assert (
        found["dice_gain_over_inscribed_ellipse"]
        == found["dice_gain_over_centred_disc"]
        == pytest.approx(1 - expected, abs=0.01)
    )
    assert found["dice_of_inscribed_ellipse"] == pytest.approx(expected, abs=0.01)


def test_the_ellipse_knows_the_box_and_the_disc_does_not() -> None:
    row, column = np.mgrid[:128, :128]
    truth = (((row - 32) / 16) ** 2 + ((column - 80) / 32) ** 2 <= 1.0)[None]
    baselines = mask_baselines(truth, PatchSpec(size_px=128, context=2.0))
    assert baselines["inscribed_ellipse"][0] > 0.95
    assert baselines["centred_disc"][0] < 0.6


def test_of_several_classes_all_but_the_first_are_lesion() -> None:
    class Three(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images

    logits = torch.zeros(1, 3, 1, 4)
    logits[0, 0, 0] = torch.tensor([5.0, 0.0, 0.0, 1.0])
    logits[0, 1, 0] = torch.tensor([0.0, 5.0, 0.0, 0.0])
    logits[0, 2, 0] = torch.tensor([0.0, 0.0, 5.0, -9.0])
    told = evaluate.predicted_masks(Three(), [Batch(logits, torch.zeros(1))])
    assert told[0, 0].tolist() == [False, True, True, False]
