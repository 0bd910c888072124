"""The plan of a wizard's project: the config that `mammoview train` reads, and what it costs here."""

from __future__ import annotations

import gc
import importlib
import math
import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from mammoview.core.errors import DeviceError, UsageError
from mammoview.core.progress import stop_if_cancelled
from mammoview.core.small_files import write_whole
from mammoview.models.devices import DeviceKind, resolve_device
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.registry import read_info
from mammoview.training.cases.case_images import case_images
from mammoview.training.cases.case_tiles import case_tiles, masked_tiles
from mammoview.training.cases.importers import open_data
from mammoview.training.cases.lost import Lost
from mammoview.training.cases.samples import ImageBatches, TileBatches
from mammoview.training.learning import losses
from mammoview.training.learning.prefetch import Batch
from mammoview.training.recipes.site import check_parent
from mammoview.training.recipes.transfer import tuned_config
from mammoview.training.recipes.tuned_tiles import tuned_tile_config
from mammoview.training.tuning.files import CASES, CONFIG, RUN, Files
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.plan_file import keep_plan
from mammoview.training.tuning.run_messages import PlanReport, PlanRequest
from mammoview.training.tuning.running import reproducible_words
from mammoview.training.tuning.schedules import LEAST_TO_WATCH, Schedule, Wishes, schedule_for, to_toml
from mammoview.training.tuning.telling import usable_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mammoview.core.progress import Cancel, Progress
    from mammoview.training.cases.case import Case
    from mammoview.training.config import TrainingConfig

#: Batches that are tried; the first warms up and is not counted.
_TRIED = 2
#: bf16 is planned on a processor where it is so many times as fast as fp32.
_WORTH = 1.2


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


def plan(request: PlanRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> PlanReport:
    """Plan a project's training: write ``config.toml``, ``folds.csv`` and ``plan.json``, and measure the cost.

    Raises
    ------
    UsageError
        When the parent does not serve, or knew patients of the sealed test set.
    InputError
        When the data are bad.
    DeviceError
        When the device is not there, or too small for one image.
    """
    del partial
    files = Files(Path(request.folder))
    info = read_info(Path(request.parent))
    sides = files.sides()
    notes = [note for note in (check_parent(info, sides.test, (sides.split,)),) if note]
    cases = usable_for(info.task, open_data(files.cases, cancel=cancel).cases)
    learned = [case for case in cases if case.patient in sides.learned]
    watched = [case for case in cases if case.patient in sides.watched]
    sealed = {case.patient for case in cases} & sides.test
    counts = _Counts(len(learned), len({case.patient for case in learned}), len({c.patient for c in watched}))
    if not learned or not sealed:
        raise UsageError(
            f"There is nothing to {'learn from' if not learned else 'judge by'}: no image of that side of the split "
            f"has {request.task.needs}.",
            "Make another split, or add cases.",
        )
    files.write_folds(sides)
    device = resolve_device(request.device)
    if request.task is TuneTask.CALIBRATE:
        return _report_of_calibration(request, counts, len(sealed), notes)
    package = load(info)
    parameters = sum(parameter.numel() for parameter in package.network().parameters())
    wishes = Wishes(
        request.seed, request.epochs, request.batch_size, request.learning_rate_factor, request.precision or "fp32"
    )
    schedule = _scheduled(request, package, parameters, counts, wishes)
    if device.kind is DeviceKind.CUDA and not request.precision:
        wishes = replace(wishes, precision="bf16")
    cost = None
    if request.is_measured:
        config = _config(files, schedule, package)
        wishes, cost = _measured(request, package, config, learned, wishes, files, progress, cancel)
        if cost.batch_size < config.batch_size:
            notes.append(
                f"A batch of {config.batch_size} does not fit in this device's memory: {cost.batch_size} does."
            )
            wishes = replace(wishes, batch_size=cost.batch_size)
    schedule = _scheduled(request, package, parameters, counts, wishes)
    write_whole(files.folder / CONFIG, to_toml(schedule.words, head=_head(request, schedule)), "The config")
    config = files.config()
    if not counts.watched and counts.patients < LEAST_TO_WATCH:
        notes.append(
            f"With {counts.patients} patients to learn from nobody is set aside to be watched: the loss is shown while "
            "it learns, and the AUC or Dice in the verdict."
        )
    report = PlanReport(
        source=schedule.source,
        epochs=sum(stage.epochs for stage in config.stages),
        batch_size=config.batch_size,
        device=device.torch_name,
        precision=config.arithmetic,
        images=counts.images,
        patients=counts.patients,
        watched=counts.watched,
        sealed=len(sealed),
        minutes_to_prepare=None if cost is None else round(cost.seconds_per_case * len(cases) / 60, 2),
        minutes_per_epoch=None if cost is None else round(cost.epoch_s(len(learned), len(watched)) / 60, 3),
        memory_mb=None if cost is None or cost.memory_mb is None else round(cost.memory_mb),
        reproducible=reproducible_words(device.torch_name, threads=request.threads, precision=config.arithmetic),
        **commands(request),
        notes=tuple(notes),
    )
    return keep_plan(files.folder, report)


@dataclass(frozen=True)
class _Counts:
    images: int
    patients: int
    watched: int


def commands(request: PlanRequest) -> dict[str, str]:
    """The same training from a terminal, with torchrun, and as a SLURM script; the folder is the working directory."""
    kind = request.task.value
    parent = shlex.quote(request.parent)
    words = f"train {kind} --config {CONFIG} --data {CASES} --parent {parent} --out {RUN}"
    folder = shlex.quote(str(Path(request.folder).resolve()))
    gpus, nodes = max(1, request.devices), max(1, request.nodes)
    shared = f"--nproc-per-node {gpus} --nnodes {nodes}"
    meeting = "--standalone" if nodes == 1 else '--rdzv-backend c10d --rdzv-endpoint "$HOST:29500"'
    torchrun = f"cd {folder} && torchrun {shared} {meeting} -m mammoview {words} --device cuda"
    slurm = "\n".join(
        (
            "#!/bin/bash",
            "#SBATCH --job-name=mammoview",
            f"#SBATCH --nodes={nodes}",
            f"#SBATCH --ntasks-per-node={gpus}",
            f"#SBATCH --gpus-per-node={gpus}",
            "#SBATCH --cpus-per-task=4",
            f"cd {folder}",
            f"srun python -m mammoview {words} --device cuda --devices {gpus} --nodes {nodes}",
            "",
        )
    )
    return {"command": f"cd {folder} && mammoview {words}", "torchrun": torchrun, "slurm": slurm}


def measure_cost(
    package: LoadedPackage,
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
    batches = _batches(package, config, some, run, progress, cancel)
    preparing = (time.perf_counter() - started) / len(some)
    loss, size = losses.loss_named(config.loss), config.batch_size
    per_case = sum(len(batch.images) for batch in batches) / len(some)
    torch_device = torch.device(resolve_device(device).torch_name)
    while True:
        stop_if_cancelled(cancel)
        try:
            step, look = _seconds(package, config, _filled(batches, size), loss, torch_device)
            return Cost(step, look, preparing, _memory_mb(torch_device), size, per_case)
        except (RuntimeError, MemoryError) as error:
            if not (isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(error)):
                raise
            if size == 1:
                raise DeviceError("Not even one image fits in this device's memory.", "Choose another.") from error
            size //= 2
            gc.collect()


def _seconds(
    package: LoadedPackage,
    config: TrainingConfig,
    batch: Batch,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    device: torch.device,
) -> tuple[float, float]:
    """Of learning from a batch, and of judging it."""
    net = package.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    # The package's own numbers stay as they are: what learns here is a copy.
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
    package: LoadedPackage,
    config: TrainingConfig,
    cases: Sequence[Case],
    run: Path,
    progress: Progress,
    cancel: Cancel,
) -> list[Batch]:
    """All samples of these cases, drawn as for learning."""
    lost, rng = Lost(run), np.random.default_rng(config.seed)
    if config.preprocess.image is not None and package.info.task.value == "whole_image":
        images = case_images(cases, config.preprocess.image, lost=lost, progress=progress, cancel=cancel)
        return list(_calls(ImageBatches.of(images, len(images.labels), config), rng))
    spec = config.preprocess.patch
    assert spec is not None
    is_mask = package.info.task.value == "segmentation"
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


def _measured(
    request: PlanRequest,
    package: LoadedPackage,
    config: TrainingConfig,
    learned: Sequence[Case],
    wishes: Wishes,
    files: Files,
    progress: Progress,
    cancel: Cancel,
) -> tuple[Wishes, Cost]:
    """The cost; on a processor also whether bf16 is faster."""
    torch.set_num_threads(request.threads)
    cv2.setNumThreads(request.threads)

    def cost_of(precision: str) -> Cost:
        tried = config.model_copy(update={"arithmetic": precision})
        return measure_cost(
            package, tried, learned, device=request.device, run=files.run, progress=progress, cancel=cancel
        )

    cost = cost_of(wishes.precision)
    if request.precision or resolve_device(request.device).kind is not DeviceKind.CPU:
        return wishes, cost
    other = cost_of("bf16")
    if other.seconds_per_step * _WORTH < cost.seconds_per_step:
        return replace(wishes, precision="bf16"), other
    return wishes, cost


def _scheduled(
    request: PlanRequest, package: LoadedPackage, parameters: int, counts: _Counts, wishes: Wishes
) -> Schedule:
    return schedule_for(
        request.task,
        package.manifest,
        parameters=parameters,
        samples=counts.images,
        patients=counts.patients,
        watched=counts.watched,
        wishes=wishes,
    )


def _config(files: Files, schedule: Schedule, package: LoadedPackage) -> TrainingConfig:
    write_whole(files.folder / CONFIG, to_toml(schedule.words), "The config")
    tuned = tuned_config if package.info.task.value == "whole_image" else tuned_tile_config
    return tuned(package, files.config())


def _head(request: PlanRequest, schedule: Schedule) -> str:
    return f"{schedule.source}\nRead by: mammoview train {request.task.value} (docs/manual/fine_tuning.md)."


def _report_of_calibration(request: PlanRequest, counts: _Counts, sealed: int, notes: Sequence[str]) -> PlanReport:
    write_whole(Path(request.folder) / CONFIG, "# Calibration only: nothing is trained.\n", "The config")
    report = PlanReport(
        source="Temperature and operating points are fitted (Guo et al. 2017); the weights stay as they are.",
        epochs=0,
        batch_size=0,
        device="cpu",
        precision="fp32",
        images=counts.images,
        patients=counts.patients + counts.watched,
        watched=0,
        sealed=sealed,
        minutes_to_prepare=None,
        minutes_per_epoch=None,
        memory_mb=None,
        reproducible=reproducible_words("cpu", threads=1, precision="fp32"),
        command="",
        torchrun="",
        slurm="",
        notes=tuple(notes),
    )
    return keep_plan(Path(request.folder), report)
