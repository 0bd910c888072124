"""What an importer gives: the cases, and what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mammoview.training.cases.case import Case
    from mammoview.training.cases.row_problems import RowProblem


@dataclass(frozen=True)
class Imported:
    """A collection, read.

    Attributes
    ----------
    cases
        Its images.
    problems
        Rows of its tables that were left out, each with its reason.
    """

    cases: tuple[Case, ...]
    problems: tuple[RowProblem, ...] = ()
