"""Readers, their passphrases, and who sits at this window.

Passphrases are kept as argon2id hashes only: a forgotten one cannot be found again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from mammoview.session.worklist import audit
from mammoview.session.worklist.audit import Event
from mammoview.session.worklist.database import Database, now
from mammoview.session.worklist.errors import LockedError, WorklistError


@dataclass(frozen=True)
class Reader:
    """Somebody who reads. ``id`` is short and goes into exports; it should not be a name."""

    id: str
    name: str
    has_passphrase: bool


class Seat:
    """A reader at this window, who may have gone for a coffee.

    Everything that shows or changes studies asks for one, and refuses while it is locked. From any thread.

    Parameters
    ----------
    reader
        Who signed in.
    idle_s
        Locks after so many seconds without `touch`; None never locks by itself.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self, reader: Reader, *, idle_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._idle_s = idle_s
        self._clock = clock
        self._lock = threading.Lock()
        self._touched_s = clock()
        self._is_locked = False

    @property
    def reader(self) -> Reader:
        """Who signed in; known while locked, too, so that the window can say who may unlock it."""
        return self._reader

    @property
    def is_locked(self) -> bool:
        """Whether nothing is shown until the passphrase is given."""
        with self._lock:
            return self._is_locked or self._is_overdue()

    def touch(self) -> None:
        """The reader is there: a key or the mouse moved. Does not unlock."""
        with self._lock:
            if not self._is_locked and not self._is_overdue():
                self._touched_s = self._clock()

    def reader_id(self) -> str:
        """The id of the reader, who is there.

        Raises
        ------
        LockedError
            When the place is locked.
        """
        if self.is_locked:
            raise LockedError("The window is locked.", f"{self._reader.name} unlocks it with the passphrase.")
        return self._reader.id

    def _is_overdue(self) -> bool:
        return self._idle_s is not None and self._clock() - self._touched_s >= self._idle_s

    def _set_locked(self, is_locked: bool) -> bool:
        """Lock or unlock; whether that changed anything."""
        with self._lock:
            changed = self._is_locked != is_locked
            self._is_locked = is_locked
            self._touched_s = self._clock()
            return changed


class Readers:
    """The accounts.

    Parameters
    ----------
    database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Reader, ...]:
        """Everybody, by name."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT id, name, passphrase_hash FROM readers ORDER BY name, id").fetchall()
        return tuple(Reader(row["id"], row["name"], row["passphrase_hash"] is not None) for row in rows)

    def add(self, reader_id: str, name: str, *, passphrase: str = "") -> Reader:
        """Make an account.

        Parameters
        ----------
        reader_id
            Short, free, goes into exports.
        name
            As shown.
        passphrase
            Empty for none. Hashing takes some tens of milliseconds: never on the GUI thread.

        Raises
        ------
        WorklistError
            When the id is empty, taken, or a word that reader studies reserve.
        """
        reader_id = reader_id.strip()
        if not reader_id or reader_id.casefold() in {"truth", "-1"}:
            raise WorklistError(f"“{reader_id}” cannot be a reader's id.", "Take a short word, R1 for example.")
        hashed = _hash(passphrase) if passphrase else None
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM readers WHERE id = ?", (reader_id,)).fetchone():
                raise WorklistError(f"There is a reader {reader_id} already.", "Take another id.")
            connection.execute("INSERT INTO readers VALUES (?, ?, ?, ?)", (reader_id, name, hashed, now()))
            audit.append(connection, Event.READER, reader=reader_id, detail={"change": "added"})
        return Reader(reader_id, name, hashed is not None)

    def change_passphrase(self, seat: Seat, old: str, *, new: str) -> None:
        """Give the seat's reader another passphrase; an empty one takes it away.

        Raises
        ------
        LockedError
            When the old one is wrong.
        """
        reader = seat.reader_id()
        self._check(reader, old)
        hashed = _hash(new) if new else None
        with self._database.write() as connection:
            connection.execute("UPDATE readers SET passphrase_hash = ? WHERE id = ?", (hashed, reader))
            audit.append(connection, Event.READER, reader=reader, detail={"change": "passphrase"})
        seat._reader = replace(seat.reader, has_passphrase=hashed is not None)

    def sign_in(
        self,
        reader_id: str,
        passphrase: str = "",
        *,
        idle_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Seat:
        """Take the seat at this window. Checking a passphrase takes some tens of milliseconds.

        Parameters
        ----------
        reader_id, passphrase
            Who, and the proof; ignored where the account has none.
        idle_s, clock
            See `Seat`.

        Raises
        ------
        LockedError
            When there is no such reader, or the passphrase is wrong.
        """
        reader = self._check(reader_id, passphrase)
        with self._database.write() as connection:
            audit.append(connection, Event.UNLOCK, reader=reader.id, detail={"how": "sign-in"})
        return Seat(reader, idle_s=idle_s, clock=clock)

    def lock(self, seat: Seat) -> None:
        """Lock the window, by hand or because the time is up. Logged once."""
        if seat._set_locked(True):
            with self._database.write() as connection:
                audit.append(connection, Event.LOCK, reader=seat.reader.id)

    def unlock(self, seat: Seat, passphrase: str = "") -> None:
        """Unlock the window.

        Raises
        ------
        LockedError
            When the passphrase is wrong; the log keeps the attempt.
        """
        if seat.is_locked:
            self._check(seat.reader.id, passphrase)
            with self._database.write() as connection:
                audit.append(connection, Event.UNLOCK, reader=seat.reader.id)
            seat._set_locked(False)

    def _check(self, reader_id: str, passphrase: str) -> Reader:
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM readers WHERE id = ?", (reader_id,)).fetchone()
        if row is not None and (row["passphrase_hash"] is None or _matches(row["passphrase_hash"], passphrase)):
            return Reader(row["id"], row["name"], row["passphrase_hash"] is not None)
        if row is not None:
            with self._database.write() as connection:
                audit.append(connection, Event.REFUSED, reader=reader_id, detail={"what": "passphrase"})
        # The same words for both, so that they do not tell who has an account.
        raise LockedError("The reader or the passphrase is wrong.", "Type it again; mind capital letters.")


def _hash(passphrase: str) -> str:
    # Imported when there is a passphrase: most windows open without.
    from argon2 import PasswordHasher

    return PasswordHasher().hash(passphrase)


def _matches(hashed: str, passphrase: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(hashed, passphrase)
    except (VerificationError, InvalidHashError):
        return False
