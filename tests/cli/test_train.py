"""``mammoview train`` and the trainers: one message for what is wrong, a package from a miniature data set."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mammoview.cli import train as command
from mammoview.core.errors import MammoViewError
from mammoview.core.progress import Progress
from mammoview.models.manifest import TRAINING, read_words
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.recipes import launch
from mammoview.training.recipes.launch import Kind, Order

Mammoview = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[2]
TRAINERS = {
    "train_patch": Kind.PATCH,
    "train_whole_image": Kind.IMAGE,
    "train_segmenter": Kind.SEGMENT,
    "train_priors": Kind.PRIORS,
}
CONFIG = """
seed = 1
batch_size = 4
loss = "cross_entropy"
[package]
id = "miniature"
version = "0.1"
title = "Miniature"
score_meaning = "nothing"
[network]
architecture = "resnet-patch"
sizes = { depths = [1, 1, 1, 1], width = 4, in_channels = 1 }
[preprocess]
patch = { size_px = 32, equalise = "standard", mean = 0.5, std = 0.17 }
image = { rows = 64, columns = 64, equalise = "standard", mean = 0.5, std = 0.17 }
[split]
seed = 1
validation_share = 0.5
[[stages]]
name = "all"
epochs = 2
learning_rate = 1e-3
"""


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """A training sets the threads of its process."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


@pytest.fixture(scope="module")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CBIS-DDSM with twenty patients: a film with one mass each, every fourth also has a crop of calcifications."""
    root = tmp_path_factory.mktemp("miniature")
    base = root / "cbis_ddsm"
    rng = np.random.default_rng(0)
    head = "patient_id,breast_density,left or right breast,image view,abnormality id,pathology\n"
    tables = {"mass": head, "calc": head.replace("_density", " density")}
    coco: dict[str, list[dict[str, object]]] = {"images": [], "annotations": []}
    for number in range(20):
        name, pathology = f"{number:05d}", "MALIGNANT" if number % 2 else "BENIGN"
        # On a film of 4800 by 3200, told in the 800 by 800 of the stretched picture.
        film = rng.integers(60, 90, (800, 800)).astype(np.uint8)
        film[200:300, 300:400] = 180
        coco["images"].append({"id": number, "file_name": f"{name}_LEFT_CC.jpg"})
        coco["annotations"].append({"id": number, "image_id": number, "bbox": [300, 200, 100, 100]})
        write_gray(base / "mammograms" / f"{name}_LEFT_CC.jpg", film)
        crop = np.full((632, 432), 180, np.uint8)
        write_gray(base / "crops" / "mass" / pathology.lower() / f"P_{name}_LEFT_CC_3_1.jpg", crop)
        tables["mass"] += f"P_{name},2,LEFT,CC,1,{pathology}\n"
        if number % 4 < 2:
            spots = rng.integers(0, 255, (300, 300)).astype(np.uint8)
            write_gray(base / "crops" / "calc" / pathology.lower() / f"P_{name}_RIGHT_CC_3_1.jpg", spots)
            tables["calc"] += f"P_{name},2,RIGHT,CC,1,{pathology}\n"
    for kind, text in tables.items():
        (base / f"{kind}_cases.csv").write_text(text, encoding="utf-8")
    (base / "mass_boxes.coco.json").write_text(json.dumps(coco), encoding="utf-8")
    return root


def write_gray(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "miniature.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_a_patch_classifier_from_files_to_a_package(
    mammoview: Mammoview, miniature: Path, config: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = ("train", "patch", "--config", config, "--data", miniature, "--out", out, "--device", "cpu")
    code, printed, told = mammoview(*words)
    assert code == 0, told
    assert "Epoch 2 of 2 (all), loss" in told
    info = read_info(out / "package")
    assert info.id == "miniature"
    # The package says how it was trained.
    assert read_words(info.folder, info.manifest, TRAINING, TrainingConfig) == read_config(config)
    assert f"Written: {info.folder}" in printed
    assert "# Miniature" in printed
    assert (out / "curves.png").exists()
    assert len((out / "log.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    # A finished run is not run again.
    code, _, told = mammoview(*words)
    assert (code, told.splitlines()[0]) == (2, f"mammoview: {out} holds a finished package already.")


def test_ctrl_c_says_how_to_go_on(
    mammoview: Mammoview, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(order: Order, progress: Progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "_launch", interrupted)
    code, _, told = mammoview("train", "patch", "--config", config, "--data", tmp_path, "--out", tmp_path / "run")
    assert code == 3
    assert told.splitlines() == [
        f"mammoview: Training was stopped; what it had finished is kept in {tmp_path / 'run'}.",
        "The same command goes on after the last whole epoch.",
    ]


@pytest.mark.parametrize("kind", Kind)
def test_a_bad_config_is_one_message(mammoview: Mammoview, kind: Kind, tmp_path: Path) -> None:
    config = tmp_path / "bad.toml"
    config.write_text(CONFIG.replace("batch_size = 4", "batch_size = 0"), encoding="utf-8")
    code, printed, told = mammoview("train", kind.value, "--config", config, "--data", tmp_path, "--out", tmp_path)
    assert (code, printed) == (2, "")
    first, hint = told.splitlines()
    assert "“batch_size” wrongly" in first
    assert hint == "Correct it."


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("patch", "--data", "nowhere"), 3, "nowhere does not exist"),
        (("patch", "--device", "toaster"), 2, "“toaster” is not a device"),
        (("image",), 2, "starts from a package"),
        (("priors",), 2, "starts from a package"),
        (("segment", "--precision", "int4"), 2, "--precision"),
        (("nothing",), 2, "nothing"),
    ],
)
def test_what_cannot_work_is_said_first(
    mammoview: Mammoview, words: tuple[str, ...], code: int, message: str, config: Path, tmp_path: Path
) -> None:
    kind, *more = words
    given = ("train", kind, "--config", config, "--data", tmp_path, "--out", tmp_path / "run", *more)
    found, printed, told = mammoview(*given)
    assert (found, printed) == (code, "")
    assert message in told
    assert "Traceback" not in told
    assert not (tmp_path / "run").exists()


def test_the_command_line_decides_arithmetic_and_machine(
    mammoview: Mammoview, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Order] = []

    def note(order: Order, progress: Progress) -> None:
        asked.append(order)
        raise MammoViewError("Enough.")

    monkeypatch.setattr(command, "launch", note)
    mammoview(
        *("train", "image", "--config", config, "--data", tmp_path, "--out", tmp_path, "--parent", tmp_path / "p"),
        *("--device", "cuda:1", "--precision", "fp16", "--devices", 4, "--nodes", 2, "--threads", 3, "--workers", 5),
    )
    assert asked == [
        Order(
            kind=Kind.IMAGE,
            config=config,
            data=tmp_path,
            out=tmp_path,
            parent=tmp_path / "p",
            precision=launch.Precision.FP16,
            device="cuda:1",
            devices=4,
            nodes=2,
            threads=3,
            workers=5,
        )
    ]


@pytest.mark.parametrize("name", TRAINERS)
def test_each_trainer_is_the_command(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = ROOT / "trainers" / f"{name}.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60
    started = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True)
    assert "--config" in started.stdout
    # The same file in this process, where torch is loaded already.
    asked: list[Order] = []

    def note(order: Order, progress: Progress) -> PackageInfo:
        asked.append(order)
        return launch.launch(order, progress)

    monkeypatch.setattr(command, "launch", note)
    monkeypatch.setattr(sys, "argv", [name, "--config", "absent.toml", "--data", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(script), run_name="__main__")
    assert ended.value.code == 2
    assert [order.kind for order in asked] == [TRAINERS[name]]
    assert capsys.readouterr().err.splitlines() == [
        "mammoview: The training config absent.toml cannot be read.",
        "Name one of trainers/configs.",
    ]


def test_help_names_every_kind(mammoview: Mammoview) -> None:
    code, printed, _ = mammoview("train", "--help")
    assert code == 0
    assert all(kind.value in printed for kind in Kind)


def test_progress_in_a_log_is_a_line_for_each_text(tmp_path: Path) -> None:
    with (tmp_path / "log.txt").open("w", encoding="utf-8") as file:
        tell = launch.lines_to(file)
        for fraction, text in ((0.0, "Epoch 1"), (0.2, "Epoch 1"), (0.5, "Epoch 2")):
            tell(fraction, text)
    lines = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(" s ")[1] for line in lines] == ["   0%  Epoch 1", "  50%  Epoch 2"]
