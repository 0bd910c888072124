"""How far a run is: which epoch of which stage, what the epochs gave, and when a stage has gone on long enough."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mammoview.training.learning.schedule import Stage


@dataclass(frozen=True)
class EpochLog:
    """One line of ``log.jsonl``.

    Attributes
    ----------
    epoch
        From 1.
    loss
        Mean over the steps.
    seconds
        Of learning: neither of waiting while a run was paused, nor of validation.
    learning_rate
        Of the last step.
    validation
        What the plan's validation gave.
    """

    epoch: int
    stage: str
    loss: float
    seconds: float
    learning_rate: float
    samples_per_second: float
    validation: Mapping[str, float] = field(default_factory=dict)

    def value(self, name: str) -> float | None:
        """The loss or a validation value; None where there is none of that name."""
        return self.loss if name == "loss" else self.validation.get(name)


@dataclass
class Course:
    """The place in the schedule; a checkpoint carries it.

    Attributes
    ----------
    stage, in_stage
        The stage that the next epoch belongs to, and how many of its epochs are done.
    best, stage_best
        Smallest watched value, of all epochs and of the stage's; infinite before there is one.
    waited
        Epochs since ``stage_best``.
    log
        All epochs.
    """

    stage: int = 0
    in_stage: int = 0
    best: float = math.inf
    stage_best: float = math.inf
    waited: int = 0
    log: tuple[EpochLog, ...] = ()

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return len(self.log)

    def take(self, log: EpochLog, stage: Stage, watched: float) -> bool:
        """Note an epoch, and move on to the next stage where this one has ended.

        Parameters
        ----------
        watched
            The watched value, turned so that small is good.

        Returns
        -------
        bool
            Whether no epoch was better.
        """
        before = self.log[-1].loss if self.in_stage else math.inf
        self.log += (log,)
        self.in_stage += 1
        # A value that is no number is never better; the first epoch is the best until there is another.
        is_best = watched < self.best or self.epoch == 1
        self.best = watched if watched < self.best else self.best
        self.waited = 0 if watched < self.stage_best else self.waited + 1
        self.stage_best = min(self.stage_best, watched) if not math.isnan(watched) else self.stage_best
        is_settled = stage.least_change is not None and abs(before - log.loss) < stage.least_change
        is_patience_out = stage.patience is not None and self.waited >= stage.patience
        if self.in_stage == stage.epochs or is_settled or is_patience_out:
            self.stage += 1
            self.in_stage, self.stage_best, self.waited = 0, math.inf, 0
        return is_best

    def as_words(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {**asdict(self), "log": [asdict(log) for log in self.log]}

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Course:
        """What `as_words` gave."""
        return cls(**{**words, "log": tuple(EpochLog(**log) for log in words["log"])})
