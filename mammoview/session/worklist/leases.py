"""Which window works on which study: the second window is told, and only looks.

A lease is a row that its window renews. One that was not renewed for a while, or whose process on this machine is
gone, may be taken. Every change of a study asks, in its own transaction, whether its window still has the lease: a
window that slept while another one took over cannot write.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mammoview.session.worklist.database import Database
from mammoview.session.worklist.errors import InUseError

#: Windows renew every `RENEW_S`; a lease is dead after `DEAD_S`.
RENEW_S: Final = 15.0
DEAD_S: Final = 60.0


@dataclass(frozen=True)
class Holder:
    """The window that has a study: its machine and process."""

    host: str
    pid: int


class Leases:
    """The leases of one window.

    Parameters
    ----------
    database
        Where they are kept.
    clock
        Seconds since 1970, the same for all windows.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._window = uuid.uuid4().hex
        self._host = platform.node()

    def claim(self, connection: sqlite3.Connection, study: int) -> Holder | None:
        """Take the lease of a study within the caller's transaction.

        Returns
        -------
        Holder or None
            None when it is this window's now, else the window that has it.
        """
        row = connection.execute("SELECT * FROM leases WHERE study = ?", (study,)).fetchone()
        if row is not None and row["window"] != self._window and self._is_alive(row):
            return Holder(row["host"], row["pid"])
        connection.execute(
            "INSERT OR REPLACE INTO leases (study, window, host, pid, renewed_s) VALUES (?, ?, ?, ?, ?)",
            (study, self._window, self._host, os.getpid(), self._clock()),
        )
        return None

    def require(self, connection: sqlite3.Connection, study: int) -> None:
        """Refuse a change of a study that is not this window's.

        Raises
        ------
        InUseError
            When another window has it, or nobody.
        """
        row = connection.execute("SELECT window FROM leases WHERE study = ?", (study,)).fetchone()
        if row is None or row["window"] != self._window:
            raise InUseError(
                "Another window of the program works on this study: nothing was stored here.",
                "Close the study there, then open it here again.",
            )

    def renew(self) -> None:
        """Say that this window lives; to be called every `RENEW_S` seconds, off the GUI thread."""
        with self._database.write() as connection:
            connection.execute("UPDATE leases SET renewed_s = ? WHERE window = ?", (self._clock(), self._window))

    def release(self, study: int | None = None) -> None:
        """Give back a study, or all of this window's."""
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM leases WHERE window = ? AND (study = ? OR ? IS NULL)", (self._window, study, study)
            )

    def _is_alive(self, row: sqlite3.Row) -> bool:
        if abs(self._clock() - row["renewed_s"]) > DEAD_S:
            return False
        # On Windows, asking like this would end the process; there the time decides alone.
        if row["host"] != self._host or sys.platform == "win32":
            return True
        try:
            os.kill(row["pid"], 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
