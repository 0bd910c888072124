"""What more cases of a new site bring: drawn from one half, always tested on the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mammoview.core.errors import InputError, UsageError
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Calibration, Evaluation
from mammoview.models.networks import build
from mammoview.training.cases.samples import ImageSet
from mammoview.training.cases.splits import Split
from mammoview.training.config import TrainingConfig
from mammoview.training.judging.plots import plot_learning
from mammoview.training.recipes import transfer
from mammoview.training.recipes.fitting import Run
from mammoview.training.recipes.learning_curve import SiteCurve, learning_curve
from mammoview.training.recipes.publish import publish, settle, whole_image_source

PARENTS_OWN = Split(frozenset({"elsewhere"}), frozenset({"p0"}))
SIZES = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1, "top": [[8, 8, 16]], "top_units": 1, "dropout": 0.0}


def config(**changes: object) -> TrainingConfig:
    words: dict[str, object] = {
        "package": {"id": "curve", "version": "1", "title": "Curve", "score_meaning": "bright"},
        "split": {"seed": 3},
        "augment": {"rotation_deg": 0, "shear_rad": 0, "zoom": 0, "shift": 0, "jitter": 0, "gamma": 0, "blur_px": 0},
        "stages": [{"name": "all", "epochs": 3, "learning_rate": 1e-2}],
        "batch_size": 4,
        "seed": 1,
        "loss": "cross_entropy",
        **changes,
    }
    return TrainingConfig.model_validate(words)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> LoadedPackage:
    torch.manual_seed(0)
    net = settle(build("resnet-whole-image", SIZES))
    whole = config(
        network={"architecture": "resnet-whole-image", "sizes": SIZES},
        preprocess={"image": {"rows": 32, "columns": 32}},
    )
    folder = tmp_path_factory.mktemp("parent") / "package"
    evaluation = Evaluation(protocol="none", split_sha256=PARENTS_OWN.sha256)
    source = whole_image_source(0.5)
    return load(publish(folder, net, whole, source=source, calibration=Calibration(), evaluation=evaluation))


@pytest.fixture(scope="module")
def images() -> ImageSet:
    """Thirty patients with two images each; malignant ones are brighter to the left."""
    rng = np.random.default_rng(0)
    patients = np.repeat([f"p{number}" for number in range(30)], 2)
    labels = np.repeat(np.arange(30) % 2, 2).astype(np.int64)
    pixels = rng.normal(0, 0.3, (60, 32, 32))
    pixels[:, :, :16] += 2.0 * labels[:, None, None]
    return ImageSet(pixels.astype(np.float16), labels, patients, patients, np.array(["CC", "MLO"] * 30))


@pytest.fixture(scope="module")
def curve(package: LoadedPackage, images: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> SiteCurve:
    run = Run(config(), tmp_path_factory.mktemp("runs"))
    return learning_curve(package, images, run, counts=(12, 4, 40), draws=2, splits=(PARENTS_OWN,))


def test_points_rise_with_the_cases_and_share_their_test(curve: SiteCurve) -> None:
    # Fifteen patients test, forty cases are more than the others.
    assert [one.cases for one in curve.points] == [4, 12]
    assert [one.images for one in curve.points] == [8, 24]
    assert curve.test_patients + curve.pool_patients == 30
    assert curve.test_images == 2 * curve.test_patients
    few, many = curve.points
    assert len(few.draws) == 2
    assert few.auc.value == pytest.approx(np.mean(few.draws))
    assert many.auc.value > curve.before.value
    assert many.gain.difference.value == pytest.approx(many.auc.value - curve.before.value)
    assert not [warning for warning in curve.warnings if "not known" in warning]


def test_a_wide_interval_warns(curve: SiteCurve) -> None:
    for one in curve.points:
        assert one.is_wide == (one.auc.high - one.auc.low > transfer.WIDE)
    wide = [str(one.cases) for one in curve.points if one.is_wide]
    told = [warning for warning in curve.warnings if "interval is wider" in warning]
    assert len(told) == bool(wide)
    unknown = replace(curve.points[0], auc=replace(curve.points[0].auc, low=float("nan")))
    assert unknown.is_wide


def test_no_test_patient_is_ever_learned_from(
    package: LoadedPackage, images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammoview.training.recipes import learning_curve as module

    seen: list[Split] = []

    def note(given: ImageSet, split: Split, run: Run, package: LoadedPackage) -> torch.nn.Module:
        seen.append(split)
        return transfer.parent_net(package)

    monkeypatch.setattr(module, "fit_tuned", note)
    learning_curve(package, images, Run(config(), tmp_path), counts=(2, 5, 9), draws=2, splits=(PARENTS_OWN,))
    assert [len(split.training) for split in seen] == [2, 2, 5, 5, 9, 9]
    assert len({split.validation for split in seen}) == 1
    labels = transfer.patient_labels(images)
    for split in seen:
        assert {labels[patient] for patient in split.training} == {0, 1}
        assert not split.training & split.validation
    # More cases hold the fewer of the same draw; draws differ.
    assert seen[0].training < seen[2].training < seen[4].training
    assert seen[2].training != seen[3].training


def test_a_parent_that_saw_the_site_is_refused(package: LoadedPackage, images: ImageSet, tmp_path: Path) -> None:
    run = Run(config(), tmp_path)
    site = images.select(images.patients != "p0")
    knew = replace(images, patients=np.where(images.patients == "p3", "elsewhere", images.patients))
    with pytest.raises(UsageError, match="learned from 1 of the 30 patients"):
        learning_curve(package, knew, run, splits=(PARENTS_OWN,))
    with pytest.raises(InputError, match="needs more than 1 patients"):
        learning_curve(package, site.select(site.patients == "p1"), run, splits=(PARENTS_OWN,))


def test_its_figure(curve: SiteCurve, tmp_path: Path) -> None:
    plotted = curve.plotted()
    assert (plotted.cases, plotted.auc) == ((4, 12), tuple(one.auc for one in curve.points))
    plot_learning({"curve": plotted}, tmp_path / "curve.png", start=curve.before)
    assert (tmp_path / "curve.png").stat().st_size > 1000


def test_a_public_collection_needs_a_parent_of_known_split(
    package: LoadedPackage, images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = Split(frozenset({"p0"}), frozenset({"p1"}))
    monkeypatch.setattr(transfer, "image_data", lambda data, run: (images, split, None))
    with pytest.raises(UsageError, match="is not known"):
        transfer.train_tuned(tmp_path, Run(config(), tmp_path), parent=package.info.folder)
