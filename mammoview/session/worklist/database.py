"""The database file: opened with care, changed in whole transactions, never overwritten."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mammoview.core.errors import OutputError, Problem
from mammoview.core.paths import user_data
from mammoview.session.worklist import schema
from mammoview.session.worklist.errors import DamagedWorklistError, NewerWorklistError, in_words, is_damage
from mammoview.session.worklist.schema import Migration

_log = logging.getLogger(__name__)

_MAGIC: Final = b"SQLite format 3\0"
#: Another window's transactions take milliseconds; an import's batch some tens.
_BUSY_S: Final = 5.0
_SIDE_FILES: Final = ("", "-wal", "-shm")


def worklist_path() -> Path:
    """Where the worklist lies unless a caller says otherwise."""
    return user_data() / "worklist.db"


def now() -> str:
    """This moment in UTC, to the millisecond, so that texts sort as times do."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Database:
    """One window's way into the worklist: a connection that writes and one that reads, from any thread.

    Readers are never held up by a writer (WAL). A transaction is on the disk when `write` returns: ``synchronous`` is
    FULL, for a decision that was acknowledged must outlive a power cut, too.

    Parameters
    ----------
    path
        An existing database of this program's schema; see `open_database`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.RLock()
        self._read_lock = threading.RLock()
        try:
            self._writer = connect(path)
            self._reader = connect(path)
            self._reader.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            raise in_words(error, str(path)) from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is stored when the block ends, none of it when the block raises.

        Raises
        ------
        OutputError
            When the disk is full or refuses.
        WorklistError
            When another program keeps the database busy, made it newer, or damaged it.
        """
        with self._write_lock, self._in_words():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                _refuse_newer(self._writer, self.path)
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A view of one moment, whatever is written meanwhile.

        Raises
        ------
        WorklistError
            When the database cannot be read.
        """
        with self._read_lock, self._in_words():
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                if self._reader.in_transaction:
                    self._reader.execute("ROLLBACK")

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # Without the statement's values, which may be a name.
            _log.info("the worklist refused: %s", getattr(error, "sqlite_errorname", type(error).__name__))
            raise in_words(error, str(self.path)) from error

    def close(self) -> None:
        """Close both connections. Safe to call twice."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()


def connect(path: Path) -> sqlite3.Connection:
    """Connect as the program always does."""
    # Transactions are begun by hand, see Database.
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    # Where the drive cannot do WAL, SQLite stays with its rollback journal: slower, and just as safe.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # On a Mac, fsync alone leaves the bytes in the drive's cache.
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    return connection


def open_database(
    path: Path,
    *,
    migrations: Mapping[int, Migration] = schema.MIGRATIONS,
) -> tuple[Database, tuple[Problem, ...]]:
    """Open the worklist; make it where there is none, bring an older one up to date, keep a damaged one aside.

    Parameters
    ----------
    path
        The file. Its folder is made.
    migrations
        Steps from older schemas.

    Returns
    -------
    database
        Ready for use.
    problems
        What the user must be told: that a damaged file was kept aside.

    Raises
    ------
    NewerWorklistError
        When a newer program wrote it; the file is as it was.
    OutputError
        When the disk refuses, or has no room for the copy that is made before a migration.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {path.parent} cannot be made ({error.strerror}).", "Check its permissions and its drive."
        ) from error
    problems = []
    if is_damaged(path):
        problems.append(_kept_aside(path))
    try:
        _prepare(path, migrations)
    except sqlite3.Error as error:
        raise in_words(error, str(path)) from error
    return Database(path), tuple(problems)


def is_damaged(path: Path) -> bool:
    """Whether a file lies there that is no sound database. It is read only.

    Raises
    ------
    OutputError
        When it cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(
            f"The worklist {path} cannot be read ({error.strerror}).", "Check its permissions."
        ) from error
    if not head:
        return False
    if head != _MAGIC:
        return True
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as connection:
            return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok"
    except sqlite3.Error as error:
        if is_damage(error):
            return True
        raise in_words(error, str(path)) from error


def _kept_aside(path: Path) -> Problem:
    """Move a damaged database, with the files beside it, to a name that is free."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.kept{number}")
        if not any(kept.with_name(kept.name + side).exists() for side in _SIDE_FILES):
            break
        number += 1
    try:
        for side in _SIDE_FILES:
            with suppress(FileNotFoundError):
                path.with_name(path.name + side).rename(kept.with_name(kept.name + side))
    except OSError as error:
        raise DamagedWorklistError(
            f"The worklist {path} is damaged and cannot be moved ({error.strerror}).",
            "Close other windows of the program and start again.",
        ) from error
    backups = sorted(path.parent.glob(f"{path.name}.schema*.backup*"))
    copy = f" The copy {backups[-1].name} is older and may be put in its place." if backups else ""
    return Problem(
        str(path),
        DamagedWorklistError.code,
        "The worklist was damaged. An empty one was begun.",
        f"Nothing was deleted: the damaged file was kept as {kept.name}. An import finds the studies again.{copy}",
    )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection) > schema.SCHEMA:
        raise NewerWorklistError(
            f"The worklist {path} was written by a newer version of the program.",
            "Start the newer version; nothing was changed.",
        )


def _prepare(path: Path, migrations: Mapping[int, Migration]) -> None:
    is_new = not path.exists()
    with closing(connect(path)) as connection:
        if is_new and sys.platform != "win32":
            # Names of patients are nobody else's business; SQLite gives the files beside it the same permissions.
            path.chmod(0o600)
        _refuse_newer(connection, path)
        version = _version(connection)
        if 0 < version < schema.SCHEMA:
            backup(connection, _free_backup(path, version))
        if version < schema.SCHEMA:
            _bring_up_to_date(connection, migrations)


def _bring_up_to_date(connection: sqlite3.Connection, migrations: Mapping[int, Migration]) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    try:
        # Another window may have done it while this one waited.
        version = _version(connection)
        if version == 0:
            schema.create(connection)
            connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        else:
            for step in range(version, schema.SCHEMA):
                migrations[step](connection)
        connection.execute(f"PRAGMA user_version = {schema.SCHEMA}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _free_backup(path: Path, version: int) -> Path:
    target = path.with_name(f"{path.name}.schema{version}.backup")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.schema{version}.backup{number}")
    return target


def backup(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database, whatever others write meanwhile; the copy is whole or absent.

    Parameters
    ----------
    connection
        The database.
    target
        A free name.

    Raises
    ------
    OutputError
        When the copy cannot be made.
    """
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with closing(sqlite3.connect(temporary)) as copy:
            if sys.platform != "win32":
                temporary.chmod(0o600)
            connection.backup(copy)
            sound = copy.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        if not sound:
            raise DamagedWorklistError("The copy of the worklist is damaged.", "Check the drive.")
        temporary.rename(target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(
            "The worklist must be brought up to date, but no copy of it could be made before.",
            f"Make room in {target.parent}; nothing was changed.",
        ) from error
