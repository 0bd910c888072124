"""A patient's earlier studies. Two patients never mix: where the headers leave room for doubt, a study is no prior."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from mammoview.core.reading.states import ReadingState
from mammoview.session.worklist import audit
from mammoview.session.worklist.audit import Event
from mammoview.session.worklist.blinding import AiResult, prior_result, revealed_result
from mammoview.session.worklist.database import Database
from mammoview.session.worklist.errors import BlindedError, WorklistError
from mammoview.session.worklist.listing import simplified
from mammoview.session.worklist.protocol import Protocol, current_protocol
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.readings import own_reading, study_protocol, study_uid


@dataclass(frozen=True)
class StudyOfPatient:
    """What is compared of a study. Dates are YYYYMMDD, empty where unknown."""

    id: int
    uid: str
    patient_id: str
    issuer: str
    birth_date: str
    name: str
    date: str
    time: str = ""


@dataclass(frozen=True)
class Prior:
    """An earlier study of the same patient. ``doubts`` are to be shown beside it: what the headers do not settle."""

    study: StudyOfPatient
    doubts: tuple[str, ...] = ()


def identity_doubts(one: StudyOfPatient, other: StudyOfPatient) -> tuple[str, ...] | None:
    """Whether two studies are of one patient.

    The same id is needed, and issuers and birth dates that do not contradict each other. The birth dates must both be
    there, or the names be the same; where one issuer is missing, too.

    Returns
    -------
    tuple of str or None
        None for two patients; else what is not quite sure, empty where all agrees.
    """
    if not one.patient_id or one.patient_id != other.patient_id:
        return None
    pairs = (("issuer of the patient's id", one.issuer, other.issuer), ("birth date", one.birth_date, other.birth_date))
    if any(mine and theirs and mine != theirs for _, mine, theirs in pairs):
        return None
    doubts = [
        f"The {what} is missing in one of the studies." for what, mine, theirs in pairs if bool(mine) != bool(theirs)
    ]
    if not (one.name and simplified(one.name) == simplified(other.name)):
        # A name changes with a marriage; then everything else must agree.
        if doubts or not one.birth_date:
            return None
        doubts.append("The name is written differently.")
    return tuple(doubts)


def priors_of(current: StudyOfPatient, others: Iterable[StudyOfPatient]) -> tuple[Prior, ...]:
    """The earlier studies of the same patient, newest first.

    Parameters
    ----------
    current
        The study on screen. Without a date it has no priors.
    others
        Any studies; those of other patients, of the same day or later, and without a date are left out.
    """
    found = []
    for other in others:
        if other.uid == current.uid or not other.date or not current.date or other.date >= current.date:
            continue
        doubts = identity_doubts(current, other)
        if doubts is not None:
            found.append(Prior(other, doubts))
    return tuple(sorted(found, key=lambda prior: (prior.study.date, prior.study.time, prior.study.id), reverse=True))


class PatientStudies:
    """Finds priors in the store.

    Parameters
    ----------
    database
        Where studies are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def reveal(self, seat: Seat, study: int, prior: int) -> AiResult:
        """What the AI says of an earlier study, to be compared with what it says of one that was revealed; logged.

        Raises
        ------
        BlindedError
            When the protocol hides either of them from this reader now.
        WorklistError
            When there is no result.
        """
        reader = seat.reader_id()
        with self._database.write() as connection:
            uid, prior_uid = study_uid(connection, study), study_uid(connection, prior)
            if all(known.study.id != prior for known in priors_in(connection, study)):
                raise WorklistError("That is no earlier study of this patient.", "Nothing was shown.")
            own = own_reading(connection, study, reader)
            if own is not None and own["revealed_at"] is None:
                raise BlindedError("The AI was not shown for this study yet.", "Reveal it first.")
            revealed_result(connection, study, own, rules=_rules(connection, study), state=_state(connection, study))
            result = prior_result(
                connection,
                prior,
                own_reading(connection, prior, reader),
                rules=_rules(connection, prior),
                state=_state(connection, prior),
            )
            detail = {"fingerprint": result.fingerprint, "beside": uid}
            audit.append(connection, Event.REVEAL, reader=reader, study=prior_uid, detail=detail)
            return result

    def priors(self, seat: Seat, study: int) -> tuple[Prior, ...]:
        """The earlier studies of a study's patient, newest first.

        Raises
        ------
        WorklistError
            When there is no such study.
        """
        seat.reader_id()
        with self._database.read() as connection:
            return priors_in(connection, study)


def priors_in(connection: sqlite3.Connection, study: int) -> tuple[Prior, ...]:
    """The earlier studies of a study's patient, newest first.

    Raises
    ------
    WorklistError
        When there is no such study.
    """
    study_uid(connection, study)
    rows = connection.execute(
        "SELECT studies.id, uid, patient_id, issuer, birth_date, name, date, time FROM studies "
        "JOIN patients ON patients.id = studies.patient WHERE patient_id = "
        "(SELECT patient_id FROM patients JOIN studies ON patients.id = patient WHERE studies.id = ?)",
        (study,),
    ).fetchall()
    found = {row["id"]: StudyOfPatient(**dict(row)) for row in rows}
    return priors_of(found[study], found.values())


def _rules(connection: sqlite3.Connection, study: int) -> tuple[Protocol, Protocol]:
    """The rules in force, and those of the study."""
    return current_protocol(connection)[1], study_protocol(connection, study)


def _state(connection: sqlite3.Connection, study: int) -> ReadingState:
    return ReadingState(connection.execute("SELECT state FROM studies WHERE id = ?", (study,)).fetchone()["state"])
