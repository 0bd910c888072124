"""What every test shares: where the real images lie, an isolated home, Qt without a screen."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import cv2
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parent.parent


def data_root() -> Path | None:
    """The folder of real images: MAMMOVIEW_DATA, else ../shared/data beside the checkout, else None."""
    named = os.environ.get("MAMMOVIEW_DATA")
    if named:
        return Path(named)
    beside = ROOT.parent / "shared" / "data"
    return beside if beside.is_dir() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need what this machine lacks, real images or a CUDA device, and say how many."""
    if data_root() is None:
        leave_out("data", "real images (MAMMOVIEW_DATA) and were left out.", config, items)
    if any(item.get_closest_marker("gpu") for item in items):
        import torch

        if not torch.cuda.is_available():
            leave_out("gpu", "a CUDA device and were left out; their CPU twins ran.", config, items)


def leave_out(marker: str, reason: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker(marker)]
    if needing:
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if not item.get_closest_marker(marker)]
        print(f"{len(needing)} tests need {reason}")


@pytest.fixture(autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, models and logs of a test go to a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("MAMMOVIEW_HOME", str(home))
    return home


@pytest.fixture
def no_network(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No process may use the network while the test runs; it fails when one tried. Gives the list of attempts.

    This process is watched where Python code makes sockets; children that start meanwhile, and theirs, are held by the
    kernel as well.
    """
    folder = ROOT / "tests" / "no_network"
    record = tmp_path_factory.mktemp("network") / "attempts"
    monkeypatch.setenv("MAMMOVIEW_TEST_NO_NETWORK", str(record))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))))
    _watch_the_network(folder)
    yield record
    assert not record.exists(), record.read_text()


@cache
def _watch_the_network(folder: Path) -> None:
    found = importlib.util.spec_from_file_location("no_network_guard", folder / "sitecustomize.py")
    assert found is not None
    assert found.loader is not None
    guard = importlib.util.module_from_spec(found)
    found.loader.exec_module(guard)
    sys.addaudithook(guard.watch)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real images; a test that asks for it carries the ``data`` marker."""
    root = data_root()
    assert root is not None
    assert root.is_dir(), f"MAMMOVIEW_DATA names {root}, which is not a folder"
    return root


@pytest.fixture(scope="session")
def fixtures_dir(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a group of made-up files, such as ``fixtures_dir("dihedral")``; written when first wanted.

    `mammoview.dicom.fixtures.GROUPS` names the groups, and `read_manifest` of a folder tells what its files are.
    """
    out = tmp_path_factory.mktemp("fixtures")

    def folder(group: str) -> Path:
        from mammoview.dicom.fixtures import write_group

        return out / group if (out / group).with_suffix(".json").exists() else write_group(out, group)

    return folder


@pytest.fixture(scope="session")
def toy_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a compact untrained package for each task, for the torch backend alone (no graphs)."""
    import torch

    from mammoview.core.findings import PatchClass
    from mammoview.models.export import write_package
    from mammoview.models.manifest import Calibration, Evaluation, Identity, Score, Task
    from mammoview.models.networks import build
    from mammoview.models.preprocess import ImageSpec, PatchSpec, Preprocess

    body: dict[str, object] = {"depths": [1, 1, 1, 1], "width": 8, "in_channels": 1}
    made: dict[Task, tuple[str, dict[str, object], tuple[str, ...]]] = {
        Task.WHOLE_IMAGE: (
            "resnet-whole-image",
            {**body, "top": [[8, 8, 16]], "top_units": 1},
            ("benign", "malignant"),
        ),
        Task.PATCH: ("resnet-patch", body, tuple(PatchClass)),
        Task.SEGMENTATION: ("bcir-unet", {"width": 2}, ("lesion",)),
    }
    root = tmp_path_factory.mktemp("toy-packages")
    # In use by choice: the program's own defaults come before what merely lies in the user's folder.
    chosen = {task.value: f"toy-{task.value.replace('_', '-')}@1.0" for task in made}
    (root / "active.json").write_text(json.dumps(chosen), encoding="utf-8")
    for task, (architecture, sizes, labels) in made.items():
        torch.manual_seed(3)
        network = build(architecture, sizes).train()
        with torch.no_grad():
            for _ in range(3):
                network(torch.randn(2, 1, 128, 96))
        write_package(
            root / task.value,
            network.eval(),
            identity=Identity(
                id=f"toy-{task.value.replace('_', '-')}",
                version="1.0",
                name="Toy",
                task=task,
                labels=labels,
                score=None
                if task is Task.SEGMENTATION
                else Score(meaning="Toy: malignant against benign lesion", training_prevalence=0.5),
                licence="CC-BY-4.0",
                training_data="Random numbers.",
            ),
            preprocess=Preprocess(image=ImageSpec(rows=128, columns=96), patch=PatchSpec(size_px=64)),
            calibration=Calibration(),
            evaluation=Evaluation(),
            card="# Toy\n",
        )
    return root


@pytest.fixture
def toy_models(toy_packages: Path, isolated_home: Path) -> Path:
    """The toy packages, installed and in use; analyses ask for the torch backend."""
    models = isolated_home / "models"
    shutil.copytree(toy_packages, models)
    return models


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four synthetic views as 16-bit pictures, 512 × 416."""
    from mammoview.core.study import Laterality, ViewPosition
    from mammoview.imaging.phantom import make_view

    folder = tmp_path_factory.mktemp("small-study")
    for side in Laterality:
        for view in (ViewPosition.CC, ViewPosition.MLO):
            drawn = make_view(5, view=view, laterality=side, rows=512, columns=416)
            assert cv2.imwrite(str(folder / f"{side.value}-{view.value}.png"), drawn.pixels)
    return folder
