"""What a training will cost here: two batches are learned from, and nothing of it is kept."""

from __future__ import annotations

import gc
import importlib
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mammoview.core.errors import DeviceError
from mammoview.core.progress import stop_if_cancelled
from mammoview.models.devices import resolve_device
from mammoview.models.manifest import Task
from mammoview.training.cases.case_images import case_images
from mammoview.training.cases.case_tiles import case_tiles, masked_tiles
from mammoview.training.cases.lost import Lost
from mammoview.training.cases.samples import ImageBatches, TileBatches
from mammoview.training.learning import losses
from mammoview.training.learning.prefetch import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from mammoview.core.progress import Cancel, Progress
    from mammoview.training.cases.case import Case
    from mammoview.training.config import TrainingConfig

#: Batches that are tried; the first warms up and is not counted.
_TRIED = 2


@dataclass(frozen=True)
class Cost:
    """What two batches took.

    Attributes
    ----------
    seconds_per_step, seconds_per_look, seconds_per_case
        Of learning from one batch; of judging one, as after each epoch; of preparing one case.
    samples_per_case
        Lesions with their background, or 1 image.
    memory_mb
        The most that was in use, the program itself included; None where the system does not say.
    batch_size
        The largest that fits, at most the one that was asked for.
    """

    seconds_per_step: float
    seconds_per_look: float
    seconds_per_case: float
    memory_mb: float | None
    batch_size: int
    samples_per_case: float = 1.0

    def epoch_s(self, learned: int, watched: int) -> float:
        """Seconds of an epoch over so many cases that are learned from, and so many that are watched."""
        steps = max(1, int(learned * self.samples_per_case) // self.batch_size)
        looks = math.ceil(watched * self.samples_per_case / self.batch_size)
        return steps * self.seconds_per_step + looks * self.seconds_per_look


def measure_cost(
    network: Callable[[], nn.Module],
    task: Task,
    config: TrainingConfig,
    cases: Sequence[Case],
    *,
    device: str,
    run: Path,
    progress: Progress,
    cancel: Cancel,
) -> Cost:
    """Prepare a few cases and learn from two batches; nothing of it is kept.

    Parameters
    ----------
    network
        Gives the net that is to learn; its own numbers stay as they are.
    task
        What it is for.
    config
        Whose batch is tried; where it does not fit, half of it, and so on.
    cases
        To learn from: the first ones are prepared.

    Raises
    ------
    DeviceError
        When not even one image fits.
    """
    started = time.perf_counter()
    some = cases[: min(len(cases), 6)]
    batches = _batches(task, config, some, run, progress, cancel)
    preparing = (time.perf_counter() - started) / len(some)
    loss, size = losses.loss_named(config.loss), config.batch_size
    per_case = sum(len(batch.images) for batch in batches) / len(some)
    torch_device = torch.device(resolve_device(device).torch_name)
    while True:
        stop_if_cancelled(cancel)
        try:
            step, look = _seconds(network, config, _filled(batches, size), loss, torch_device)
            return Cost(step, look, preparing, _memory_mb(torch_device), size, per_case)
        except (RuntimeError, MemoryError) as error:
            if not (isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)):
                raise
            if size == 1:
                raise DeviceError("Not even one image fits in this device's memory.", "Choose another.") from error
            size //= 2
            gc.collect()


def _seconds(
    network: Callable[[], nn.Module],
    config: TrainingConfig,
    batch: Batch,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    device: torch.device,
) -> tuple[float, float]:
    """Of learning from a batch, and of judging it."""
    net = network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    # What learns here is a copy.
    net.load_state_dict({name: value.clone() for name, value in net.state_dict().items()}, assign=True)
    net.requires_grad_(True).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-9)
    images = batch.images.to(device).contiguous(memory_format=torch.channels_last)
    targets = batch.targets.to(device)
    arithmetic = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(config.arithmetic)

    def step() -> None:
        with torch.autocast(device.type, dtype=arithmetic or torch.bfloat16, enabled=arithmetic is not None):
            outputs = net(images)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss(outputs.float(), targets))
        optimizer.step()

    def look() -> None:
        with torch.inference_mode():
            net(images)

    learning = min(_timed(step, device) for _ in range(_TRIED))
    net.eval()
    return learning, min(_timed(look, device) for _ in range(_TRIED))


def _timed(do: Callable[[], None], device: torch.device) -> float:
    started = time.perf_counter()
    do()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def _batches(
    task: Task,
    config: TrainingConfig,
    cases: Sequence[Case],
    run: Path,
    progress: Progress,
    cancel: Cancel,
) -> list[Batch]:
    """All samples of these cases, drawn as for learning."""
    lost, rng = Lost(run), np.random.default_rng(config.seed)
    if config.preprocess.image is not None and task is Task.WHOLE_IMAGE:
        images = case_images(cases, config.preprocess.image, lost=lost, progress=progress, cancel=cancel)
        return list(_calls(ImageBatches.of(images, len(images.labels), config), rng))
    spec = config.preprocess.patch
    assert spec is not None
    is_mask = task is Task.SEGMENTATION
    tiles = masked_tiles(cases, lost=lost) if is_mask else case_tiles(cases, seed=config.seed, lost=lost)
    return list(_calls(TileBatches(tiles, spec, len(tiles.labels), config.augment), rng))


def _calls(batches: ImageBatches | TileBatches, rng: np.random.Generator) -> list[Batch]:
    return list(batches(rng))


def _filled(batches: Sequence[Batch], size: int) -> Batch:
    """A batch of so many samples, repeated where there are fewer."""
    images, targets = (torch.cat([getattr(one, name) for one in batches]) for name in ("images", "targets"))
    rows = torch.arange(size) % len(images)
    return Batch(images[rows], targets[rows])


def _memory_mb(device: torch.device) -> float | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    if sys.platform == "win32":
        return None
    usage = importlib.import_module("resource")
    # Kilobytes on Linux, bytes on macOS.
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return float(usage.getrusage(usage.RUSAGE_SELF).ru_maxrss / scale)
