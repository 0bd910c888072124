"""The states of a reading, who may read in which order, and when the AI may be seen."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mammoview.core.errors import ReadingError


class ReadingState(StrEnum):
    """How far a study's reading has come; the value is its name in the worklist.

    ``FIRST_READ`` and ``SECOND_READ`` say that this read is done.
    """

    NEW = "new"
    OPENED = "opened"
    FIRST_READ = "first read"
    SECOND_READ = "second read"
    ARBITRATION = "arbitration"
    SIGNED = "signed"


#: What may follow a state. A signed study stays signed: an amendment does not reopen it.
_NEXT: Final[dict[ReadingState, frozenset[ReadingState]]] = {
    ReadingState.NEW: frozenset({ReadingState.OPENED}),
    ReadingState.OPENED: frozenset({ReadingState.FIRST_READ}),
    ReadingState.FIRST_READ: frozenset({ReadingState.SECOND_READ, ReadingState.ARBITRATION, ReadingState.SIGNED}),
    ReadingState.SECOND_READ: frozenset({ReadingState.ARBITRATION, ReadingState.SIGNED}),
    ReadingState.ARBITRATION: frozenset({ReadingState.SIGNED}),
    ReadingState.SIGNED: frozenset(),
}


def may_follow(before: ReadingState, after: ReadingState) -> bool:
    """Whether a reading may go from one state to another."""
    return after in _NEXT[before]


def check_step(before: ReadingState, after: ReadingState) -> None:
    """Refuse a step that a reading does not take.

    Raises
    ------
    ReadingError
        Naming both states.
    """
    if not may_follow(before, after):
        hint = "Amend the signed report instead." if before is ReadingState.SIGNED else "Finish the read before it."
        raise ReadingError(f"A reading cannot go from “{before}” to “{after}”.", hint)


class ReaderRole(StrEnum):
    """In which place a reader reads."""

    FIRST = "first"
    SECOND = "second"
    ARBITER = "arbiter"


class RevealProtocol(StrEnum):
    """When a reader may see what the AI found."""

    CONCURRENT = "concurrent"
    AFTER_FIRST_READ = "after the first read"
    NEVER = "never"
