"""The tables, and how older databases become this one.

Nothing but this module creates or alters tables. `MIGRATIONS` holds one step for each older schema; a step runs in the
transaction that also sets the new version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

Migration: TypeAlias = Callable[[sqlite3.Connection], None]

SCHEMA: Final = 1
#: Says in the file's header whose database it is.
APPLICATION_ID: Final = 0x4D564C31

#: ``MIGRATIONS[n]`` turns a database of schema n into one of schema n + 1.
MIGRATIONS: Final[Mapping[int, Migration]] = {}

_TABLES: Final = (
    # Patients whose birth dates contradict each other are two, whatever their ids say.
    """CREATE TABLE patients (
        id INTEGER PRIMARY KEY,
        patient_id TEXT NOT NULL,
        issuer TEXT NOT NULL,
        birth_date TEXT NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        UNIQUE (patient_id, issuer, birth_date)
    )""",
    """CREATE TABLE studies (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL,
        patient INTEGER NOT NULL REFERENCES patients,
        date TEXT NOT NULL,
        time TEXT NOT NULL,
        description TEXT NOT NULL,
        accession TEXT NOT NULL,
        kinds TEXT NOT NULL,
        images INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'new',
        state_rank INTEGER NOT NULL DEFAULT 0,
        changed_at TEXT NOT NULL,
        added_at TEXT NOT NULL,
        words TEXT NOT NULL,
        UNIQUE (uid, patient)
    )""",
    "CREATE INDEX studies_by_patient ON studies (patient, date)",
    """CREATE TABLE images (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        study INTEGER NOT NULL REFERENCES studies,
        path TEXT NOT NULL,
        label TEXT NOT NULL,
        kind TEXT NOT NULL
    )""",
    "CREATE INDEX images_by_study ON images (study)",
    # What an import has looked at, so that the next one need not: images, doubles and what is none.
    """CREATE TABLE files (
        path TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        image INTEGER REFERENCES images
    ) WITHOUT ROWID""",
    """CREATE TABLE imports (
        id INTEGER PRIMARY KEY,
        paths TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT
    )""",
    """CREATE TABLE readers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        passphrase_hash TEXT,
        added_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE protocols (
        id INTEGER PRIMARY KEY,
        reveal TEXT NOT NULL,
        reading TEXT NOT NULL,
        discordance TEXT NOT NULL,
        set_at TEXT NOT NULL
    )""",
    """CREATE TABLE readings (
        id INTEGER PRIMARY KEY,
        study INTEGER NOT NULL REFERENCES studies,
        reader TEXT NOT NULL REFERENCES readers,
        place INTEGER NOT NULL,
        protocol INTEGER NOT NULL REFERENCES protocols,
        opened_at TEXT NOT NULL,
        before TEXT,
        committed_at TEXT,
        revealed_at TEXT,
        revealed_result INTEGER REFERENCES ai_results,
        after TEXT,
        decided_at TEXT,
        signed_at TEXT,
        UNIQUE (study, reader),
        UNIQUE (study, place)
    )""",
    """CREATE TRIGGER first_reads_stay BEFORE UPDATE ON readings WHEN
        (OLD.committed_at IS NOT NULL AND (NEW.before IS NOT OLD.before OR NEW.committed_at IS NOT OLD.committed_at))
        OR (OLD.revealed_at IS NOT NULL AND NEW.revealed_at IS NOT OLD.revealed_at)
        OR (OLD.signed_at IS NOT NULL)
        BEGIN SELECT RAISE(ABORT, 'what a reader committed, saw or signed is never changed'); END""",
    """CREATE TRIGGER readings_are_kept BEFORE DELETE ON readings
        BEGIN SELECT RAISE(ABORT, 'a reading is never deleted'); END""",
    "CREATE INDEX readings_by_reader ON readings (reader, study)",
    """CREATE TABLE documents (
        id INTEGER PRIMARY KEY,
        study INTEGER NOT NULL REFERENCES studies,
        kind TEXT NOT NULL,
        schema INTEGER NOT NULL,
        version INTEGER NOT NULL,
        author TEXT NOT NULL REFERENCES readers,
        written_at TEXT NOT NULL,
        content TEXT NOT NULL,
        is_signed INTEGER NOT NULL DEFAULT 0,
        amends INTEGER REFERENCES documents,
        audit_head TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE UNIQUE INDEX one_draft ON documents (study, kind, author) WHERE is_signed = 0",
    "CREATE INDEX documents_by_study ON documents (study, kind)",
    """CREATE TRIGGER signed_documents_stay BEFORE UPDATE ON documents WHEN OLD.is_signed = 1
        BEGIN SELECT RAISE(ABORT, 'a signed document is never changed'); END""",
    """CREATE TRIGGER signed_documents_are_kept BEFORE DELETE ON documents WHEN OLD.is_signed = 1
        BEGIN SELECT RAISE(ABORT, 'a signed document is never deleted'); END""",
    """CREATE TABLE ai_results (
        id INTEGER PRIMARY KEY,
        study INTEGER NOT NULL REFERENCES studies,
        fingerprint TEXT NOT NULL,
        path TEXT NOT NULL,
        score REAL,
        finished_at TEXT NOT NULL,
        is_current INTEGER NOT NULL,
        UNIQUE (study, fingerprint)
    )""",
    "CREATE UNIQUE INDEX one_current_result ON ai_results (study) WHERE is_current = 1",
    """CREATE TABLE leases (
        study INTEGER PRIMARY KEY REFERENCES studies,
        window TEXT NOT NULL,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        renewed_s REAL NOT NULL
    )""",
    """CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        event TEXT NOT NULL,
        reader TEXT NOT NULL,
        study TEXT NOT NULL,
        detail TEXT NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    )""",
    """CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END""",
    """CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END""",
)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of `SCHEMA` in an empty database, within the caller's transaction."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(
        "INSERT INTO protocols (reveal, reading, discordance, set_at) "
        "VALUES ('after the first read', 'single', 'recall', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
    )
