"""The list of studies: searched, filtered and sorted in one question, shown page by page.

`Listing.order` gives the ids of every study that is meant, in order: ten thousand take some milliseconds, and the
window then knows how long its list is, what comes next, and what to fetch ahead. `Listing.rows` gives what a page
shows.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist.blinding import HAS_RESULT, JOINS, VISIBLE_SCORE
from mammoview.session.worklist.database import Database
from mammoview.session.worklist.errors import BlindedError
from mammoview.session.worklist.protocol import ReadingMode, current_protocol
from mammoview.session.worklist.readers import Seat


class Sort(StrEnum):
    """What the list is sorted by."""

    NAME = "name"
    PATIENT_ID = "patient id"
    DATE = "date"
    STATE = "state"
    KIND = "kind"
    ADDED = "added"
    AI_SCORE = "ai score"


class Stage(StrEnum):
    """How far the asking reader's own reading is."""

    NONE = ""
    OPENED = "opened"
    COMMITTED = "committed"
    REVEALED = "revealed"
    SIGNED = "signed"


@dataclass(frozen=True)
class Query:
    """What is asked of the list.

    Attributes
    ----------
    text
        Words that must all occur in the patient's name or id, the accession number or the description.
    states, kinds
        Any of these; empty for all. Kinds are those of `mammoview.session.worklist.ingest_values.StudyKind`.
    first_date, last_date
        Inclusive, YYYYMMDD; empty for no bound.
    patient
        A patient's row, or None for all.
    least_score
        Only studies whose AI score this reader may see and is at least so high; None for all.
    only_for_me
        Only studies where this reader has something to do.
    sort, is_descending
        Equal ones stand in the order of their import. Studies without the sorted value stand last.
    """

    text: str = ""
    states: frozenset[ReadingState] = frozenset()
    kinds: frozenset[str] = frozenset()
    first_date: str = ""
    last_date: str = ""
    patient: int | None = None
    least_score: float | None = None
    only_for_me: bool = False
    sort: Sort = Sort.DATE
    is_descending: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the list.

    Attributes
    ----------
    id, uid
        The store's number, and the Study Instance UID.
    patient
        The patient's row.
    kinds
        Words of `StudyKind`.
    stage
        How far the asking reader is.
    earlier
        How many earlier studies the patient has.
    has_ai_result
        Whether the AI looked at it; not what it said.
    ai_score
        None where the protocol hides it from the asking reader, or there is none.
    """

    id: int
    uid: str
    patient: int
    patient_name: str
    patient_id: str
    birth_date: str
    date: str
    time: str
    description: str
    accession: str
    kinds: tuple[str, ...]
    images: int
    state: ReadingState
    stage: Stage
    earlier: int
    has_ai_result: bool
    ai_score: float | None


_SORT_SQL: Final = {
    Sort.NAME: "patients.name_key",
    Sort.PATIENT_ID: "patients.patient_id",
    Sort.DATE: "CASE studies.date WHEN '' THEN '' ELSE studies.date || studies.time END",
    Sort.STATE: "studies.state_rank",
    Sort.KIND: "studies.kinds",
    Sort.ADDED: "studies.added_at",
    Sort.AI_SCORE: VISIBLE_SCORE,
}
#: Places that are taken, and what is left to do, by mode; ``mine`` is the reader's own reading.
_FOR_ME: Final = f"""CASE
    WHEN mine.id IS NOT NULL THEN mine.signed_at IS NULL
    ELSE CASE coalesce((SELECT p.reading FROM readings r JOIN protocols p ON p.id = r.protocol
                        WHERE r.study = studies.id LIMIT 1), :mode)
        WHEN '{ReadingMode.READER_STUDY}' THEN 1
        WHEN '{ReadingMode.DOUBLE}' THEN
            (SELECT count(*) FROM readings r WHERE r.study = studies.id) <
            CASE studies.state WHEN '{ReadingState.ARBITRATION}' THEN 3 ELSE 2 END
        ELSE NOT EXISTS (SELECT 1 FROM readings r WHERE r.study = studies.id)
        END
    END"""


class Listing:
    """The list as one reader may see it.

    Parameters
    ----------
    database
        Where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def order(self, seat: Seat, query: Query) -> tuple[int, ...]:
        """The ids of all studies that are meant, in the order asked for.

        Raises
        ------
        BlindedError
            When sorted or filtered by a score that the protocol never shows.
        LockedError
            When the window is locked.
        """
        reader = seat.reader_id()
        with self._database.read() as connection:
            values = _parameters(connection, reader)
            asks_score = query.sort is Sort.AI_SCORE or query.least_score is not None
            if asks_score and values["reveal"] == RevealProtocol.NEVER:
                raise BlindedError("This worklist is read without the AI.", "Sort by something else.")
            conditions = _conditions(query, values)
            by = _SORT_SQL[query.sort]
            way = "DESC" if query.is_descending else "ASC"
            sql = (
                f"SELECT studies.id FROM studies JOIN patients ON patients.id = studies.patient {JOINS}"
                f" WHERE {' AND '.join(conditions) or '1'}"
                f" ORDER BY coalesce({by}, '') = '', {by} {way}, studies.id"
            )
            return tuple(row[0] for row in connection.execute(sql, values))

    def image_paths(self, seat: Seat, study: int) -> dict[str, str]:
        """File of each image of a study, by the image's id."""
        seat.reader_id()
        with self._database.read() as connection:
            return dict(connection.execute("SELECT uid, path FROM images WHERE study = ?", (study,)).fetchall())

    def rows(self, seat: Seat, studies: Sequence[int]) -> tuple[Row, ...]:
        """What the list shows of some studies, in the order given; those that are gone are left out.

        Raises
        ------
        LockedError
            When the window is locked.
        """
        reader = seat.reader_id()
        marks = ", ".join(f":s{number}" for number in range(len(studies)))
        sql = (
            f"SELECT studies.*, patients.name, patients.patient_id, patients.birth_date, mine.committed_at,"
            f" mine.opened_at, mine.revealed_at, mine.signed_at, {HAS_RESULT} AS has_result,"
            f" {VISIBLE_SCORE} AS visible_score, (SELECT count(*) FROM studies other"
            f" WHERE other.patient = studies.patient AND other.date < studies.date AND other.date != '') AS earlier"
            f" FROM studies JOIN patients ON patients.id = studies.patient {JOINS} WHERE studies.id IN ({marks})"
        )
        with self._database.read() as connection:
            values = {**_parameters(connection, reader), **{f"s{n}": study for n, study in enumerate(studies)}}
            found = {row["id"]: _row(row) for row in connection.execute(sql, values)}
        return tuple(found[study] for study in studies if study in found)

    def counts(self, seat: Seat) -> dict[ReadingState, int]:
        """How many studies there are in each state."""
        seat.reader_id()
        with self._database.read() as connection:
            rows = connection.execute("SELECT state, count(*) FROM studies GROUP BY state").fetchall()
        known = {ReadingState(row[0]): int(row[1]) for row in rows}
        return {state: known.get(state, 0) for state in ReadingState}

    def paths(self, seat: Seat, study: int) -> tuple[str, ...]:
        """The files of a study's images, to be opened and to be fetched ahead."""
        seat.reader_id()
        with self._database.read() as connection:
            rows = connection.execute("SELECT path FROM images WHERE study = ? ORDER BY label, path", (study,))
            return tuple(row[0] for row in rows)


def simplified(text: str) -> str:
    """Text as it is searched and sorted: without case, accents and the signs between the parts of a name."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.replace("^", " ").replace(",", " ").replace("=", " ").split())


def _parameters(connection: sqlite3.Connection, reader: str) -> dict[str, object]:
    protocol = current_protocol(connection)[1]
    return {"reader": reader, "reveal": protocol.reveal.value, "mode": protocol.reading.value}


def _conditions(query: Query, values: dict[str, object]) -> list[str]:
    conditions = []
    for number, word in enumerate(simplified(query.text).split()):
        conditions.append(f"instr(studies.words, :w{number}) > 0")
        values[f"w{number}"] = word
    if query.states:
        conditions.append(_any_of("studies.state = :state{}", sorted(query.states), values, key="state"))
    if query.kinds:
        kinds = [f" {kind} " for kind in sorted(query.kinds)]
        conditions.append(_any_of("instr(' ' || studies.kinds || ' ', :kind{}) > 0", kinds, values, key="kind"))
    for condition, key, value in (
        ("studies.date >= :first", "first", query.first_date),
        ("studies.date <= :last AND studies.date != ''", "last", query.last_date),
        ("studies.patient = :patient", "patient", query.patient),
        (f"{VISIBLE_SCORE} >= :least", "least", query.least_score),
    ):
        if value not in {None, ""}:
            conditions.append(condition)
            values[key] = value
    if query.only_for_me:
        conditions.append(_FOR_ME)
    return conditions


def _any_of(condition: str, wanted: Sequence[str], values: dict[str, object], *, key: str) -> str:
    values.update({f"{key}{number}": value for number, value in enumerate(wanted)})
    return "(" + " OR ".join(condition.format(number) for number in range(len(wanted))) + ")"


def _row(row: sqlite3.Row) -> Row:
    return Row(
        id=row["id"],
        uid=row["uid"],
        patient=row["patient"],
        patient_name=row["name"],
        patient_id=row["patient_id"],
        birth_date=row["birth_date"],
        date=row["date"],
        time=row["time"],
        description=row["description"],
        accession=row["accession"],
        kinds=tuple(row["kinds"].split()),
        images=row["images"],
        state=ReadingState(row["state"]),
        stage=_stage(row),
        earlier=row["earlier"],
        has_ai_result=bool(row["has_result"]),
        ai_score=row["visible_score"],
    )


def _stage(row: sqlite3.Row) -> Stage:
    if row["signed_at"]:
        return Stage.SIGNED
    if row["revealed_at"] and row["committed_at"]:
        return Stage.REVEALED
    if row["committed_at"]:
        return Stage.COMMITTED
    return Stage.OPENED if row["opened_at"] else Stage.NONE
