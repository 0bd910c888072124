"""A made-up site so small that it is tuned in no time, and a process that is killed while it tunes.

python made_up_site.py FOLDER PARENT TASK KILL_AT
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch

from mammoview.models.manifest import Calibration, Evaluation
from mammoview.models.networks import build
from mammoview.models.registry import PackageInfo
from mammoview.training.cases.manifest import read_manifest
from mammoview.training.config import TrainingConfig
from mammoview.training.recipes.publish import patch_source, publish, segmenter_source, settle, whole_image_source
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.run_messages import RunRequest
from mammoview.training.tuning.running import run
from mammoview.training.tuning.sealing import Seal, labels_hash

PATIENTS, SIZE = 24, 96
BODY = {"depths": [1, 1, 1, 1], "width": 4, "in_channels": 1, "dropout": 0.0}
NETWORKS: dict[TuneTask, tuple[str, dict[str, object]]] = {
    TuneTask.IMAGE: ("resnet-whole-image", {**BODY, "top": [[8, 8, 16]], "top_units": 1}),
    TuneTask.PATCH: ("resnet-patch", BODY),
    TuneTask.SEGMENT: ("bcir-unet", {"width": 2}),
}
SOURCES = {
    TuneTask.IMAGE: lambda: whole_image_source(0.5),
    TuneTask.PATCH: lambda: patch_source(0.5),
    TuneTask.SEGMENT: segmenter_source,
}


def write_site(folder: Path, *, patients: int = PATIENTS) -> Path:
    """A project's folder: images, table, split and seal; malignant discs are larger and brighter."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.ogrid[:SIZE, :SIZE]
    lines, split = ["path,patient,laterality,view,label,boxes,mask"], ["patient,set"]
    for number in range(patients):
        is_malignant = number % 2 == 1
        disc = (rows - 48) ** 2 + (columns - 30) ** 2 <= (8 + 4 * is_malignant) ** 2
        tissue = ((rows - 48) / 44) ** 2 + (columns / 70) ** 2 < 1
        noise = np.random.default_rng(number).integers(-6, 6, (SIZE, SIZE))
        image = np.where(disc, 170 + 60 * is_malignant, np.where(tissue, 110 + noise, 0))
        for name, pixels in ((f"{number}.png", image), (f"{number}-mask.png", disc * 255)):
            assert cv2.imwrite(str(folder / name), pixels.astype(np.uint8))
        label = "malignant" if is_malignant else "benign"
        lines.append(f"{number}.png,w{number:02d},L,CC,{label},34 16 62 44 mass,{number}-mask.png")
        # Pairs of a benign and a malignant one go to the same side.
        side = ("training", "training", "validation", "test")[number // 2 % 4]
        split.append(f"w{number:02d},{side}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "split.csv").write_text("\n".join(split) + "\n", encoding="utf-8")
    sealed = [case for case in read_manifest(folder / "cases.csv").cases if f"{case.patient},test" in split]
    seal = Seal("made-up", labels_hash(sealed), "", "", 1, 0.25, 0.25, "", len(sealed), len(sealed))
    (folder / "sealed.json").write_text(json.dumps(asdict(seal)), encoding="utf-8")
    return folder


def write_parent(folder: Path, task: TuneTask, *, seed: int = 0) -> PackageInfo:
    """A package of random weights that never saw anybody."""
    architecture, sizes = NETWORKS[task]
    words: dict[str, object] = {
        "package": {"id": f"parent-{task.value}", "version": "1.0", "title": "Parent", "score_meaning": "malignant"},
        "network": {"architecture": architecture, "sizes": sizes},
        "preprocess": {"patch": {"size_px": 32}, "image": {"rows": 64, "columns": 32}},
        "split": {"seed": 1},
        "stages": [{"name": "all", "epochs": 1, "learning_rate": 1e-3}],
        "batch_size": 4,
        "seed": 1,
        "loss": "cross_entropy",
    }
    torch.manual_seed(seed)
    net = settle(build(architecture, sizes))
    evaluation = Evaluation(protocol="none", split_sha256="a" * 64)
    config = TrainingConfig.model_validate(words)
    return publish(folder, net, config, source=SOURCES[task](), calibration=Calibration(), evaluation=evaluation)


def main(folder: Path, parent: Path, task: TuneTask, kill_at: int) -> None:
    asked = iter(range(1_000_000))

    def cancel() -> bool:
        if next(asked) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    run(RunRequest(str(folder), task, str(parent), device="cpu"), lambda *_: None, cancel, lambda _: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), TuneTask(sys.argv[3]), int(sys.argv[4]))
