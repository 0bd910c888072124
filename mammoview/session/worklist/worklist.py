"""The worklist as the window and the command line have it: one object, whose parts know the rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from mammoview.core.errors import MammoViewError, Problem
from mammoview.core.reading.states import ReadingState
from mammoview.session.jobs import Crew
from mammoview.session.worklist import audit, schema
from mammoview.session.worklist.ai import AiShelf
from mammoview.session.worklist.audit import Head, Verdict
from mammoview.session.worklist.database import Database, open_database, worklist_path
from mammoview.session.worklist.documents import REPORT, Documents
from mammoview.session.worklist.errors import WorklistError, in_words
from mammoview.session.worklist.importer import Import, ImportReport
from mammoview.session.worklist.ingest_store import IngestStore
from mammoview.session.worklist.leases import Leases
from mammoview.session.worklist.listing import Listing
from mammoview.session.worklist.mrmc import ReaderStudyExport
from mammoview.session.worklist.priors import PatientStudies
from mammoview.session.worklist.protocol import Protocols
from mammoview.session.worklist.readers import Readers, Seat
from mammoview.session.worklist.readings import Reading, Readings
from mammoview.session.worklist.schema import Migration


class Worklist:
    """One window's worklist. Every method may be called from any thread, and none from the GUI thread: disks are slow.

    Parameters
    ----------
    database
        See `open_worklist`.

    Attributes
    ----------
    readers, protocols, listing, readings, documents, patients, ai, ingest, reader_study, leases
        The parts, each with its own page.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.leases = Leases(database)
        self.readers = Readers(database)
        self.protocols = Protocols(database)
        self.listing = Listing(database)
        self.readings = Readings(database, self.leases)
        self.documents = Documents(database, self.leases)
        self.patients = PatientStudies(database)
        self.ai = AiShelf(database)
        self.ingest = IngestStore(database)
        self.reader_study = ReaderStudyExport(database)

    @property
    def path(self) -> Path:
        """The database's file."""
        return self._database.path

    def sign(
        self, seat: Seat, study: int, *, make_report: Callable[[Head], str] | None = None, schema_version: int = 1
    ) -> tuple[Reading, ReadingState]:
        """Sign a reading and its report in one transaction.

        Parameters
        ----------
        seat, study
            Who, and what.
        make_report
            Gives the report's JSON for the head of the audit log, which the report must carry; None signs without one.
        schema_version
            Of the report's form.

        Raises
        ------
        WorklistError
            When nothing was committed, or it was signed before.
        InUseError
            When another window has the study.
        """
        also = None
        if make_report is not None:
            also = self.documents.signer(seat, study, make_content=make_report, kind=REPORT, schema=schema_version)
        return self.readings.sign(seat, study, also=also)

    def start_import(self, crew: Crew, paths: Sequence[str], *, on_report: Callable[[ImportReport], None]) -> Import:
        """Import studies in the background; see `Import`.

        Parameters
        ----------
        crew
            The decoders.
        paths
            Absolute paths.
        on_report
            Told on the import's thread.
        """
        started = Import(self.ingest, crew, paths=paths, on_report=on_report)
        started.start()
        return started

    def audit_head(self) -> Head:
        """The end of the audit log now."""
        with self._database.read() as connection:
            return audit.head(connection)

    def verify_audit(self, heads: Iterable[Head] = ()) -> Verdict:
        """Go through the audit log; see `audit.verify`."""
        with self._database.read() as connection:
            return audit.verify(connection, heads=heads)

    def close(self) -> None:
        """Give back this window's studies and close the file."""
        with suppress(MammoViewError):
            self.leases.release()
        self._database.close()


def open_worklist(
    path: Path | None = None, *, migrations: Mapping[int, Migration] = schema.MIGRATIONS
) -> tuple[Worklist, tuple[Problem, ...]]:
    """Open the user's worklist, or another one; see `open_database`.

    Parameters
    ----------
    path
        The file; None for the user's.
    migrations
        Steps from older schemas.

    Returns
    -------
    worklist, problems
        The worklist, and what the user must be told.

    Raises
    ------
    NewerWorklistError
        When a newer program wrote it.
    OutputError
        When the disk refuses.
    """
    database, problems = open_database(path or worklist_path(), migrations=migrations)
    return Worklist(database), problems


def verify_file(path: Path, heads: Iterable[Head] = ()) -> Verdict:
    """Verify the audit log of a worklist without changing its file in any way.

    Parameters
    ----------
    path
        The database.
    heads
        Ends of the chain that reports carry.

    Raises
    ------
    WorklistError
        When there is no such file, or it is no worklist.
    """
    if not path.is_file():
        raise WorklistError(f"There is no worklist in {path}.", "Name the file with --database.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
                raise WorklistError(f"{path} is no worklist of this program.", "Name the file with --database.")
            return audit.verify(connection, heads=heads)
    except sqlite3.Error as error:
        raise in_words(error, str(path)) from error
