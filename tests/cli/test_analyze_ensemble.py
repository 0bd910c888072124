"""Ensembles, mirror images, dropout and operating points from the command line to the result file."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from mammoview.core.paths import resource

Run = Callable[..., tuple[int, str, str]]

CPU = ("--device", "cpu", "--threads", 1, "--saliency", "none")
POINTS = {
    "temperature": 0.5,
    "operating_points": [{"name": "specificity 90%", "threshold": 0.0, "sensitivity": 0.31, "specificity": 0.9}],
    "fitted_on": "cross-validation",
    "n_patients": 152,
}


@pytest.fixture
def second(toy_models: Path) -> str:
    """A second whole-image package, calibrated otherwise and with an operating point."""
    folder = Path(shutil.copytree(toy_models / "whole_image", toy_models / "second"))
    data = json.dumps(POINTS).encode()
    (folder / "calibration.json").write_bytes(data)
    words = json.loads((folder / "manifest.json").read_text())
    words["files"]["calibration.json"] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({**words, "id": "second"}))
    return "second"


def analysed(mammoview: Run, image: Path, out: Path, *options: object) -> tuple[dict[str, Any], str]:
    code, told, err = mammoview("analyze", image, "--out", out, *CPU, *options)
    assert code == 0, err
    content = json.loads((out / "result.json").read_text())
    jsonschema.validate(content, json.loads(resource("schema/result-1.json").read_text()))
    return dict(content), told


def test_an_ensemble_is_named_member_by_member(mammoview: Run, second: str, small_study: Path, tmp_path: Path) -> None:
    image = small_study / "L-CC.png"
    options = ("--models", "toy-whole-image", second, "--dropout", 5)
    content, told = analysed(mammoview, image, tmp_path / "out", *options)
    (study,) = content["studies"]
    (one,) = study["images"]
    assert one["member_models"] == ["toy-whole-image@1.0", "second@1.0"]
    assert len(set(one["p_malignant_members"])) == 2
    assert one["p_malignant"] == pytest.approx(np.mean(one["p_malignant_members"]))
    assert one["uncertainty_method"] == "standard deviation over 4 flips × 2 models × 5 dropout passes"
    assert one["operating_point"] is None, "no point was fitted for the mean of these two"
    assert {model["id"] for model in content["models"]} >= {"toy-whole-image", "second"}
    (breast,) = study["breasts"]
    assert breast["p_malignant_members"] == pytest.approx(one["p_malignant_members"])
    assert breast["single_view"]
    assert study["exam"]["p_malignant_members"] == pytest.approx(one["p_malignant_members"])
    assert "over 4 flips × 2 models × 5 dropout passes" in told
    assert "second@1.0 0." in told


def test_an_operating_point_stands_beside_the_score_it_was_fitted_for(
    mammoview: Run, second: str, small_study: Path, tmp_path: Path
) -> None:
    image = small_study / "L-CC.png"
    content, told = analysed(mammoview, image, tmp_path / "flips", "--models", second)
    (study,) = content["studies"]
    assert study["images"][0]["operating_point"] == "specificity 90%"
    (point,) = study["exam"]["operating_points"]
    assert (point["sensitivity"], point["n_patients"]) == (0.31, 152)
    assert "above the 90 % specificity point (sensitivity 0.31 on cross-validation, 152 patients)" in told
    content, _ = analysed(mammoview, image, tmp_path / "plain", "--models", second, "--no-flips")
    (study,) = content["studies"]
    assert study["images"][0]["operating_point"] is None
    assert study["images"][0]["uncertainty"] is None
    assert study["images"][0]["uncertainty_method"] is None
    assert study["exam"]["operating_points"] == []
