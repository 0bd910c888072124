"""What an import and the scanning child say to each other: a few words per file, never a whole header."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StudyKind(StrEnum):
    """What sort of images a study holds."""

    MAMMOGRAM = "FFDM"
    TOMOSYNTHESIS = "DBT"
    GENERATED_2D = "S2D"
    CONTRAST = "CEM"
    RAW = "RAW"
    PICTURE = "PICTURE"


@dataclass(frozen=True)
class FileStamp:
    """A file as the folder lists it. Another size or time means other content."""

    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class WalkRequest:
    """Look for files under these absolute paths; `FileStamp` tuples come as partial values."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Walked:
    """The end of a walk: how many files there were, and the codes of what could not be looked into."""

    files: int
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadersRequest:
    """Read these headers; `HeadersDone` is the answer."""

    files: tuple[FileStamp, ...]


@dataclass(frozen=True)
class HeaderRead:
    """What the list keeps of one image.

    Attributes
    ----------
    image_uid
        SOP Instance UID, or the file's hash.
    is_picture
        No DICOM: it has no patient that could be found again.
    """

    file: FileStamp
    image_uid: str
    study_uid: str
    label: str
    kind: StudyKind
    is_picture: bool
    patient_id: str
    issuer: str
    birth_date: str
    patient_name: str
    date: str
    time: str
    description: str
    accession: str


@dataclass(frozen=True)
class HeaderRefused:
    """A file that cannot be used, and the code of the error that says why."""

    file: FileStamp
    code: str


@dataclass(frozen=True)
class HeadersDone:
    """The answer to a `HeadersRequest`: one entry for each file."""

    entries: tuple[HeaderRead | HeaderRefused, ...]
