"""Small files of the user's own: written all or nothing, kept when they cannot be understood."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from mammoview.core.errors import OutputError

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def write_whole(path: Path, text: str, what: str) -> None:
    """Write a text file so that a reader meets the old or the new one, never half of it.

    Parameters
    ----------
    path
        Its folder is made where it is missing.
    text
        UTF-8 on disk.
    what
        What the file holds, to begin a message with: ``The settings``.

    Raises
    ------
    OutputError
        When the disk refuses it.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(f"{what} cannot be saved in {path} ({error.strerror}).", hint_for(error)) from error


def reason_of(error: OSError) -> str:
    """What the system said; libraries that add words of their own leave it in the error's cause."""
    said: BaseException | None = error
    while isinstance(said, OSError):
        if said.strerror:
            return said.strerror
        said = said.__cause__
    return str(error)


def hint_for(error: OSError) -> str:
    """What to do when the disk refused a file: make room where it is full, else look at the permissions."""
    return "Make room on the disk." if error.errno in _FULL else "Check the folder's permissions."


def keep_aside(path: Path) -> Path | None:
    """Copy a file that cannot be understood to a new name beside it; None where that fails.

    Returns
    -------
    Path or None
        ``<name>.kept``, or with a number behind it where that is taken.
    """
    kept = path.with_name(f"{path.name}.kept")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.kept{number}")
    try:
        shutil.copyfile(path, kept)
    except OSError:
        return None
    return kept
