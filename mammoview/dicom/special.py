"""What sets an image apart from the standard views: partial, contrast-enhanced, made for a biopsy (MG-G)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mammoview.core.study import Energy, Part
from mammoview.dicom.codes import BIOPSY_STAGES, ENERGIES, PARTS
from mammoview.dicom.values import code, items, text, texts

if TYPE_CHECKING:
    from pydicom import Dataset


def parts(dataset: Dataset) -> tuple[Part, ...]:
    """What a partial view shows, by Partial View Code Sequence (0028,1352); empty unless Partial View is YES."""
    if text(dataset, "PartialView").upper() != "YES":
        return ()
    codes = [code(item) for item in items(dataset, "PartialViewCodeSequence")]
    return tuple(PARTS[value] for value in codes if value in PARTS)


def energy(dataset: Dataset) -> Energy | None:
    """Which of a contrast-enhanced pair an image is, by Image Type (0008,0008)."""
    values = [value.upper() for value in texts(dataset, "ImageType")[3:]]
    return next((ENERGIES[value] for value in values if value in ENERGIES), None)


def is_biopsy(dataset: Dataset) -> bool:
    """Whether Image Type or a Biopsy Target Sequence (0018,2041) says that an image was made for a biopsy."""
    values = texts(dataset, "ImageType")
    stage = values[2].upper() if len(values) > 2 else ""
    return stage.startswith(BIOPSY_STAGES) or bool(items(dataset, "BiopsyTargetSequence"))


def biopsy_targets(dataset: Dataset) -> tuple[str, ...]:
    """One line for each item of Biopsy Target Sequence: its label, and its position in mm where that is given."""
    return tuple(_target(item, number) for number, item in enumerate(items(dataset, "BiopsyTargetSequence"), start=1))


def _target(item: Dataset, number: int) -> str:
    label = text(item, "TargetLabel") or str(number)
    try:
        position = ", ".join(f"{float(value):.1f}" for value in texts(item, "CalculatedTargetPosition"))
    except ValueError:
        position = ""
    return f"target {label}" + (f" at {position} mm" if position else "")
