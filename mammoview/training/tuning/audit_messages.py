"""What the audit of a project's cases says: frozen values that travel and are kept as ``audit.json``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mammoview.core.errors import InputError
from mammoview.training.tuning.messages import RejectedRow, TuneTask

AUDIT = "audit.json"


class Severity(StrEnum):
    """How much a remark weighs."""

    STOP = "stop"
    WARNING = "warning"
    NOTE = "note"


class RemarkKind(StrEnum):
    """What a remark is about."""

    EXACT_DUPLICATE = "exact duplicate"
    NEAR_DUPLICATE = "near duplicate"
    SAME_PERSON = "one person under two names"
    SPLIT_LEAK = "one person on both sides of a split"
    SEALED_BEFORE = "in an earlier test set"
    BURNED_IN = "burned-in text"
    LATERALITY = "side against the pixels"
    LABELS = "labels that contradict each other"
    CONTRACT = "outside the model's input"
    TOO_FEW = "too few cases"
    UNREADABLE = "pixels cannot be read"
    TABLE = "table"


@dataclass(frozen=True)
class AuditRequest:
    """Audit the cases of a project.

    Attributes
    ----------
    folder
        Of the project, with its ``cases.csv``.
    parent
        ``id@version`` of the model to start from; empty where none is chosen.
    test_share
        Of the patients that will judge.
    reads_pixels
        Whether the images are decoded, too.
    """

    folder: str
    task: TuneTask | None = None
    parent: str = ""
    test_share: float = 0.3
    reads_pixels: bool = True


@dataclass(frozen=True)
class Count:
    """How many images and patients share a value, and how many of the images are malignant."""

    value: str
    images: int
    patients: int
    malignant: int


@dataclass(frozen=True)
class Tally:
    """The counts of one attribute, the most frequent value first."""

    attribute: str
    counts: tuple[Count, ...]


@dataclass(frozen=True)
class Remark:
    """Something to look at.

    Attributes
    ----------
    text
        A sentence.
    images
        Places of the images in ``cases.csv``, from 0.
    patients
        Their names.
    """

    kind: RemarkKind
    severity: Severity
    text: str
    images: tuple[int, ...] = ()
    patients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expected:
    """How wide the 95 % interval of a measure will be on the test set, before anything is trained.

    Attributes
    ----------
    measure
        ``AUC`` or ``Dice``.
    assumed
        The value that it is computed for; ``assumed_from`` says where that comes from.
    positives, negatives
        Patients of the test set; for Dice, ``positives`` are those with outlines.
    width
        From the lower to the upper end; None where there are too few for any.
    least_change
        The least change against the old model that the interval of the change would keep clear of 0.
    """

    measure: str
    assumed: float
    assumed_from: str
    positives: int
    negatives: int
    width: float | None
    least_change: float | None

    @property
    def sentence(self) -> str:
        """In words."""
        patients = "1 patient" if self.positives == 1 else f"{self.positives} patients"
        of = f"{patients} with and {self.negatives} without malignancy"
        if self.measure == "Dice":
            of = f"{patients} with outlines"
        if self.width is None or self.least_change is None:
            return f"A test set of {of} is too small for any interval of the {self.measure}."
        return (
            f"With a test set of {of}, the 95 % interval of the {self.measure} (at {self.assumed:.2f}) will be about "
            f"{self.width:.2f} wide, and a change below about {self.least_change:.2f} will not be told."
        )


@dataclass(frozen=True)
class TableAudit:
    """What table and headers say; comes first, and again as more headers are read.

    Attributes
    ----------
    headers_read
        How many of ``images``.
    rejected
        Rows of ``cases.csv`` that are no case any more.
    refused
        Rows of the source that became no case when they were read; they are not among ``images``.
    """

    images: int
    patients: int
    headers_read: int
    tallies: tuple[Tally, ...]
    remarks: tuple[Remark, ...]
    expected: tuple[Expected, ...]
    rejected: tuple[RejectedRow, ...] = ()
    refused: tuple[RejectedRow, ...] = ()


@dataclass(frozen=True)
class ImageLook:
    """What the pixels of one image say, as soon as they were looked at.

    Attributes
    ----------
    image
        Place in ``cases.csv``, from 0.
    thumbnail
        A JPEG, at most 160 pixels; empty where the pixels cannot be read.
    remarks
        Of this image, and of pairs with images before it.
    """

    image: int
    thumbnail: bytes
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class AuditReport:
    """The whole audit.

    Attributes
    ----------
    looked_at
        Images whose pixels were read.
    same_person
        Groups of patients that share an image or a patient ID: a split keeps each group on one side.
    """

    table: TableAudit
    looked_at: int
    remarks: tuple[Remark, ...]
    same_person: tuple[tuple[str, ...], ...]
    seconds: float

    @property
    def has_stops(self) -> bool:
        """Whether something must be put right before the next page."""
        return any(remark.severity is Severity.STOP for remark in self.remarks)


def read_report(path: Path) -> AuditReport:
    """Read ``audit.json``.

    Raises
    ------
    InputError
        When it is absent or not what `audit` wrote.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(AuditReport).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} cannot be read.", "Audit the cases again.") from error
