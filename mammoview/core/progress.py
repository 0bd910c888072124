"""The two callables that slow work is given: tell how far it is, and ask whether to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mammoview.core.errors import CancelledError


class Progress(Protocol):
    """Told how far a job is."""

    def __call__(self, fraction: float, text: str) -> None:
        """Tell that ``fraction`` (0 to 1) is done and that ``text`` is what happens now."""


class Cancel(Protocol):
    """Asked between steps whether to stop."""

    def __call__(self) -> bool:
        """Whether the user asked to stop."""


def no_progress(fraction: float, text: str) -> None:
    """Tell nobody."""


def never_cancel() -> bool:
    """Go on."""
    return False


def stop_if_cancelled(cancel: Cancel) -> None:
    """Raise `CancelledError` when ``cancel`` says so.

    Raises
    ------
    CancelledError
        When the user asked to stop.
    """
    if cancel():
        raise CancelledError("The job was cancelled.", "Start it again whenever you like.")


@dataclass(frozen=True)
class SubProgress:
    """A share of a longer job: maps 0 to 1 of a step onto ``start`` to ``stop`` of the whole."""

    whole: Progress
    start: float
    stop: float

    def __call__(self, fraction: float, text: str) -> None:
        """Tell the whole job's progress."""
        self.whole(self.start + (self.stop - self.start) * min(1.0, max(0.0, fraction)), text)
