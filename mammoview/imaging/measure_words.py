"""A measurement in words: never without its error, never without where its scale comes from (MG-C09)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mammoview.core.marks import Mark, MarkKind
from mammoview.core.study import Mammogram
from mammoview.imaging.measure import Quantity, Statistics, quantity

_DETECTOR = "Imager Pixel Spacing"


@dataclass(frozen=True)
class Reading:
    """What a mark says.

    Attributes
    ----------
    value
        ``12.3 ± 0.1 mm``, or the reader's words where the mark measures nothing.
    lines
        Beside the mark on the image, short.
    details
        In the tool tip and the list, whole.
    measured, found
        The numbers behind the words; None where there are none.
    """

    value: str
    lines: tuple[str, ...]
    details: tuple[str, ...]
    measured: Quantity | None = None
    found: Statistics | None = None


def quantity_words(measured: Quantity) -> str:
    """``12.3 ± 0.1 mm``: the error to one digit (two from 100 on), the value as far as the error allows."""
    digits = 0 if measured.error <= 0 else max(0, -math.floor(math.log10(measured.error)))
    # 0.096 is 0.1, not 0.10.
    if digits and round(measured.error, digits) >= 10.0 ** (1 - digits):
        digits -= 1
    if measured.error >= 100:
        # Figures that the error leaves open would only be noise: 94700 ± 1500, not 94675 ± 1486.
        digits = 1 - math.floor(math.log10(measured.error))
        value, error = round(measured.value, digits), round(measured.error, digits)
        return f"{value:.0f} ± {error:.0f} {measured.unit}"
    space = "" if measured.unit == "°" else " "
    return f"{measured.value:.{digits}f} ± {measured.error:.{digits}f}{space}{measured.unit}"


def scale_words(image: Mammogram) -> str:
    """Where the millimetres come from, in full."""
    if image.spacing_mm is None:
        return "no physical scale: pixels"
    row, col = image.spacing_mm
    pixel = f"{row:.4g} mm" if math.isclose(row, col) else f"{row:.4g} mm (rows) × {col:.4g} mm (columns)"
    return f"a pixel is {pixel} by {image.spacing_source or 'an unnamed source'}"


def short_scale_words(image: Mammogram) -> str:
    """The same in few letters, for the image: ``÷ ERMF 1.8`` for the detector's spacing over the magnification."""
    if image.spacing_mm is None:
        return "no scale"
    return image.spacing_source.removeprefix(_DETECTOR).strip(" ,") or image.spacing_source


def _statistics_words(found: Statistics) -> tuple[str, tuple[str, ...]]:
    if not found.count:
        return "no pixel measured", (f"{found.padding_count} pixels of padding inside, nothing else",)
    short = f"mean {found.mean:.1f}  SD {found.deviation:.1f}"
    long = [
        f"mean {found.mean:.2f}, SD {found.deviation:.2f}, range {found.minimum:g} to {found.maximum:g} "
        "(modality values, no unit)",
        f"{found.count} pixels whose centres lie inside",
    ]
    if found.padding_count:
        long.append(f"{found.padding_count} pixels of padding left out")
    return short, tuple(long)


def reading(mark: Mark, image: Mammogram, found: Statistics | None = None) -> Reading:
    """What a mark on ``image`` says.

    Parameters
    ----------
    found
        The statistics of a closed mark, once they are known.
    """
    lines, details = ([mark.text] if mark.text else []), []
    measured = quantity(mark, image.spacing_mm)
    value = quantity_words(measured) if measured else ""
    if measured is not None:
        # A right angle is one at any magnification, but not where rows and columns differ.
        needs_scale = mark.kind is not MarkKind.ANGLE
        short = short_scale_words(image)
        lines.append(f"{value} ({short})" if needs_scale and short else value)
        details.append(f"{mark.kind.label} {value}")
        details.append("The error is one native pixel at each point." if not mark.kind.is_closed else _OUTLINE_ERROR)
        details.append(f"Scale: {scale_words(image)}.")
        if image.spacing_mm is None and mark.kind is MarkKind.ANGLE:
            details.append("Pixels count as square.")
    elif mark.kind.is_closed:
        lines.append("outline crosses itself")
        details.append("The outline crosses itself: it has no area. Values are of the pixels inside by even-odd rule.")
    elif mark.kind is MarkKind.ANGLE:
        lines.append("no angle")
    if found is not None:
        short, long = _statistics_words(found)
        lines.append(short)
        details.extend(long)
    return Reading(value or mark.text, tuple(lines), tuple(details), measured, found)


_OUTLINE_ERROR = "The error is an outline one native pixel too far in or out."
