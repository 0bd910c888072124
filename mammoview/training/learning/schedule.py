"""Training in stages: how long, how fast, which parameters learn, which are kept small, what batch norms do."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import nn

from mammoview.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Stage(BaseModel):
    """One stage of a schedule.

    Attributes
    ----------
    epochs
        Passes over the samples, at most.
    learning_rate
        Of Adam. With ``decay`` "cosine" it falls to a fiftieth over the stage, after a rise over the first twentieth.
    weight_decay
        The λ of λ·Σw² in the loss, as Shen et al. 2019 count it (its gradient is 2λw); not decoupled.
    decays
        Patterns of the learning parameters that ``weight_decay`` keeps small.
    trains
        Patterns of the parameters that learn (``head.*``; ``*`` for all).
    batch_norm
        ``frozen_eval``: batch norms without a learning parameter keep their running statistics, since with few images
        a batch they would drift. ``batch``: all take the statistics of the batch, as the libraries of 2017 did even
        where a layer was frozen. ``eval``: all keep their running statistics.
    dropout
        Whether dropout drops.
    patience
        The stage ends after so many epochs without a better value of what the plan watches.
    least_change
        The stage ends when the loss of two epochs differs by less.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    epochs: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    decays: tuple[str, ...] = ("*",)
    trains: tuple[str, ...] = ("*",)
    decay: Literal["constant", "cosine"] = "constant"
    batch_norm: Literal["frozen_eval", "batch", "eval"] = "frozen_eval"
    dropout: bool = True
    patience: Annotated[int, Field(ge=1)] | None = None
    least_change: Annotated[float, Field(gt=0)] | None = None


def apply_stage(stage: Stage, net: nn.Module) -> tuple[str, ...]:
    """Freeze and free the parameters of a net as a stage says, and set train and eval modes to match.

    Returns
    -------
    tuple of str
        Names of the parameters that learn.

    Raises
    ------
    UsageError
        When a pattern names no parameter.
    """
    names = [name for name, _ in net.named_parameters()]
    learning = _named(stage, stage.trains, names)
    if stage.weight_decay:
        _named(stage, stage.decays, learning)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name in learning)
    set_modes(stage, net)
    return tuple(name for name in names if name in learning)


def set_modes(stage: Stage, net: nn.Module) -> None:
    """Train mode, but for the batch norms and dropouts that the stage wants in eval mode."""
    net.train()
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            is_frozen = not any(parameter.requires_grad for parameter in module.parameters())
            module.train(stage.batch_norm == "batch" or (stage.batch_norm == "frozen_eval" and not is_frozen))
        elif isinstance(module, nn.modules.dropout._DropoutNd):
            module.train(stage.dropout)


def optimizer_for(stage: Stage, net: nn.Module, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam on the parameters that learn, with the penalty in the gradient of those that it is for."""
    learning = [(name, parameter) for name, parameter in net.named_parameters() if parameter.requires_grad]
    is_kept_small = {name: bool(stage.weight_decay) and _matches(name, stage.decays) for name, _ in learning}
    groups = [
        # Torch adds `weight_decay` times w to the gradient, the derivative of half of that times w².
        {
            "params": [parameter for name, parameter in learning if is_kept_small[name] is kept],
            "weight_decay": 2 * stage.weight_decay if kept else 0.0,
        }
        for kept in (True, False)
    ]
    return torch.optim.Adam([group for group in groups if group["params"]], lr=stage.learning_rate, betas=betas)


def learning_rate_at(stage: Stage, step: int, steps: int) -> float:
    """Learning rate of step ``step`` of the ``steps`` of a stage."""
    if stage.decay == "constant":
        return stage.learning_rate
    share = step / max(1, steps)
    rise = min(1.0, (share + 1.0 / max(1, steps)) / 0.05)
    return stage.learning_rate * rise * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * share)))


def _named(stage: Stage, patterns: Sequence[str], names: Iterable[str]) -> set[str]:
    """Those of ``names`` that a pattern matches; each pattern has to match one."""
    given = tuple(names)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in given):
            raise UsageError(
                f"In the stage “{stage.name}” of the schedule, “{pattern}” names no parameter of the network.",
                "Correct the pattern; * stands for any characters.",
            )
    return {name for name in given if _matches(name, patterns)}


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
