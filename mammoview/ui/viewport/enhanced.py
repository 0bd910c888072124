"""Other pixels in place of an image's own, for the eye alone: what is measured and read out stays the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mammoview.core.image import DisplayImage, StoredImage
from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow
from mammoview.imaging.enhance import clahe, denoise
from mammoview.imaging.pyramid import build
from mammoview.ui.viewport import voi
from mammoview.ui.viewport.render import Table
from mammoview.ui.viewport.shade import Shade
from mammoview.ui.viewport.voi import Adjustment

#: How P-values are shown: as they are, until the reader's own adjustment.
_P_VALUES: Final = Grayscale(bits_stored=16)
_WHOLE: Final = VoiWindow(32767.5, 65535.0, VoiFunction.LINEAR_EXACT, "enhanced")


@dataclass(frozen=True)
class Wish:
    """What the reader wants of an image.

    Attributes
    ----------
    is_denoised, is_clahe
        What is done, in this order.
    clip_limit
        Of the local histograms.
    voi
        The window or table whose result the local contrast works on; None where it does not matter.
    """

    is_denoised: bool = False
    is_clahe: bool = False
    clip_limit: float = 2.0
    voi: VoiWindow | VoiLut | None = None

    @property
    def badges(self) -> tuple[str, ...]:
        """What must stand over the image."""
        return (*(("ENHANCED: CLAHE",) if self.is_clahe else ()), *(("DENOISED",) if self.is_denoised else ()))


@dataclass(frozen=True, eq=False)
class Enhanced:
    """A pyramid made to a wish.

    Attributes
    ----------
    wish
        What was done.
    source
        The image that it was made from.
    levels
        As in `DisplayImage`: stored values, or P-values where local contrast was made.
    """

    wish: Wish
    source: DisplayImage
    levels: tuple[NDArray[np.uint16], ...]


def enhance(image: DisplayImage, gray: Grayscale, wish: Wish) -> Enhanced:
    """Make other pixels; takes about a second for a large detector.

    Parameters
    ----------
    image, gray
        The original and its header's description of gray.
    """
    padding = image.padding[0] > 127 if image.padding else None
    pixels = image.levels[0]
    if wish.is_denoised:
        pixels = denoise(pixels, padding=padding)
    if wish.is_clahe and wish.voi is not None:
        shown = voi.p_table(gray, wish.voi, Adjustment(), value_offset=image.value_offset)
        p_values = np.rint(shown * 65535).astype(np.uint16)[pixels]
        if padding is not None:
            p_values[padding] = 0
        pixels = clahe(p_values, clip_limit=wish.clip_limit)
        if padding is not None:
            pixels[padding] = 0
    levels, _ = build(StoredImage(pixels, 0, padding))
    return Enhanced(wish, image, levels)


def levels_of(image: DisplayImage, enhanced: Enhanced | None) -> Sequence[NDArray[np.uint16]]:
    """The pyramid to paint."""
    return enhanced.levels if enhanced is not None else image.levels


def table_of(shade: Shade, gray: Grayscale, image: DisplayImage, enhanced: Enhanced | None) -> Table:
    """The table that belongs to the pyramid to paint."""
    if enhanced is not None and enhanced.wish.is_clahe:
        return replace(shade, voi=_WHOLE).table(_P_VALUES, 0)
    return shade.table(gray, image.value_offset)
