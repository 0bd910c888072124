"""The one place where what the AI said is read, and only for those who may see it.

No other module reads the table of AI results (a test looks). What a reader may not see is not in any value that leaves
the store: no score, no place in an order, no path.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist.errors import BlindedError, WorklistError
from mammoview.session.worklist.protocol import Protocol, ReadingMode

#: The score that a reader may see, NULL where it is hidden: for lists, their filters and their order. It needs the
#: tables ``mine`` (the reader's own readings) and ``ruled`` (the rules of a study: those of its first reading, whoever
#: began it) and the parameter ``:reveal``.
VISIBLE_SCORE: Final = f"""CASE
    WHEN :reveal = '{RevealProtocol.NEVER}' OR ruled.reveal = '{RevealProtocol.NEVER}' THEN NULL
    WHEN mine.revealed_at IS NOT NULL THEN ai.score
    WHEN :reveal = '{RevealProtocol.CONCURRENT}' AND coalesce(ruled.reveal, :reveal) = :reveal THEN ai.score
    END"""
#: Joins what `VISIBLE_SCORE` needs to the table ``studies``; needs ``:reader``.
JOINS: Final = """
    LEFT JOIN readings mine ON mine.study = studies.id AND mine.reader = :reader
    LEFT JOIN protocols ruled ON ruled.id = coalesce(
        mine.protocol, (SELECT protocol FROM readings WHERE study = studies.id ORDER BY place LIMIT 1))
    LEFT JOIN ai_results ai ON ai.study = studies.id AND ai.is_current = 1"""
HAS_RESULT: Final = "ai.id IS NOT NULL"


@dataclass(frozen=True)
class AiResult:
    """What the AI said of a study: where its result lies, what it was computed from and with, and its score."""

    id: int
    fingerprint: str
    path: str
    score: float | None
    finished_at: str


def revealed_result(
    connection: sqlite3.Connection,
    study: int,
    own: sqlite3.Row | None,
    *,
    rules: tuple[Protocol, Protocol],
    state: ReadingState,
) -> AiResult:
    """The study's current result, if the reader may see it now.

    Parameters
    ----------
    connection
        The database.
    study
        The study's row.
    own
        The reader's own reading of it, or None.
    rules
        The protocol in force, and that of the study's readings.
    state
        How far the study is.

    Raises
    ------
    BlindedError
        When the protocol hides it.
    WorklistError
        When there is no result yet.
    """
    _require_sight(own, rules, state)
    return _current(connection, study)


def prior_result(
    connection: sqlite3.Connection,
    prior: int,
    own: sqlite3.Row | None,
    *,
    rules: tuple[Protocol, Protocol],
    state: ReadingState,
) -> AiResult:
    """The current result of an earlier study, to be told beside that of a later one which the reader may see.

    An earlier study is history, unless the reader is to read it as well: who is at it, and in a reader study everybody,
    commits first.

    Parameters
    ----------
    connection, rules, state
        As for `revealed_result`, of the earlier study.
    prior
        Its row.
    own
        The reader's own reading of it, or None.

    Raises
    ------
    BlindedError
        When the protocol hides it.
    WorklistError
        When there is no result.
    """
    is_study = any(one.reading is ReadingMode.READER_STUDY for one in rules)
    if own is not None or is_study or any(one.reveal is RevealProtocol.NEVER for one in rules):
        _require_sight(own, rules, state)
    return _current(connection, prior)


def _current(connection: sqlite3.Connection, study: int) -> AiResult:
    row = connection.execute("SELECT * FROM ai_results WHERE study = ? AND is_current = 1", (study,)).fetchone()
    if row is None:
        raise WorklistError("The AI has not looked at this study yet.", "Start its analysis, or wait for it.")
    return AiResult(row["id"], row["fingerprint"], row["path"], row["score"], row["finished_at"])


def _require_sight(own: sqlite3.Row | None, rules: tuple[Protocol, Protocol], state: ReadingState) -> None:
    in_force, begun_under = rules
    if RevealProtocol.NEVER in {in_force.reveal, begun_under.reveal}:
        raise BlindedError("This worklist is read without the AI.", "The protocol says so; its results stay hidden.")
    if own is None:
        # Nobody will read a signed study again, except in a reader study.
        is_over = state is ReadingState.SIGNED and begun_under.reading is not ReadingMode.READER_STUDY
        if not is_over and RevealProtocol.AFTER_FIRST_READ in {in_force.reveal, begun_under.reveal}:
            raise BlindedError("The AI is seen after your own first read only.", "Open the study for reading first.")
    elif begun_under.reveal is RevealProtocol.AFTER_FIRST_READ and own["committed_at"] is None:
        raise BlindedError("The AI is seen after your own first read only.", "Commit your first read, then ask again.")
