"""Training in stages: how long, how fast, which parameters learn, what batch norms do."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn


class Stage(BaseModel):
    """One stage of a schedule.

    Attributes
    ----------
    epochs
        Passes over the samples.
    learning_rate
        Of Adam. With ``decay`` "cosine" it falls to a fiftieth over the stage, after a rise over the first twentieth.
    weight_decay
        L2 penalty in the loss, not decoupled (Shen et al. 2019).
    trains
        Patterns of the parameters that learn (``head.*``; ``*`` for all). Batch norms in modules without a learning
        parameter keep their running statistics: with few images a batch they would drift.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    epochs: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    trains: tuple[str, ...] = ("*",)
    decay: Literal["constant", "cosine"] = "constant"


def apply_stage(stage: Stage, net: nn.Module) -> tuple[str, ...]:
    """Freeze and free the parameters of a net as a stage says, and set train and eval modes to match.

    Returns
    -------
    tuple of str
        Names of the parameters that learn.

    Raises
    ------
    ValueError
        When a pattern names no parameter.
    """
    names = [name for name, _ in net.named_parameters()]
    for pattern in stage.trains:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise ValueError(f"stage {stage.name}: {pattern} names no parameter")
    learning = []
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(any(fnmatchcase(name, pattern) for pattern in stage.trains))
        if parameter.requires_grad:
            learning.append(name)
    set_modes(net)
    return tuple(learning)


def set_modes(net: nn.Module) -> None:
    """Train mode everywhere but in batch norms whose parameters are frozen."""
    net.train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and not any(p.requires_grad for p in module.parameters()):
            module.eval()


def optimizer_for(stage: Stage, net: nn.Module, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam on the parameters that learn."""
    learning = [parameter for parameter in net.parameters() if parameter.requires_grad]
    return torch.optim.Adam(learning, lr=stage.learning_rate, betas=betas, weight_decay=stage.weight_decay)


def learning_rate_at(stage: Stage, step: int, steps: int) -> float:
    """Learning rate of step ``step`` of the ``steps`` of a stage."""
    if stage.decay == "constant":
        return stage.learning_rate
    share = step / max(1, steps)
    rise = min(1.0, (share + 1.0 / max(1, steps)) / 0.05)
    return stage.learning_rate * rise * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * share)))
