"""What a finding is and looks like (BI-RADS 5th edition), and which words belong to which type of finding.

Within each list of words the later ones are the more suspicious; where two views of a lesion differ, the report says
the later word.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from mammoview.core.errors import DescriptorError


class FindingType(StrEnum):
    """What a reader takes a finding for."""

    MASS = "mass"
    CALCIFICATIONS = "calcifications"
    DISTORTION = "architectural distortion"
    ASYMMETRY = "asymmetry"
    LYMPH_NODE = "intramammary lymph node"
    SKIN_LESION = "skin lesion"
    DILATED_DUCT = "solitary dilated duct"
    OTHER = "other"


class MassShape(StrEnum):
    """Shape of a mass."""

    OVAL = "oval"
    ROUND = "round"
    IRREGULAR = "irregular"


class MassMargin(StrEnum):
    """Margin of a mass."""

    CIRCUMSCRIBED = "circumscribed"
    OBSCURED = "obscured"
    MICROLOBULATED = "microlobulated"
    INDISTINCT = "indistinct"
    SPICULATED = "spiculated"


class MassDensity(StrEnum):
    """Density of a mass beside as much fibroglandular tissue."""

    FAT_CONTAINING = "fat-containing"
    LOW = "low density"
    EQUAL = "equal density"
    HIGH = "high density"


class CalcificationMorphology(StrEnum):
    """Form of calcifications: first the typically benign ones, then the four of suspicious morphology."""

    SKIN = "skin"
    VASCULAR = "vascular"
    COARSE = "coarse or popcorn-like"
    ROD_LIKE = "large rod-like"
    ROUND = "round"
    PUNCTATE = "punctate"
    RIM = "rim"
    DYSTROPHIC = "dystrophic"
    MILK_OF_CALCIUM = "milk of calcium"
    SUTURE = "suture"
    COARSE_HETEROGENEOUS = "coarse heterogeneous"
    AMORPHOUS = "amorphous"
    FINE_PLEOMORPHIC = "fine pleomorphic"
    FINE_LINEAR = "fine linear or fine-linear branching"

    @property
    def is_suspicious(self) -> bool:
        """Whether BI-RADS lists it under suspicious morphology."""
        return self in _SUSPICIOUS_MORPHOLOGY


_SUSPICIOUS_MORPHOLOGY: Final = frozenset(
    {
        CalcificationMorphology.AMORPHOUS,
        CalcificationMorphology.COARSE_HETEROGENEOUS,
        CalcificationMorphology.FINE_PLEOMORPHIC,
        CalcificationMorphology.FINE_LINEAR,
    }
)


class Distribution(StrEnum):
    """How calcifications lie."""

    DIFFUSE = "diffuse"
    REGIONAL = "regional"
    GROUPED = "grouped"
    LINEAR = "linear"
    SEGMENTAL = "segmental"


class AsymmetryKind(StrEnum):
    """Kinds of asymmetry."""

    ONE_VIEW = "asymmetry"
    GLOBAL = "global asymmetry"
    FOCAL = "focal asymmetry"
    DEVELOPING = "developing asymmetry"


class AssociatedFeature(StrEnum):
    """What goes along with a finding."""

    SKIN_RETRACTION = "skin retraction"
    NIPPLE_RETRACTION = "nipple retraction"
    SKIN_THICKENING = "skin thickening"
    TRABECULAR_THICKENING = "trabecular thickening"
    AXILLARY_ADENOPATHY = "axillary adenopathy"
    DISTORTION = "architectural distortion"
    CALCIFICATIONS = "calcifications"


@dataclass(frozen=True)
class Descriptors:
    """What was said of a finding; None and empty stand for nothing said."""

    shape: MassShape | None = None
    margin: MassMargin | None = None
    density: MassDensity | None = None
    morphology: CalcificationMorphology | None = None
    distribution: Distribution | None = None
    asymmetry: AsymmetryKind | None = None
    associated: tuple[AssociatedFeature, ...] = ()

    @property
    def given(self) -> frozenset[str]:
        """Names of the fields that say something."""
        return frozenset(field.name for field in fields(self) if getattr(self, field.name))


#: The fields of `Descriptors` that each type may use.
ALLOWED: Final[dict[FindingType, frozenset[str]]] = {
    FindingType.MASS: frozenset({"shape", "margin", "density", "associated"}),
    FindingType.CALCIFICATIONS: frozenset({"morphology", "distribution", "associated"}),
    FindingType.ASYMMETRY: frozenset({"asymmetry", "associated"}),
    FindingType.DISTORTION: frozenset({"associated"}),
    FindingType.LYMPH_NODE: frozenset({"shape", "margin", "density", "associated"}),
    FindingType.SKIN_LESION: frozenset({"associated"}),
    FindingType.DILATED_DUCT: frozenset({"associated"}),
    FindingType.OTHER: frozenset({"associated"}),
}
#: The fields that BI-RADS expects of each type.
EXPECTED: Final[dict[FindingType, tuple[str, ...]]] = {
    FindingType.MASS: ("shape", "margin", "density"),
    FindingType.CALCIFICATIONS: ("morphology", "distribution"),
    FindingType.ASYMMETRY: ("asymmetry",),
}
#: A feature is no companion of a finding that is this feature.
_SAME: Final[dict[FindingType, AssociatedFeature]] = {
    FindingType.DISTORTION: AssociatedFeature.DISTORTION,
    FindingType.CALCIFICATIONS: AssociatedFeature.CALCIFICATIONS,
}


def check_descriptors(kind: FindingType, said: Descriptors) -> None:
    """Refuse words that do not belong to a type of finding.

    Raises
    ------
    DescriptorError
        Naming the words, and what the type takes.
    """
    wrong = said.given - ALLOWED[kind]
    if wrong:
        raise DescriptorError(
            f"“{_listed(wrong)}” does not belong to a finding of type {kind}.",
            f"It takes: {_listed(ALLOWED[kind])}. Change the type, or take these words away.",
        )
    if _SAME.get(kind) in said.associated:
        raise DescriptorError(
            f"{kind.capitalize()} cannot go along with itself.", "Take it away from the associated features."
        )
    if len(set(said.associated)) != len(said.associated):
        raise DescriptorError("An associated feature is named twice.", "Name each one once.")


def lacking(kind: FindingType, said: Descriptors) -> tuple[str, ...]:
    """The fields that BI-RADS expects of this type and that say nothing yet."""
    return tuple(name for name in EXPECTED.get(kind, ()) if name not in said.given)


def is_suspicious(kind: FindingType, said: Descriptors) -> bool:
    """Whether a word was said that BI-RADS counts as suspicious.

    An irregular shape; a margin that is indistinct, microlobulated or spiculated; a suspicious morphology of
    calcifications; a linear or segmental distribution unless the morphology is a typically benign one; a developing
    asymmetry; a distortion.
    """
    if kind is FindingType.DISTORTION or AssociatedFeature.DISTORTION in said.associated:
        return True
    if said.morphology is not None:
        return said.morphology.is_suspicious
    return (
        said.shape is MassShape.IRREGULAR
        or said.margin in {MassMargin.MICROLOBULATED, MassMargin.INDISTINCT, MassMargin.SPICULATED}
        or said.distribution in {Distribution.LINEAR, Distribution.SEGMENTAL}
        or said.asymmetry is AsymmetryKind.DEVELOPING
    )


def _listed(names: frozenset[str]) -> str:
    order = [field.name for field in fields(Descriptors)]
    return ", ".join("associated features" if name == "associated" else name for name in sorted(names, key=order.index))
