"""A finding as the reader has it: where it comes from, what the reader made of it, and what it is linked with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.core.errors import ReadingError
from mammoview.core.findings import ModelUse
from mammoview.core.marks import Point
from mammoview.core.reading.descriptors import Descriptors, FindingType, check_descriptors
from mammoview.core.reading.location import Location
from mammoview.core.reading.times import check_time
from mammoview.core.reading.words import Change
from mammoview.core.study import Laterality, ViewPosition

#: Points of one contour at the most; a brush makes a few hundred.
MOST_CONTOUR_POINTS: Final = 5000


class Maker(StrEnum):
    """Who made a finding."""

    AI = "ai"
    READER = "reader"
    AI_EDITED = "ai edited by reader"


@dataclass(frozen=True)
class Origin:
    """Where a finding comes from.

    Attributes
    ----------
    models
        Those that found it; none for a reader's own.
    ai_finding_id
        `mammoview.core.findings.Finding.id` of what the models found.
    p_malignant
        Their score, in [0, 1].

    Raises
    ------
    ReadingError
        When a model is missing where one must be, or is named where none had a part.
    """

    maker: Maker = Maker.READER
    models: tuple[ModelUse, ...] = ()
    ai_finding_id: str = ""
    p_malignant: float | None = None

    def __post_init__(self) -> None:
        if self.is_from_ai and not (self.models and self.ai_finding_id):
            raise ReadingError(
                "A finding of the AI lacks the model that found it.", "Analyse the study again; the result is damaged."
            )
        if not self.is_from_ai and (self.models or self.ai_finding_id or self.p_malignant is not None):
            raise ReadingError("A reader's own finding names a model.", "Say that the AI found it.")
        if self.p_malignant is not None and not 0 <= self.p_malignant <= 1:
            raise ReadingError(f"{self.p_malignant:g} is no probability.", "Analyse the study again.")

    @property
    def is_from_ai(self) -> bool:
        """Whether models had a part in it."""
        return self.maker is not Maker.READER


class VerdictKind(StrEnum):
    """What a reader made of a finding of the AI."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EDITED = "edited"


class RejectReason(StrEnum):
    """Why a finding of the AI is none."""

    NORMAL_TISSUE = "normal tissue"
    SUPERIMPOSED = "superimposed tissue"
    BENIGN = "typically benign"
    KNOWN = "known and unchanged"
    ARTIFACT = "artifact or marker"
    DUPLICATE = "already described"
    OTHER = "other"


@dataclass(frozen=True)
class Verdict:
    """What a reader made of a finding of the AI, and when.

    Attributes
    ----------
    reason
        Of a rejection; ``OTHER`` needs a comment.
    time
        ISO 8601 with the time zone.

    Raises
    ------
    ReadingError
        When a rejection has no reason, or anything else has one.
    """

    kind: VerdictKind
    reader: str
    time: str
    reason: RejectReason | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        check_time(self.time)
        if (self.kind is VerdictKind.REJECTED) != (self.reason is not None):
            raise ReadingError(
                "A rejected finding needs a reason, and only a rejected one has it.", "Choose a reason from the list."
            )
        if self.reason is RejectReason.OTHER and not self.comment.strip():
            raise ReadingError("The reason “other” says nothing by itself.", "Write a few words beside it.")


@dataclass(frozen=True)
class ReaderFinding:
    """One finding on one image.

    Attributes
    ----------
    id
        Unique within a reading.
    image_id
        `mammoview.core.study.Mammogram.id`.
    side, view
        Of the image; ``view`` None where nobody knows.
    contour
        (row, column), native pixels; the line closes by itself. One point stands for a place, two for a line.
    frame
        Index of the frame of a volume; 0 elsewhere.
    size_mm
        Longest diameter, mm; None without a spacing.
    verdict
        None for a reader's own finding and for one of the AI that was not judged yet.
    comment
        The reader's words, printed as they are.
    outlined_by
        Models that drew the contour when the reader asked them to; the reader may have corrected it since. None where
        a hand drew it, and where it came with a finding of the AI.

    Raises
    ------
    DescriptorError
        When words do not belong to the type.
    ReadingError
        When the contour is no place, or origin and verdict contradict each other.
    """

    id: str
    image_id: str
    side: Laterality
    view: ViewPosition | None
    kind: FindingType
    contour: tuple[Point, ...]
    origin: Origin = Origin()
    descriptors: Descriptors = Descriptors()  # noqa: RUF009 - frozen
    location: Location = Location()  # noqa: RUF009 - frozen
    verdict: Verdict | None = None
    frame: int = 0
    size_mm: float | None = None
    change: Change | None = None
    comment: str = ""
    outlined_by: tuple[ModelUse, ...] = ()

    def __post_init__(self) -> None:
        check_descriptors(self.kind, self.descriptors)
        self._check_contour()
        if self.frame < 0 or (self.size_mm is not None and not 0 < self.size_mm <= 500):
            raise ReadingError("A finding's frame or size cannot be.", "Measure it again.")
        if self.origin.maker is Maker.READER and self.verdict is not None:
            raise ReadingError("A reader's own finding needs no verdict.", "Change or delete the finding instead.")
        is_edited = self.verdict is not None and self.verdict.kind is VerdictKind.EDITED
        if is_edited != (self.origin.maker is Maker.AI_EDITED):
            raise ReadingError(
                "An edited finding must say that it is an edited one of the AI.", "Set origin and verdict together."
            )

    def _check_contour(self) -> None:
        if not 1 <= len(self.contour) <= MOST_CONTOUR_POINTS:
            raise ReadingError("A finding needs a place on its image.", "Draw it again.")
        if not all(math.isfinite(part) for point in self.contour for part in point):
            raise ReadingError("A finding's outline has a point that is no place.", "Draw it again.")

    @property
    def is_reported(self) -> bool:
        """Whether it belongs into a report: drawn, accepted or edited by the reader, and nothing else."""
        return self.origin.maker is Maker.READER or (
            self.verdict is not None and self.verdict.kind is not VerdictKind.REJECTED
        )


class LinkMaker(StrEnum):
    """Who linked two findings."""

    AI = "ai"
    HAND = "hand"


@dataclass(frozen=True)
class FindingLink:
    """Two findings that are one lesion in two views.

    Attributes
    ----------
    first, second
        Ids of `ReaderFinding`.
    score
        Of a link by the AI, in [0, 1].

    Raises
    ------
    ReadingError
        When a finding is linked with itself, or a score is none.
    """

    first: str
    second: str
    made_by: LinkMaker = LinkMaker.HAND
    score: float | None = None

    def __post_init__(self) -> None:
        if self.first == self.second:
            raise ReadingError("A finding cannot be linked with itself.", "Choose one in another view.")
        if self.score is not None and not 0 <= self.score <= 1:
            raise ReadingError(f"{self.score:g} is no score of a link.", "Link the findings by hand.")
