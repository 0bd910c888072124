"""The training loop: plain, seeded, with a checkpoint after each epoch from which it goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from mammoview.core.errors import DeviceError, UsageError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.training.learning import checkpoint
from mammoview.training.learning.checkpoint import CHECKPOINT, TrainingError
from mammoview.training.learning.course import Course, EpochLog
from mammoview.training.learning.curves import Curves
from mammoview.training.learning.engine import ONE_CPU, Arithmetic, Machine, own_part, start
from mammoview.training.learning.lent import LentDevice
from mammoview.training.learning.prefetch import Batch, Epoch, prefetched
from mammoview.training.learning.schedule import Stage, apply_stage, learning_rate_at, optimizer_for, set_modes

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer

__all__ = [
    "CHECKPOINT",
    "Batch",
    "EpochLog",
    "Machine",
    "OutOfMemoryError",
    "Plan",
    "TrainingError",
    "Validate",
    "train",
]

LOSS = "loss"
#: Batches of the validation before the first epoch.
_TRIAL_BATCHES = 2
#: Share of a run that has to pass within an epoch before it is told.
_LEAST_PROGRESS = 0.01


class Validate(Protocol):
    """Judges a net between epochs."""

    def __call__(self, net: nn.Module, limit: int | None) -> Mapping[str, float]:
        """Values by name, of a net in eval mode on its device; on the first ``limit`` batches where that is not None.

        A value that so few batches cannot give is NaN.
        """


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the net.

    Attributes
    ----------
    batches
        Called with a seeded generator; gives one epoch's batches, or callables that draw one each.
    steps_per_epoch
        How many batches that are.
    loss
        Of (output, targets), a scalar: the mean over the samples, or `losses.balanced_cross_entropy`.
    fingerprint
        Hash of config, split and data; a checkpoint of another fingerprint is refused.
    arithmetic
        Of the convolutions; weights and loss stay float32.
    machine
        What computes.
    validate
        Called after each epoch, and before the first on two batches, so that one that fails does so at once.
    monitor
        The value that patience and ``keep`` watch: ``loss`` or one that ``validate`` gives.
    direction
        Whether the watched value should become small or large.
    keep
        Whether the net has the weights of the ``last`` epoch in the end, or of the ``best`` by the watched value.
    parts
        Each step's batch goes through the net in so many parts whose gradients add up, where memory is short.
    on_epoch
        Called by the first process after each epoch is saved, with the net in eval mode.
    lent
        Told what a run of one process holds on its device, for whoever makes it wait.
    """

    stages: tuple[Stage, ...]
    batches: Callable[[np.random.Generator], Epoch]
    steps_per_epoch: int
    loss: Callable[[Tensor, Tensor], Tensor]
    seed: int
    fingerprint: str
    betas: tuple[float, float] = (0.9, 0.999)
    arithmetic: Arithmetic = "fp32"
    machine: Machine = ONE_CPU
    validate: Validate | None = None
    monitor: str = LOSS
    direction: Literal["min", "max"] = "min"
    keep: Literal["last", "best"] = "last"
    parts: int = 1
    on_epoch: Callable[[nn.Module, EpochLog], None] | None = None
    lent: LentDevice | None = None


class OutOfMemoryError(DeviceError):
    """The device is too small for a batch."""

    code = "out_of_memory"


def train(
    net: nn.Module, plan: Plan, out: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> tuple[EpochLog, ...]:
    """Run the stages of a plan; go on from ``out/checkpoint.pt`` where there is one.

    Where several processes share the run each calls this with the same arguments; the first writes and tells.

    Parameters
    ----------
    net
        Trained in place; on the CPU and in eval mode afterwards.
    plan
        Data, loss and schedule.
    out
        Folder of the checkpoint, of ``log.jsonl`` and ``curves.png``.

    Returns
    -------
    tuple of EpochLog
        The epochs that this call ran.

    Raises
    ------
    TrainingError
        When the loss is not finite, or the checkpoint belongs to another run.
    UsageError
        When schedule, validation or devices do not fit each other.
    OutputError
        When an epoch cannot be saved; the checkpoint before it is kept.
    DeviceError
        When the device is not there, or too small.
    CancelledError
        When the user asked to stop; the last checkpoint remains.
    """
    fabric = start(plan.machine, plan.arithmetic)
    net.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = _Run(net, plan, out, fabric, progress if fabric.is_global_zero else no_progress, cancel)
    try:
        return run.all_stages()
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            "The device ran out of memory.", "Lower batch_size in the config, or share the batch over more devices."
        ) from error
    finally:
        net.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        net.eval()


class _Run:
    """One call of `train`."""

    def __init__(
        self, net: nn.Module, plan: Plan, out: Path, fabric: Fabric, progress: Progress, cancel: Cancel
    ) -> None:
        self._net = net
        self._plan = plan
        self._out = out
        self._fabric = fabric
        self._progress = progress
        self._cancel = cancel
        self._curves = Curves(out)
        self._course = Course()
        self._optimizer_state: dict[str, Any] | None = None
        self._told = 0.0

    def all_stages(self) -> tuple[EpochLog, ...]:
        self._resume()
        self._hold(None)
        before = len(self._course.log)
        stages = self._plan.stages
        if self._course.stage < len(stages):
            self._try_validation()
        while self._course.stage < len(stages):
            self._one_stage(stages[self._course.stage])
        if self._plan.keep == "best" and (best := self._stored(checkpoint.BEST)):
            # There is none where the watched value could never be told.
            self._net.load_state_dict(best["net"])
        return self._course.log[before:]

    def _one_stage(self, stage: Stage) -> None:
        index = self._course.stage
        apply_stage(stage, self._net)
        optimizer = optimizer_for(stage, self._net, self._plan.betas)
        if self._optimizer_state is not None:
            optimizer.load_state_dict(self._optimizer_state)
            self._optimizer_state = None
        # A set-up net knows which parameters learn: each stage sets it up anew.
        model, stepper = self._fabric.setup(self._net, optimizer)
        self._hold(optimizer)
        while self._course.stage == index:
            set_modes(stage, self._net)
            log = self._one_epoch(stage, model, stepper)
            self._net.eval()
            log = replace(log, validation=self._validate(None))
            self._finish_epoch(stage, log, optimizer)

    def _hold(self, optimizer: torch.optim.Optimizer | None) -> None:
        # Where several share the work, their library keeps memory of its own for the gradients.
        if self._plan.lent is not None and self._fabric.world_size == 1:
            self._plan.lent.hold(self._net, optimizer)

    def _one_epoch(self, stage: Stage, model: _FabricModule, optimizer: _FabricOptimizer) -> EpochLog:
        """One pass over the samples; its randomness depends on seed and epoch alone, so that resuming repeats it."""
        plan, fabric, course = self._plan, self._fabric, self._course
        torch.manual_seed((plan.seed * 100_003 + course.epoch) + 1_000_000_007 * fabric.global_rank)
        rng = np.random.default_rng((plan.seed, course.epoch))
        started, steps, samples, total, rate = time.perf_counter(), 0, 0, 0.0, 0.0
        loss: Tensor | None = None
        drawn = prefetched(plan.batches(rng), lambda batch: own_part(batch, fabric), workers=plan.machine.workers)
        with closing(drawn) as batches:
            for batch in batches:
                asked = time.perf_counter()
                stop_if_cancelled(self._cancel)
                # The answer may take as long as somebody's pause, which is no work.
                started += time.perf_counter() - asked
                self._tell(stage, steps)
                rate = learning_rate_at(
                    stage, course.in_stage * plan.steps_per_epoch + steps, stage.epochs * plan.steps_per_epoch
                )
                for group in optimizer.param_groups:
                    group["lr"] = rate
                # Looked at one step late: a device need not wait for the answer.
                total += 0.0 if loss is None else self._finite(loss)
                optimizer.zero_grad(set_to_none=True)
                loss = self._backward(model, batch)
                optimizer.step()
                steps += 1
                samples += len(batch.images) * fabric.world_size
        total += 0.0 if loss is None else self._finite(loss)
        seconds = time.perf_counter() - started
        mean = fabric.all_reduce(torch.tensor(total / max(1, steps), device=fabric.device), reduce_op="mean")
        assert isinstance(mean, Tensor)
        return EpochLog(
            epoch=course.epoch + 1,
            stage=stage.name,
            loss=round(float(mean), 7),
            seconds=round(seconds, 2),
            learning_rate=rate,
            samples_per_second=round(samples / seconds, 1),
        )

    def _backward(self, model: _FabricModule, batch: Batch) -> Tensor:
        """Leave the gradient of the batch's mean loss in the net, and give that loss."""
        fabric, count = self._fabric, len(batch.images)
        size = -(-count // self._plan.parts)
        total: Tensor | None = None
        for start_at in range(0, count, size):
            rows = slice(start_at, start_at + size)
            images = batch.images[rows].to(fabric.device, non_blocking=True)
            targets = batch.targets[rows].to(fabric.device, non_blocking=True)
            loss = self._plan.loss(model(images).float(), targets)
            if size < count:
                loss = loss * (len(images) / count)
            fabric.backward(loss)
            total = loss.detach() if total is None else total + loss.detach()
        assert total is not None
        return total

    def _finish_epoch(self, stage: Stage, log: EpochLog, optimizer: torch.optim.Optimizer) -> None:
        if not all(bool(torch.isfinite(value).all()) for value in self._net.state_dict().values()):
            raise self._diverged("A weight", "not a finite number")
        watched = log.value(self._plan.monitor)
        assert watched is not None
        is_best = self._course.take(log, stage, watched if self._plan.direction == "min" else -watched)
        if self._fabric.is_global_zero:
            state = {"fingerprint": self._plan.fingerprint, "net": self._net.state_dict()}
            if is_best and self._plan.keep == "best":
                checkpoint.save({**state, "epoch": log.epoch}, self._out / checkpoint.BEST)
            checkpoint.save(
                {
                    **state,
                    "optimizer": optimizer.state_dict(),
                    "arithmetic": self._fabric.strategy.precision.state_dict(),
                    "course": self._course.as_words(),
                },
                self._out / CHECKPOINT,
            )
            is_last = self._course.stage == len(self._plan.stages)
            self._curves.write(self._course.log, is_last=is_last)
            if self._plan.on_epoch is not None:
                with torch.inference_mode():
                    self._plan.on_epoch(self._net, log)
        self._fabric.barrier()

    def _try_validation(self) -> None:
        self._net.eval()
        values = {LOSS: math.nan, **self._validate(_TRIAL_BATCHES)}
        if self._plan.monitor not in values:
            raise UsageError(
                f"The plan watches “{self._plan.monitor}”, but validation gives {', '.join(values)}.",
                "Name one of those.",
            )

    def _validate(self, limit: int | None) -> dict[str, float]:
        """By the first process, for all."""
        values: dict[str, float] = {}
        if self._plan.validate is not None and self._fabric.is_global_zero:
            with torch.inference_mode():
                values = {name: float(value) for name, value in self._plan.validate(self._net, limit).items()}
        return self._fabric.broadcast(values)

    def _resume(self) -> None:
        stored = self._stored(CHECKPOINT)
        if not stored:
            if self._fabric.is_global_zero:
                self._out.mkdir(parents=True, exist_ok=True)
            return
        if stored["fingerprint"] != self._plan.fingerprint:
            raise TrainingError(
                f"{self._out / CHECKPOINT} belongs to a run with another config, split or data.",
                "Name another folder with --out, or remove the old one.",
            )
        self._net.load_state_dict(stored["net"])
        # The scale that fp16 multiplies the loss with; nothing in other arithmetics.
        self._fabric.strategy.precision.load_state_dict(stored.get("arithmetic", {}))
        self._course = Course.from_words(stored["course"])
        self._optimizer_state = stored["optimizer"] if self._course.in_stage else None

    def _stored(self, name: str) -> dict[str, Any]:
        """A file of the run as the first process reads it; empty where there is none."""
        path = self._out / name
        stored = checkpoint.load(path) if self._fabric.is_global_zero and path.exists() else {}
        return self._fabric.broadcast(stored)

    def _finite(self, loss: Tensor) -> float:
        value = loss.item()
        if not math.isfinite(value):
            raise self._diverged("The loss", str(value))
        return value

    def _diverged(self, what: str, became: str) -> TrainingError:
        return TrainingError(
            f"{what} became {became} in epoch {self._course.epoch + 1}; the last checkpoint is kept.",
            "Lower the learning rate and start again.",
        )

    def _tell(self, stage: Stage, step: int) -> None:
        course, stages = self._course, self._plan.stages
        to_come = stage.epochs - course.in_stage + sum(later.epochs for later in stages[course.stage + 1 :])
        total = course.epoch + to_come
        done = (course.epoch + step / self._plan.steps_per_epoch) / total
        # A step may take a millisecond, and whoever listens may print a line.
        if step and done - self._told < _LEAST_PROGRESS:
            return
        self._told = done
        last = f", loss {course.log[-1].loss:.4f}" if course.log else ""
        self._progress(min(1.0, done), f"Epoch {course.epoch + 1} of {total} ({stage.name}){last}")


def _is_out_of_memory(error: Exception) -> bool:
    """CUDA has an error of its own; on a processor torch says it in words."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
