"""What a CUDA card gives: images a second analysed, patches a second learned from, and the share of what it can do.

``python -m bench.accelerator``. The published nets at full size, random weights. The yardstick is the card's own rate
for products of large bfloat16 matrices, measured first. FLOPs are counted by torch on shapes alone. Without a card one
line says so. ``--device cpu`` goes the same way with small shapes, to see that it works; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.networks import CASES, Case, full_size
from bench.packages import CONFIGS
from bench.training import STEPS, made_up_tiles, rate_of
from mammoview.models.devices import resolve_device
from mammoview.models.networks import build
from mammoview.models.runtime import Backend, open_runner
from mammoview.training.cases.samples import TileBatches
from mammoview.training.config import TrainingConfig, read_config
from mammoview.training.judging.measure import patch_spec
from mammoview.training.learning.loop import Batch, Machine
from mammoview.training.learning.losses import balanced_cross_entropy

RUNS = 5
NO_SIZES: Mapping[str, object] = MappingProxyType({})
PATCH_CONFIG = CONFIGS / "published" / "patch-resnet50-s10.toml"


@dataclass(frozen=True)
class Scale:
    """How large everything is: for a card, or to try the way on a processor."""

    matrix: int
    images: int
    patches: int
    shrink: int


FULL, SMALL = Scale(8192, 16, 256, 1), Scale(512, 2, 2, 8)


def timed(work: Callable[[], object], device: torch.device, runs: int = RUNS) -> float:
    """Seconds of the fastest run, the device's queue emptied before and after; one run before does not count."""
    best = float("inf")
    for count in range(runs + 1):
        synchronise(device)
        start = time.perf_counter()
        work()
        synchronise(device)
        best = min(best, time.perf_counter() - start) if count else best
    return best


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matrix_rate(device: torch.device, side: int) -> float:
    """FLOPs a second of bfloat16 matrix products."""
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))

    def ten() -> None:
        for _ in range(10):
            torch.mm(one, other)

    return 10 * 2 * side**3 / timed(ten, device)


def flops(
    architecture: str, shape: tuple[int, ...], *, is_training: bool, sizes: Mapping[str, object] = NO_SIZES
) -> int:
    """FLOPs of one pass forward, or forward and back; two for a multiplication with its addition."""
    with torch.device("meta"):
        network = build(architecture, sizes).train(is_training)
        images = torch.empty(shape)
    with FlopCounterMode(display=False) as counter, torch.set_grad_enabled(is_training):
        told = network(images)
        if is_training:
            told.sum().backward()
    return int(counter.get_total_flops())


def inference(case: Case, device: torch.device, scale: Scale, yardstick: float, folder: Path) -> None:
    """A line for each arithmetic: images through our `Runner`, copies to and from the device included."""
    shape = (
        scale.images,
        case.channels,
        *(max(64, side // scale.shrink // 32 * 32) for side in (case.rows, case.columns)),
    )
    images = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    package = full_size(case, folder)
    work = flops(case.architecture, shape, is_training=False)
    for backend in (Backend.TORCH, Backend.TORCH_BF16):
        runner = open_runner(package, device=resolve_device(str(device)), backend=backend)
        seconds = timed(lambda runner=runner: runner.run(images), device)  # type: ignore[misc]
        line(f"{case.name}, {shape[2]}×{shape[3]}, {backend.value}", shape[0] / seconds, work / seconds / yardstick)


def training(config: TrainingConfig, device: torch.device, scale: Scale, yardstick: float) -> None:
    """Two lines for the real loop: on one batch that lies in memory, and on tiles that it draws."""
    config = config.model_copy(update={"batch_size": scale.patches, "arithmetic": "bf16"})
    spec = patch_spec(config)
    one = flops(
        config.network.architecture,
        (1, spec.channels, spec.size_px, spec.size_px),
        is_training=True,
        sizes=config.network.sizes,
    )
    shape = (scale.patches, spec.channels, spec.size_px, spec.size_px)
    ready = Batch(torch.randn(shape), torch.arange(scale.patches) % 5)
    machine = Machine(device=str(device), workers=os.cpu_count() or 1)
    drawn = TileBatches(made_up_tiles(STEPS * scale.patches), spec, scale.patches, config.augment)

    def again(rng: np.random.Generator) -> Iterator[Batch]:
        del rng
        return (ready for _ in range(STEPS))

    for name, batches in (("one batch", again), ("tiles drawn as it goes", drawn)):
        # The first epoch warms up and chooses algorithms.
        rate = rate_of(config, batches, machine, epochs=2)
        line(f"{config.network.architecture}, {spec.size_px}×{spec.size_px}, bf16, training loop, {name}", rate,
             one * rate / yardstick)  # fmt: skip


def bare_training(config: TrainingConfig, device: torch.device, scale: Scale, yardstick: float) -> None:
    """A line for the step alone: what the loop is held against."""
    spec = patch_spec(config)
    net = build(config.network.architecture, config.network.sizes).train()
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    images = torch.randn(scale.patches, spec.channels, spec.size_px, spec.size_px, device=device)
    images, labels = (
        images.contiguous(memory_format=torch.channels_last),
        torch.arange(scale.patches, device=device) % 5,
    )

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16):
            told = net(images)
        balanced_cross_entropy(told.float(), labels).backward()
        optimizer.step()

    rate = scale.patches / timed(step, device)
    one = flops(config.network.architecture, (1, *images.shape[1:]), is_training=True, sizes=config.network.sizes)
    line(f"{config.network.architecture}, {spec.size_px}×{spec.size_px}, bf16, bare step", rate, one * rate / yardstick)


def line(what: str, rate: float, share: float) -> None:
    print(f"| {what} | {rate:.1f} | {share:.1%} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    wish = parser.parse_args().device
    if wish.startswith("cuda") and not torch.cuda.is_available():
        print("no CUDA device: not measured")
        return
    device = torch.device(resolve_device(wish).torch_name)
    scale = SMALL if device.type == "cpu" else FULL
    yardstick = matrix_rate(device, scale.matrix)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor, small shapes"
    print(f"{name}: bfloat16 matrices of {scale.matrix}², {yardstick / 1e12:.1f} TFLOP/s; best of {RUNS}")
    print("\n| network, input, arithmetic | images or patches a second | share of the matrix rate |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            inference(case, device, scale, yardstick, Path(folder))
    config = read_config(PATCH_CONFIG)
    bare_training(config, device, scale, yardstick)
    training(config, device, scale, yardstick)


if __name__ == "__main__":
    main()
