"""Every architecture as an ONNX graph: the same answers as torch, whole and in tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mammoview.models import runtime
from mammoview.models.devices import CPU
from mammoview.models.engines import OnnxEngine, OutOfMemoryError, Outputs
from mammoview.models.export import write_package
from mammoview.models.graphs import export_graph
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Calibration, Evaluation, Identity, Task
from mammoview.models.preprocess import Preprocess
from mammoview.models.registry import read_info
from mammoview.models.runtime import open_runner

from .compact import COMPACT, compact_net  # noqa: TID252 - tests are no package that could be named

FIXED = (192, 160)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LoadedPackage]:
    root = tmp_path_factory.mktemp("graphs")
    loaded = {}
    for architecture in COMPACT:
        network = compact_net(architecture)
        identity = Identity(
            id=architecture,
            version="1.0",
            name="Toy",
            task=Task.SEGMENTATION if "unet" in architecture else Task.WHOLE_IMAGE,
            labels=tuple(f"label {k}" for k in range(network.sizes.outputs)),
            licence="CC-BY-4.0",
            training_data="Random numbers.",
        )
        info = write_package(
            root / architecture,
            network,
            identity=identity,
            preprocess=Preprocess(),
            calibration=Calibration(),
            evaluation=Evaluation(),
            card="# Toy\n",
            precision="fp32",
        )
        loaded[architecture] = load(read_info(info.folder))
    return loaded


def images(count: int, size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, 1, *size)).astype(np.float32)


@pytest.mark.parametrize("architecture", COMPACT)
@pytest.mark.parametrize(("count", "size"), [(3, FIXED), (1, (96, 224))])
def test_the_graph_answers_as_torch_does(
    packages: dict[str, LoadedPackage], architecture: str, count: int, size: tuple[int, int]
) -> None:
    if architecture.endswith("heatmap"):
        size = FIXED
    batch = images(count, size)
    by_onnx, by_torch = (
        open_runner(packages[architecture], backend=backend, threads=1).run(batch) for backend in ("onnx", "torch")
    )
    assert by_onnx.keys() == by_torch.keys() != set()
    for name, expected in by_torch.items():
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(by_onnx[name], expected, atol=1e-4 * scale, rtol=0)
    # An answer that does not depend on the image would agree too.
    other = open_runner(packages[architecture], threads=1).run(-3 * batch)
    assert all(np.abs(other[name] - by_onnx[name]).max() > 1e-3 for name in other)


def test_three_classes_come_as_three_channels_that_sum_to_one(packages: dict[str, LoadedPackage]) -> None:
    found = open_runner(packages["bcir-unet-3"], threads=1).run(images(2, (64, 96)))["probabilities"]
    assert found.shape == (2, 3, 64, 96)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


class SmallEngine:
    """ONNX Runtime with room for so many pixels at once."""

    def __init__(self, package: LoadedPackage, *, room: int, **_: object) -> None:
        self._engine = OnnxEngine(package, threads=1)
        self._room = room

    def run(self, batch: np.ndarray) -> Outputs:
        self._measure(batch)
        return self._engine.run(batch)

    def run_tile(self, batch: np.ndarray) -> Outputs:
        self._measure(batch)
        return self._engine.run_tile(batch)

    def head(self, features: np.ndarray) -> np.ndarray:
        return self._engine.head(features)

    def _measure(self, batch: np.ndarray) -> None:
        if batch.size > self._room:
            raise OutOfMemoryError


TILED = ["vgg-patch", "vgg-resnet-whole-image", "resnet-vgg-whole-image", "resnet-attention", "vgg-heatmap"]


@pytest.mark.parametrize("architecture", [*TILED, "bcir-unet-3"])
def test_tiles_give_what_the_whole_image_gives(
    packages: dict[str, LoadedPackage], architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tile, size = (32, FIXED) if architecture.endswith("heatmap") else (64, (416, 384))
    monkeypatch.setattr(runtime, "TILE_PX", tile)
    batch = images(1, size)
    expected = open_runner(packages[architecture], backend="torch").run(batch)
    room = size[0] * size[1] - 1
    monkeypatch.setattr(runtime, "OnnxEngine", lambda package, threads: SmallEngine(package, room=room))
    notes: list[str] = []
    found = open_runner(packages[architecture], device=CPU, on_note=notes.append).run(batch)
    assert [note.split(": ")[1] for note in notes] == [f"going on in tiles of {tile} pixels."]
    assert found.keys() == expected.keys()
    for name in expected:
        scale = max(1.0, float(np.abs(expected[name]).max()))
        np.testing.assert_allclose(found[name], expected[name], atol=1e-4 * scale, rtol=0)


@pytest.mark.parametrize("architecture", COMPACT)
def test_the_same_network_gives_the_same_bytes(tmp_path: Path, architecture: str) -> None:
    first, second = (export_graph(compact_net(architecture)) for _ in range(2))
    assert first == second
    assert len(first) < 60_000
