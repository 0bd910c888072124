"""The coded value beside each of a reader's words: PS3.16 CID 6001 to 6041, in SNOMED CT, DCM and the NCI Thesaurus.

Words that the standard's lists lack have no code here: none is invented. BI-RADS categories have their codes in the
coding scheme BI, which CID 6027 takes them from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.core.reading import (
    Assessment,
    AssociatedFeature,
    AsymmetryKind,
    CalcificationMorphology,
    Change,
    Density,
    Depth,
    Distribution,
    FindingType,
    MassDensity,
    MassMargin,
    MassShape,
    QualityFault,
    Recommendation,
    Region,
)
from mammoview.core.study import Laterality


@dataclass(frozen=True)
class Code:
    """A coded value: code value, coding scheme designator, code meaning."""

    value: str
    scheme: str
    meaning: str


_ROWS: Final[tuple[tuple[StrEnum, str, str, str], ...]] = (
    (Laterality.LEFT, "80248007", "SCT", "Left breast"),
    (Laterality.RIGHT, "73056007", "SCT", "Right breast"),
    (Assessment.INCOMPLETE, "II.AC.a", "BI", "0 - Need additional imaging evaluation"),
    (Assessment.NEGATIVE, "II.AC.b.1", "BI", "1 - Negative"),
    (Assessment.BENIGN, "II.AC.b.2", "BI", "2 - Benign Finding"),
    (Assessment.PROBABLY_BENIGN, "II.AC.b.3", "BI", "3 - Probably benign - short interval follow-up"),
    (Assessment.SUSPICIOUS, "II.AC.b.4", "BI", "4 - Suspicious abnormality, biopsy should be considered"),
    (Assessment.LOW_SUSPICION, "MA.II.A.5.4A", "BI", "4A - Low suspicion"),
    (Assessment.MODERATE_SUSPICION, "MA.II.A.5.4B", "BI", "4B - Intermediate suspicion"),
    (Assessment.HIGH_SUSPICION, "MA.II.A.5.4C", "BI", "4C - Moderate suspicion"),
    (Assessment.HIGHLY_SUGGESTIVE, "II.AC.b.5", "BI", "5 - Highly suggestive of malignancy, take appropriate action"),
    (Assessment.KNOWN_MALIGNANCY, "MA.II.A.5.6", "BI", "6 - Known biopsy proven malignancy"),
    (Density.FATTY, "129716005", "SCT", "Almost entirely fat"),
    (Density.SCATTERED, "129717001", "SCT", "Scattered fibroglandular densities"),
    (Density.HETEROGENEOUS, "129718006", "SCT", "Heterogeneously dense"),
    (Density.EXTREME, "129719003", "SCT", "Extremely dense"),
    (FindingType.MASS, "129788004", "SCT", "Mammographic breast mass"),
    (FindingType.CALCIFICATIONS, "129769006", "SCT", "Calcification Cluster"),
    (FindingType.DISTORTION, "129792006", "SCT", "Architectural distortion of breast"),
    (FindingType.ASYMMETRY, "129790003", "SCT", "Asymmetric breast tissue"),
    (FindingType.LYMPH_NODE, "443808008", "SCT", "Intramammary lymph node"),
    (FindingType.SKIN_LESION, "95324001", "SCT", "Skin lesion"),
    (FindingType.DILATED_DUCT, "129794007", "SCT", "Tubular density"),
    (AsymmetryKind.FOCAL, "129789007", "SCT", "Focal asymmetric breast tissue"),
    (AsymmetryKind.GLOBAL, "129790003", "SCT", "Asymmetric breast tissue"),
    (MassShape.ROUND, "42700002", "SCT", "Round shape"),
    (MassShape.OVAL, "84360004", "SCT", "Ovoid shape (Oval)"),
    (MassShape.IRREGULAR, "49608001", "SCT", "Irregular"),
    (MassMargin.CIRCUMSCRIBED, "129738007", "SCT", "Circumscribed lesion"),
    (MassMargin.OBSCURED, "129740002", "SCT", "Obscured lesion"),
    (MassMargin.MICROLOBULATED, "129739004", "SCT", "Microlobulated lesion"),
    (MassMargin.INDISTINCT, "129741003", "SCT", "Indistinct lesion"),
    (MassMargin.SPICULATED, "129742005", "SCT", "Spiculated lesion"),
    (MassDensity.HIGH, "129744006", "SCT", "High density lesion"),
    (MassDensity.EQUAL, "129745007", "SCT", "Equal density (isodense) lesion"),
    (MassDensity.LOW, "129746008", "SCT", "Low density (not containing fat) lesion"),
    (MassDensity.FAT_CONTAINING, "129747004", "SCT", "Fat containing (radiolucent) lesion"),
    (CalcificationMorphology.SKIN, "129757003", "SCT", "Calcified skin of breast"),
    (CalcificationMorphology.VASCULAR, "129759000", "SCT", "Vascular calcification"),
    (CalcificationMorphology.COARSE, "129749001", "SCT", "Coarse (popcorn-like) calcification"),
    (CalcificationMorphology.ROD_LIKE, "129752009", "SCT", "Large rod-like calcification"),
    (CalcificationMorphology.ROUND, "129756007", "SCT", "Round shaped calcification"),
    (CalcificationMorphology.PUNCTATE, "129755006", "SCT", "Punctate calcification"),
    (CalcificationMorphology.RIM, "129751002", "SCT", "Eggshell calcification"),
    (CalcificationMorphology.DYSTROPHIC, "129750001", "SCT", "Dystrophic calcification"),
    (CalcificationMorphology.MILK_OF_CALCIUM, "129753004", "SCT", "Milk of calcium calcification"),
    (CalcificationMorphology.SUTURE, "129758008", "SCT", "Calcified suture material"),
    (CalcificationMorphology.AMORPHOUS, "129760005", "SCT", "Amorphous calcification"),
    (CalcificationMorphology.COARSE_HETEROGENEOUS, "129763007", "SCT", "Heterogeneous calcification"),
    (CalcificationMorphology.FINE_PLEOMORPHIC, "111344", "DCM", "Fine pleomorphic calcification"),
    (CalcificationMorphology.FINE_LINEAR, "129762002", "SCT", "Fine linear, branching (casting) calcification"),
    (Distribution.DIFFUSE, "129764001", "SCT", "Diffuse calcification distribution"),
    (Distribution.REGIONAL, "129767008", "SCT", "Regional calcification distribution"),
    (Distribution.GROUPED, "129766004", "SCT", "Grouped calcification distribution"),
    (Distribution.LINEAR, "129765000", "SCT", "Linear calcification distribution"),
    (Distribution.SEGMENTAL, "129768003", "SCT", "Segmental calcification distribution"),
    (AssociatedFeature.SKIN_RETRACTION, "129796009", "SCT", "Skin retraction of breast"),
    (AssociatedFeature.SKIN_THICKENING, "129797000", "SCT", "Skin thickening of breast"),
    (AssociatedFeature.TRABECULAR_THICKENING, "129795008", "SCT", "Trabecular thickening of breast"),
    (AssociatedFeature.AXILLARY_ADENOPATHY, "127189005", "SCT", "Axillary adenopathy"),
    (AssociatedFeature.DISTORTION, "129792006", "SCT", "Architectural distortion of breast"),
    (AssociatedFeature.CALCIFICATIONS, "129769006", "SCT", "Calcification Cluster"),
    (Region.UPPER_OUTER, "76365002", "SCT", "Upper outer quadrant of breast"),
    (Region.UPPER_INNER, "77831004", "SCT", "Upper inner quadrant of breast"),
    (Region.LOWER_OUTER, "33564002", "SCT", "Lower outer quadrant of breast"),
    (Region.LOWER_INNER, "19100000", "SCT", "Lower inner quadrant of breast"),
    (Region.CENTRAL, "129786000", "SCT", "Central region of breast"),
    (Region.SUBAREOLAR, "129784002", "SCT", "Subareolar region"),
    (Region.AXILLARY_TAIL, "129785001", "SCT", "Axillary tail region"),
    (Region.AXILLA, "129791004", "SCT", "Axilla region"),
    (Depth.ANTERIOR, "255549009", "SCT", "Anterior"),
    (Depth.MIDDLE, "C25569", "NCIt", "Middle"),
    (Depth.POSTERIOR, "255551008", "SCT", "Posterior"),
    (Change.NEW, "129721008", "SCT", "New finding"),
    (Change.LARGER, "15454001", "SCT", "Increase in size"),
    (Change.SMALLER, "19776001", "SCT", "Decrease in size"),
    (Change.STABLE, "129723006", "SCT", "No significant changes in the finding"),
    (Change.MORE_NUMEROUS, "129726003", "SCT", "Increase in number of calcifications"),
    (Change.FEWER, "129727007", "SCT", "Decrease in number of calcifications"),
    (Change.LESS_DEFINED, "129728002", "SCT", "Less defined"),
    (Change.MORE_DEFINED, "129729005", "SCT", "More defined"),
    (Recommendation.ROUTINE, "111140", "DCM", "Normal interval follow-up"),
    (Recommendation.PRIORS, "111138", "DCM", "Old films for comparison"),
    (Recommendation.ADDITIONAL_VIEWS, "111135", "DCM", "Additional projections"),
    (Recommendation.SPOT_COMPRESSION, "399055006", "SCT", "Spot Compression"),
    (Recommendation.MAGNIFICATION, "399163009", "SCT", "Magnification views"),
    (Recommendation.ULTRASOUND, "16310003", "SCT", "Diagnostic ultrasonography"),
    (Recommendation.MRI, "241615005", "SCT", "MRI of breast"),
    (Recommendation.SHORT_INTERVAL, "111142", "DCM", "Follow-up at short interval (1-11 months)"),
    (Recommendation.CLINICAL, "111141", "DCM", "Any decision to biopsy should be based on clinical assessment"),
    (Recommendation.BIOPSY, "111143", "DCM", "Biopsy should be considered"),
    (Recommendation.CORE_BIOPSY, "111145", "DCM", "Histology using core biopsy"),
    (Recommendation.SURGICAL_CONSULT, "111410", "DCM", "Surgical consult"),
    (Recommendation.TREATMENT, "111122", "DCM", "Known biopsy proven malignancy - take appropriate action"),
    (QualityFault.MARKER_MISSING, "111177", "DCM", "View and Laterality Marker is missing"),
    (
        QualityFault.MARKER_INCOMPLETE,
        "111178",
        "DCM",
        "View and Laterality Marker does not have both view and laterality",
    ),
    (QualityFault.MARKER_NOT_APPROVED, "111179", "DCM", "View and Laterality Marker does not have approved codes"),
    (QualityFault.MARKER_NOT_AT_AXILLA, "111180", "DCM", "View and Laterality Marker is not near the axilla"),
    (QualityFault.MARKER_OVERLAPS, "111181", "DCM", "View and Laterality Marker overlaps breast tissue"),
    (QualityFault.MARKER_OBSCURED, "111182", "DCM", "View and Laterality Marker is partially obscured"),
    (QualityFault.MARKER_WRONG, "111183", "DCM", "View and Laterality Marker is incorrect"),
    (QualityFault.MARKER_OFF_IMAGE, "111184", "DCM", "View and Laterality Marker is off image"),
    (QualityFault.COLLIMATION, "111195", "DCM", "Collimation too close to breast"),
    (QualityFault.COMPRESSION, "111196", "DCM", "Inadequate compression"),
    (QualityFault.MLO_PECTORAL, "111197", "DCM", "MLO Insufficient pectoral muscle"),
    (
        QualityFault.MLO_NO_RETROGLANDULAR_FAT,
        "111198",
        "DCM",
        "MLO No fat is visualized posterior to fibroglandular tissues",
    ),
    (
        QualityFault.MLO_SEPARATION,
        "111199",
        "DCM",
        "MLO Poor separation of deep and superficial breast tissues",
    ),
    (QualityFault.MLO_MOTION, "111200", "DCM", "MLO Evidence of motion blur"),
    (QualityFault.MLO_FOLD, "111201", "DCM", "MLO Inframammary fold is not open"),
    (QualityFault.CC_MEDIAL_TISSUE, "111202", "DCM", "CC Not all medial tissue visualized"),
    (QualityFault.CC_NIPPLE_OFF_CENTRE, "111203", "DCM", "CC Nipple not centered on image"),
    (
        QualityFault.CC_NIPPLE_LINE,
        "111204",
        "DCM",
        "CC Posterior nipple line does not measure within 1 cm of MLO",
    ),
    (QualityFault.NIPPLE_NOT_IN_PROFILE, "111205", "DCM", "Nipple not in profile"),
    (QualityFault.IMPLANT_DISPLACEMENT, "111206", "DCM", "Insufficient implant displacement incorrect"),
    (QualityFault.GRID_ARTIFACT, "111208", "DCM", "Grid artifact(s)"),
    (QualityFault.POSITIONING, "111209", "DCM", "Positioning"),
    (QualityFault.MOTION, "111210", "DCM", "Motion blur"),
    (QualityFault.UNDER_EXPOSED, "111211", "DCM", "Under exposed"),
    (QualityFault.OVER_EXPOSED, "111212", "DCM", "Over exposed"),
    (QualityFault.NO_IMAGE, "111213", "DCM", "No image"),
    (QualityFault.DETECTOR_ARTIFACT, "111214", "DCM", "Detector artifact(s)"),
    (QualityFault.OTHER_ARTIFACT, "111215", "DCM", "Artifact(s) other than grid or detector artifact"),
    (QualityFault.MECHANICAL_FAILURE, "111216", "DCM", "Mechanical failure"),
    (QualityFault.ELECTRICAL_FAILURE, "111217", "DCM", "Electrical failure"),
    (QualityFault.SOFTWARE_FAILURE, "111218", "DCM", "Software failure"),
    (QualityFault.PROCESSING, "111219", "DCM", "Inappropriate image processing"),
    (QualityFault.OTHER_FAILURE, "111220", "DCM", "Other failure"),
    (QualityFault.UNKNOWN_FAILURE, "111221", "DCM", "Unknown failure"),
)
# Words of two lists may be the same text ("round", "architectural distortion"), so the list is part of the key.
_CODES: Final = {(type(word), word.value): Code(value, scheme, meaning) for word, value, scheme, meaning in _ROWS}

#: SNOMED CT codes of the clock positions (CID 6018), from 1 o'clock on.
_HOURS: Final = (
    "129772004",
    "129773009",
    "129774003",
    "129775002",
    "129776001",
    "129777005",
    "129778000",
    "129779008",
    "129780006",
    "129781005",
    "129782003",
    "129783008",
)


def code_of(word: StrEnum) -> Code | None:
    """The coded value of a reader's word; None where the standard's lists have none."""
    return _CODES.get((type(word), word.value))


def hour_code(clock: int) -> Code:
    """The coded value of a clock position, 1 to 12."""
    return Code(_HOURS[clock - 1], "SCT", f"{clock} o'clock position")
