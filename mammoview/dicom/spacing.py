"""What a pixel measures at the breast, and which attributes say so (MG-A10, MG-C03)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mammoview.dicom.values import number, text
from mammoview.dicom.volume import is_multi_frame

if TYPE_CHECKING:
    from pydicom import Dataset

_CALIBRATIONS = {"FIDUCIAL": "calibrated on an object of known size", "GEOMETRY": "calibrated for the geometry"}


@dataclass(frozen=True)
class Spacing:
    """The size of a pixel.

    Attributes
    ----------
    mm
        (row, column) at the breast; None where unknown.
    source
        Which attributes gave it, in words that stand beside every measurement.
    magnification
        How many times larger than itself the breast lies on the detector; None where the header does not say.
    warning
        What was wrong with the header's values; empty where nothing was.
    """

    mm: tuple[float, float] | None = None
    source: str = ""
    magnification: float | None = None
    warning: str = ""


def spacing(dataset: Dataset) -> Spacing:
    """Read the spacing of a header.

    Imager Pixel Spacing comes first: Pixel Spacing is not used where it is there. It is divided by the Estimated
    Radiographic Magnification Factor, else by the ratio of the distances from source to detector and to patient.

    Parameters
    ----------
    dataset
        The header.

    Returns
    -------
    Spacing
    """
    in_slice = _pair(dataset, "PixelSpacing") if is_multi_frame(dataset) else None
    if in_slice is not None:
        # A reconstruction's own spacing is that of the patient at the slice; nothing magnifies it.
        return Spacing(in_slice, "Pixel Spacing of the slices")
    at_detector = _pair(dataset, "ImagerPixelSpacing")
    if at_detector is not None:
        return _at_breast(dataset, at_detector)
    calibrated = _pair(dataset, "PixelSpacing")
    if calibrated is not None:
        how = _CALIBRATIONS.get(text(dataset, "PixelSpacingCalibrationType").upper(), "calibration not stated")
        return Spacing(calibrated, f"Pixel Spacing, {how}")
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    return Spacing(scanned, "scanned film") if scanned is not None else Spacing()


def _at_breast(dataset: Dataset, at_detector: tuple[float, float]) -> Spacing:
    magnification, source = number(dataset, "EstimatedRadiographicMagnificationFactor"), "ERMF"
    if magnification is None:
        to_detector = number(dataset, "DistanceSourceToDetector")
        to_patient = number(dataset, "DistanceSourceToPatient")
        if to_detector and to_patient:
            magnification, source = to_detector / to_patient, "source distances"
    if magnification is None:
        return Spacing(at_detector, "Imager Pixel Spacing, at the detector")
    if magnification < 1:
        # The beam diverges: nothing comes out smaller on the detector.
        warning = f"The header's magnification of {magnification:.3g} ({source}) cannot be: sizes are at the detector."
        return Spacing(at_detector, "Imager Pixel Spacing, at the detector", warning=warning)
    row, col = at_detector
    mm = row / magnification, col / magnification
    return Spacing(mm, f"Imager Pixel Spacing ÷ {source} {magnification:.3g}", magnification)


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    value: Any = dataset.get(keyword)
    try:
        row, col = (float(part) for part in value)
    except (TypeError, ValueError):
        return None
    return (row, col) if all(math.isfinite(part) and part > 0 for part in (row, col)) else None
