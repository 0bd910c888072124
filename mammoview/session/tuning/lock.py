"""One wizard at a time on a project: a lock that dies with its process.

The operating system holds the lock, so that one whose process was killed is free at once, and two that start in the
same moment cannot both have it. Process and machine are written into the file, for the message.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from mammoview.core.errors import OutputError
from mammoview.session.tuning.errors import ProjectInUseError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Far behind the file's end: on Windows a locked byte cannot be read, and who has the lock must be.
_LOCKED_BYTE: Final = 1 << 20


@dataclass(frozen=True)
class Holder:
    """Who has a project: the process and its machine."""

    pid: int
    host: str


class Lock:
    """The lock of one project, held from its making until `release`.

    Parameters
    ----------
    path
        The lock's file; it stays when the lock is given back.
    what
        The project's name, for the message.

    Attributes
    ----------
    left_by
        Who had it last and never gave it back, because the process was killed; None where it was free.

    Raises
    ------
    ProjectInUseError
        When another wizard has it.
    OutputError
        When the disk refuses.
    """

    def __init__(self, path: Path, what: str) -> None:
        try:
            # Opened for appending: what the holder wrote must not be lost before the lock is ours.
            file = path.open("a+b")
        except OSError as error:
            raise OutputError(f"{path} cannot be written ({error.strerror}).", "Check its permissions.") from error
        before = _read(file)
        if not _take(file):
            file.close()
            who = f"process {before.pid} on {before.host}" if before else "another process"
            raise ProjectInUseError(
                f"Another wizard works on “{what}” ({who}).", "Close it there, or open another project here."
            )
        self._file = file
        self.left_by = _read(file)
        self._write(json.dumps({"pid": os.getpid(), "host": platform.node()}))

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if not self._file.closed:
            with suppress(OSError):
                self._write("")
            self._file.close()

    def _write(self, text: str) -> None:
        self._file.truncate(0)
        self._file.write(text.encode())
        self._file.flush()


def _read(file: BinaryIO) -> Holder | None:
    file.seek(0)
    try:
        said = json.loads(file.read(1000))
        return Holder(int(said["pid"]), str(said["host"]))
    except (ValueError, KeyError, TypeError):
        return None


def _take(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            file.seek(_LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
