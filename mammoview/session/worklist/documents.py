"""Drafts, findings, decisions and reports as JSON text. The store does not know what is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mammoview.session.worklist import audit
from mammoview.session.worklist.audit import Event, Head
from mammoview.session.worklist.database import Database, now
from mammoview.session.worklist.errors import WorklistError
from mammoview.session.worklist.leases import Leases
from mammoview.session.worklist.protocol import require_json
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.readings import digest, own_reading, sees_others, study_uid

REPORT: Final = "report"


@dataclass(frozen=True)
class Document:
    """One document.

    Attributes
    ----------
    kind, schema
        What it is, and the version of its content's form: both the writer's.
    version
        Counts the times that it was stored.
    amends
        The signed document in whose place it is, or None.
    audit_head
        The head of the audit log when it was signed.
    """

    id: int
    study: int
    kind: str
    schema: int
    version: int
    author: str
    written_at: str
    content: str
    is_signed: bool
    amends: int | None
    audit_head: str

    @classmethod
    def of(cls, row: sqlite3.Row) -> Document:
        """From a row."""
        return cls(**{**dict(row), "is_signed": bool(row["is_signed"])})


class Documents:
    """The documents of all studies.

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

    def save(self, seat: Seat, study: int, *, kind: str, content: str, schema: int = 1) -> Document:
        """Store a draft in place of the reader's last one of that kind. It is on the disk when this returns.

        Parameters
        ----------
        seat
            The author.
        study
            The study's row, open in this window.
        kind, content, schema
            See `Document`.

        Raises
        ------
        UsageError
            When the content is no JSON.
        InUseError
            When another window has the study.
        WorklistError
            When the reader has no part in the study.
        OutputError
            When the disk is full; the last draft is as it was.
        """
        require_json(content)
        reader = seat.reader_id()
        with self._database.write() as connection:
            self._leases.require(connection, study)
            if own_reading(connection, study, reader) is None:
                raise WorklistError("You have no part in this study.", "It is read by others; you may look at it.")
            draft = _draft(connection, study, kind, reader)
            if draft is not None and draft["content"] == content and draft["schema"] == schema:
                return Document.of(draft)
            if draft is not None:
                connection.execute(
                    "UPDATE documents SET content = ?, schema = ?, version = version + 1, written_at = ? WHERE id = ?",
                    (content, schema, now(), draft["id"]),
                )
            else:
                connection.execute(
                    "INSERT INTO documents (study, kind, schema, version, author, written_at, content) "
                    "VALUES (?, ?, ?, 1, ?, ?, ?)",
                    (study, kind, schema, reader, now(), content),
                )
            detail = {"kind": kind, "sha256": digest(content)}
            audit.append(connection, Event.EDIT, reader=reader, study=study_uid(connection, study), detail=detail)
            saved = _draft(connection, study, kind, reader)
            assert saved is not None
            return Document.of(saved)

    def signer(
        self, seat: Seat, study: int, *, make_content: Callable[[Head], str], kind: str = REPORT, schema: int = 1
    ) -> Callable[[sqlite3.Connection, Head], None]:
        """What `Readings.sign` stores in its own transaction: the report, which carries the audit log's head.

        Parameters
        ----------
        seat
            The author.
        study
            The study's row.
        make_content
            Gives the document's JSON for the head; quick, for the database waits.
        kind, schema
            See `Document`.
        """
        reader = seat.reader_id()

        def store(connection: sqlite3.Connection, head: Head) -> None:
            _insert_signed(connection, (study, kind, schema, reader), make_content(head), head=head)

        return store

    def amend(
        self, seat: Seat, study: int, *, make_content: Callable[[Head], str], kind: str = REPORT, schema: int = 1
    ) -> Document:
        """Sign another version of the reader's signed document. The old one is kept.

        Parameters
        ----------
        seat, study, make_content, kind, schema
            See `signer`.

        Raises
        ------
        WorklistError
            When the reader has signed none.
        InUseError
            When another window has the study.
        """
        reader = seat.reader_id()
        with self._database.write() as connection:
            self._leases.require(connection, study)
            last = _last_signed(connection, study, kind, reader)
            if last is None:
                raise WorklistError("There is no signed report to amend.", "Sign it first.")
            detail = {"what": kind, "amends": last["version"]}
            uid = study_uid(connection, study)
            head = audit.append(connection, Event.SIGN, reader=reader, study=uid, detail=detail)
            _insert_signed(connection, (study, kind, schema, reader), make_content(head), head=head)
            row = _last_signed(connection, study, kind, reader)
            assert row is not None
            return Document.of(row)

    def visible(self, seat: Seat, study: int, *, kind: str | None = None) -> tuple[Document, ...]:
        """The reader's own documents, and what others signed where the protocol no longer hides it; oldest first."""
        reader = seat.reader_id()
        with self._database.read() as connection:
            may_see = sees_others(connection, study)
            rows = connection.execute(
                "SELECT * FROM documents WHERE study = ? AND (kind = ? OR ? IS NULL) ORDER BY id", (study, kind, kind)
            ).fetchall()
        return tuple(Document.of(row) for row in rows if row["author"] == reader or (may_see and row["is_signed"]))

    def log_export(self, seat: Seat, study: int | None, *, what: str) -> Head:
        """Say in the log that something left the program.

        Parameters
        ----------
        seat
            Who took it.
        study
            The study's row, or None where it is of many.
        what
            A few words without names: ``report pdf``.
        """
        reader = seat.reader_id()
        with self._database.write() as connection:
            uid = "" if study is None else study_uid(connection, study)
            return audit.append(connection, Event.EXPORT, reader=reader, study=uid, detail={"what": what})


def _draft(connection: sqlite3.Connection, study: int, kind: str, author: str) -> sqlite3.Row | None:
    rows = connection.execute(
        "SELECT * FROM documents WHERE study = ? AND kind = ? AND author = ? AND is_signed = 0", (study, kind, author)
    ).fetchall()
    return rows[0] if rows else None


def _last_signed(connection: sqlite3.Connection, study: int, kind: str, author: str) -> sqlite3.Row | None:
    rows = connection.execute(
        "SELECT * FROM documents WHERE study = ? AND kind = ? AND author = ? AND is_signed = 1 "
        "ORDER BY id DESC LIMIT 1",
        (study, kind, author),
    ).fetchall()
    return rows[0] if rows else None


def _insert_signed(connection: sqlite3.Connection, key: tuple[int, str, int, str], content: str, *, head: Head) -> None:
    require_json(content)
    study, kind, schema, author = key
    last = _last_signed(connection, study, kind, author)
    connection.execute(
        "INSERT INTO documents (study, kind, schema, version, author, written_at, content, is_signed, amends, "
        "audit_head) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
        (
            study,
            kind,
            schema,
            1 if last is None else last["version"] + 1,
            author,
            now(),
            content,
            None if last is None else last["id"],
            str(head),
        ),
    )
    connection.execute(
        "DELETE FROM documents WHERE study = ? AND kind = ? AND author = ? AND is_signed = 0", (study, kind, author)
    )
