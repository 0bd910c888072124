"""A run so small that a process does it in no time; tests kill it, share it and compare it.

python toy_run.py OUT [--die-at STEP | --die-while-saving EPOCH]
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mammoview.training.learning.loop import Batch, Plan, train
from mammoview.training.learning.losses import balanced_cross_entropy
from mammoview.training.learning.schedule import Stage

STEPS = 2
BATCH = 8


def net() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )


def batches(rng: np.random.Generator) -> Iterator[Batch]:
    """The classes are sorted, so that two processes that share a batch see different ones."""
    for _ in range(STEPS):
        labels = torch.from_numpy(np.sort(rng.integers(0, 3, BATCH)))
        images = torch.from_numpy(rng.normal(0, 1, (BATCH, 2, 6, 5)).astype(np.float32))
        yield Batch(images + labels[:, None, None, None], labels)


def stages(*epochs: int, **words: Any) -> tuple[Stage, ...]:
    return tuple(
        Stage(name=f"s{n}", epochs=count, learning_rate=3e-3, **words) for n, count in enumerate(epochs, start=1)
    )


def plan(**words: Any) -> Plan:
    given: dict[str, Any] = {
        "stages": stages(2, 2),
        "batches": batches,
        "steps_per_epoch": STEPS,
        "loss": balanced_cross_entropy,
        "seed": 3,
        "fingerprint": "toy",
    }
    return Plan(**{**given, **words})


def main(out: Path, what: str = "", when: str = "0") -> None:
    torch.set_num_threads(1)
    asked = iter(range(1_000_000))

    def die_at() -> bool:
        if what == "--die-at" and next(asked) == int(when):
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    if what == "--die-while-saving":
        real, calls = os.fsync, iter(range(1_000_000))

        def fsync(handle: int) -> None:
            # Three files an epoch, each with its folder.
            if next(calls) == 6 * (int(when) - 1):
                os.kill(os.getpid(), signal.SIGKILL)
            real(handle)

        os.fsync = fsync
    schedule = stages(2, 2, batch_norm="eval" if "WORLD_SIZE" in os.environ else "frozen_eval")
    train(net(), plan(stages=schedule), out, cancel=die_at)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
