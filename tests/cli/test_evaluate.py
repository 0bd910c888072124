"""``mammoview evaluate``: the same scores as ``analyze``, with what is known of the patients said first."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mammoview.training.cases.splits import Split, write_split

Run = Callable[..., tuple[int, str, str]]
CPU = ("--device", "cpu", "--threads", 1)


@pytest.fixture(autouse=True)
def installed(isolated_home: Path, toy_packages: Path) -> Path:
    return Path(shutil.copytree(toy_packages, isolated_home / "models"))


@pytest.fixture
def table(small_study: Path, tmp_path: Path) -> Path:
    """The small study twice, as a malignant woman and a benign one, so that there is something to rank."""
    rows = []
    for number, label in enumerate(("malignant", "benign")):
        for path in sorted(small_study.iterdir()):
            copy = tmp_path / f"{number}-{path.name}"
            # A byte behind the picture makes another file of it: a table names each image once.
            copy.write_bytes(path.read_bytes() + bytes([number]))
            side, view = path.stem.split("-")
            rows.append((copy.name, f"p{number}", side, view, label, "200 150 260 220 mass"))
    with (tmp_path / "cases.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "patient", "laterality", "view", "label", "boxes"), *rows])
    return tmp_path / "cases.csv"


def test_scores_are_those_of_analyze(mammoview: Run, table: Path, small_study: Path, tmp_path: Path) -> None:
    code, _, _ = mammoview("analyze", small_study, "--out", tmp_path / "analysed", *CPU)
    assert code == 0
    content = json.loads((tmp_path / "analysed" / "result.json").read_text(encoding="utf-8"))
    shown = {image["path"]: image["p_malignant"] for study in content["studies"] for image in study["images"]}
    code, out, err = mammoview(
        "evaluate", "--model", "toy-whole-image", "--data", table, "--out", tmp_path / "judged", *CPU
    )
    assert code == 0, err
    with (tmp_path / "judged" / "scores.csv").open(encoding="utf-8") as file:
        told = {row["file"]: float(row["score toy-whole-image@1.0"]) for row in csv.DictReader(file)}
    assert told == {
        f"{number}-{name}": pytest.approx(score, abs=2e-6) for number in range(2) for name, score in shown.items()
    }
    assert "8 images of 2 patients" in out
    # Every image is there as malignant and as benign.
    words = json.loads((tmp_path / "judged" / "evaluation.json").read_text(encoding="utf-8"))
    values = {(one["name"], one["group"]): one["value"] for one in words["metrics"]["toy-whole-image@1.0"]}
    assert values["auc_image", ""] == 0.5
    assert "does not say which split it was trained with" in err
    assert words["warnings"]
    assert words["data"]["sources"] == ["cases.csv"]


def test_only_the_held_out_side_is_judged(mammoview: Run, table: Path, tmp_path: Path) -> None:
    write_split(Split(frozenset({"p0"}), frozenset({"p1"})), tmp_path / "split.csv")
    code, out, err = mammoview(
        "evaluate", "--model", "toy-whole-image", "--data", table, "--split", tmp_path / "split.csv", *CPU
    )
    assert code == 0, err
    assert "4 images of 1 patients" in out
    assert "validation side of split.csv" in out
    # One class alone has no AUC, and the rest is told.
    assert "auc_image" not in out
    assert "brier" in out


def test_a_folder_and_several_models_are_judged_together(mammoview: Run, table: Path, installed: Path) -> None:
    folder = next(path.parent for path in installed.glob("*/manifest.json") if "patch" in path.read_text())
    code, out, err = mammoview("evaluate", "--model", f"{folder},toy-patch", "--data", table, *CPU)
    assert code == 0, err
    assert "mean of all" in out
    assert "p = 1" in out
    assert "auc_malignant_vs_benign_lesion" in out


def test_what_makes_no_sense_is_told_without_a_traceback(mammoview: Run, table: Path, tmp_path: Path) -> None:
    code, _, err = mammoview("evaluate", "--model", "nobody", "--data", table)
    assert (code, "no model called nobody" in err) == (3, True)
    code, _, err = mammoview("evaluate", "--model", "toy-patch,toy-whole-image", "--data", table, *CPU)
    assert (code, "different tasks" in err) == (2, True)
    code, _, err = mammoview("evaluate", "--model", "toy-patch", "--data", tmp_path, "--fold", 1)
    assert code == 3
    assert "no data that are known" in err
    code, _, err = mammoview("evaluate", "--model", "toy-patch", "--data", table, "--fold", 1)
    assert (code, "fold was named without its table" in err) == (2, True)
