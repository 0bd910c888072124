"""What all writers of folders share: making them, and saying why they cannot be written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mammoview.core.errors import OutputError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def make_folder(out: Path) -> list[Path]:
    """Make a folder with its parents.

    Returns
    -------
    list of Path
        The ones that were missing, outermost first.
    """
    missing = [folder for folder in (out, *out.parents) if not folder.exists()][::-1]
    out.mkdir(parents=True, exist_ok=True)
    return missing


@contextmanager
def readable_errors(out: Path, *, what: str = "The result", kept: str = "Nothing was kept.") -> Iterator[None]:
    """Turn the system's errors into one that a user can read.

    Parameters
    ----------
    out
        The folder that is written to.
    what
        What is written, to begin a message with.
    kept
        What is left, to end the hint with.

    Raises
    ------
    OutputError
        For any `OSError` within.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        hint = (
            "Free some space or name another folder."
            if error.errno in _DISK_FULL
            else "Check the folder's permissions."
        )
        raise OutputError(f"{what} cannot be written to {out}: {reason}.", f"{hint} {kept}") from error
