"""Did it help? One plain sentence about two models on the same cases, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from mammoview.core.amounts import counted
from mammoview.core.errors import UsageError


class Outcome(StrEnum):
    """What can be said of a change."""

    BETTER = "better"
    WORSE = "worse"
    UNTOLD = "cannot be told"


#: Fewer patients have no interval of 95 %: even if nothing had changed, all of five would point the same way in one of
#: 16 cases, of six in one of 32.
LEAST_PATIENTS: Final = 6
#: An interval narrower than this is told with more decimals: it has a width.
_NARROW: Final = 0.002


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; None where it cannot be told."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """As a person reads it."""
        return self._words("")

    @property
    def signed(self) -> str:
        """A change as a person reads it."""
        return self._words("+")

    @property
    def ends(self) -> str:
        """The ends of a change; empty where it has no interval."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:+.{self._digits}f} to {self.high:+.{self._digits}f}"

    @property
    def _digits(self) -> int:
        is_narrow = self.low is not None and self.high is not None and self.high - self.low < _NARROW
        return 5 if is_narrow else 3

    def _words(self, sign: str) -> str:
        if self.value is None:
            return "not known"
        form = f"{sign}.{self._digits}f"
        if self.low is None or self.high is None:
            return f"{self.value:{form}}"
        return f"{self.value:{form}} ({self.low:{form}} to {self.high:{form}})"


UNKNOWN = Interval(None)


@dataclass(frozen=True)
class Change:
    """What a measure was with the old model, and what it is with the new one, on the same cases.

    Attributes
    ----------
    measure
        ``AUC`` or ``Dice``; large is good.
    before, after
        Of the old and of the new model.
    difference
        ``after`` less ``before``, paired; its interval is over whole patients.
    p_value
        Two-sided, of no difference, by the same draws.
    delong_p
        By DeLong's test, which takes all samples as independent; None where it does not apply.
    samples, patients
        How many were judged.
    unit
        What a sample is.
    """

    measure: str
    before: Interval
    after: Interval
    difference: Interval
    p_value: float | None
    delong_p: float | None
    samples: int
    patients: int
    unit: str = "images"

    @property
    def outcome(self) -> Outcome:
        """Better or worse only where the whole interval says so; an interval without a width says nothing."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None or math.isnan(low) or math.isnan(high) or not low < high:
            return Outcome.UNTOLD
        if high < 0:
            return Outcome.WORSE
        return Outcome.BETTER if low > 0 else Outcome.UNTOLD


class Judgement(Protocol):
    """What has an outcome."""

    @property
    def outcome(self) -> Outcome:
        """Of the new model against the old one."""


def sentence_of(change: Change) -> str:
    """The verdict in one or two plain sentences, with its numbers."""
    cases = f"{counted(change.patients, 'patient')} ({change.samples} {change.unit})"
    gap = change.difference
    if gap.value is None:
        return (
            f"Whether the new model is better cannot be told with {cases}: there are too few to measure a change of "
            f"the {change.measure}."
        )
    if gap.value == 0 and not gap.ends:
        return (
            f"Whether the new model is better or worse cannot be told with {cases}: both have the {change.measure} "
            f"{change.after.value:.3f}, and no 95 % interval of a change can be told."
        )
    numbers = f"from {change.before.value:.3f} to {change.after.value:.3f}"
    if not gap.ends:
        return (
            f"Whether the new model is better or worse cannot be told with {cases}: the {change.measure} changed "
            f"{numbers}, by {gap.value:+.3f}, but no 95 % interval of that can be told."
        )
    span = f"95 % interval {gap.ends}"
    if change.outcome is Outcome.UNTOLD:
        return (
            f"Whether the new model is better or worse cannot be told with {cases}: the {change.measure} changed "
            f"{numbers}, by {gap.value:+.3f} ({span}), which chance alone may do."
        )
    how = "rose" if change.outcome is Outcome.BETTER else "fell"
    return (
        f"The new model is {change.outcome.value} on the {cases} of the sealed test set: the {change.measure} {how} "
        f"{numbers}, by {gap.value:+.3f} ({span})."
    )


def may_activate(verdict: Judgement, reason: str = "") -> bool:
    """Whether a model may be put to use: a worse one only where somebody says why."""
    return verdict.outcome is not Outcome.WORSE or bool(reason.strip())


def require_reason(verdict: Judgement, reason: str = "") -> None:
    """Refuse to activate a worse model without a reason.

    Raises
    ------
    UsageError
        When `may_activate` says no.
    """
    if not may_activate(verdict, reason):
        raise UsageError(
            "The new model is worse than the old one on the sealed test set, and is not put to use without a reason.",
            "Say why it should be used all the same; the reason is recorded.",
        )
