"""Devices, parity of the backends, and going on with less memory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from mammoview.core.errors import DeviceError, ModelPackageError, UsageError
from mammoview.models import engines, runtime
from mammoview.models.architectures import BCirUNetSizes
from mammoview.models.devices import CPU, Device, DeviceKind, resolve_device
from mammoview.models.engines import OnnxEngine, OutOfMemoryError, Outputs, TorchEngine
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Task
from mammoview.models.networks import BCirUNet
from mammoview.models.networks.bodies import body_for
from mammoview.models.networks.resnet import ResNetBody
from mammoview.models.registry import PackageInfo
from mammoview.models.runtime import Backend, open_runner
from mammoview.models.sizes import ResNetSizes, VggSizes
from mammoview.models.tiling import reach_of, tiles_of

FAKE_CUDA = Device(DeviceKind.CUDA, 0, "Fake GPU")
# Nets for priors read sequences; they have tests of their own.
TASKS = [task for task in Task if task is not Task.PRIORS]
ANSWER = {Task.WHOLE_IMAGE: "logits", Task.PATCH: "logits", Task.SEGMENTATION: "probabilities"}


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def images(count: int, rows: int = 128, columns: int = 96, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 1, rows, columns)).astype(np.float32)


def shares(outputs: Outputs) -> np.ndarray:
    if "logits" in outputs:
        return torch.softmax(torch.from_numpy(outputs["logits"]), dim=1).numpy()
    return outputs["probabilities"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("size", [(128, 96), (64, 160)])
def test_onnx_and_torch_give_the_same_probabilities(
    toys: dict[Task, LoadedPackage], task: Task, size: tuple[int, int]
) -> None:
    batch = images(3, *size)
    by_onnx = open_runner(toys[task], backend="onnx", threads=1).run(batch)
    by_torch = open_runner(toys[task], backend=Backend.TORCH, threads=1).run(batch)
    assert by_onnx.keys() == by_torch.keys()
    assert np.abs(shares(by_onnx) - shares(by_torch)).max() < 1e-4
    if "features" in by_onnx:
        assert by_onnx["features"].shape == (3, 256, size[0] // 32, size[1] // 32)
        np.testing.assert_allclose(by_onnx["features"], by_torch["features"], atol=1e-3)


@pytest.mark.parametrize("backend", [Backend.ONNX, Backend.TORCH])
def test_two_runs_give_the_same_numbers(toys: dict[Task, LoadedPackage], backend: Backend) -> None:
    runner = open_runner(toys[Task.WHOLE_IMAGE], backend=backend, threads=1)
    batch = images(2)
    first, second = runner.run(batch), open_runner(toys[Task.WHOLE_IMAGE], backend=backend, threads=1).run(batch)
    for name in first:
        np.testing.assert_array_equal(first[name], runner.run(batch)[name])
        np.testing.assert_array_equal(first[name], second[name])


def test_bf16_is_near_but_not_the_same(toys: dict[Task, LoadedPackage]) -> None:
    batch = images(2)
    exact = open_runner(toys[Task.WHOLE_IMAGE], backend="torch").run(batch)
    rough = open_runner(toys[Task.WHOLE_IMAGE], backend="torch-bf16").run(batch)
    assert rough["logits"].dtype == np.float32
    difference = np.abs(shares(exact) - shares(rough)).max()
    assert 0 < difference < 0.05


def test_empty_batch_gives_nothing(toys: dict[Task, LoadedPackage]) -> None:
    assert open_runner(toys[Task.PATCH]).run(images(0)) == {}


def test_package_without_graph_needs_torch(toys: dict[Task, LoadedPackage]) -> None:
    package = toys[Task.PATCH]
    bare = LoadedPackage(
        package.info, package.preprocess, package.calibration, package.evaluation, package.state, graph=None
    )
    with pytest.raises(ModelPackageError, match="no graph"):
        open_runner(bare, backend="onnx")
    assert open_runner(bare, backend="torch").run(images(1))["logits"].shape == (1, 5)


def test_damaged_graph_is_refused(toys: dict[Task, LoadedPackage]) -> None:
    package = toys[Task.PATCH]
    damaged = LoadedPackage(
        package.info, package.preprocess, package.calibration, package.evaluation, package.state, graph=b"\x08\x01junk"
    )
    with pytest.raises(ModelPackageError, match="cannot be used"):
        open_runner(damaged, backend="onnx")


def test_graph_opens_no_file_beside_it(
    toy_copy: Callable[[Task], PackageInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = load(toy_copy(Task.SEGMENTATION))
    (package.info.folder / "weights.safetensors").unlink()
    monkeypatch.chdir(package.info.folder)
    assert open_runner(package).run(images(1))["probabilities"].shape == (1, 1, 128, 96)


@pytest.mark.parametrize("wish", ["gpu", "cuda:", "cuda:x", "CPU", ""])
def test_word_that_is_no_device(wish: str) -> None:
    with pytest.raises(UsageError):
        resolve_device(wish)


def test_device_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == resolve_device("cpu") == CPU
    with pytest.raises(DeviceError, match="MPS"):
        resolve_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto").kind is DeviceKind.MPS
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(DeviceError, match="CPU only"):
        resolve_device("cuda")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    assert resolve_device("auto").torch_name == "cuda:0"
    assert resolve_device("cuda:1") == Device(DeviceKind.CUDA, 1, "GPU 1")
    with pytest.raises(DeviceError, match="no CUDA device 2"):
        resolve_device("cuda:2")


class SmallEngine:
    """A CPU engine with room for so many pixels at once, in place of a device."""

    def __init__(self, package: LoadedPackage, room: int) -> None:
        self._engine = TorchEngine(package, CPU)
        self._room = room

    def run(self, batch: np.ndarray) -> Outputs:
        if batch.size > self._room:
            raise OutOfMemoryError
        return self._engine.run(batch)

    def run_tile(self, batch: np.ndarray) -> Outputs:
        if batch.size > self._room:
            raise OutOfMemoryError
        return self._engine.run_tile(batch)

    def head(self, features: np.ndarray) -> np.ndarray:
        return self._engine.head(features)


def small_runner(
    monkeypatch: pytest.MonkeyPatch, package: LoadedPackage, room: int
) -> tuple[runtime.Runner, list[str]]:
    monkeypatch.setattr(runtime, "TorchEngine", lambda package, device, is_bf16: SmallEngine(package, room))
    notes: list[str] = []
    return open_runner(package, device=FAKE_CUDA, on_note=notes.append), notes


def test_out_of_memory_halves_the_batch_and_keeps_the_order(
    monkeypatch: pytest.MonkeyPatch, toys: dict[Task, LoadedPackage], caplog: pytest.LogCaptureFixture
) -> None:
    package = toys[Task.WHOLE_IMAGE]
    batch = images(5)
    expected = open_runner(package, backend="torch").run(batch)
    runner, notes = small_runner(monkeypatch, package, room=2 * 128 * 96)
    with caplog.at_level(logging.WARNING):
        found = runner.run(batch)
    np.testing.assert_allclose(found["logits"], expected["logits"], atol=1e-5)
    assert notes == [record.message for record in caplog.records]
    assert notes == ["Fake GPU ran out of memory with Toy: going on with 2 at a time."]
    runner.run(batch)
    assert len(notes) == 1


@pytest.mark.parametrize("task", [Task.WHOLE_IMAGE, Task.SEGMENTATION])
def test_out_of_memory_with_one_image_goes_on_in_tiles(
    monkeypatch: pytest.MonkeyPatch, toys: dict[Task, LoadedPackage], task: Task
) -> None:
    monkeypatch.setattr(runtime, "TILE_PX", 64)
    batch = images(2, 416, 320)
    expected = open_runner(toys[task], backend="torch").run(batch)
    runner, notes = small_runner(monkeypatch, toys[task], room=320 * 320)
    found = runner.run(batch)
    assert [note.split(": ")[1] for note in notes] == ["going on with 1 at a time.", "going on in tiles of 64 pixels."]
    assert runner.device == FAKE_CUDA
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-4)


def test_out_of_memory_in_tiles_moves_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, toys: dict[Task, LoadedPackage]
) -> None:
    package = toys[Task.SEGMENTATION]
    runner, notes = small_runner(monkeypatch, package, room=10)
    assert runner.backend is Backend.TORCH
    found = runner.run(images(2))
    assert notes[-1] == "Fake GPU ran out of memory with Toy: going on with the CPU."
    assert (runner.device, runner.backend) == (CPU, Backend.ONNX)
    expected = open_runner(package).run(images(2))
    np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=1e-5)


def test_out_of_memory_on_the_cpu_is_told(monkeypatch: pytest.MonkeyPatch, toys: dict[Task, LoadedPackage]) -> None:
    monkeypatch.setattr(runtime, "OnnxEngine", lambda package, threads: SmallEngine(package, 10))
    runner = open_runner(toys[Task.PATCH])
    with pytest.raises(DeviceError, match="does not suffice"):
        runner.run(images(2))


def test_no_memory_for_the_weights_moves_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, toys: dict[Task, LoadedPackage]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutOfMemoryError

    notes: list[str] = []
    monkeypatch.setattr(runtime, "TorchEngine", full)
    runner = open_runner(toys[Task.PATCH], device=FAKE_CUDA, on_note=notes.append)
    assert runner.device == CPU
    assert len(notes) == 1
    with pytest.raises(DeviceError, match="does not suffice"):
        open_runner(toys[Task.PATCH], backend="torch-bf16")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: not enough memory"),
        RuntimeError("MPS backend out of memory"),
    ],
)
def test_torch_memory_errors_are_recognised(
    monkeypatch: pytest.MonkeyPatch, toys: dict[Task, LoadedPackage], error: Exception
) -> None:
    def fail(*_: object) -> torch.Tensor:
        raise error

    monkeypatch.setattr(ResNetBody, "forward", fail)
    with pytest.raises(OutOfMemoryError):
        TorchEngine(toys[Task.PATCH], CPU).run(images(1))


def test_other_errors_are_not_taken_for_memory(toys: dict[Task, LoadedPackage]) -> None:
    with pytest.raises(RuntimeError, match="channels"):
        TorchEngine(toys[Task.PATCH], CPU).run(np.zeros((1, 3, 64, 64), np.float32))
    with pytest.raises(engines._ONNX_ERRORS):
        OnnxEngine(toys[Task.PATCH]).run(np.zeros((1, 3, 64, 64), np.float32))


@pytest.mark.parametrize(
    "error", [MemoryError(), engines._ONNX_ERRORS[0]("Failed to allocate memory for requested buffer of size 9")]
)
def test_onnx_memory_errors_are_recognised(toys: dict[Task, LoadedPackage], error: Exception) -> None:
    class Full:
        def run(self, *_: object) -> None:
            raise error

    engine = OnnxEngine(toys[Task.PATCH])
    engine._session = Full()
    with pytest.raises(OutOfMemoryError):
        engine.run(images(1))


def reach_seen(net: torch.nn.Module, size: int, stride: int) -> int:
    """How far from its own block of pixels the middle position of a map looks, by its gradient."""
    batch = torch.randn(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    output = net.double().eval()(batch)
    middle = output.shape[-1] // 2
    (gradient,) = torch.autograd.grad(output[0, :, middle, middle].sum(), batch)
    rows = torch.nonzero(gradient[0, 0].abs().sum(dim=1)).flatten()
    block = middle * (size // output.shape[-1]) // stride * stride
    return max(block - int(rows[0]), int(rows[-1]) - (block + stride - 1))


def test_margins_of_tiles_reach_as_far_as_the_networks() -> None:
    torch.manual_seed(0)
    for sizes in (
        ResNetSizes(depths=(1, 2, 2, 1), width=4, in_channels=1),
        VggSizes(depths=(2, 1, 2, 3, 3), width=4, in_channels=1),
    ):
        stride, margin = reach_of(sizes)
        assert margin - stride < reach_seen(body_for(sizes), 256, stride) <= margin
    unet_sizes = BCirUNetSizes(width=4)
    stride, margin = reach_of(unet_sizes)
    assert 0 < reach_seen(BCirUNet(unet_sizes), 512, stride) <= margin


def test_tiles_cover_everything_once() -> None:
    seen = np.zeros((416, 320), int)
    for tile in tiles_of(416, 320, tile_px=128, sizes=BCirUNetSizes()):
        seen[tile.core] += 1
        assert all(part.start % 16 == 0 for part in tile.read)
    assert (seen == 1).all()


@pytest.mark.gpu
@pytest.mark.parametrize("task", TASKS)
def test_cuda_gives_the_scores_of_the_cpu(toys: dict[Task, LoadedPackage], task: Task) -> None:
    batch = images(4)
    runner = open_runner(toys[task], device=resolve_device("cuda"))
    found, expected = runner.run(batch), open_runner(toys[task]).run(batch)
    assert runner.device.kind is DeviceKind.CUDA
    assert np.abs(shares(found) - shares(expected)).max() < 1e-4
    np.testing.assert_array_equal(found[ANSWER[task]], runner.run(batch)[ANSWER[task]])
    rough = open_runner(toys[task], device=resolve_device("cuda"), backend="torch-bf16").run(batch)
    assert np.abs(shares(rough) - shares(expected)).max() < 0.05
