"""What a reader decides for each breast, the density and the images' quality; when, before or after the AI."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mammoview.core.errors import ReadingError
from mammoview.core.findings import ModelUse
from mammoview.core.reading.quality import QualityNote
from mammoview.core.reading.states import ReaderRole
from mammoview.core.reading.times import check_time
from mammoview.core.reading.words import Assessment, Density, Recommendation
from mammoview.core.study import Laterality


@dataclass(frozen=True)
class DensityRead:
    """Breast composition as the reader has it.

    Attributes
    ----------
    grade
        What the report says.
    proposed
        What the program proposed; None where the reader chose unaided.
    percent
        Share of dense tissue, 0 to 100; None where it was not measured.
    method
        What measured it, in a few words.
    models
        Those that took part in the proposal.

    Raises
    ------
    ReadingError
        When the percentage cannot be.
    """

    grade: Density
    proposed: Density | None = None
    percent: float | None = None
    method: str = ""
    models: tuple[ModelUse, ...] = ()

    def __post_init__(self) -> None:
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise ReadingError(f"{self.percent:g} % is no share of dense tissue.", "Give 0 to 100, or leave it out.")

    @property
    def is_overridden(self) -> bool:
        """Whether the reader said something else than was proposed."""
        return self.proposed is not None and self.proposed is not self.grade


@dataclass(frozen=True)
class BreastDecision:
    """What a reader decides for one breast; None stands for not decided.

    Attributes
    ----------
    is_recalled
        Recall, or no recall.
    suspicion
        How sure the reader is of a malignancy, 0 to 100, for reader studies.

    Raises
    ------
    ReadingError
        When the suspicion cannot be, or a recommendation is named twice.
    """

    side: Laterality
    assessment: Assessment | None = None
    is_recalled: bool | None = None
    recommendations: tuple[Recommendation, ...] = ()
    suspicion: float | None = None

    def __post_init__(self) -> None:
        if self.suspicion is not None and not (math.isfinite(self.suspicion) and 0 <= self.suspicion <= 100):
            raise ReadingError(f"{self.suspicion:g} is no degree of suspicion.", "Give 0 to 100, or leave it out.")
        if len(set(self.recommendations)) != len(self.recommendations):
            raise ReadingError("A recommendation is named twice.", "Name each one once.")

    @property
    def is_complete(self) -> bool:
        """Whether the reader said something that can be acted on: a category, or recall or no recall."""
        return self.assessment is not None or self.is_recalled is not None

    @property
    def calls_back(self) -> bool | None:
        """Whether the woman is asked to come again: as said, or as the category means (0, 3, 4, 5); None if unsaid.

        Category 3 counts as a recall, as its short-interval follow-up is one; 6 does not, as she is known.
        """
        if self.is_recalled is not None or self.assessment is None:
            return self.is_recalled
        return self.assessment not in {Assessment.NEGATIVE, Assessment.BENIGN, Assessment.KNOWN_MALIGNANCY}


@dataclass(frozen=True)
class ReaderDecision:
    """Everything that one reader decided at one moment.

    Attributes
    ----------
    reader
        Who; a name or a number that the site gives.
    breasts
        One for each breast that was imaged, each side once.
    seconds
        Time spent on the case until this decision.
    has_seen_ai
        Whether the AI was revealed to this reader before.
    quality
        Notes on images; `needs_repeat` there is a technical recall.

    Raises
    ------
    ReadingError
        When a side is decided twice or none is, the reader is unnamed, or the time cannot be.
    """

    reader: str
    role: ReaderRole
    time: str
    breasts: tuple[BreastDecision, ...]
    density: DensityRead | None = None
    quality: tuple[QualityNote, ...] = ()
    seconds: float = 0.0
    has_seen_ai: bool = False

    def __post_init__(self) -> None:
        check_time(self.time)
        sides = [breast.side for breast in self.breasts]
        if not sides or len(set(sides)) != len(sides):
            raise ReadingError("A decision needs each breast once.", "Decide for each breast that was imaged.")
        if not self.reader.strip():
            raise ReadingError("A decision needs its reader.", "Say who reads, in the settings.")
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise ReadingError("The time spent cannot be.", "Check the computer's clock.")

    def breast(self, side: Laterality) -> BreastDecision | None:
        """The decision for one breast; None where it was not imaged."""
        return next((breast for breast in self.breasts if breast.side is side), None)

    @property
    def is_complete(self) -> bool:
        """Whether every breast is decided."""
        return all(breast.is_complete for breast in self.breasts)

    @property
    def is_technical_recall(self) -> bool:
        """Whether a view must be taken again."""
        return any(note.needs_repeat for note in self.quality)
