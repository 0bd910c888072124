"""Small packages for the tests of this folder: compact networks, written once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mammoview.core.findings import PatchClass
from mammoview.models.export import write_package
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Score, Task
from mammoview.models.networks import Network, build
from mammoview.models.preprocess import ImageSpec, PatchSpec, Preprocess
from mammoview.models.registry import PackageInfo, read_info

BODY = {"depths": [1, 1, 1, 1], "width": 8, "in_channels": 1}
ARCHITECTURES: dict[Task, tuple[str, dict[str, object]]] = {
    Task.WHOLE_IMAGE: ("resnet-whole-image", {**BODY, "top": [[8, 8, 16]], "top_units": 1}),
    Task.PATCH: ("resnet-patch", BODY),
    Task.SEGMENTATION: ("bcir-unet", {"width": 2}),
}
LABELS = {
    Task.WHOLE_IMAGE: ("benign", "malignant"),
    Task.PATCH: tuple(PatchClass),
    Task.SEGMENTATION: ("lesion",),
}


def make_network(task: Task, *, seed: int = 0) -> Network:
    """A compact network whose batch norms have seen data, so that nothing is trivially zero or one."""
    torch.manual_seed(seed)
    net = build(*ARCHITECTURES[task]).train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.randn(2, 1, 128, 96))
    return net.eval()


def make_identity(task: Task) -> Identity:
    return Identity(
        id=f"toy-{task.value.replace('_', '-')}",
        version="1.0",
        name="Toy",
        task=task,
        labels=LABELS[task],
        score=None if task is Task.SEGMENTATION else Score(meaning="Toy score.", training_prevalence=0.5),
        licence="CC-BY-4.0",
        training_data="Random numbers.",
    )


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[Task, Path]:
    """A package folder for each task; tests that change one take `toy_copy`."""
    root = tmp_path_factory.mktemp("packages")
    folders = {}
    for task in ARCHITECTURES:
        network = make_network(task)
        info = write_package(
            root / task.value,
            network,
            identity=make_identity(task),
            preprocess=Preprocess(image=ImageSpec(rows=128, columns=96), patch=PatchSpec(size_px=64)),
            calibration=Calibration(),
            evaluation=Evaluation(),
            card="# Toy\n",
        )
        folders[task] = info.folder
    return folders


@pytest.fixture(scope="session")
def toys(pristine: dict[Task, Path]) -> dict[Task, LoadedPackage]:
    """The packages, loaded."""
    return {task: load(read_info(folder)) for task, folder in pristine.items()}


@pytest.fixture
def toy_copy(pristine: dict[Task, Path], tmp_path: Path) -> Callable[[Task], PackageInfo]:
    """Copies a package to where it may be spoilt."""

    def copy(task: Task = Task.SEGMENTATION) -> PackageInfo:
        return read_info(Path(shutil.copytree(pristine[task], tmp_path / f"copy-{task.value}")))

    return copy
