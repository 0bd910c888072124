"""A reader's way through a study: open, commit a first read, see the AI, decide again, sign."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mammoview.core.reading.states import ReadingState
from mammoview.session.worklist import audit, blinding
from mammoview.session.worklist.audit import Event, Head
from mammoview.session.worklist.blinding import AiResult
from mammoview.session.worklist.database import Database, now
from mammoview.session.worklist.errors import WorklistError
from mammoview.session.worklist.leases import Holder, Leases
from mammoview.session.worklist.protocol import (
    CaseDecision,
    Protocol,
    ReadingMode,
    Step,
    current_protocol,
    protocol_of,
    rank,
    state_of,
)
from mammoview.session.worklist.readers import Seat

#: What the log calls an export of everybody's decisions.
READER_STUDY: Final = "reader study"
_WITH_RULES: Final = (
    "SELECT readings.*, reveal, reading, discordance FROM readings JOIN protocols ON protocols.id = protocol"
)


@dataclass(frozen=True)
class Reading:
    """One reader's reading of a study.

    Attributes
    ----------
    place
        1 and 2 are the readers, 3 is the arbiter of double reading; in a reader study just a number.
    protocol
        The rules under which it was begun.
    before, after
        The decision committed before the AI was seen, and the last one after it; None where there is none.
    opened_at, committed_at, revealed_at, decided_at, signed_at
        UTC, ISO 8601; None where it has not happened. ``decided_at`` is the time of ``after``.
    """

    study: int
    reader: str
    place: int
    protocol: Protocol
    opened_at: str
    before: CaseDecision | None
    committed_at: str | None
    revealed_at: str | None
    after: CaseDecision | None
    decided_at: str | None
    signed_at: str | None

    @property
    def final(self) -> CaseDecision | None:
        """The decision that counts."""
        return self.after or self.before

    @classmethod
    def of(cls, row: sqlite3.Row) -> Reading:
        """From a row of `readings` with its protocol."""
        before, after = (None if row[key] is None else CaseDecision.from_json(row[key]) for key in ("before", "after"))
        return cls(
            study=row["study"],
            reader=row["reader"],
            place=row["place"],
            protocol=protocol_of(row),
            opened_at=row["opened_at"],
            before=before,
            committed_at=row["committed_at"],
            revealed_at=row["revealed_at"],
            after=after,
            decided_at=row["decided_at"],
            signed_at=row["signed_at"],
        )


@dataclass(frozen=True)
class Opened:
    """What opening a study came to.

    Attributes
    ----------
    reading
        The reader's own, or None where the reader has no part in the study and only looks.
    holder
        The other window that works on the study; this one is read-only.
    """

    reading: Reading | None
    holder: Holder | None = None

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be changed from here."""
        return self.reading is None or self.holder is not None or self.reading.signed_at is not None


class Readings:
    """The readings of all studies.

    Parameters
    ----------
    database
        Where they are kept.
    leases
        Those of this window.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def open(self, seat: Seat, study: int) -> Opened:
        """Open a study, and begin a reading of it where the reader has a part to play.

        Raises
        ------
        WorklistError
            When there is no such study.
        LockedError
            When the window is locked.
        """
        reader = seat.reader_id()
        with self._database.write() as connection:
            uid = study_uid(connection, study)
            holder = self._leases.claim(connection, study)
            own = own_reading(connection, study, reader)
            if own is None and holder is None:
                own = self._begin(connection, study, reader)
            detail = {"read_only": own is None or holder is not None}
            audit.append(connection, Event.OPEN, reader=reader, study=uid, detail=detail)
            return Opened(None if own is None else Reading.of(own), holder)

    def close(self, study: int) -> None:
        """Give the study back, so that another window may work on it."""
        self._leases.release(study)

    def _begin(self, connection: sqlite3.Connection, study: int, reader: str) -> sqlite3.Row | None:
        place = free_place(connection, study)
        if place is None or _knows_all(connection, study, reader):
            return None
        number, _ = current_protocol(connection)
        first = connection.execute(
            "SELECT protocol FROM readings WHERE study = ? ORDER BY place LIMIT 1", (study,)
        ).fetchone()
        # All readings of a study go by the rules of its first.
        connection.execute(
            "INSERT INTO readings (study, reader, place, protocol, opened_at) VALUES (?, ?, ?, ?, ?)",
            (study, reader, place, first["protocol"] if first else number, now()),
        )
        _update_state(connection, study)
        return own_reading(connection, study, reader)

    def commit(self, seat: Seat, study: int, *, decision: CaseDecision) -> Reading:
        """Commit the first read. It never changes any more.

        Where the AI was seen before (concurrent reading), the decision counts as one after it.

        Raises
        ------
        WorklistError
            When it was committed before, or the reader has no part in the study.
        InUseError
            When another window has the study.
        """
        text = decision.to_json()
        reader = seat.reader_id()
        with self._database.write() as connection:
            own = self._require_own(connection, study, reader)
            if own["committed_at"] is not None:
                raise WorklistError("The first read was committed before.", "Decide again after you saw the AI.")
            stamp = now()
            if own["revealed_at"] is None:
                connection.execute(
                    "UPDATE readings SET before = ?, committed_at = ? WHERE id = ?", (text, stamp, own["id"])
                )
            else:
                connection.execute(
                    "UPDATE readings SET after = ?, committed_at = ?, decided_at = ? WHERE id = ?",
                    (text, stamp, stamp, own["id"]),
                )
            self._log(connection, Event.COMMIT, own, {"sha256": digest(text)})
            return self._updated(connection, study, reader)

    def reveal(self, seat: Seat, study: int) -> AiResult:
        """What the AI says of a study. The first time is stamped; every time is logged.

        Raises
        ------
        BlindedError
            When the protocol hides it from this reader now.
        WorklistError
            When there is no result yet; nothing is stamped.
        """
        reader = seat.reader_id()
        with self._database.write() as connection:
            uid = study_uid(connection, study)
            own = own_reading(connection, study, reader)
            state = ReadingState(connection.execute("SELECT state FROM studies WHERE id = ?", (study,)).fetchone()[0])
            rules = (current_protocol(connection)[1], study_protocol(connection, study))
            result = blinding.revealed_result(connection, study, own, rules=rules, state=state)
            if own is not None and own["revealed_at"] is None:
                self._leases.require(connection, study)
                connection.execute(
                    "UPDATE readings SET revealed_at = ?, revealed_result = ? WHERE id = ?",
                    (now(), result.id, own["id"]),
                )
            detail = {"fingerprint": result.fingerprint}
            audit.append(connection, Event.REVEAL, reader=reader, study=uid, detail=detail)
            return result

    def decide(self, seat: Seat, study: int, *, decision: CaseDecision) -> Reading:
        """Decide again after the AI was seen; the decision before it is kept. May be done until it is signed.

        Raises
        ------
        WorklistError
            When nothing was committed, the AI was not seen, or it is signed.
        InUseError
            When another window has the study.
        """
        text = decision.to_json()
        reader = seat.reader_id()
        with self._database.write() as connection:
            own = self._require_own(connection, study, reader)
            if own["committed_at"] is None or own["revealed_at"] is None:
                raise WorklistError("There is nothing to decide again.", "Commit the first read and see the AI before.")
            connection.execute("UPDATE readings SET after = ?, decided_at = ? WHERE id = ?", (text, now(), own["id"]))
            self._log(connection, Event.DECIDE, own, {"sha256": digest(text)})
            return self._updated(connection, study, reader)

    def sign(
        self, seat: Seat, study: int, *, also: Callable[[sqlite3.Connection, Head], None] | None = None
    ) -> tuple[Reading, ReadingState]:
        """Close the reading: what was decided last stands.

        Parameters
        ----------
        seat
            Who signs.
        study
            The study's row.
        also
            Stored in the same transaction, given the head of the audit log: see `Documents.sign`.

        Returns
        -------
        reading, state
            The signed reading, and how far the study is now.

        Raises
        ------
        WorklistError
            When nothing was committed, or it was signed before.
        InUseError
            When another window has the study.
        """
        reader = seat.reader_id()
        with self._database.write() as connection:
            own = self._require_own(connection, study, reader)
            if own["committed_at"] is None:
                raise WorklistError("There is no decision to sign.", "Commit the first read before.")
            connection.execute("UPDATE readings SET signed_at = ? WHERE id = ?", (now(), own["id"]))
            final = own["after"] or own["before"]
            head = self._log(connection, Event.SIGN, own, {"what": "reading", "sha256": digest(final)})
            if also is not None:
                also(connection, head)
            signed = self._updated(connection, study, reader)
            state = connection.execute("SELECT state FROM studies WHERE id = ?", (study,)).fetchone()["state"]
            return signed, ReadingState(state)

    def visible(self, seat: Seat, study: int) -> tuple[Reading, ...]:
        """The reader's own reading, and those of others where the protocol no longer hides them.

        In double reading that is when both have signed; in single reading others see what is signed; in a reader study
        nobody ever sees another's.
        """
        reader = seat.reader_id()
        with self._database.read() as connection:
            rows = _rows(connection, study)
            may_see = sees_others(connection, study)
        return tuple(Reading.of(row) for row in rows if row["reader"] == reader or (may_see and row["signed_at"]))

    def _require_own(self, connection: sqlite3.Connection, study: int, reader: str) -> sqlite3.Row:
        self._leases.require(connection, study)
        own = own_reading(connection, study, reader)
        if own is None:
            raise WorklistError("You have no part in this study.", "It is read by others; you may look at it.")
        if own["signed_at"] is not None:
            raise WorklistError("Your reading is signed and stays as it is.", "Amend the report instead.")
        return own

    def _log(self, connection: sqlite3.Connection, event: Event, own: sqlite3.Row, detail: dict[str, object]) -> Head:
        uid = study_uid(connection, own["study"])
        return audit.append(connection, event, reader=own["reader"], study=uid, detail=detail)

    def _updated(self, connection: sqlite3.Connection, study: int, reader: str) -> Reading:
        _update_state(connection, study)
        row = own_reading(connection, study, reader)
        assert row is not None
        return Reading.of(row)


def digest(text: str) -> str:
    """SHA-256 of a text, for the log."""
    return hashlib.sha256(text.encode()).hexdigest()


def study_uid(connection: sqlite3.Connection, study: int) -> str:
    """The Study Instance UID of a row.

    Raises
    ------
    WorklistError
        When there is no such row.
    """
    row = connection.execute("SELECT uid FROM studies WHERE id = ?", (study,)).fetchone()
    if row is None:
        raise WorklistError("The study is not in the worklist.", "Import it again.")
    return str(row["uid"])


def own_reading(connection: sqlite3.Connection, study: int, reader: str) -> sqlite3.Row | None:
    """A reader's reading of a study with its rules, or None."""
    found: sqlite3.Row | None = connection.execute(
        f"{_WITH_RULES} WHERE study = ? AND reader = ?", (study, reader)
    ).fetchone()
    return found


def _rows(connection: sqlite3.Connection, study: int) -> list[sqlite3.Row]:
    return connection.execute(f"{_WITH_RULES} WHERE study = ? ORDER BY place", (study,)).fetchall()


def study_protocol(connection: sqlite3.Connection, study: int) -> Protocol:
    """The rules of a study: those of its first reading, or those in force."""
    rows = _rows(connection, study)
    return protocol_of(rows[0]) if rows else current_protocol(connection)[1]


def free_place(connection: sqlite3.Connection, study: int) -> int | None:
    """The place that another reader could take in a study, or None."""
    taken = [row["place"] for row in _rows(connection, study)]
    mode = study_protocol(connection, study).reading
    if mode is ReadingMode.READER_STUDY:
        return max(taken, default=0) + 1
    if mode is ReadingMode.DOUBLE:
        state = connection.execute("SELECT state FROM studies WHERE id = ?", (study,)).fetchone()["state"]
        places = range(1, 4 if state == ReadingState.ARBITRATION else 3)
    else:
        places = range(1, 2)
    return next((place for place in places if place not in taken), None)


def _knows_all(connection: sqlite3.Connection, study: int, reader: str) -> bool:
    """Whether the study belongs to a reader study whose decisions the reader has taken out: see `mrmc`."""
    if study_protocol(connection, study).reading is not ReadingMode.READER_STUDY:
        return False
    rows = connection.execute(
        "SELECT detail FROM audit WHERE event = ? AND reader = ?", (Event.EXPORT.value, reader)
    ).fetchall()
    return any(json.loads(row["detail"]).get("what") == READER_STUDY for row in rows)


def sees_others(connection: sqlite3.Connection, study: int) -> bool:
    """Whether signed readings and documents of one reader may be seen by the others."""
    rows = _rows(connection, study)
    mode = study_protocol(connection, study).reading
    if mode is ReadingMode.DOUBLE:
        return sum(row["signed_at"] is not None for row in rows if row["place"] < 3) == 2
    return mode is ReadingMode.SINGLE


def _update_state(connection: sqlite3.Connection, study: int) -> None:
    readings = [Reading.of(row) for row in _rows(connection, study)]
    steps = [Step(one.place, one.final if one.committed_at else None, one.signed_at is not None) for one in readings]
    state = state_of(steps, study_protocol(connection, study))
    connection.execute(
        "UPDATE studies SET state = ?, state_rank = ?, changed_at = ? WHERE id = ? AND state != ?",
        (state.value, rank(state), now(), study, state.value),
    )
