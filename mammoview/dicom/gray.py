"""How a header says that stored values become gray: windows, lookup tables, padding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.study import Grayscale, RawScale, VoiFunction, VoiLut, VoiWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pydicom import Dataset


def grayscale(dataset: Dataset, *, is_raw: bool = False) -> tuple[Grayscale, list[str]]:
    """The gray description of a header, and what was wrong with it.

    Parameters
    ----------
    dataset
        The object without its pixels.
    is_raw
        Whether the object is For Processing.

    Returns
    -------
    gray, warnings
        A window without a finite centre and a width above 0 is left out, with a warning.
    """
    warnings: list[str] = []
    bits = int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 16)
    is_monochrome1 = str(dataset.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1"
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    if shape in {"IDENTITY", "INVERSE"} and is_monochrome1 != (shape == "INVERSE"):
        warnings.append(
            "Photometric Interpretation and Presentation LUT Shape contradict each other; the image is shown as the "
            f"shape says ({shape})."
        )
    slope, intercept = _finite(dataset.get("RescaleSlope"), 1.0) or 1.0, _finite(dataset.get("RescaleIntercept"), 0.0)
    is_signed = bool(dataset.get("PixelRepresentation", 0))
    modality_lut = next(iter(_luts(dataset, "ModalityLUTSequence", is_signed, warnings)), None)
    lowest = -(2.0 ** (bits - 1)) if is_signed else 0.0
    is_below_0 = modality_lut is None and min(lowest * slope, 2.0**bits * slope) + intercept < 0
    return (
        Grayscale(
            bits_stored=min(max(bits, 1), 16),
            signed=is_signed,
            is_monochrome1=is_monochrome1,
            is_inverse=shape == "INVERSE",
            is_identity=shape == "IDENTITY",
            slope=slope,
            intercept=intercept,
            windows=_windows(dataset, warnings),
            luts=tuple(_luts(dataset, "VOILUTSequence", is_below_0, warnings)),
            padding=_padding(dataset),
            modality_lut=modality_lut,
            raw=_raw_scale(dataset) if is_raw else None,
        ),
        warnings,
    )


def _raw_scale(dataset: Dataset) -> RawScale:
    sign = int(_finite(dataset.get("PixelIntensityRelationshipSign"), 0.0))
    relation = str(dataset.get("PixelIntensityRelationship") or "").strip().upper()
    return RawScale(is_linear=relation == "LIN", sign=sign if sign in {-1, 1} else 0)


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


def _luts(dataset: Dataset, sequence: str, is_signed: bool, warnings: list[str]) -> Iterator[VoiLut]:
    """The tables of a sequence; ``is_signed`` where their input may lie below 0."""
    for item in dataset.get(sequence) or []:
        descriptor = _descriptor(item.get("LUTDescriptor"))
        table = _lut_data(item.get("LUTData"), descriptor)
        name = "modality" if sequence.startswith("Modality") else "VOI"
        if table is None:
            warnings.append(f"A {name} lookup table is damaged and was left out.")
            continue
        # Some descriptors say fewer bits than their entries need: then the entries are right.
        bits = max(descriptor[2], int(table.max()).bit_length())
        if bits != descriptor[2]:
            warnings.append(f"A {name} lookup table says {descriptor[2]} bits and has {bits}.")
        # The descriptor's second value has the input's sign, whatever it was read as.
        first = descriptor[1] & 0xFFFF
        first -= 65536 if is_signed and first > 32767 else 0
        yield VoiLut(first, bits, table.tobytes(), str(item.get("LUTExplanation") or ""))


def _descriptor(raw: Any) -> list[int]:
    """LUT Descriptor as three numbers, however it was encoded; empty where it makes no sense."""
    values = np.frombuffer(raw, "<u2").tolist() if isinstance(raw, bytes) and len(raw) == 6 else _values(raw)
    try:
        numbers = [int(value) for value in values]
    except (TypeError, ValueError):
        return []
    return numbers if len(numbers) == 3 and 1 <= numbers[2] <= 16 else []


def _lut_data(raw: Any, descriptor: list[int]) -> NDArray[np.uint16] | None:
    """LUT Data (OW bytes or US numbers, 8 or 16 bits an entry) as little-endian uint16; None where damaged."""
    if raw is None or not descriptor:
        return None
    # 65536 entries are written as 0, and where the value is signed many of them are written below 0.
    entries = descriptor[0] & 0xFFFF or 65536
    if isinstance(raw, bytes):
        is_narrow = len(raw) < 2 * entries and descriptor[2] <= 8
        data = np.frombuffer(raw, dtype=np.uint8 if is_narrow else "<u2", count=-1 if is_narrow else len(raw) // 2)
    else:
        data = np.asarray(_values(raw), dtype=np.int64) & 0xFFFF
    return data[:entries].astype("<u2") if data.size >= entries else None


def _padding(dataset: Dataset) -> tuple[int, int] | None:
    """The inclusive range of padding, in either order, with whichever sign it was read."""
    value = dataset.get("PixelPaddingValue")
    limit = dataset.get("PixelPaddingRangeLimit")
    try:
        ends = [int(value), int(limit) if limit is not None else int(value)]
    except (TypeError, ValueError):
        return None
    ends = [end & 0xFFFF for end in ends]
    if dataset.get("PixelRepresentation", 0):
        bits = int(dataset.get("BitsStored") or 16)
        ends = [end - 65536 if end > 32767 else end for end in ends]
        ends = [end - (1 << bits) if end >= 1 << (bits - 1) else end for end in ends]
    return min(ends), max(ends)
