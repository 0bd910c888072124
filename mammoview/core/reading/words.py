"""What a reader says of a breast, in the words of BI-RADS (5th edition): assessment, recommendation, density."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Assessment(StrEnum):
    """A BI-RADS category; the value is how readers write it."""

    INCOMPLETE = "0"
    NEGATIVE = "1"
    BENIGN = "2"
    PROBABLY_BENIGN = "3"
    SUSPICIOUS = "4"
    LOW_SUSPICION = "4A"
    MODERATE_SUSPICION = "4B"
    HIGH_SUSPICION = "4C"
    HIGHLY_SUGGESTIVE = "5"
    KNOWN_MALIGNANCY = "6"

    @property
    def label(self) -> str:
        """What the category means, in BI-RADS' words."""
        return _ASSESSMENTS[self]

    @property
    def is_suspicious(self) -> bool:
        """Whether tissue diagnosis is what the category asks for (4, 4A, 4B, 4C, 5)."""
        return self in _SUSPICIOUS

    @property
    def group(self) -> AssessmentGroup:
        """The group that two readings are compared by."""
        if self is Assessment.KNOWN_MALIGNANCY:
            return AssessmentGroup.KNOWN
        if self is Assessment.INCOMPLETE:
            return AssessmentGroup.INCOMPLETE
        if self.is_suspicious:
            return AssessmentGroup.SUSPICIOUS
        if self is Assessment.PROBABLY_BENIGN:
            return AssessmentGroup.PROBABLY_BENIGN
        return AssessmentGroup.NORMAL

    @property
    def rank(self) -> int:
        """Orders categories by what follows for the woman: 1 and 2 lowest, then 3, 0, 4, 4A, 4B, 4C, 5, 6."""
        return _BY_CONSEQUENCE.index(self)


class AssessmentGroup(StrEnum):
    """Categories that lead to the same next step."""

    NORMAL = "normal or benign (1, 2)"
    PROBABLY_BENIGN = "probably benign (3)"
    INCOMPLETE = "incomplete (0)"
    SUSPICIOUS = "suspicious (4, 5)"
    KNOWN = "known malignancy (6)"


_ASSESSMENTS: Final[dict[Assessment, str]] = {
    Assessment.INCOMPLETE: "Incomplete: needs additional imaging evaluation or prior mammograms for comparison",
    Assessment.NEGATIVE: "Negative",
    Assessment.BENIGN: "Benign",
    Assessment.PROBABLY_BENIGN: "Probably benign",
    Assessment.SUSPICIOUS: "Suspicious",
    Assessment.LOW_SUSPICION: "Low suspicion for malignancy",
    Assessment.MODERATE_SUSPICION: "Moderate suspicion for malignancy",
    Assessment.HIGH_SUSPICION: "High suspicion for malignancy",
    Assessment.HIGHLY_SUGGESTIVE: "Highly suggestive of malignancy",
    Assessment.KNOWN_MALIGNANCY: "Known biopsy-proven malignancy",
}
_SUSPICIOUS: Final = frozenset(
    {
        Assessment.SUSPICIOUS,
        Assessment.LOW_SUSPICION,
        Assessment.MODERATE_SUSPICION,
        Assessment.HIGH_SUSPICION,
        Assessment.HIGHLY_SUGGESTIVE,
    }
)
_BY_CONSEQUENCE: Final = (
    Assessment.NEGATIVE,
    Assessment.BENIGN,
    Assessment.PROBABLY_BENIGN,
    Assessment.INCOMPLETE,
    Assessment.SUSPICIOUS,
    Assessment.LOW_SUSPICION,
    Assessment.MODERATE_SUSPICION,
    Assessment.HIGH_SUSPICION,
    Assessment.HIGHLY_SUGGESTIVE,
    Assessment.KNOWN_MALIGNANCY,
)


class Recommendation(StrEnum):
    """What should be done next; `mammoview.dicom.reading_codes` holds the code of each (CID 6028)."""

    ROUTINE = "routine screening"
    PRIORS = "comparison with earlier mammograms"
    ADDITIONAL_VIEWS = "additional views"
    SPOT_COMPRESSION = "spot compression"
    MAGNIFICATION = "magnification views"
    ULTRASOUND = "ultrasound"
    MRI = "breast MRI"
    SHORT_INTERVAL = "short-interval follow-up"
    CLINICAL = "management by clinical assessment"
    BIOPSY = "biopsy"
    CORE_BIOPSY = "image-guided core biopsy"
    SURGICAL_CONSULT = "surgical consultation"
    TREATMENT = "treatment of the known malignancy"

    @property
    def is_workup(self) -> bool:
        """Whether it completes the imaging, as category 0 asks for."""
        return self in _WORKUP

    @property
    def is_tissue(self) -> bool:
        """Whether it leads to a tissue diagnosis."""
        return self in {Recommendation.BIOPSY, Recommendation.CORE_BIOPSY, Recommendation.SURGICAL_CONSULT}


_WORKUP: Final = frozenset(
    {
        Recommendation.PRIORS,
        Recommendation.ADDITIONAL_VIEWS,
        Recommendation.SPOT_COMPRESSION,
        Recommendation.MAGNIFICATION,
        Recommendation.ULTRASOUND,
        Recommendation.MRI,
    }
)


class Density(StrEnum):
    """Breast composition (BI-RADS a to d, CID 6000)."""

    FATTY = "a"
    SCATTERED = "b"
    HETEROGENEOUS = "c"
    EXTREME = "d"

    @property
    def label(self) -> str:
        """The sentence that a report says."""
        return _DENSITIES[self]


_DENSITIES: Final[dict[Density, str]] = {
    Density.FATTY: "The breasts are almost entirely fatty",
    Density.SCATTERED: "There are scattered areas of fibroglandular density",
    Density.HETEROGENEOUS: "The breasts are heterogeneously dense, which may obscure small masses",
    Density.EXTREME: "The breasts are extremely dense, which lowers the sensitivity of mammography",
}


class Change(StrEnum):
    """A finding beside the earlier exam (CID 6002)."""

    NEW = "new"
    LARGER = "larger"
    MORE_NUMEROUS = "more numerous"
    MORE_DEFINED = "more defined"
    STABLE = "stable"
    LESS_DEFINED = "less defined"
    FEWER = "fewer"
    SMALLER = "smaller"
