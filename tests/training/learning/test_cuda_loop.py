"""The training loop on a CUDA card, each test with its CPU twin: it learns in every arithmetic, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mammoview.models.networks import build
from mammoview.training.learning.engine import Arithmetic
from mammoview.training.learning.loop import Batch, Machine, Plan, train
from mammoview.training.learning.losses import balanced_cross_entropy
from mammoview.training.learning.schedule import Stage

SIZES: dict[str, object] = {"depths": (1, 1, 1, 1), "width": 4, "in_channels": 1, "classes": 2, "dropout": 0.0}
STEPS, BATCH = 6, 16


def batches(rng: np.random.Generator) -> Iterator[Batch]:
    """Noise, and brighter noise."""
    for _ in range(STEPS):
        labels = torch.arange(BATCH) % 2
        images = torch.from_numpy(rng.normal(0, 1, (BATCH, 1, 64, 64)).astype(np.float32))
        yield Batch(images + labels[:, None, None, None], labels)


@pytest.mark.parametrize(
    ("device", "arithmetic"),
    [
        ("cpu", "fp32"),
        ("cpu", "bf16"),
        *(pytest.param("cuda", arithmetic, marks=pytest.mark.gpu) for arithmetic in ("fp32", "bf16", "fp16")),
    ],
)
def test_the_loop_learns_and_comes_back(device: str, arithmetic: Arithmetic, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = build("resnet-patch", SIZES)
    before = {name: value.clone() for name, value in net.named_parameters()}
    plan = Plan(
        stages=(Stage(name="all", epochs=3, learning_rate=3e-3),),
        batches=batches,
        steps_per_epoch=STEPS,
        loss=balanced_cross_entropy,
        seed=1,
        fingerprint="toy",
        arithmetic=arithmetic,
        machine=Machine(device=device, workers=2),
    )
    logs = train(net, plan, tmp_path)
    assert logs[-1].loss < logs[0].loss
    assert logs[-1].samples_per_second > 0
    for name, value in net.named_parameters():
        assert value.device.type == "cpu"
        assert value.dtype == torch.float32
        assert not torch.equal(value.detach(), before[name]), name
    with torch.inference_mode():
        told = net(next(batches(np.random.default_rng(7))).images).softmax(dim=1)[:, 1].numpy()
    assert told[1::2].mean() > told[::2].mean() + 0.1
