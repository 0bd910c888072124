"""Small files of the user's own: written all or nothing, kept when they cannot be understood."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from mammoview.core.errors import OutputError


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
        raise OutputError(
            f"{what} cannot be saved in {path} ({error.strerror}).", "Check the folder's permissions."
        ) from error


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
