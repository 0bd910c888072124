"""The plan of a wizard's project: the config that `mammoview train` reads, and what it costs here."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import torch

from mammoview.core.errors import UsageError
from mammoview.core.small_files import write_whole
from mammoview.models.devices import DeviceKind, resolve_device
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import Task
from mammoview.models.registry import read_info
from mammoview.training.cases.importers import open_data
from mammoview.training.recipes.site import check_parent
from mammoview.training.recipes.transfer import tuned_config
from mammoview.training.recipes.tuned_tiles import tuned_tile_config
from mammoview.training.tuning.costing import Cost, measure_cost
from mammoview.training.tuning.files import CASES, CONFIG, RUN, Files
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.plan_file import keep_plan
from mammoview.training.tuning.run_messages import PlanReport, PlanRequest
from mammoview.training.tuning.running import reproducible_words
from mammoview.training.tuning.schedules import LEAST_TO_WATCH, Schedule, Wishes, schedule_for, to_toml
from mammoview.training.tuning.surgery import grown_net, is_surgery, outcome_of, surgery_words
from mammoview.training.tuning.telling import usable_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import nn

    from mammoview.core.progress import Cancel, Progress
    from mammoview.training.cases.case import Case
    from mammoview.training.config import TrainingConfig

#: bf16 is planned on a processor where it is so many times as fast as fp32.
_WORTH = 1.2


def plan(request: PlanRequest, progress: Progress, cancel: Cancel, tell: Callable[[object], None]) -> PlanReport:
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
    del tell
    files = Files(Path(request.folder))
    info = read_info(Path(request.parent))
    sides = files.sides()
    notes = [note for note in (check_parent(info, sides.test, (sides.split,)),) if note]
    task = outcome_of(request.task, info.manifest)
    cases = usable_for(task, open_data(files.cases, cancel=cancel).cases)
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
    surgery = surgery_words(package) if is_surgery(request.task, info.manifest) else None
    parameters = sum(parameter.numel() for parameter in package.network().parameters())
    wishes = Wishes(
        request.seed, request.epochs, request.batch_size, request.learning_rate_factor, request.precision or "fp32"
    )
    schedule = _scheduled(request, package, parameters, counts, wishes, surgery)
    if device.kind is DeviceKind.CUDA and not request.precision:
        wishes = replace(wishes, precision="bf16")
    cost = None
    if request.is_measured:
        config = _config(files, schedule, package)
        net = package.network if surgery is None else partial(grown_net, package, config)
        wishes, cost = _measured(request, net, task, config, learned, wishes, files, progress, cancel)
        if cost.batch_size < config.batch_size:
            notes.append(
                f"A batch of {config.batch_size} does not fit in this device's memory: {cost.batch_size} does."
            )
            wishes = replace(wishes, batch_size=cost.batch_size)
    schedule = _scheduled(request, package, parameters, counts, wishes, surgery)
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


def _measured(
    request: PlanRequest,
    net: Callable[[], nn.Module],
    task: Task,
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
            net, task, tried, learned, device=request.device, run=files.run, progress=progress, cancel=cancel
        )

    cost = cost_of(wishes.precision)
    if request.precision or resolve_device(request.device).kind is not DeviceKind.CPU:
        return wishes, cost
    other = cost_of("bf16")
    if other.seconds_per_step * _WORTH < cost.seconds_per_step:
        return replace(wishes, precision="bf16"), other
    return wishes, cost


def _scheduled(
    request: PlanRequest,
    package: LoadedPackage,
    parameters: int,
    counts: _Counts,
    wishes: Wishes,
    surgery: Mapping[str, Any] | None,
) -> Schedule:
    return schedule_for(
        request.task,
        package.manifest,
        parameters=parameters,
        samples=counts.images,
        patients=counts.patients,
        watched=counts.watched,
        wishes=wishes,
        surgery=surgery,
    )


def _config(files: Files, schedule: Schedule, package: LoadedPackage) -> TrainingConfig:
    write_whole(files.folder / CONFIG, to_toml(schedule.words), "The config")
    if "network" in schedule.words:
        return files.config()
    tuned = tuned_config if package.info.task is Task.WHOLE_IMAGE else tuned_tile_config
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
