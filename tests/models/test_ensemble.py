"""Ensembles: which packages are in use, what their mean is, and how far it moves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mammoview.core import paths
from mammoview.core.errors import ModelPackageError, UsageError
from mammoview.core.findings import MemberScore, ScoreMeaning, Threshold
from mammoview.core.score_words import point_words, reached, short_point_words, spread_words, thresholds_of
from mammoview.models import registry
from mammoview.models.calibration import refit
from mammoview.models.dropout import dropout_logits
from mammoview.models.ensemble import Samples, average, meaning_of
from mammoview.models.manifest import Task
from mammoview.models.networks import WholeImageNet, build
from mammoview.models.registry import PackageInfo
from mammoview.models.uncertainty import spread, varied_words

NONE = np.empty((0, 4, 2))


# Which packages are in use


@pytest.fixture
def shipped(pristine: dict[Task, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped packages: a, b and an experimental one for whole images."""
    root = tmp_path / "shipped"
    for name in ("a", "b", "trial"):
        copy_of(pristine[Task.WHOLE_IMAGE], root / name, id=name, experimental=name == "trial")
    monkeypatch.setattr(paths, "shipped_models", lambda: root)
    return root


def copy_of(package: Path, folder: Path, **changes: Any) -> Path:
    shutil.copytree(package, folder)
    words = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**words, **changes}))
    return folder


def in_use() -> list[str]:
    return [info.id for info in registry.active(Task.WHOLE_IMAGE)]


def defaults(root: Path, words: object) -> None:
    (root / "defaults.json").write_text(json.dumps(words))


def test_without_a_choice_the_shipped_defaults_are_in_use(shipped: Path, pristine: dict[Task, Path]) -> None:
    assert in_use() == ["b"], "the first in search order, and never an experimental one"
    defaults(shipped, {"whole_image": ["a", "b"]})
    assert in_use() == ["a", "b"]
    registry.install(copy_of(pristine[Task.WHOLE_IMAGE], shipped.parent / "a-of-ours", id="a", version="9.0"))
    assert [info.key for info in registry.active(Task.WHOLE_IMAGE)] == ["a@1.0", "b@1.0"], "not the user's"
    defaults(shipped, {"whole_image": ["gone", "b"], "patch": ["gone"]})
    assert in_use() == ["b"]
    assert registry.active(Task.PATCH) == ()


def test_a_choice_of_several_comes_first_and_is_forgotten_on_request(shipped: Path) -> None:
    defaults(shipped, {"whole_image": ["a"]})
    registry.activate(registry.find("trial"), registry.find("b"))
    assert in_use() == ["trial", "b"]
    assert registry.missing_choices() == ()
    shutil.rmtree(shipped / "trial")
    assert in_use() == ["b"]
    assert registry.missing_choices() == ("trial@1.0",)
    registry.use_defaults(Task.PATCH)
    assert in_use() == ["b"]
    registry.use_defaults()
    assert in_use() == ["a"]


def test_a_choice_written_by_an_earlier_version_is_understood(shipped: Path) -> None:
    paths.user_models().mkdir(parents=True)
    (paths.user_models() / "active.json").write_text('{"whole_image": "a@1.0"}')
    assert in_use() == ["a"]


@pytest.mark.parametrize("words", [[1], {"cat": ["a"]}, {"whole_image": 3}, {"whole_image": {"package": []}}])
def test_a_damaged_list_of_defaults_is_told(shipped: Path, words: object) -> None:
    defaults(shipped, words)
    with pytest.raises(ModelPackageError, match="list of default models"):
        registry.active(Task.WHOLE_IMAGE)


def test_points_of_a_shipped_ensemble_hold_for_it_alone(shipped: Path) -> None:
    points = {"operating_points": [{"name": "specificity 90%", "threshold": 0.6}], "fitted_on": "them"}
    defaults(shipped, {"whole_image": {"packages": ["a", "b"], "calibration": points}})
    a, b, trial = (registry.find(name) for name in ("a", "b", "trial"))

    def thresholds(*infos: PackageInfo) -> list[float]:
        meaning = meaning_of(infos)
        assert meaning is not None
        return [point.threshold for point in meaning.thresholds]

    assert thresholds(b, a) == [0.6]
    assert thresholds(a) == thresholds(a, trial) == thresholds(a, b, trial) == []
    meaning = meaning_of((a, b))
    assert meaning is not None
    assert meaning.models == 2
    assert (meaning_of((a, b), flips=False) or meaning).thresholds == ()


def test_what_the_program_ships_as_its_default_is_there() -> None:
    shipped = [info for info in registry.packages() if info.origin is registry.Origin.SHIPPED]
    words = json.loads((paths.shipped_models() / "defaults.json").read_text())
    for task, value in words.items():
        names = value if isinstance(value, list) else value["packages"]
        assert [info.id for info in registry.active(task)] == [name.split("@")[0] for name in names]
        assert all(not info.manifest.experimental for info in registry.active(task))
    assert {info.task.value for info in shipped if not info.manifest.experimental} <= set(words)


# Their mean


def test_the_mean_counts_each_model_once() -> None:
    sure = Samples("a@1", np.array([[0.2, 0.8]] * 4), NONE)
    wavering = Samples("b@1", np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.6, 0.4]]), NONE)
    told = average([sure, wavering], (1,))
    assert told.probabilities == pytest.approx([0.4, 0.6])
    assert told.p_malignant == pytest.approx(0.6)
    assert told.members == (MemberScore("a@1", pytest.approx(0.8)), MemberScore("b@1", pytest.approx(0.4)))
    # By hand: ((0.2² · 4) / 4 + (0.5² + 0.1² + 0.2² + 0.2²) / 4) / 2
    assert told.uncertainty == pytest.approx(np.sqrt((0.04 + 0.34 / 4) / 2))
    assert told.spread_over == "4 flips × 2 models"


def test_dropout_passes_are_in_the_spread_and_not_in_the_mean() -> None:
    passes = np.stack([np.array([[0.7, 0.3]] * 4), np.array([[0.3, 0.7]] * 4)])
    told = average([Samples("a@1", np.array([[0.4, 0.6]] * 4), passes)], (1,))
    assert told.p_malignant == pytest.approx(0.6)
    assert told.uncertainty == pytest.approx(0.2)
    assert told.spread_over == "4 flips × 2 dropout passes"


def test_one_number_has_no_spread() -> None:
    assert spread([np.array([0.4])]) is None
    assert spread([np.array([0.4]), np.array([0.6])]) == pytest.approx(0.1)
    assert varied_words(flips=1, models=1, passes=0) == ""
    assert varied_words(flips=1, models=3, passes=20) == "3 models × 20 dropout passes"


# Dropout


def whole_image_net(dropout: float = 0.5) -> WholeImageNet:
    sizes = {"depths": [1, 1, 1, 1], "width": 8, "in_channels": 1, "top": [[8, 8, 16]], "top_units": 1}
    torch.manual_seed(0)
    net = build("resnet-whole-image", {**sizes, "dropout": dropout}).eval()
    assert isinstance(net, WholeImageNet)
    return net


def test_dropout_passes_are_those_of_the_whole_head_and_repeat() -> None:
    net = whole_image_net()
    features = np.random.default_rng(0).standard_normal((2, 256, 4, 3)).astype(np.float32)
    found = dropout_logits(net, features, passes=400)
    assert found.shape == (400, 2, 2)
    assert np.array_equal(found, dropout_logits(net, features, passes=400))
    alone = dropout_logits(net, features[1:], passes=20)[:, 0]
    np.testing.assert_allclose(found[:20, 1], alone, atol=1e-4, err_msg="whatever the batch")
    assert found.std(axis=0).min() > 0
    assert not any(layer.training for layer in net.modules())
    with torch.inference_mode():
        settled = net.head(torch.from_numpy(features)).numpy()
    # The head is linear after its dropout, whose mean is 1: four standard errors of the mean.
    assert np.abs(found.mean(axis=0) - settled).max() < 4 * found.std(axis=0).max() / np.sqrt(400)


def test_dropout_leaves_the_programs_random_numbers_alone() -> None:
    net, features = whole_image_net(), np.ones((1, 256, 2, 2), np.float32)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    dropout_logits(net, features, passes=3)
    assert torch.equal(torch.rand(3), expected)


def test_a_head_without_dropout_feigns_no_agreement() -> None:
    features = np.ones((3, 256, 2, 2), np.float32)
    assert dropout_logits(whole_image_net(dropout=0.0), features, passes=9).shape == (0, 3, 2)


def test_a_head_that_is_no_sequence_is_repeated_as_a_whole() -> None:
    sizes = {"depths": [1, 1, 1, 1], "width": 8, "in_channels": 1}
    torch.manual_seed(0)
    net = build("resnet-attention", {**sizes, "attention": 8, "dropout": 0.5}).eval()
    assert not isinstance(net.head, nn.Sequential)  # type: ignore[union-attr]
    features = np.random.default_rng(0).random((1, 256, 4, 3)).astype(np.float32)
    found = dropout_logits(net, features, passes=5)  # type: ignore[arg-type]
    assert found.std(axis=0).min() > 0


# Their words

POINTS = (
    Threshold("specificity 95%", 0.9, 0.2, 0.95, "cross-validation", 300),
    Threshold("specificity 90%", 0.7, 0.31, 0.9, "cross-validation", 300),
    Threshold("sensitivity 95%", 0.2, 0.95, 0.4, "cross-validation", 300),
)


def test_a_score_is_told_with_the_highest_point_it_reaches() -> None:
    points = thresholds_of(ScoreMeaning("malignant", 0.5, POINTS), ())
    assert [point.threshold for point in points] == [0.2, 0.7, 0.9]
    assert reached(0.7, points) == POINTS[1]
    assert (
        point_words(0.75, points)
        == "above the 90 % specificity point (sensitivity 0.31 on cross-validation, 300 patients)"
    )
    assert short_point_words(0.95, points) == "above the 95 % specificity point"
    assert point_words(0.3, points).startswith("above the 95 % sensitivity point (specificity 0.40 on")
    assert short_point_words(0.1, points) == "below the 95 % sensitivity point"
    assert reached(0.1, points) is None
    assert point_words(0.5, ()) == ""
    own = (Threshold("screening", 0.5, 0.8, 0.7, "", 0),)
    assert point_words(0.6, own) == "above the point “screening” (sensitivity 0.80, specificity 0.70)"


def test_points_of_three_models_do_not_hold_for_two() -> None:
    meaning = ScoreMeaning("malignant", 0.5, POINTS, models=3)
    members = tuple(MemberScore(f"{name}@1", 0.5) for name in "abc")
    assert thresholds_of(meaning, members)
    assert thresholds_of(meaning, members[:2]) == ()
    assert thresholds_of(None, members) == ()


def test_the_spread_says_over_what_it_was_taken() -> None:
    assert spread_words(0.061, "4 flips × 3 models") == "spread ±0.06 over 4 flips × 3 models"
    assert spread_words(None, "") == ""


# A site's own calibration


def test_a_site_refits_temperature_and_points_on_its_own_patients() -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(0, 1.5, (2_000, 2))
    labels = (rng.random(2_000) < 1 / (1 + np.exp(honest[:, 0] - honest[:, 1]))).astype(int)
    patients = np.repeat(np.arange(1_000), 2).astype(str)
    fitted = refit(np.stack([honest * 3] * 4), labels, patients, malignant=(1,), site="the clinic")
    assert fitted.temperature == pytest.approx(3, rel=0.15)
    assert (fitted.n_patients, fitted.fitted_on) == (1_000, "patients of the clinic")
    at_90 = next(point for point in fitted.operating_points if point.name == "specificity 90%")
    score = 1 / (1 + np.exp((honest[:, 0] - honest[:, 1]) * 3 / fitted.temperature))
    assert np.mean(score[labels == 0] < at_90.threshold) == pytest.approx(0.9, abs=0.002)
    assert np.mean(score[labels == 1] >= at_90.threshold) == pytest.approx(at_90.sensitivity, abs=0.002)


def test_a_refit_needs_both_kinds_of_cases() -> None:
    with pytest.raises(UsageError, match="malignant and benign"):
        refit(np.zeros((1, 3, 2)), [0, 0, 0], ["a", "b", "c"], malignant=(1,), site="here")


def test_a_refit_counts_lesions_alone_where_background_is_a_class() -> None:
    logits = np.log(np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.1, 0.2, 0.7]]))
    fitted = refit(logits, [0, 1, 2, 2], list("abcd"), malignant=(2,), left_out=(0,), site="here")
    assert fitted.n_patients == 4
    assert {point.specificity for point in fitted.operating_points} == {1.0}, "one benign lesion, below the others"
