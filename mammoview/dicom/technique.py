"""Whose image it is and how it was made, as typed rows for the corner annotation (MG-F01 to MG-F07).

Multi-frame objects come flattened, see `mammoview.dicom.volume`. What is no number where a number is due is shown as it
is, without a unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from mammoview.core.facts import Fact, Topic
from mammoview.core.plain_text import date_text, name_text, printable, time_text

if TYPE_CHECKING:
    from pydicom import Dataset

_DGY_TO_MGY: Final = 100.0
#: CID 10016 and 10017 in the words of (0018,1191) and (0018,7050), as technologists write them.
_ELEMENTS: Final = {
    "MOLYBDENUM": "Mo",
    "RHODIUM": "Rh",
    "TUNGSTEN": "W",
    "SILVER": "Ag",
    "ALUMINUM": "Al",
    "ALUMINIUM": "Al",
    "COPPER": "Cu",
    "TITANIUM": "Ti",
    "TIN": "Sn",
    "NIOBIUM": "Nb",
}


def facts(dataset: Dataset) -> tuple[Fact, ...]:
    """Every row whose attribute the header fills, what matters most first within each topic.

    Parameters
    ----------
    dataset
        The object without its pixels.

    Returns
    -------
    tuple of Fact
        At most one for each attribute of MG-F01, F02, F04, F05 and F06.
    """
    made = (
        Fact(keyword, label, shown, topic, is_identifying)
        for topic, is_identifying, keyword, label, read in _ROWS
        if (shown := read(dataset, keyword))
    )
    return tuple(made)


def partial_view_meanings(dataset: Dataset) -> tuple[str, ...]:
    """What part of the breast a partial view shows: the meanings of CID 4005 (MG-F07)."""
    meanings = (_meaning(item) for item in dataset.get("PartialViewCodeSequence") or ())
    return tuple(meaning for meaning in meanings if meaning)


def lossy_ratio(dataset: Dataset) -> str:
    """How far the pixels were compressed with loss, ``12:1`` or ``3:1, 8:1`` for two times in a row (MG-F11)."""
    ratios = (_number(value) for value in _values(dataset.get("LossyImageCompressionRatio")))
    return ", ".join(f"{ratio:.3g}:1" for ratio in ratios if ratio is not None and ratio > 0)


def unknown_character_sets(dataset: Dataset) -> tuple[str, ...]:
    """Terms of Specific Character Set (0008,0005) that no decoder is known for."""
    from pydicom.charset import python_encoding

    terms = (str(term).strip() for term in _values(dataset.get("SpecificCharacterSet")))
    return tuple(printable(term, 24) for term in terms if term not in python_encoding)


def _values(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return list(value) if is_list else [value]


def _words(dataset: Dataset, keyword: str) -> str:
    return printable(" / ".join(str(value).strip() for value in _values(dataset.get(keyword))))


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _numbers(dataset: Dataset, keyword: str) -> Iterator[float]:
    return (number for value in _values(dataset.get(keyword)) if (number := _number(value)) is not None)


def _with_unit(unit: str) -> Callable[[Dataset, str], str]:
    def read(dataset: Dataset, keyword: str) -> str:
        number = next(_numbers(dataset, keyword), None)
        if number is None:
            return _words(dataset, keyword)
        return f"{_digits(number)}{unit if unit == '°' else f' {unit}'.rstrip()}"

    return read


def _digits(number: float) -> str:
    # Four digits tell two exposures apart; larger numbers keep all before the point.
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def _scaled(other: str, factor: float, unit: str) -> Callable[[Dataset, str], str]:
    """The attribute itself, else ``other`` times ``factor``: the same quantity in another unit."""

    def read(dataset: Dataset, keyword: str) -> str:
        shown = _with_unit(unit)(dataset, keyword)
        if shown:
            return shown
        number = next(_numbers(dataset, other), None)
        return "" if number is None else f"{_digits(number * factor)} {unit}"

    return read


def _organ_dose(dataset: Dataset, keyword: str) -> str:
    number = next(_numbers(dataset, keyword), None)
    if number is None:
        return _words(dataset, keyword)
    return f"{_digits(number)} dGy = {_digits(number * _DGY_TO_MGY)} mGy"


def _materials(dataset: Dataset, keyword: str) -> str:
    found = (str(value).strip() for value in _values(dataset.get(keyword)))
    return printable(" + ".join(_ELEMENTS.get(name.upper(), name) for name in found if name))


def _date(dataset: Dataset, keyword: str) -> str:
    return date_text(str(dataset.get(keyword) or "").strip())


def _acquired(dataset: Dataset, keyword: str) -> str:
    date, time = str(dataset.get(keyword) or ""), str(dataset.get("AcquisitionTime") or "")
    both = str(dataset.get("AcquisitionDateTime") or "")
    if not date and len(both) >= 8:
        date, time = both[:8], time or both[8:14]
    return f"{date_text(date.strip())} {time_text(time.strip())}".strip()


def _age(dataset: Dataset, keyword: str) -> str:
    text = _words(dataset, keyword)
    units = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}
    if len(text) == 4 and text[:3].isdigit() and text[3].upper() in units:
        return f"{int(text[:3])} {units[text[3].upper()]}"
    return text


def _people(dataset: Dataset, keyword: str) -> str:
    return printable(" / ".join(name_text(str(value)) for value in _values(dataset.get(keyword))))


def _reason(dataset: Dataset, keyword: str) -> str:
    """Code meanings come first; free text is for objects that carry no code (MG-F06)."""
    for request in dataset.get("RequestAttributesSequence") or ():
        meanings = [_meaning(item) for item in request.get(keyword) or ()]
        shown = ", ".join(meaning for meaning in meanings if meaning)
        if shown:
            return printable(shown)
        shown = printable(str(request.get("ReasonForTheRequestedProcedure") or ""))
        if shown:
            return shown
    return ""


def _meaning(item: Dataset) -> str:
    return printable(str(item.get("CodeMeaning") or item.get("CodeValue") or "").strip(), 80)


_ROWS: Final[tuple[tuple[Topic, bool, str, str, Callable[[Dataset, str], str]], ...]] = (
    (Topic.PERSON, True, "PatientBirthDate", "Born", _date),
    (Topic.PERSON, True, "PatientAge", "Age", _age),
    (Topic.PERSON, True, "PatientSex", "Sex", _words),
    (Topic.STUDY, False, "AcquisitionDate", "Acquired", _acquired),
    (Topic.STUDY, False, "ReasonForRequestedProcedureCodeSequence", "Reason", _reason),
    (Topic.STUDY, True, "AccessionNumber", "Accession", _words),
    (Topic.STUDY, True, "StudyID", "Study", _words),
    (Topic.STUDY, False, "SeriesNumber", "Series", _words),
    (Topic.STUDY, False, "InstanceNumber", "Image", _words),
    (Topic.EXPOSURE, False, "KVP", "Tube", _with_unit("kVp")),
    (Topic.EXPOSURE, False, "Exposure", "Exposure", _scaled("ExposureInuAs", 1e-3, "mAs")),
    (Topic.EXPOSURE, False, "ExposureTime", "Time", _scaled("ExposureTimeInuS", 1e-3, "ms")),
    (Topic.EXPOSURE, False, "AnodeTargetMaterial", "Target", _materials),
    (Topic.EXPOSURE, False, "FilterMaterial", "Filter", _materials),
    (Topic.EXPOSURE, False, "BodyPartThickness", "Thickness", _with_unit("mm")),
    (Topic.EXPOSURE, False, "CompressionForce", "Force", _with_unit("N")),
    (Topic.EXPOSURE, False, "PositionerPrimaryAngle", "Angle", _with_unit("°")),
    (Topic.EXPOSURE, False, "OrganDose", "Organ dose", _organ_dose),
    (Topic.EXPOSURE, False, "EntranceDoseInmGy", "Entrance dose", _scaled("EntranceDose", _DGY_TO_MGY, "mGy")),
    (Topic.EXPOSURE, False, "RelativeXRayExposure", "Relative exposure", _with_unit("")),
    (Topic.DEVICE, False, "Manufacturer", "Maker", _words),
    (Topic.DEVICE, False, "ManufacturerModelName", "Model", _words),
    (Topic.DEVICE, False, "DeviceSerialNumber", "Serial", _words),
    (Topic.DEVICE, False, "DetectorID", "Detector", _words),
    (Topic.DEVICE, False, "StationName", "Station", _words),
    (Topic.DEVICE, True, "InstitutionName", "Institution", _words),
    (Topic.DEVICE, True, "InstitutionAddress", "Address", _words),
    (Topic.DEVICE, True, "OperatorsName", "Operator", _people),
)
