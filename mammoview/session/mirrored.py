"""Images that the reader mirrored by hand, kept over restarts (MG-K03)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from mammoview.core.errors import Problem
from mammoview.core.paths import user_data
from mammoview.core.small_files import keep_aside, write_whole

SCHEMA: Final = 1


def mirrored_path() -> Path:
    """The file that holds the ids."""
    return user_data() / "mirrored.json"


def load(path: Path | None = None) -> tuple[frozenset[str], Problem | None]:
    """Read the ids of mirrored images.

    Parameters
    ----------
    path
        The file; None for `mirrored_path`.

    Returns
    -------
    ids
        None where the file is absent or not usable.
    problem
        Why a file that is there is not used; it is kept beside the next one.
    """
    path = path or mirrored_path()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["schema"] != SCHEMA:
            raise ValueError("another version")
        return frozenset(str(one) for one in values["mirrored"]), None
    except FileNotFoundError:
        return frozenset(), None
    except (OSError, ValueError, KeyError, TypeError):
        kept = keep_aside(path)
        hint = f"The old file was kept as {kept.name}." if kept else ""
        return frozenset(), Problem(str(path), "mirrored", "The list of images mirrored by hand cannot be used.", hint)


def save(ids: frozenset[str], path: Path | None = None) -> None:
    """Write the ids, all or nothing.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    text = json.dumps({"schema": SCHEMA, "mirrored": sorted(ids)}, indent=1)
    write_whole(path or mirrored_path(), text + "\n", "The list of mirrored images")
