"""A patient's earlier studies. Two patients never mix: where the headers leave room for doubt, a study is no prior."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from mammoview.session.worklist.database import Database
from mammoview.session.worklist.listing import simplified
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.readings import study_uid


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
