"""What the fine-tuning wizard and its children say to each other: frozen values, nothing but the core behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


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
