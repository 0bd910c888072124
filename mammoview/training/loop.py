"""The training loop: plain, seeded, with a checkpoint after each epoch from which it goes on."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mammoview.core.errors import MammoViewError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.training.schedule import Stage, apply_stage, learning_rate_at, optimizer_for

CHECKPOINT = "checkpoint.pt"


class TrainingError(MammoViewError):
    """Training cannot go on: the loss is no longer a number, or a checkpoint belongs to another run."""

    code = "training"


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes
    ----------
    images
        Shape (n, channels, rows, columns), float32.
    targets
        What the loss compares with: class indices of shape (n,), or masks of the images' shape.
    """

    images: Tensor
    targets: Tensor


@dataclass(frozen=True)
class Plan:
    """Everything that decides a run besides the net.

    Attributes
    ----------
    batches
        Called with a seeded generator; gives one epoch's batches.
    steps_per_epoch
        How many batches that are.
    loss
        Of (output, targets), a scalar.
    fingerprint
        Hash of config, split and data; a checkpoint of another fingerprint is refused.
    is_bf16
        Whether convolutions compute in bfloat16; weights and loss stay float32.
    """

    stages: tuple[Stage, ...]
    batches: Callable[[np.random.Generator], Iterator[Batch]]
    steps_per_epoch: int
    loss: Callable[[Tensor, Tensor], Tensor]
    seed: int
    fingerprint: str
    betas: tuple[float, float] = (0.9, 0.999)
    is_bf16: bool = False


@dataclass(frozen=True)
class EpochLog:
    """One line of ``log.jsonl``."""

    epoch: int
    stage: str
    loss: float
    seconds: float


def train(
    net: nn.Module, plan: Plan, out: Path, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> tuple[EpochLog, ...]:
    """Run the stages of a plan; go on from ``out/checkpoint.pt`` where there is one.

    Parameters
    ----------
    net
        Trained in place; in eval mode afterwards.
    plan
        Data, loss and schedule.
    out
        Folder of the checkpoint and of ``log.jsonl``.

    Returns
    -------
    tuple of EpochLog
        The epochs that this call ran.

    Raises
    ------
    TrainingError
        When the loss is not finite, or the checkpoint belongs to another run.
    CancelledError
        When the user asked to stop; the last checkpoint remains.
    """
    out.mkdir(parents=True, exist_ok=True)
    total = sum(stage.epochs for stage in plan.stages)
    done = _position(out, plan)
    logs = []
    first = 0
    for stage in plan.stages:
        in_stage = range(max(first, done), first + stage.epochs)
        if in_stage:
            apply_stage(stage, net)
            optimizer = optimizer_for(stage, net, plan.betas)
            _resume(out, net, optimizer, is_within_stage=done > first)
        for epoch in in_stage:
            progress(epoch / total, f"Epoch {epoch + 1} of {total} ({stage.name})")
            log = _run_epoch(net, plan, stage, optimizer, epoch, epoch - first, cancel)
            _save(out, net, optimizer, plan, epoch + 1)
            with (out / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(log)) + "\n")
            logs.append(log)
        first += stage.epochs
    if not logs and done:
        net.load_state_dict(_load(out)["net"])
    net.eval()
    return tuple(logs)


def _run_epoch(
    net: nn.Module,
    plan: Plan,
    stage: Stage,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    epoch_in_stage: int,
    cancel: Cancel,
) -> EpochLog:
    """One pass over the samples; its randomness depends on seed and epoch alone, so that resuming repeats it."""
    torch.manual_seed(plan.seed * 100_003 + epoch)
    rng = np.random.default_rng((plan.seed, epoch))
    started, losses = time.perf_counter(), []
    for step, batch in enumerate(plan.batches(rng)):
        stop_if_cancelled(cancel)
        rate = learning_rate_at(
            stage, epoch_in_stage * plan.steps_per_epoch + step, stage.epochs * plan.steps_per_epoch
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.is_bf16):
            output = net(batch.images)
        loss = plan.loss(output.float(), batch.targets)
        if not math.isfinite(loss.item()):
            raise TrainingError(
                f"The loss became {loss.item()} in epoch {epoch + 1}; the last checkpoint is kept.",
                "Lower the learning rate and start again.",
            )
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return EpochLog(epoch + 1, stage.name, round(float(np.mean(losses)), 5), round(time.perf_counter() - started, 1))


def _load(out: Path) -> dict[str, Any]:
    stored: dict[str, Any] = torch.load(out / CHECKPOINT, weights_only=True, map_location="cpu")
    return stored


def _position(out: Path, plan: Plan) -> int:
    """Epochs already done."""
    if not (out / CHECKPOINT).exists():
        return 0
    stored = _load(out)
    if stored["fingerprint"] != plan.fingerprint:
        raise TrainingError(
            f"{out / CHECKPOINT} belongs to a run with another config, split or data.",
            "Name another folder with --out, or remove the old one.",
        )
    return int(stored["epochs"])


def _resume(out: Path, net: nn.Module, optimizer: torch.optim.Optimizer, *, is_within_stage: bool) -> None:
    if not (out / CHECKPOINT).exists():
        return
    stored = _load(out)
    net.load_state_dict(stored["net"])
    if is_within_stage:
        optimizer.load_state_dict(stored["optimizer"])


def _save(out: Path, net: nn.Module, optimizer: torch.optim.Optimizer, plan: Plan, epochs: int) -> None:
    """Write to a temporary name and rename, so that a kill leaves the last checkpoint whole."""
    state = {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epochs": epochs,
        "fingerprint": plan.fingerprint,
    }
    torch.save(state, out / (CHECKPOINT + ".part"))
    (out / (CHECKPOINT + ".part")).replace(out / CHECKPOINT)
