"""What can be wrong with the rows of a table of cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one cell.

    Attributes
    ----------
    line
        In the file; the header is line 1. 0 where no line is meant.
    column
        Its name; empty where the whole row is meant.
    message, hint
        What is wrong, and what to write instead.
    table
        Its file's name, where there are several.
    """

    line: int
    column: str
    message: str
    hint: str
    table: str = ""

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.table, f"line {self.line}" if self.line else "", self.column) if part)
        return f"{where}: {self.message} {self.hint}"


class ManifestError(InputError):
    """A table of cases has bad rows; the message lists every one of them."""

    code = "manifest"

    def __init__(self, path: Path, problems: Sequence[RowProblem]) -> None:
        rows = len({problem.line for problem in problems})
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(
            f"{path} has {rows} bad {'row' if rows == 1 else 'rows'}:{listed}\n",
            "Correct the table and try again; nothing was read.",
        )
        self.problems = tuple(problems)
