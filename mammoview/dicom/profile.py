"""What the IHE Mammography Image profile obliges a modality to send, and what is done here without it (MG-A08).

The list follows `dciodvfy -profile IHEMammo` of dicom3tools, modules IHEMammoProfile, …ForPresentationOnly and
…WithPartialViewOption. It is judged in the scan, from the header alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mammoview.core.conformance import Conformance, Presence
from mammoview.core.plain_text import printable

if TYPE_CHECKING:
    from pydicom import Dataset

FOR_PRESENTATION: Final = "1.2.840.10008.5.1.4.1.1.1.2"
_DATE: Final = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\Z")
_TIME: Final = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d|60)?(\.\d{1,6})?)?\Z")
_AGE: Final = re.compile(r"\d{3}[DWMY]\Z")

Check = Callable[[str], bool]
Needed = Callable[["Dataset"], bool]


@dataclass(frozen=True)
class Obligation:
    """One attribute of the list.

    Attributes
    ----------
    keyword, tag, name
        As in the data dictionary; ``tag`` is ``(0028,0120)``.
    instead
        What this program does where it is missing, in a sentence.
    condition
        When the profile asks for it, in a few words; empty for always.
    """

    keyword: str
    tag: str
    name: str
    instead: str
    condition: str = ""


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_above_zero(text: str) -> bool:
    return _is_number(text) and float(text) > 0


def _is_one_of(*words: str) -> Check:
    return lambda text: text.upper() in words


def _is_date(text: str) -> bool:
    return bool(_DATE.match(text))


def _is_time(text: str) -> bool:
    return bool(_TIME.match(text))


def _is_age(text: str) -> bool:
    return bool(_AGE.match(text))


def _is_anything(_text: str) -> bool:
    return True


def _always(_dataset: Dataset) -> bool:
    return True


def _is_for_presentation(dataset: Dataset) -> bool:
    return str(dataset.get("SOPClassUID") or "") == FOR_PRESENTATION


def _has_storage_detector(dataset: Dataset) -> bool:
    return str(dataset.get("DetectorType") or "").strip().upper() == "STORAGE"


def _has_windows(dataset: Dataset) -> bool:
    return _is_for_presentation(dataset) and dataset.get("WindowCenter") not in (None, "")


def _has_luts(dataset: Dataset) -> bool:
    return _is_for_presentation(dataset) and bool(dataset.get("VOILUTSequence"))


def _has_sources(dataset: Dataset) -> bool:
    return _is_for_presentation(dataset) and bool(dataset.get("SourceImageSequence"))


def _is_partial(dataset: Dataset) -> bool:
    return str(dataset.get("PartialView") or "").strip().upper() == "YES"


@dataclass(frozen=True)
class _Rule:
    obligation: Obligation
    is_right: Check = _is_anything
    is_needed: Needed = _always
    inside: str = ""


def _row(keyword: str, tag: str, name: str, instead: str, is_right: Check = _is_anything) -> _Rule:
    return _Rule(Obligation(keyword, tag, name, instead), is_right)


_NOT_SHOWN = "Its line is left out of the annotation."
_RULES: Final[tuple[_Rule, ...]] = (
    _row("PatientName", "(0010,0010)", "Patient's Name", "The patient is shown by her number alone."),
    _row(
        "PatientID", "(0010,0020)", "Patient ID", "No earlier examinations are compared: nothing says whose they are."
    ),
    _row("PatientBirthDate", "(0010,0030)", "Patient's Birth Date", _NOT_SHOWN, _is_date),
    _row("PatientAge", "(0010,1010)", "Patient's Age", "The birth date is shown alone.", _is_age),
    _row("AcquisitionDate", "(0008,0022)", "Acquisition Date", "The study date is shown instead.", _is_date),
    _row("AcquisitionTime", "(0008,0032)", "Acquisition Time", "The date is shown without a time.", _is_time),
    _row("OperatorsName", "(0008,1070)", "Operators' Name", _NOT_SHOWN),
    _row("Manufacturer", "(0008,0070)", "Manufacturer", "No window of this maker is offered by name."),
    _row("InstitutionName", "(0008,0080)", "Institution Name", _NOT_SHOWN),
    _row("InstitutionAddress", "(0008,0081)", "Institution Address", _NOT_SHOWN),
    _row("ManufacturerModelName", "(0008,1090)", "Manufacturer's Model Name", _NOT_SHOWN),
    _row("DeviceSerialNumber", "(0018,1000)", "Device Serial Number", _NOT_SHOWN),
    _row("DetectorID", "(0018,700A)", "Detector ID", _NOT_SHOWN),
    _row("SoftwareVersions", "(0018,1020)", "Software Versions", "Nothing here depends on it."),
    _row("StationName", "(0008,1010)", "Station Name", _NOT_SHOWN),
    _Rule(
        Obligation("GantryID", "(0018,1008)", "Gantry ID", "Nothing here depends on it.", "storage (plate) detector"),
        is_needed=_has_storage_detector,
    ),
    _row("KVP", "(0018,0060)", "KVP", _NOT_SHOWN, _is_number),
    _row("Exposure", "(0018,1152)", "Exposure", "Exposure in µAs is shown where that is sent.", _is_number),
    _row(
        "ExposureTime", "(0018,1150)", "Exposure Time", "Exposure Time in µs is shown where that is sent.", _is_number
    ),
    _row("FilterMaterial", "(0018,7050)", "Filter Material", _NOT_SHOWN),
    _row("AnodeTargetMaterial", "(0018,1191)", "Anode Target Material", _NOT_SHOWN),
    _row("CompressionForce", "(0018,11A2)", "Compression Force", _NOT_SHOWN, _is_number),
    _row("BodyPartThickness", "(0018,11A0)", "Body Part Thickness", _NOT_SHOWN, _is_number),
    _row("PositionerPrimaryAngle", "(0018,1510)", "Positioner Primary Angle", _NOT_SHOWN, _is_number),
    _row("RelativeXRayExposure", "(0018,1405)", "Relative X-Ray Exposure", _NOT_SHOWN, _is_number),
    _row("EntranceDoseInmGy", "(0040,8302)", "Entrance Dose in mGy", "Entrance Dose in dGy is converted.", _is_number),
    _row("OrganDose", "(0040,0316)", "Organ Dose", _NOT_SHOWN, _is_number),
    _row(
        "BurnedInAnnotation",
        "(0028,0301)",
        "Burned In Annotation",
        "Nothing says that the pixels are free of text: look for it.",
        _is_one_of("NO"),
    ),
    _row(
        "BreastImplantPresent",
        "(0028,1300)",
        "Breast Implant Present",
        "No implant is assumed: no flag, and the ordinary hanging.",
        _is_one_of("YES", "NO"),
    ),
    _row(
        "PixelPaddingValue",
        "(0028,0120)",
        "Pixel Padding Value",
        "Air is estimated from the breast mask.",
        _is_number,
    ),
    _row(
        "EstimatedRadiographicMagnificationFactor",
        "(0018,1114)",
        "Estimated Radiographic Magnification Factor",
        "The source distances give the magnification; without them sizes are those at the detector.",
        _is_above_zero,
    ),
    _Rule(
        Obligation(
            "DateOfLastDetectorCalibration",
            "(0018,700C)",
            "Date of Last Detector Calibration",
            "Nothing here depends on it.",
            "no storage detector",
        ),
        _is_date,
        lambda dataset: not _has_storage_detector(dataset),
    ),
    _Rule(
        Obligation(
            "SourceImageSequence",
            "(0008,2112)",
            "Source Image Sequence",
            "A For Processing twin is not known as one by reference.",
            "For Presentation",
        ),
        is_needed=_is_for_presentation,
    ),
    _Rule(
        Obligation(
            "SpatialLocationsPreserved",
            "(0028,135A)",
            "Spatial Locations Preserved",
            "Pixels are taken to lie where they lay in the source image.",
            "For Presentation, in the source image",
        ),
        _is_one_of("YES", "NO", "REORIENTED_ONLY"),
        _has_sources,
        "SourceImageSequence",
    ),
    _Rule(
        Obligation(
            "VOILUTFunction", "(0028,1056)", "VOI LUT Function", "Windows are shown as LINEAR.", "For Presentation"
        ),
        _is_one_of("LINEAR", "LINEAR_EXACT", "SIGMOID"),
        _is_for_presentation,
    ),
    _Rule(
        Obligation(
            "WindowCenterWidthExplanation",
            "(0028,1055)",
            "Window Center & Width Explanation",
            "Windows are named by their numbers.",
            "For Presentation, with windows",
        ),
        is_needed=_has_windows,
    ),
    _Rule(
        Obligation(
            "LUTExplanation",
            "(0028,3003)",
            "LUT Explanation",
            "Tables are named by their place.",
            "For Presentation, with VOI LUTs",
        ),
        is_needed=_has_luts,
        inside="VOILUTSequence",
    ),
    _Rule(
        Obligation(
            "PartialViewCodeSequence",
            "(0028,1352)",
            "Partial View Code Sequence",
            "PARTIAL is shown without saying which part.",
            "partial view",
        ),
        is_needed=_is_partial,
    ),
)

#: The list, in the order of `Conformance.letters`.
OBLIGATIONS: Final[tuple[Obligation, ...]] = tuple(rule.obligation for rule in _RULES)


def conformance(dataset: Dataset) -> Conformance:
    """Judge a header against the list.

    Parameters
    ----------
    dataset
        The object without its pixels.

    Returns
    -------
    Conformance
    """
    letters: list[Presence] = []
    wrong: list[tuple[str, str]] = []
    for rule in _RULES:
        presence, said = _judge(dataset, rule) if rule.is_needed(dataset) else (Presence.NOT_NEEDED, "")
        letters.append(presence)
        if presence is Presence.WRONG:
            wrong.append((rule.obligation.keyword, said))
    return Conformance("".join(letters), tuple(wrong))


def _judge(dataset: Dataset, rule: _Rule) -> tuple[Presence, str]:
    holders = list(dataset.get(rule.inside) or ()) if rule.inside else [dataset]
    found = [_presence(holder, rule) for holder in holders]
    # What one item of several lacks is lacking.
    return next((one for one in found if one[0] is not Presence.PRESENT), (Presence.PRESENT, ""))


def _presence(dataset: Dataset, rule: _Rule) -> tuple[Presence, str]:
    keyword = rule.obligation.keyword
    if keyword not in dataset:
        return Presence.MISSING, ""
    texts = _texts(dataset.get(keyword))
    if not any(texts):
        return Presence.EMPTY, ""
    said = next((text for text in texts if text and not rule.is_right(text)), "")
    return (Presence.WRONG, printable(said, 40)) if said else (Presence.PRESENT, "")


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str | bytes | int | float) or not hasattr(value, "__iter__"):
        return [str(value).strip()]
    if type(value).__name__ == "PersonName":
        return [str(value).strip()]
    # The items of a sequence are as good as a word.
    return [str(part).strip() or "item" for part in value]
