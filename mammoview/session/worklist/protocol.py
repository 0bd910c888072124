"""The rules of reading: when the AI may be seen, how many read, and how far a study is by them."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mammoview.core.errors import UsageError
from mammoview.core.reading.comparing import BreastOutcome, Discordance, Outcome, needs_arbiter, outcome_of
from mammoview.core.reading.decisions import ReaderDecision
from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist import audit
from mammoview.session.worklist.audit import Event
from mammoview.session.worklist.database import Database, now
from mammoview.session.worklist.readers import Seat


class ReadingMode(StrEnum):
    """How many read a study. In a reader study everybody reads every case, and nobody ever sees another's decision."""

    SINGLE = "single"
    DOUBLE = "double"
    READER_STUDY = "reader-study"


def rank(state: ReadingState) -> int:
    """Its place in the order of the work."""
    return tuple(ReadingState).index(state)


@dataclass(frozen=True)
class Protocol:
    """The rules in force. A reading keeps those under which it was begun."""

    reveal: RevealProtocol = RevealProtocol.AFTER_FIRST_READ
    reading: ReadingMode = ReadingMode.SINGLE
    discordance: Discordance = Discordance.RECALL


@dataclass(frozen=True)
class CaseDecision(Outcome):
    """What the store must know of a decision to compare, list and export it; the rest is in ``content``.

    Attributes
    ----------
    score
        The reader's suspicion on one scale for all readers and cases, higher is worse; None where it was not asked for.
    content
        The whole decision as JSON text.
    """

    score: float | None = None
    content: str = "{}"

    def to_json(self) -> str:
        """As stored.

        Raises
        ------
        UsageError
            When the score is no number or the content no JSON.
        """
        require_json(self.content)
        if self.score is not None and not math.isfinite(self.score):
            raise UsageError("The score of a decision must be a number.", "Leave it out instead.")
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def of(cls, decision: ReaderDecision, content: str = "{}") -> CaseDecision:
        """What the store keeps of a reader's decision; the score is the greater suspicion of both breasts.

        Parameters
        ----------
        decision
            As the reader made it.
        content
            The whole of it as JSON text.
        """
        outcome = outcome_of(decision)
        return cls(
            right=outcome.right,
            left=outcome.left,
            is_technical_recall=outcome.is_technical_recall,
            score=max((breast.suspicion for breast in decision.breasts if breast.suspicion is not None), default=None),
            content=content,
        )

    @classmethod
    def from_json(cls, text: str) -> CaseDecision:
        """What `to_json` wrote, of this version or an older one, which did not know of technical recalls."""
        values: dict[str, Any] = json.loads(text)
        right, left = (BreastOutcome(**values.pop(side)) for side in ("right", "left"))
        return cls(right=right, left=left, **values)


@dataclass(frozen=True)
class Step:
    """One reader's part in a study, as far as states depend on it: ``place`` 3 is the arbiter in double reading."""

    place: int
    final: CaseDecision | None
    is_signed: bool


def state_of(steps: Sequence[Step], protocol: Protocol) -> ReadingState:
    """How far a study is, from the readings of it and the protocol under which they were begun."""
    if not steps:
        return ReadingState.NEW
    committed = [step for step in steps if step.final is not None]
    if protocol.reading is ReadingMode.SINGLE:
        if any(step.is_signed for step in steps):
            return ReadingState.SIGNED
        return ReadingState.FIRST_READ if committed else ReadingState.OPENED
    if protocol.reading is ReadingMode.DOUBLE:
        verdict = _state_of_two([step for step in steps if step.place < 3], steps, protocol.discordance)
        if verdict is not None:
            return verdict
    return (ReadingState.OPENED, ReadingState.FIRST_READ, ReadingState.SECOND_READ)[min(2, len(committed))]


def _state_of_two(both: Sequence[Step], steps: Sequence[Step], rule: Discordance) -> ReadingState | None:
    signed = [step.final for step in both if step.is_signed and step.final is not None]
    if len(signed) < 2:
        return None
    if not needs_arbiter(signed[0], signed[1], rule) or any(step.place == 3 and step.is_signed for step in steps):
        return ReadingState.SIGNED
    return ReadingState.ARBITRATION


class Protocols:
    """The rules in force and those that were.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> Protocol:
        """The rules for readings begun from now on."""
        with self._database.read() as connection:
            return current_protocol(connection)[1]

    def change(self, seat: Seat, protocol: Protocol) -> None:
        """Set other rules. Readings that were begun keep theirs; the log says who changed them."""
        reader = seat.reader_id()
        with self._database.write() as connection:
            if current_protocol(connection)[1] == protocol:
                return
            connection.execute(
                "INSERT INTO protocols (reveal, reading, discordance, set_at) VALUES (?, ?, ?, ?)",
                (protocol.reveal, protocol.reading, protocol.discordance, now()),
            )
            detail = {key: value.value for key, value in vars(protocol).items()}
            audit.append(connection, Event.PROTOCOL, reader=reader, detail=detail)


def current_protocol(connection: sqlite3.Connection) -> tuple[int, Protocol]:
    """The rules in force and the number of their row."""
    row = connection.execute("SELECT * FROM protocols ORDER BY id DESC LIMIT 1").fetchone()
    return row["id"], protocol_of(row)


def protocol_of(row: sqlite3.Row) -> Protocol:
    """The rules in a row."""
    return Protocol(RevealProtocol(row["reveal"]), ReadingMode(row["reading"]), Discordance(row["discordance"]))


def require_json(text: str) -> None:
    """Refuse text that is no JSON.

    Raises
    ------
    UsageError
        When it is none.
    """
    try:
        json.loads(text)
    except ValueError as error:
        raise UsageError("A document of the worklist must be JSON.", "Nothing was stored.") from error
