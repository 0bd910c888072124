"""How long a job will still take, from the fractions that it tells. Nothing is said before it can be known."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

#: The pace is that of the last so many seconds: what came before may have been a start or another kind of work.
_WINDOW_S: Final = 30.0
#: Before a job ran for so long, or told of so many steps, its pace is not known.
_LEAST_S: Final = 2.0
_LEAST_STEPS: Final = 3
#: A job that stood still for so many times its usual step has lost its pace.
_MOST_PAUSE: Final = 4.0


class Estimate:
    """Watches one job.

    Parameters
    ----------
    clock
        Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steps: deque[tuple[float, float]] = deque()

    def tell(self, fraction: float) -> None:
        """Take in how much is done, 0 to 1. A job that goes back has begun anew."""
        if self._steps and fraction < self._steps[-1][1]:
            self._steps.clear()
        if fraction <= 0.0 or (self._steps and fraction == self._steps[-1][1]):
            # Nothing was done yet, or nothing since: waiting has no pace.
            return
        now = self._clock()
        self._steps.append((now, fraction))
        while len(self._steps) > _LEAST_STEPS and self._steps[0][0] < now - _WINDOW_S:
            self._steps.popleft()

    @property
    def seconds_left(self) -> float | None:
        """What is left, s; None while nobody can know."""
        if len(self._steps) < _LEAST_STEPS:
            return None
        (first_s, first), (last_s, last) = self._steps[0], self._steps[-1]
        took_s, waited_s = last_s - first_s, self._clock() - last_s
        if took_s < _LEAST_S:
            return None
        step_s = took_s / (len(self._steps) - 1)
        if waited_s > _MOST_PAUSE * max(step_s, _LEAST_S):
            return None
        return max(0.0, (1.0 - last) * took_s / (last - first) - waited_s)

    @property
    def words(self) -> str:
        """What is left in words, such as ``about 40 s left``; empty while nobody can know."""
        left = self.seconds_left
        return "" if left is None else words_of(left)


def words_of(seconds: float) -> str:
    """A time that is left, as exact as an estimate can be."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        nearest = 5 if seconds < 30 else 10
        return f"about {round(seconds / nearest) * nearest} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"
