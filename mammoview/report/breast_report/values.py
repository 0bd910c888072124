"""The report as frozen values: a draft that may change, and a signed report that cannot.

There is no function from a signed report to another content: a correction is a new report that holds the old one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.core.errors import ReadingError
from mammoview.core.findings import ModelUse
from mammoview.core.reading import (
    BreastDecision,
    DensityRead,
    FindingLink,
    QualityNote,
    ReaderFinding,
    RevealProtocol,
    check_time,
)
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.sealing import seal

#: Stands on every page.
BANNER: Final = "Research software. Not a medical device. Not for diagnosis or treatment."
#: What the AI part says where the models' maker says nothing else.
INTENDED_USE: Final = (
    "Proposes regions of a mammogram that a reader may look at again. It takes no decision and replaces no reader."
)


@dataclass(frozen=True)
class ReportImage:
    """An image that was read.

    Attributes
    ----------
    label
        As readers write it: ``RMLO``.
    rows, columns
        Its size, native pixels.
    spacing_mm
        (row, column), mm; None where unknown.

    Raises
    ------
    ReadingError
        When size or spacing cannot be.
    """

    id: str
    label: str
    side: Laterality | None
    view: ViewPosition | None
    rows: int
    columns: int
    spacing_mm: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        known = self.spacing_mm or (1.0, 1.0)
        if min(self.rows, self.columns) < 1 or not all(math.isfinite(part) and part > 0 for part in known):
            raise ReadingError(f"The size of {self.label} cannot be.", "Open the study again.")


@dataclass(frozen=True)
class Exam:
    """Whose exam it is, and what was read.

    Attributes
    ----------
    patient_name, birth_date, date
        As DICOM writes them: ``DOE^JANE``, ``19600101``.
    priors
        Dates of the earlier exams that hung beside it, the newest first.
    indication
        Why the exam was made, as the site's list says it.
    """

    study_uid: str
    patient_name: str
    patient_id: str
    date: str
    images: tuple[ReportImage, ...]
    birth_date: str = ""
    accession: str = ""
    description: str = ""
    priors: tuple[str, ...] = ()
    indication: str = ""
    institution: str = ""

    @property
    def sides(self) -> tuple[Laterality, ...]:
        """The breasts that were imaged, right before left."""
        shown = {image.side for image in self.images}
        return tuple(side for side in (Laterality.RIGHT, Laterality.LEFT) if side in shown)

    def image(self, image_id: str) -> ReportImage | None:
        """The image of that id; None where the exam has none."""
        return next((image for image in self.images if image.id == image_id), None)


@dataclass(frozen=True)
class AiPart:
    """What the AI had to do with a reading.

    Attributes
    ----------
    models
        Those that ran; none where the AI did not run.
    intended_use
        One sentence, needed where models ran; `INTENDED_USE` where their maker says nothing else.
    protocol
        When the reader might see it.
    revealed_at
        ISO 8601 with the time zone; empty where the reader never saw it.
    software, device
        What ran the models.
    reason
        Why it did not run; empty where it did.
    scores
        The AI's score of each breast, in [0, 1], with ``score_meaning``.

    Raises
    ------
    ReadingError
        When it neither ran nor says why, lacks its intended use, or was seen without having run.
    """

    models: tuple[ModelUse, ...] = ()
    intended_use: str = ""
    protocol: RevealProtocol = RevealProtocol.AFTER_FIRST_READ
    revealed_at: str = ""
    software: str = ""
    device: str = ""
    reason: str = ""
    scores: tuple[tuple[Laterality, float], ...] = ()
    score_meaning: str = ""

    def __post_init__(self) -> None:
        if not self.models and not self.reason.strip():
            raise ReadingError("The AI did not run, and nobody says why.", "Give the reason.")
        if self.models and not self.intended_use.strip():
            raise ReadingError("Nobody says what the AI is meant for.", "Give its intended use.")
        if not all(0 <= score <= 1 for _, score in self.scores):
            raise ReadingError("A score of the AI is no probability.", "Analyse the study again.")
        if self.revealed_at:
            check_time(self.revealed_at)
            if not self.models or self.protocol is RevealProtocol.NEVER:
                raise ReadingError("The AI was revealed though it may not have been.", "Check the reading protocol.")

    @property
    def is_revealed(self) -> bool:
        """Whether the reader saw it."""
        return bool(self.revealed_at)


class SectionName(StrEnum):
    """The parts of a report's text, in their order."""

    INDICATION = "indication"
    TECHNIQUE = "technique"
    COMPARISON = "comparison"
    COMPOSITION = "breast composition"
    RIGHT = "right breast"
    LEFT = "left breast"
    IMPRESSION = "impression"

    @property
    def side(self) -> Laterality | None:
        """The breast that it is about; None for the others."""
        return {SectionName.RIGHT: Laterality.RIGHT, SectionName.LEFT: Laterality.LEFT}.get(self)


@dataclass(frozen=True)
class Section:
    """One part of the text.

    Attributes
    ----------
    text
        What will be printed; line ends part paragraphs.
    generated
        What the program wrote there before the reader changed it.
    """

    name: SectionName
    text: str
    generated: str = ""

    @property
    def is_edited(self) -> bool:
        """Whether the reader changed it."""
        return self.text != self.generated


@dataclass(frozen=True)
class Draft:
    """A report that is being written.

    Attributes
    ----------
    reader
        Who writes it.
    findings
        All of the reading, rejected and unjudged ones included; the text tells of the reported ones alone.
    sections
        Empty until `mammoview.report.breast_report.drafting.refreshed` wrote them.

    Raises
    ------
    ReadingError
        When a breast is decided twice.
    """

    exam: Exam
    reader: str
    ai: AiPart
    breasts: tuple[BreastDecision, ...] = ()
    density: DensityRead | None = None
    quality: tuple[QualityNote, ...] = ()
    findings: tuple[ReaderFinding, ...] = ()
    links: tuple[FindingLink, ...] = ()
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        sides = [breast.side for breast in self.breasts]
        if len(set(sides)) != len(sides):
            raise ReadingError("A breast is decided twice.", "Decide each breast once.")

    def breast(self, side: Laterality) -> BreastDecision | None:
        """The decision for one breast."""
        return next((breast for breast in self.breasts if breast.side is side), None)

    def section(self, name: SectionName) -> Section | None:
        """One part of the text."""
        return next((section for section in self.sections if section.name is name), None)

    @property
    def reported(self) -> tuple[ReaderFinding, ...]:
        """The findings that the report tells of: drawn, or accepted after the AI was revealed. Never any other."""
        return tuple(
            finding
            for finding in self.findings
            if finding.is_reported and (self.ai.is_revealed or not finding.origin.is_from_ai)
        )


@dataclass(frozen=True)
class Content:
    """What a signature stands under. The same parts as in a `Draft`, in their last form."""

    exam: Exam
    ai: AiPart
    breasts: tuple[BreastDecision, ...]
    density: DensityRead | None
    quality: tuple[QualityNote, ...]
    findings: tuple[ReaderFinding, ...]
    links: tuple[FindingLink, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Amends:
    """Which report another one replaces, and why. The replaced one is kept whole."""

    original: SignedReport
    original_hash: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ReadingError("An amendment needs a reason.", "Write why the report is changed.")
        if self.original_hash != self.original.content_hash:
            raise ReadingError("The amendment names another report than it holds.", "Restore the report from a backup.")


@dataclass(frozen=True)
class SignedReport:
    """A report under a signature. Made by `mammoview.report.breast_report.signing` alone.

    Attributes
    ----------
    content
        What was signed.
    signer, signed_at
        Who, and when: ISO 8601 with the time zone.
    chain_head
        Head of the audit log's chain at the moment of signing, so that a log cut off later shows.
    software
        The program and its version.
    banner
        What stood on every page.
    content_hash
        SHA-256 over all of the above and over what it amends, as hexadecimal digits.
    amends
        None for a first report.

    Raises
    ------
    ReadingError
        When the hash is not that of the rest: somebody changed it.
    """

    content: Content
    signer: str
    signed_at: str
    chain_head: str
    software: str
    banner: str
    content_hash: str
    amends: Amends | None = None

    def __post_init__(self) -> None:
        check_time(self.signed_at)
        if self.content_hash != seal(self):
            raise ReadingError(
                "The signed report was changed after it was signed.",
                "Restore it from a backup; a correction is an amendment.",
            )

    @property
    def version(self) -> int:
        """1 for a first report, one more with each amendment."""
        return 1 if self.amends is None else self.amends.original.version + 1

    @property
    def history(self) -> tuple[SignedReport, ...]:
        """The reports that it replaces, the first one first."""
        return () if self.amends is None else (*self.amends.original.history, self.amends.original)
