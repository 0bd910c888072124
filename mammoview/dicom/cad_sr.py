"""Write Mammography CAD SR objects (PS3.3 A.35.5, PS3.16 TID 4000); nothing here reads them.

The content tree follows the templates' rows. Findings refer to their images by position in the Image Library, the only
by-reference relationship that the object allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.core.study import Laterality
from mammoview.dicom.create import save
from mammoview.dicom.create_header import NewMammogram
from mammoview.dicom.create_parts import (
    MODIFIER_CODES,
    VIEW_CODES,
    code,
    equipment,
    item,
    patient_and_study,
    shown_orientation,
    sop_class,
)
from mammoview.dicom.sr_items import Code, coded, container, node, number, words

if TYPE_CHECKING:
    from pydicom import Dataset

MAMMOGRAPHY_CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
#: What a mammogram says beyond patient, study and equipment.
_OF_IMAGES = (
    "PresentationIntentType",
    "AcquisitionDate",
    "AcquisitionTime",
    "AcquisitionContextSequence",
    "ImageComments",
    "OperatorsName",
)


class FindingKind(StrEnum):
    """What an algorithm found in one image (CID 6014): a mass seen in one view only is a density there."""

    DENSITY = "density"
    CALCIFICATIONS = "calcifications"


class RenderingIntent(StrEnum):
    """Whether a display shows a finding (CID 6034)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NEVER = "never"


_KINDS = {
    FindingKind.DENSITY: ("129793001", "SCT", "Mammography breast density"),
    FindingKind.CALCIFICATIONS: ("129769006", "SCT", "Calcification Cluster"),
}
#: The same seen in two views (CID 6016), where a density is a mass.
_COMPOSITES = {
    FindingKind.DENSITY: ("129788004", "SCT", "Mammographic breast mass"),
    FindingKind.CALCIFICATIONS: ("129769006", "SCT", "Calcification Cluster"),
}
_INTENTS = {
    RenderingIntent.REQUIRED: (
        "111150",
        "DCM",
        "Presentation Required: Rendering device is expected to present",
    ),
    RenderingIntent.OPTIONAL: ("111151", "DCM", "Presentation Optional: Rendering device may present"),
    RenderingIntent.NEVER: ("111152", "DCM", "Not for Presentation: Rendering device expected not to present"),
}
#: By whether all algorithms succeeded (None: not one did) and whether there are findings (CID 6047).
_SUMMARIES = {
    (True, False): ("111241", "DCM", "All algorithms succeeded; without findings"),
    (True, True): ("111242", "DCM", "All algorithms succeeded; with findings"),
    (False, False): ("111243", "DCM", "Not all algorithms succeeded; without findings"),
    (False, True): ("111244", "DCM", "Not all algorithms succeeded; with findings"),
    (None, False): ("111245", "DCM", "No algorithms succeeded; without findings"),
}
#: CID 6042.
_SUCCEEDED, _PARTLY = ("111222", "DCM", "Succeeded"), ("111223", "DCM", "Partially Succeeded")
_FAILED, _NOT_TRIED = ("111224", "DCM", "Failed"), ("111225", "DCM", "Not Attempted")
_PERCENT = ("%", "UCUM", "Percent")


@dataclass(frozen=True)
class CadFinding:
    """A mark in one image.

    Attributes
    ----------
    image
        Index into the report's images.
    centre
        (row, column), continuous native pixels; DICOM counts from the same corner.
    outline
        Corners of a closed line; or with ``is_ellipse`` the ends of the long axis, then of the short one.
    certainty, cancer_probability
        Percent; no probability where it is None.
    operating_point
        The lowest one at which an optional finding is shown; None for others.
    """

    image: int
    kind: FindingKind
    centre: tuple[float, float]
    outline: tuple[tuple[float, float], ...] = ()
    is_ellipse: bool = False
    certainty: float = 80.0
    cancer_probability: float | None = None
    intent: RenderingIntent = RenderingIntent.REQUIRED
    operating_point: int | None = None


@dataclass(frozen=True)
class CadAlgorithm:
    """A detector and whether it got through."""

    kind: FindingKind
    name: str
    version: str = "1.0"
    has_succeeded: bool = True


@dataclass(frozen=True)
class NewCadReport:
    """What a report says.

    Attributes
    ----------
    images
        Headers of all images looked at, also of those without a finding; the first one names patient and study.
    algorithms
        One for each kind of finding at least.
    pairs
        Indices of two findings of a kind that are one lesion, seen in two views.
    operating_points
        Number of operating points; 0 where there are none.
    """

    sop_uid: str
    series_uid: str
    images: tuple[NewMammogram, ...]
    algorithms: tuple[CadAlgorithm, ...]
    findings: tuple[CadFinding, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    operating_points: int = 0


def write_cad_report(path: Path, report: NewCadReport) -> None:
    """Write a report; the same arguments give the same bytes.

    Parameters
    ----------
    path
        Overwritten where it exists.
    report
        What it says.

    Raises
    ------
    OutputError
        When the disk refuses it.
    """
    dataset = item()
    values = patient_and_study(report.images[0]) | equipment(report.images[0])
    for keyword in _OF_IMAGES:
        del values[keyword]
    values |= {
        "SOPClassUID": MAMMOGRAPHY_CAD_SR,
        "SOPInstanceUID": report.sop_uid,
        "SeriesInstanceUID": report.series_uid,
        "SeriesNumber": 90,
        "InstanceNumber": 1,
        "Modality": "SR",
        "ReferencedPerformedProcedureStepSequence": [],
        "PerformedProcedureCodeSequence": [],
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "UNVERIFIED",
        "CurrentRequestedProcedureEvidenceSequence": [_evidence(report.images)],
        "ContentTemplateSequence": [item(MappingResource="DCMR", TemplateIdentifier="4000")],
        "ValueType": "CONTAINER",
        "ContinuityOfContent": "SEPARATE",
        "ConceptNameCodeSequence": [code("111036", "DCM", "Mammography CAD Report")],
        "ContentSequence": _content(report),
    }
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    save(path, dataset, sop_class_uid=MAMMOGRAPHY_CAD_SR)


def _evidence(images: Sequence[NewMammogram]) -> Dataset:
    series: dict[str, list[Dataset]] = {}
    for image in images:
        reference = item(ReferencedSOPClassUID=sop_class(image), ReferencedSOPInstanceUID=image.sop_uid)
        series.setdefault(image.series_uid, []).append(reference)
    return item(
        StudyInstanceUID=images[0].study_uid,
        ReferencedSeriesSequence=[
            item(SeriesInstanceUID=uid, ReferencedSOPSequence=references) for uid, references in series.items()
        ],
    )


def _content(report: NewCadReport) -> list[Dataset]:
    """Language, Image Library, what was found, and what was tried: the rows of TID 4000 in their order."""
    language = coded(
        "HAS CONCEPT MOD",
        ("121049", "DCM", "Language of Content Item and Descendants"),
        ("en-US", "RFC5646", "English (United States)"),
    )
    library = container(
        "CONTAINS", ("111028", "DCM", "Image Library"), [_library_entry(image) for image in report.images]
    )
    return [language, library, _summary(report), _detections(report), _analyses(report)]


def _library_entry(image: NewMammogram) -> Dataset:
    """TID 4020."""
    context = "HAS ACQ CONTEXT"
    is_left = image.laterality is Laterality.LEFT
    side = ("80248007", "SCT", "Left breast") if is_left else ("73056007", "SCT", "Right breast")
    modifiers = [
        coded("HAS CONCEPT MOD", ("111032", "DCM", "Image View Modifier"), (value, "SCT", meaning))
        for value, meaning in (MODIFIER_CODES[modifier] for modifier in image.modifiers)
    ]
    value, meaning = VIEW_CODES[image.view]
    row, column = image.orientation or shown_orientation(image.view, image.laterality)
    micrometre = ("um", "UCUM", "micrometer")
    children = [
        coded(context, ("111027", "DCM", "Image Laterality"), side),
        coded(context, ("111031", "DCM", "Image View"), (value, "SCT", meaning), modifiers),
        words(context, ("111044", "DCM", "Patient Orientation Row"), row),
        words(context, ("111043", "DCM", "Patient Orientation Column"), column),
        node(context, "DATE", ("111060", "DCM", "Study Date"), Date=image.study_date),
        node(context, "TIME", ("111061", "DCM", "Study Time"), Time=image.study_time),
        node(context, "DATE", ("111018", "DCM", "Content Date"), Date=image.study_date),
        node(context, "TIME", ("111019", "DCM", "Content Time"), Time=image.acquisition_time or image.study_time),
        number(context, ("111026", "DCM", "Horizontal Pixel Spacing"), image.spacing_mm[1] * 1000, micrometre),
        number(context, ("111066", "DCM", "Vertical Pixel Spacing"), image.spacing_mm[0] * 1000, micrometre),
    ]
    reference = item(ReferencedSOPClassUID=sop_class(image), ReferencedSOPInstanceUID=image.sop_uid)
    return node("CONTAINS", "IMAGE", None, ReferencedSOPSequence=[reference], ContentSequence=children)


def _summary(report: NewCadReport) -> Dataset:
    """TID 4001 with one impression (TID 4003) for each lesion."""
    succeeded = [algorithm.has_succeeded for algorithm in report.algorithms]
    outcome = all(succeeded) if any(succeeded) else None
    paired = {index for pair in report.pairs for index in pair}
    impressions = [_impression([_composite(report, pair)], RenderingIntent.REQUIRED) for pair in report.pairs]
    impressions += [
        _impression([_finding(report, finding, "CONTAINS")], finding.intent)
        for index, finding in enumerate(report.findings)
        if index not in paired
    ]
    name = ("111017", "DCM", "CAD Processing and Findings Summary")
    return coded("CONTAINS", name, _SUMMARIES[outcome, bool(report.findings)], impressions)


def _intent(intent: RenderingIntent, operating_point: int | None = None, operating_points: int = 0) -> Dataset:
    children = []
    if operating_point is not None:
        unit = (f"{{1:{operating_points}}}", "UCUM", f"range: 1:{operating_points}")
        name = ("111071", "DCM", "CAD Operating Point")
        children = [number("HAS PROPERTIES", name, operating_point, unit)]
    return coded("HAS CONCEPT MOD", ("111056", "DCM", "Rendering Intent"), _INTENTS[intent], children)


def _impression(children: Sequence[Dataset], intent: RenderingIntent) -> Dataset:
    name = ("111034", "DCM", "Individual Impression/Recommendation")
    return container("INFERRED FROM", name, [_intent(intent), *children])


def _composite(report: NewCadReport, pair: tuple[int, int]) -> Dataset:
    """TID 4004: one lesion in two views, inferred from its findings."""
    first, second = (report.findings[index] for index in pair)
    return coded(
        "CONTAINS",
        ("111015", "DCM", "Composite Feature"),
        _COMPOSITES[first.kind],
        [
            _intent(RenderingIntent.REQUIRED),
            coded(
                "HAS PROPERTIES",
                ("111057", "DCM", "Scope of Feature"),
                ("111158", "DCM", "Feature detected on multiple images"),
            ),
            number(
                "HAS PROPERTIES",
                ("111011", "DCM", "Certainty of Feature"),
                min(first.certainty, second.certainty),
                _PERCENT,
            ),
            *(_finding(report, finding, "INFERRED FROM") for finding in (first, second)),
        ],
    )


def _finding(report: NewCadReport, finding: CadFinding, relationship: str) -> Dataset:
    """TID 4006."""
    algorithm = next(a for a in report.algorithms if a.kind is finding.kind)
    properties = "HAS PROPERTIES"
    children = [
        _intent(finding.intent, finding.operating_point, report.operating_points),
        *_algorithm(algorithm),
        number(properties, ("111012", "DCM", "Certainty of Finding"), finding.certainty, _PERCENT),
    ]
    if finding.cancer_probability is not None:
        name = ("111047", "DCM", "Probability of cancer")
        children.append(number(properties, name, finding.cancer_probability, _PERCENT))
    children.append(_place(("111010", "DCM", "Center"), "POINT", (finding.centre,), finding.image))
    if finding.outline:
        corners = finding.outline if finding.is_ellipse else (*finding.outline, finding.outline[0])
        shape = "ELLIPSE" if finding.is_ellipse else "POLYLINE"
        children.append(_place(("111041", "DCM", "Outline"), shape, corners, finding.image))
    return coded(relationship, ("111059", "DCM", "Single Image Finding"), _KINDS[finding.kind], children)


def _place(name: Code, shape: str, points: Sequence[tuple[float, float]], image: int) -> Dataset:
    """TID 4021: coordinates as column and row, in the image that stands at a place of the Image Library."""
    selected = item(RelationshipType="SELECTED FROM", ReferencedContentItemIdentifier=[1, 2, image + 1])
    return node(
        "HAS PROPERTIES",
        "SCOORD",
        name,
        GraphicType=shape,
        GraphicData=[float(part) for row, column in points for part in (column, row)],
        ContentSequence=[selected],
    )


def _algorithm(algorithm: CadAlgorithm) -> list[Dataset]:
    """TID 4019."""
    return [
        words("HAS PROPERTIES", ("111001", "DCM", "Algorithm Name"), algorithm.name),
        words("HAS PROPERTIES", ("111003", "DCM", "Algorithm Version"), algorithm.version),
    ]


def _detections(report: NewCadReport) -> Dataset:
    """TID 4015 and 4017: who looked at what, and got through or not."""
    boxes, states = [], []
    for has_succeeded, name in (
        (True, ("111063", "DCM", "Successful Detections")),
        (False, ("111025", "DCM", "Failed Detections")),
    ):
        performed = [_performed(report, a) for a in report.algorithms if a.has_succeeded is has_succeeded]
        if performed:
            boxes.append(container("INFERRED FROM", name, performed))
            states.append(_SUCCEEDED if has_succeeded else _FAILED)
    state = states[0] if len(states) == 1 else _PARTLY if states else _NOT_TRIED
    return coded("CONTAINS", ("111064", "DCM", "Summary of Detections"), state, boxes)


def _performed(report: NewCadReport, algorithm: CadAlgorithm) -> Dataset:
    images = [
        item(RelationshipType="HAS PROPERTIES", ReferencedContentItemIdentifier=[1, 2, number + 1])
        for number in range(len(report.images))
    ]
    points = []
    if report.operating_points:
        unit = (f"{{1:{report.operating_points}}}", "UCUM", f"range: 1:{report.operating_points}")
        name = ("111072", "DCM", "Maximum CAD Operating Point")
        points = [number("HAS PROPERTIES", name, report.operating_points, unit)]
    children = [*_algorithm(algorithm), *points, *images]
    return coded("CONTAINS", ("111022", "DCM", "Detection Performed"), _KINDS[algorithm.kind], children)


def _analyses(report: NewCadReport) -> Dataset:
    """TID 4016 and 4018: pairing two views is the only analysis."""
    name = ("111065", "DCM", "Summary of Analyses")
    if not report.pairs:
        return coded("CONTAINS", name, _NOT_TRIED)
    images = [
        item(RelationshipType="HAS PROPERTIES", ReferencedContentItemIdentifier=[1, 2, number + 1])
        for number in range(len(report.images))
    ]
    pairing = coded(
        "CONTAINS",
        ("111004", "DCM", "Analysis Performed"),
        ("133884007", "SCT", "Spatial collocation analysis"),
        [*_algorithm(CadAlgorithm(FindingKind.DENSITY, "Two-view pairing")), *images],
    )
    box = container("INFERRED FROM", ("111062", "DCM", "Successful Analyses"), [pairing])
    return coded("CONTAINS", name, _SUCCEEDED, [box])
