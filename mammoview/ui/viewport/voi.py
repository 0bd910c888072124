"""The window that a reader sees and drags: the header's choice, and what the reader made of it. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow
from mammoview.imaging.windowing import p_values

#: Drag of this many pixels makes the window e times wider, or moves it by one width.
_DRAG_PX = 400.0
_RANGE = (1 / 64, 64.0)


@dataclass(frozen=True)
class Adjustment:
    """What the reader did to a window, in units that suit every image: so that one drag serves all panes.

    Attributes
    ----------
    shift
        Brightness: by how many widths the window moved towards darker values.
    stretch
        Width relative to the header's.
    """

    shift: float = 0.0
    stretch: float = 1.0

    def dragged(self, right_px: float, up_px: float) -> Adjustment:
        """After a drag: to the right is a wider window, upwards is brighter."""
        stretch = min(_RANGE[1], max(_RANGE[0], self.stretch * math.exp(right_px / _DRAG_PX)))
        shift = min(8.0, max(-8.0, self.shift + up_px / _DRAG_PX * self.stretch))
        return Adjustment(shift, stretch)


def choices(gray: Grayscale, default: VoiWindow | VoiLut) -> tuple[VoiWindow | VoiLut, ...]:
    """Everything that the header offers, the default first (MG-D01)."""
    usable = tuple(w for w in gray.windows if math.isfinite(w.center) and math.isfinite(w.width) and w.width > 0)
    others: tuple[VoiWindow | VoiLut, ...] = (*usable, *gray.luts)
    return (default, *(choice for choice in others if choice != default))


def adjusted(voi: VoiWindow, adjustment: Adjustment, *, is_dark_high: bool = False) -> VoiWindow:
    """The window after the reader's adjustment; ``is_dark_high`` where high values are shown dark."""
    towards = adjustment.shift * voi.width * (1 if is_dark_high else -1)
    floor = 1.0 if voi.function is VoiFunction.LINEAR else 1e-6
    return replace(voi, center=voi.center + towards, width=max(floor, voi.width * adjustment.stretch))


def p_table(
    gray: Grayscale,
    voi: VoiWindow | VoiLut,
    adjustment: Adjustment,
    *,
    value_offset: int = 0,
    is_inverted: bool = False,
) -> NDArray[np.float64]:
    """The P-value, 0 to 1, of every pixel value: shape (65536,), float64.

    A lookup table of the header stays in force; the adjustment then stretches its output, without a step (MG-D06).
    """
    if isinstance(voi, VoiWindow):
        shown = adjusted(voi, adjustment, is_dark_high=gray.is_dark_high != is_inverted)
        return p_values(gray, shown, value_offset=value_offset, is_inverted=is_inverted)
    shaped = p_values(gray, voi, value_offset=value_offset, is_inverted=is_inverted)
    if adjustment == Adjustment():
        return shaped
    return np.clip((shaped - 0.5 + adjustment.shift) / adjustment.stretch + 0.5, 0.0, 1.0)


def table(
    gray: Grayscale,
    voi: VoiWindow | VoiLut,
    adjustment: Adjustment,
    *,
    value_offset: int = 0,
    is_inverted: bool = False,
) -> NDArray[np.uint8]:
    """The 65,536-entry table from pixel value to 8-bit gray, for a monitor that needs no help."""
    shown = p_table(gray, voi, adjustment, value_offset=value_offset, is_inverted=is_inverted)
    return np.rint(shown * 255).astype(np.uint8)


def caption(gray: Grayscale, voi: VoiWindow | VoiLut, adjustment: Adjustment, *, is_inverted: bool = False) -> str:
    """The window in words: ``C 2048  W 4096  SIGMOID``."""
    if isinstance(voi, VoiLut):
        name = voi.explanation or "table"
        changed = f"  C {50 - adjustment.shift * 100:.0f}%  W {adjustment.stretch * 100:.0f}%"
        text = f"LUT {name}" + ("" if adjustment == Adjustment() else changed)
    else:
        is_dark_high = gray.is_dark_high != is_inverted
        shown = adjusted(voi, adjustment, is_dark_high=is_dark_high)
        shape = "" if voi.function is VoiFunction.LINEAR else f"  {voi.function.value.replace('_', ' ')}"
        if voi.function is VoiFunction.LINEAR_EXACT and voi.explanation:
            shape = f"  {voi.explanation}"
        text = f"C {shown.center:.0f}  W {shown.width:.0f}{shape}"
    return f"{text}  INVERTED" if is_inverted else text
