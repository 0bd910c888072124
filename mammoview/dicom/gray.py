"""How a header says that stored values become gray: windows, lookup tables, padding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow

if TYPE_CHECKING:
    from pydicom import Dataset


def grayscale(dataset: Dataset) -> tuple[Grayscale, list[str]]:
    """The gray description of a header, and what was wrong with it.

    Parameters
    ----------
    dataset
        The object without its pixels.

    Returns
    -------
    gray, warnings
        A window without a finite centre and a width above 0 is left out, with a warning.
    """
    warnings: list[str] = []
    bits = int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 16)
    is_signed = bool(dataset.get("PixelRepresentation", 0))
    return (
        Grayscale(
            bits_stored=min(max(bits, 1), 16),
            signed=is_signed,
            is_monochrome1=str(dataset.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1",
            is_inverse=str(dataset.get("PresentationLUTShape", "")).strip().upper() == "INVERSE",
            slope=_finite(dataset.get("RescaleSlope"), 1.0) or 1.0,
            intercept=_finite(dataset.get("RescaleIntercept"), 0.0),
            windows=_windows(dataset, warnings),
            luts=_luts(dataset, warnings),
            padding=_padding(dataset),
        ),
        warnings,
    )


def _finite(value: Any, default: float) -> float:
    try:
        result = float(value)
    except (TypeError, ValueError):
        return default
    return result if math.isfinite(result) else default


def _values(value: Any) -> list[Any]:
    """A multi-valued attribute as a list, whatever its number of values."""
    if value is None or value == "":
        return []
    return list(value) if not isinstance(value, (str, bytes, int, float)) and hasattr(value, "__iter__") else [value]


def _windows(dataset: Dataset, warnings: list[str]) -> tuple[VoiWindow, ...]:
    name = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    if name not in VoiFunction.__members__:
        warnings.append(f"VOI LUT Function {name} is unknown; the windows are shown as LINEAR.")
        name = "LINEAR"
    explanations = [str(text) for text in _values(dataset.get("WindowCenterWidthExplanation"))]
    windows: list[VoiWindow] = []
    pairs = zip(_values(dataset.get("WindowCenter")), _values(dataset.get("WindowWidth")), strict=False)
    for index, (raw_center, raw_width) in enumerate(pairs):
        center, width = _finite(raw_center, math.nan), _finite(raw_width, math.nan)
        if not (math.isfinite(center) and width > 0):
            warnings.append(f"The window {raw_center} / {raw_width} makes no sense and was left out.")
            continue
        explanation = explanations[index] if index < len(explanations) else ""
        windows.append(VoiWindow(center, width, VoiFunction(name), explanation))
    return tuple(windows)


def _luts(dataset: Dataset, warnings: list[str]) -> tuple[VoiLut, ...]:
    luts: list[VoiLut] = []
    for item in dataset.get("VOILUTSequence") or []:
        descriptor = _values(item.get("LUTDescriptor"))
        data = _lut_data(item.get("LUTData"), descriptor)
        if data is None:
            warnings.append("A VOI lookup table is damaged and was left out.")
            continue
        first = int(descriptor[1])
        # The descriptor's second value has the pixels' sign, but is read as unsigned.
        if dataset.get("PixelRepresentation", 0) and first > 32767:
            first -= 65536
        luts.append(VoiLut(first, int(descriptor[2]), data, str(item.get("LUTExplanation", "") or "")))
    return tuple(luts)


def _lut_data(raw: Any, descriptor: list[Any]) -> bytes | None:
    """LUT Data (OW bytes or US numbers, 8 or 16 bits an entry) as little-endian uint16; None where damaged."""
    if raw is None or len(descriptor) != 3 or not 1 <= int(descriptor[2]) <= 16:
        return None
    entries = int(descriptor[0]) or 65536
    if isinstance(raw, bytes):
        narrow = len(raw) < 2 * entries and int(descriptor[2]) <= 8
        data = np.frombuffer(raw, dtype=np.uint8 if narrow else "<u2", count=-1 if narrow else len(raw) // 2)
    else:
        data = np.asarray(_values(raw), dtype=np.int64) & 0xFFFF
    if data.size < entries:
        return None
    return bytes(data[:entries].astype("<u2").tobytes())


def _padding(dataset: Dataset) -> tuple[int, int] | None:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    try:
        low = int(value)
        high = int(limit) if limit is not None else low
    except (TypeError, ValueError):
        return None
    if dataset.get("PixelRepresentation", 0):
        low, high = ((part - 65536 if part > 32767 else part) for part in (low, high))
    return min(low, high), max(low, high)
