"""Tables of public collections: comma- or semicolon-separated, with the columns that are needed."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def rows_of(path: Path, needed: Sequence[str], *, delimiter: str = ",") -> tuple[dict[str, str], ...]:
    """The rows of a table, cells trimmed.

    Parameters
    ----------
    path
        The file.
    needed
        Columns that must be there.
    delimiter
        What parts the cells.

    Raises
    ------
    InputError
        When the file or a column is missing.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=delimiter, restval="")
            rows = tuple({(name or "").strip(): (cell or "").strip() for name, cell in _pairs(row)} for row in reader)
            names = {name.strip() for name in reader.fieldnames or ()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read.", "Check that the data are complete.") from error
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputError(f"{path} lacks the columns {', '.join(missing)}.", "Check that it is the provider's table.")
    return rows


def _pairs(row: dict[str | None, str | list[str]]) -> list[tuple[str | None, str]]:
    """Cells under a name; what lies behind the last column is dropped."""
    return [(name, cell) for name, cell in row.items() if isinstance(cell, str)]
