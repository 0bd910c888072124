"""``mammoview analyze --truth``: a reader's masks beside the outlines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest

from mammoview.core.paths import resource

Run = Callable[..., tuple[int, str, str]]

CPU = ("--device", "cpu", "--threads", 1)


@pytest.fixture
def two_views(small_study: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    for name in ("L-CC.png", "L-MLO.png"):
        shutil.copy(small_study / name, folder / name)
    return folder


def write(path: Path, rows: int = 512, columns: int = 416) -> Path:
    path.parent.mkdir(exist_ok=True)
    mask = np.zeros((rows, columns), np.uint8)
    mask[rows // 3 : rows // 2, 20:120] = 255
    assert cv2.imwrite(str(path), mask)
    return path


@pytest.mark.usefixtures("toy_models")
def test_masks_of_a_folder_go_to_their_images_and_a_wrong_one_is_told(
    mammoview: Run, two_views: Path, tmp_path: Path
) -> None:
    write(tmp_path / "truth" / "L-CC.png")
    write(tmp_path / "truth" / "L-MLO.png", rows=300)
    code, told, complaints = mammoview(
        "analyze", two_views, "--out", tmp_path / "out", "--truth", tmp_path / "truth", "--backend", "torch", *CPU
    )
    assert code == 0
    assert "against L-CC.png: Dice" in told
    assert "300 × 416" in complaints
    content = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(content, json.loads(resource("schema/result-1.json").read_text()))
    images = {image["view"]: image for study in content["studies"] for image in study["images"]}
    assert images["MLO"]["truth"] is None
    truth = images["CC"]["truth"]
    assert truth["file"] == "L-CC.png"
    assert 0 <= truth["iou"] <= truth["dice"] <= 1
    picture = cv2.imread(str(tmp_path / "out" / truth["overlay"]))
    assert picture is not None
    assert (picture == (0, 0, 255)).all(axis=2).any(), "the truth's contour is red"
    (problem,) = content["errors"]
    assert problem["path"].endswith("L-MLO.png")
    assert problem["hint"]


@pytest.mark.usefixtures("toy_models")
def test_a_truth_that_is_not_there_is_wrong_usage(mammoview: Run, two_views: Path, tmp_path: Path) -> None:
    for given in (tmp_path / "absent", write(tmp_path / "truth" / "another.png").parent):
        code, _, complaints = mammoview("analyze", two_views, "--out", tmp_path / "out", "--truth", given, *CPU)
        assert code == 2
        assert str(given.name) in complaints.replace("\n", "")
        assert not (tmp_path / "out").exists()
