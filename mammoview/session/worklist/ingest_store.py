"""Headers into tables: new images, doubles, files that moved, and files that were looked at before."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mammoview.session.worklist.database import Database, now
from mammoview.session.worklist.ingest_values import FileStamp, HeaderRead, HeaderRefused
from mammoview.session.worklist.listing import simplified


class Outcome(StrEnum):
    """What became of a file. A refused one has the error's code instead."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    MOVED = "moved"
    CHANGED = "changed"
    CONFLICT = "conflict"


@dataclass
class Tally:
    """How many files had which outcome, and those that were refused: (path, code)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)


class IngestStore:
    """Writes what an import finds.

    Parameters
    ----------
    database
        Where it is kept.
    is_there
        Whether a file still lies at a path: decides between a double and a file that moved.
    """

    def __init__(
        self, database: Database, *, is_there: Callable[[str], bool] = lambda path: Path(path).exists()
    ) -> None:
        self._database = database
        self._is_there = is_there

    def begin(self, paths: Sequence[str]) -> int:
        """Remember that an import of these paths was begun; its number. The same paths go on under their old one."""
        text = json.dumps(list(paths), ensure_ascii=False)
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT id FROM imports WHERE paths = ? AND finished_at IS NULL", (text,)
            ).fetchone()
            if row is not None:
                return int(row["id"])
            cursor = connection.execute("INSERT INTO imports (paths, started_at) VALUES (?, ?)", (text, now()))
            assert cursor.lastrowid is not None
            return cursor.lastrowid

    def finish(self, number: int) -> None:
        """The import has looked at everything."""
        with self._database.write() as connection:
            connection.execute("UPDATE imports SET finished_at = ? WHERE id = ?", (now(), number))

    def unfinished(self) -> tuple[tuple[str, ...], ...]:
        """The paths of imports that were cut short, to be offered again."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT paths FROM imports WHERE finished_at IS NULL ORDER BY id").fetchall()
        return tuple(tuple(json.loads(row["paths"])) for row in rows)

    def unknown(self, files: Sequence[FileStamp]) -> tuple[FileStamp, ...]:
        """Those that were never looked at, or changed since."""
        with self._database.read() as connection:
            return tuple(file for file in files if not _is_known(connection, file))

    def add(self, entries: Sequence[HeaderRead | HeaderRefused]) -> Tally:
        """Store a batch in one transaction."""
        tally = Tally()
        with self._database.write() as connection:
            touched: set[int] = set()
            for entry in entries:
                if isinstance(entry, HeaderRefused):
                    outcome, image = entry.code, None
                    tally.refused.append((entry.file.path, entry.code))
                else:
                    outcome, image = self._image(connection, entry, touched)
                tally.outcomes[outcome] += 1
                connection.execute(
                    "INSERT OR REPLACE INTO files (path, size, modified_ns, outcome, image) VALUES (?, ?, ?, ?, ?)",
                    (entry.file.path, entry.file.size, entry.file.modified_ns, outcome, image),
                )
            for study in touched:
                _sum_up(connection, study)
        return tally

    def _image(self, connection: sqlite3.Connection, entry: HeaderRead, touched: set[int]) -> tuple[Outcome, int]:
        known = connection.execute("SELECT * FROM images WHERE uid = ?", (entry.image_uid,)).fetchone()
        if known is None:
            study = _study(connection, entry)
            cursor = connection.execute(
                "INSERT INTO images (uid, study, path, label, kind) VALUES (?, ?, ?, ?, ?)",
                (entry.image_uid, study, entry.file.path, entry.label, entry.kind.value),
            )
            assert cursor.lastrowid is not None
            touched.add(study)
            return Outcome.ADDED, cursor.lastrowid
        if not _is_of_same_patient(connection, known["study"], entry):
            # One UID for images of two patients is the sender's error; the second never joins the first one's study.
            return Outcome.CONFLICT, known["id"]
        if known["path"] == entry.file.path:
            touched.add(known["study"])
            connection.execute(
                "UPDATE images SET label = ?, kind = ? WHERE id = ?", (entry.label, entry.kind.value, known["id"])
            )
            return Outcome.CHANGED, known["id"]
        if self._is_there(known["path"]):
            return Outcome.DUPLICATE, known["id"]
        connection.execute("DELETE FROM files WHERE path = ?", (known["path"],))
        connection.execute("UPDATE images SET path = ? WHERE id = ?", (entry.file.path, known["id"]))
        return Outcome.MOVED, known["id"]


def _is_known(connection: sqlite3.Connection, file: FileStamp) -> bool:
    row = connection.execute("SELECT size, modified_ns FROM files WHERE path = ?", (file.path,)).fetchone()
    return row is not None and (row["size"], row["modified_ns"]) == (file.size, file.modified_ns)


def _identity(entry: HeaderRead) -> tuple[str, str, str]:
    """The key of the patient's row. Pictures and patients without an id are alone with their study."""
    if entry.is_picture or not entry.patient_id:
        return entry.patient_id, f"study {entry.study_uid}", entry.birth_date
    return entry.patient_id, entry.issuer, entry.birth_date


def _is_of_same_patient(connection: sqlite3.Connection, study: int, entry: HeaderRead) -> bool:
    row = connection.execute(
        "SELECT patient_id, issuer, birth_date FROM patients JOIN studies ON patient = patients.id "
        "WHERE studies.id = ?",
        (study,),
    ).fetchone()
    if entry.is_picture:
        # The same picture in another folder is the same picture.
        return True
    return (row["patient_id"], row["issuer"], row["birth_date"]) == _identity(entry)


def _study(connection: sqlite3.Connection, entry: HeaderRead) -> int:
    patient = _patient(connection, entry)
    row = connection.execute(
        "SELECT id FROM studies WHERE uid = ? AND patient = ?", (entry.study_uid, patient)
    ).fetchone()
    if row is not None:
        return int(row["id"])
    stamp = now()
    words = simplified(" ".join((entry.patient_name, entry.patient_id, entry.accession, entry.description)))
    cursor = connection.execute(
        "INSERT INTO studies (uid, patient, date, time, description, accession, kinds, changed_at, added_at, words) "
        "VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?)",
        (entry.study_uid, patient, entry.date, entry.time, entry.description, entry.accession, stamp, stamp, words),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _patient(connection: sqlite3.Connection, entry: HeaderRead) -> int:
    key = _identity(entry)
    row = connection.execute(
        "SELECT id, name FROM patients WHERE patient_id = ? AND issuer = ? AND birth_date = ?", key
    ).fetchone()
    name = entry.patient_name or (entry.patient_id if entry.is_picture else "")
    if row is None:
        cursor = connection.execute(
            "INSERT INTO patients (patient_id, issuer, birth_date, name, name_key) VALUES (?, ?, ?, ?, ?)",
            (*key, name, simplified(name)),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid
    if name and not row["name"]:
        connection.execute(
            "UPDATE patients SET name = ?, name_key = ? WHERE id = ?", (name, simplified(name), row["id"])
        )
    return int(row["id"])


def _sum_up(connection: sqlite3.Connection, study: int) -> None:
    connection.execute(
        "UPDATE studies SET images = (SELECT count(*) FROM images WHERE study = studies.id), kinds = "
        "(SELECT group_concat(kind, ' ') FROM (SELECT DISTINCT kind FROM images "
        "WHERE study = studies.id ORDER BY kind)) WHERE id = ?",
        (study,),
    )
