"""Technique and identity lines for the corner annotation (MG-F01 to MG-F07), ready to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

#: (label, attribute, unit) in display order.
LINES: tuple[tuple[str, str, str], ...] = (
    ("Age", "PatientAge", ""),
    ("Birth date", "PatientBirthDate", ""),
    ("Accession", "AccessionNumber", ""),
    ("Acquired", "AcquisitionDate", ""),
    ("Time", "AcquisitionTime", ""),
    ("Institution", "InstitutionName", ""),
    ("Manufacturer", "Manufacturer", ""),
    ("Model", "ManufacturerModelName", ""),
    ("Serial", "DeviceSerialNumber", ""),
    ("Detector", "DetectorID", ""),
    ("Operator", "OperatorsName", ""),
    ("Target", "AnodeTargetMaterial", ""),
    ("Filter", "FilterMaterial", ""),
    ("kVp", "KVP", "kV"),
    ("Exposure", "Exposure", "mAs"),
    ("Exposure time", "ExposureTime", "ms"),
    ("Compression", "CompressionForce", "N"),
    ("Thickness", "BodyPartThickness", "mm"),
    ("Angle", "PositionerPrimaryAngle", "°"),
    ("Relative exposure", "RelativeXRayExposure", ""),
    ("Organ dose", "OrganDose", "dGy"),
    ("Entrance dose", "EntranceDoseInmGy", "mGy"),
)


def technique(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    """(label, text) of every line whose attribute the header fills."""
    return tuple((label, _text(dataset.get(keyword), unit)) for label, keyword, unit in LINES if dataset.get(keyword))


def _text(value: Any, unit: str) -> str:
    if isinstance(value, float):
        value = f"{value:.4g}"
    elif isinstance(value, Sequence) and not isinstance(value, str):
        # A person's name can be iterated over, too, letter by letter.
        value = "/".join(str(part) for part in value)
    return f"{value} {unit}".strip()
