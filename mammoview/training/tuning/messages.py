"""What the fine-tuning wizard and its children say to each other: frozen values, nothing but the core behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.core.study import Laterality, ViewPosition

if TYPE_CHECKING:
    from collections.abc import Iterable


class TuneTask(StrEnum):
    """What is adapted; the first three are the kinds of `mammoview train`."""

    IMAGE = "image"
    PATCH = "patch"
    SEGMENT = "segment"
    CALIBRATE = "calibrate"

    @property
    def needs(self) -> str:
        """What every case must have, a few words."""
        return _NEEDS[self]


_NEEDS = {
    TuneTask.IMAGE: "a label for the image or the breast",
    TuneTask.PATCH: "boxes with the kind and the label of what they hold",
    TuneTask.SEGMENT: "outlines or masks",
    TuneTask.CALIBRATE: "a label for the image or the breast",
}


class SourceKind(StrEnum):
    """Where cases come from."""

    TABLE = "table"
    COLLECTION = "collection"
    WORKLIST = "worklist"


class DateRule(StrEnum):
    """What becomes of dates in de-identified copies."""

    REMOVE = "remove"
    SHIFT = "shift"
    KEEP = "keep"


@dataclass(frozen=True)
class CaseSource:
    """Where the cases of a project come from, and how they are taken.

    Attributes
    ----------
    path
        A table of cases, or the folder of a public collection; empty for the worklist.
    images
        Folder that a table's paths are relative to; empty for the table's own.
    sheet
        Of an Excel file; empty for the first one.
    columns
        (field of the table of cases, column of the site's table); empty where they are guessed.
    is_copied
        Whether images are copied into the project, de-identified; else they are read where they lie.
    dates
        Of the copies.
    """

    kind: SourceKind
    path: str = ""
    images: str = ""
    sheet: str = ""
    columns: tuple[tuple[str, str], ...] = field(default=())
    is_copied: bool = False
    dates: DateRule = DateRule.REMOVE


@dataclass(frozen=True)
class ReadLesion:
    """A finding of a signed report on one image.

    Attributes
    ----------
    contour
        (row, column) points, native pixels; at least three.
    kind
        ``mass``, ``calcification``, or empty where it is neither, or its label is not sure.
    is_outlined_by_ai
        Whether a model drew the contour, as a finding that was accepted or because the reader asked it to.
    """

    contour: tuple[tuple[float, float], ...]
    kind: str = ""
    is_malignant: bool | None = None
    is_outlined_by_ai: bool = False


@dataclass(frozen=True)
class ReadImage:
    """One image of a signed read, as a case.

    Attributes
    ----------
    is_malignant
        By the rule for signed reads; None leaves it out where a label is needed.
    study_date
        ``YYYYMMDD``, or empty.
    """

    path: str
    patient: str
    laterality: Laterality
    view: ViewPosition
    is_malignant: bool | None
    lesions: tuple[ReadLesion, ...] = ()
    study_date: str = ""
    density: str = ""


@dataclass(frozen=True)
class CasesRequest:
    """Read the cases of a project and write its table.

    Attributes
    ----------
    folder
        Of the project.
    read
        Images of signed reads, where the source is the worklist.
    notes
        What was left out when they were taken; the report repeats it.
    """

    folder: str
    source: CaseSource
    read: tuple[ReadImage, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RejectedRow:
    """A row that became no case, and why.

    Attributes
    ----------
    line
        Of the site's table, or the number of the image; 0 where no line is meant.
    column
        Empty where the whole row is meant.
    table
        Its file's name, where there are several.
    """

    line: int
    column: str
    message: str
    hint: str
    table: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Its line, and its table and column, as they are shown."""
        return str(self.line or ""), ", ".join(part for part in (self.table, self.column) if part)


def rows_of_all(rejected: Iterable[RejectedRow]) -> int:
    """How many rows were rejected: one may be for several reasons."""
    return len({(row.table, row.line) for row in rejected})


@dataclass(frozen=True)
class TagChange:
    """What became of one attribute in the de-identified copies, and in how many of them."""

    tag: str
    name: str
    action: str
    images: int


@dataclass(frozen=True)
class CasesReport:
    """What reading the cases came to.

    Attributes
    ----------
    labelled, boxed, outlined
        Images that each sort of task can use.
    changes
        Of the copies; empty where nothing was copied.
    notes
        What was guessed, repaired or passed over.
    ai_outlines
        How many outlines a model drew.
    """

    images: int
    patients: int
    labelled: int
    boxed: int
    outlined: int
    rejected: tuple[RejectedRow, ...] = ()
    changes: tuple[TagChange, ...] = ()
    notes: tuple[str, ...] = ()
    ai_outlines: int = 0


def read_cases_report(path: Path) -> CasesReport | None:
    """Read ``cases.json``; None where it is absent, or not what reading the cases wrote."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(CasesReport).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
