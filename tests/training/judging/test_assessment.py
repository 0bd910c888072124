"""Packages judged on cases: every image through the program's own preparation, models alone and together."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mammoview.core.errors import InputError, UsageError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.models.export import write_package
from mammoview.models.manifest import Calibration, Evaluation, Identity, OperatingPoint, Score, Task
from mammoview.models.networks import build
from mammoview.models.preprocess import ImageSpec, PatchSpec, Preprocess
from mammoview.models.registry import PackageInfo
from mammoview.training.cases.case import Case, MarkedLesion
from mammoview.training.cases.case_pixels import read_case
from mammoview.training.judging.assessment import MEAN, assess
from mammoview.training.judging.assessment_files import Grounds, as_json, write_assessment
from mammoview.training.judging.measure import inscribed_ellipse
from mammoview.training.judging.metrics import dice

BODY = {"depths": [1, 1, 1, 1], "width": 8, "in_channels": 1}
ARCHITECTURES: dict[Task, tuple[str, dict[str, object], tuple[str, ...]]] = {
    Task.WHOLE_IMAGE: ("resnet-whole-image", {**BODY, "top": [[8, 8, 16]], "top_units": 1}, ("benign", "malignant")),
    Task.PATCH: ("resnet-patch", BODY, tuple(kind.value for kind in PatchClass)),
    Task.SEGMENTATION: ("bcir-unet", {"width": 2}, ("lesion",)),
}
LESION = Box(100, 60, 140, 110)
GROUNDS = Grounds(("made-up.csv",), "All cases of the data.", ("Nobody knows.",))


def toy(folder: Path, task: Task, *, seed: int) -> PackageInfo:
    architecture, sizes, labels = ARCHITECTURES[task]
    torch.manual_seed(seed)
    net = build(architecture, sizes).train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(2, 1, 64, 64))
    point = OperatingPoint(name="specificity 80%", threshold=0.4)
    return write_package(
        folder / f"{task.value}-{seed}",
        net.eval(),
        identity=Identity(
            id=f"toy-{seed}",
            version="1.0",
            name="Toy",
            task=task,
            labels=labels,
            score=None if task is Task.SEGMENTATION else Score(meaning="Toy score.", training_prevalence=0.5),
            licence="CC-BY-4.0",
            training_data="Random numbers.",
        ),
        preprocess=Preprocess(image=ImageSpec(rows=64, columns=32), patch=PatchSpec(size_px=64)),
        calibration=Calibration(temperature=1.3, operating_points=() if task is Task.SEGMENTATION else (point,)),
        evaluation=Evaluation(),
        card="# Toy\n",
    )


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, tuple[PackageInfo, PackageInfo]]:
    folder = tmp_path_factory.mktemp("toys")
    return {task: (toy(folder, task, seed=1), toy(folder, task, seed=2)) for task in ARCHITECTURES}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, ...]:
    """Both views of one breast of six women; half of them malignant, with a brighter ellipse in the box."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:240, :160]
    found = []
    for number in range(6):
        is_malignant = number % 2 == 0
        for view in (ViewPosition.CC, ViewPosition.MLO):
            breast = ((row - 120) / 100) ** 2 + (column / 140) ** 2 < 1
            image = np.where(breast, rng.normal(90, 6, breast.shape), 0)
            ellipse = ((row - 119.5) / 20) ** 2 + ((column - 84.5) / 25) ** 2 < 1
            image += ellipse * (60 if is_malignant else 20)
            path, mask = folder / f"p{number}_{view.value}.png", folder / f"p{number}_{view.value}_mask.png"
            cv2.imwrite(str(path), image.clip(0, 255).astype(np.uint8))
            cv2.imwrite(str(mask), ellipse.astype(np.uint8) * 255)
            kind = LesionKind.MASS if number < 4 else LesionKind.CALCIFICATION
            lesion = MarkedLesion(LESION, kind, is_malignant)
            found.append(Case(path, f"p{number}", Laterality.LEFT, view, is_malignant, (lesion,), mask=mask))
    return tuple(found)


def test_stretched_pixels_become_square_with_their_boxes_and_masks(cases: tuple[Case, ...]) -> None:
    plain = read_case(cases[0])
    assert plain.cleaned.shape == plain.breast.shape == (240, 160)
    assert plain.boxes == (LESION,)
    stretched = Case(**{**vars(cases[0]), "true_size": (480, 160)})
    found = read_case(stretched)
    assert found.cleaned.shape == (480, 160)
    assert found.boxes == (Box(200, 60, 280, 110),)
    (mask,) = found.lesion_masks()
    assert dice(mask, np.repeat(plain.lesion_masks()[0], 2, axis=0)) > 0.99
    assert found.breast.mean() == pytest.approx(plain.breast.mean(), abs=0.03)


def test_contours_are_lesions_where_there_is_no_picture(cases: tuple[Case, ...]) -> None:
    corners = ((100.0, 60.0), (100.0, 110.0), (140.0, 110.0), (140.0, 60.0))
    lesion = MarkedLesion(LESION, LesionKind.MASS, True, corners)
    (mask,) = read_case(Case(**{**vars(cases[0]), "mask": None, "lesions": (lesion,)})).lesion_masks()
    assert mask.sum() == pytest.approx(2000, rel=0.05)


def test_images_are_judged_alone_and_together(
    packages: dict[Task, tuple[PackageInfo, PackageInfo]], cases: tuple[Case, ...], tmp_path: Path
) -> None:
    unlabelled = Case(**{**vars(cases[0]), "is_malignant": None})
    lateral = Case(**{**vars(cases[0]), "view": ViewPosition.ML})
    found = assess(packages[Task.WHOLE_IMAGE], (*cases, unlabelled, lateral), threads=1)
    assert found.names == ("toy-1@1.0", "toy-2@1.0", MEAN)
    assert (found.images, found.patients, len(found.samples)) == (12, 6, 12)
    assert set(found.left_out.values()) == {1}
    for sample in found.samples:
        (first,), (second,), (mean,) = sample.values
        assert mean == pytest.approx((first + second) / 2)
        assert 0 < first < 1
    sizes = {(metric.name, metric.group): metric for metric in found.metrics[MEAN]}
    assert sizes["auc_image", ""].n_images == 12
    assert sizes["auc_image", "CC"].n_images == 6
    assert sizes["auc_image", "mass"].n_patients == 4
    assert sizes["auc_breast", ""].n_images == sizes["auc_patient", ""].n_images == 6
    at_point = {metric.group for metric in found.metrics["toy-1@1.0"] if metric.name == "sensitivity"}
    assert at_point == {"", "at specificity 80%"}
    # No operating point was fitted for this mean.
    assert {metric.group for metric in found.metrics[MEAN] if metric.name == "sensitivity"} == {""}
    assert [(one.first_name, one.second_name) for one in found.comparisons] == [
        (MEAN, "toy-1@1.0"),
        (MEAN, "toy-2@1.0"),
        ("CC and MLO", "CC alone"),
        ("CC and MLO", "MLO alone"),
    ]
    written = write_assessment(found, GROUNDS, tmp_path / "out")
    assert {path.name for path in written} == {
        "evaluation.json",
        "evaluation.md",
        "scores.csv",
        "roc.png",
        "reliability.png",
    }
    words = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert words["data"]["images"] == 12
    assert words["models"][0]["sha256"] == packages[Task.WHOLE_IMAGE][0].sha256
    assert words["warnings"] == ["Nobody knows."]
    assert "Nobody knows." in (tmp_path / "out" / "evaluation.md").read_text()
    assert len((tmp_path / "out" / "scores.csv").read_text().splitlines()) == 13


def test_the_fingerprint_is_of_what_was_judged(
    packages: dict[Task, tuple[PackageInfo, PackageInfo]], cases: tuple[Case, ...]
) -> None:
    one = packages[Task.WHOLE_IMAGE][:1]
    few = cases[:4]
    first = assess(one, few, threads=1)
    assert assess(one, few[::-1], threads=1).fingerprint == first.fingerprint
    relabelled = (Case(**{**vars(few[0]), "is_malignant": not few[0].is_malignant}), *few[1:])
    assert assess(one, relabelled, threads=1).fingerprint != first.fingerprint


def test_lesions_are_judged_by_the_patch_classifier(
    packages: dict[Task, tuple[PackageInfo, PackageInfo]], cases: tuple[Case, ...]
) -> None:
    bare = Case(**{**vars(cases[0]), "lesions": (MarkedLesion(LESION),)})
    found = assess(packages[Task.PATCH], (*cases, bare), threads=1)
    assert len(found.samples) == 12
    assert {sample.kind for sample in found.samples} == {"mass", "calcification"}
    sizes = {(metric.name, metric.group): metric.n_images for metric in found.metrics["toy-1@1.0"]}
    assert sizes["auc_malignant_vs_benign_lesion", "mass"] == 8
    assert [one.second_name for one in found.comparisons] == ["toy-1@1.0", "toy-2@1.0"]


def test_outlines_are_compared_in_the_images_own_pixels(
    packages: dict[Task, tuple[PackageInfo, PackageInfo]], cases: tuple[Case, ...], tmp_path: Path
) -> None:
    found = assess(packages[Task.SEGMENTATION], cases[:4], threads=1)
    values = {metric.name: metric.value for metric in found.metrics[MEAN]}
    truth = read_case(cases[0]).lesion_masks()[0]
    assert values["dice_of_inscribed_ellipse"] == pytest.approx(dice(inscribed_ellipse(truth), truth), abs=1e-3)
    assert values["dice_gain_over_inscribed_ellipse"] == pytest.approx(
        values["dice"] - values["dice_of_inscribed_ellipse"], abs=2e-4
    )
    # A PNG has no spacing.
    assert "hd95_mm" not in values
    assert found.comparisons == ()
    written = write_assessment(found, GROUNDS, tmp_path)
    assert {path.suffix for path in written} == {".json", ".md", ".csv"}
    assert as_json(found, GROUNDS)["task"] == "segmentation"


def test_what_cannot_be_judged_is_refused(
    packages: dict[Task, tuple[PackageInfo, PackageInfo]], cases: tuple[Case, ...]
) -> None:
    with pytest.raises(UsageError, match="different tasks"):
        assess((packages[Task.PATCH][0], packages[Task.WHOLE_IMAGE][0]), cases)
    with pytest.raises(InputError, match="No case has an outlined lesion"):
        assess(packages[Task.SEGMENTATION][:1], [Case(**{**vars(cases[0]), "mask": None})])
