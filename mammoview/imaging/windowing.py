"""Stored values to gray, by table: stored → modality → VOI → presentation shape → P-values.

Written out from PS3.3 C.11.1 and C.11.2 in double precision; one 65,536-entry table serves every pixel, so that a
window step costs one lookup. Padding is not the table's business: callers paint it black (MG-E01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.study import Grayscale, VoiFunction, VoiLut, VoiWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.image import StoredImage

TABLE_SIZE = 65_536
P_MAX = 65_535


def window(values: NDArray[np.float64], voi: VoiWindow) -> NDArray[np.float64]:
    """Apply a window (PS3.3 C.11.2.1.2 and C.11.2.1.3).

    Parameters
    ----------
    values
        Modality values, any shape, float64.
    voi
        The window; its width must be above 0 (above or equal to 1 for LINEAR).

    Returns
    -------
    ndarray, same shape, float64 in [0, 1]
    """
    center, width = voi.center, voi.width
    if voi.function is VoiFunction.SIGMOID:
        # Far outside the window exp overflows to infinity, which is the right limit.
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / (1.0 + np.exp(-4.0 * (values - center) / width)))
    if voi.function is VoiFunction.LINEAR_EXACT:
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if width <= 1.0:
        return np.where(values <= center - 0.5, 0.0, 1.0)
    return np.clip((values - (center - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def lookup(values: NDArray[np.float64], lut: VoiLut) -> NDArray[np.float64]:
    """Apply a VOI lookup table (PS3.3 C.11.2.1.1).

    Parameters
    ----------
    values
        Modality values, any shape, float64.

    Returns
    -------
    ndarray, same shape, float64 in [0, 1]
    """
    data = np.frombuffer(lut.data, dtype="<u2").astype(np.float64) / (2.0**lut.bits - 1.0)
    index = np.clip(np.rint(values).astype(np.int64) - lut.first, 0, data.size - 1)
    return data[index]


def presentation_table(
    gray: Grayscale, voi: VoiWindow | VoiLut, *, value_offset: int = 0, is_inverted: bool = False
) -> NDArray[np.uint16]:
    """Table from pixel value (`StoredImage.pixels`) to P-value.

    Parameters
    ----------
    gray
        The header's description of the stored values.
    voi
        The window or lookup table to apply.
    value_offset
        `StoredImage.value_offset`.
    is_inverted
        The reader's own inversion, on top of the header's.

    Returns
    -------
    ndarray, shape (65536,), uint16, 0 black to 65535 white
    """
    stored = np.arange(TABLE_SIZE, dtype=np.float64) + value_offset
    modality = stored * gray.slope + gray.intercept
    shown = window(modality, voi) if isinstance(voi, VoiWindow) else lookup(modality, voi)
    # MONOCHROME1 and INVERSE say the same thing twice (MG-D09).
    if (gray.is_monochrome1 or gray.is_inverse) != is_inverted:
        shown = 1.0 - shown
    return np.rint(shown * P_MAX).astype(np.uint16)


def display_table(
    gray: Grayscale, voi: VoiWindow | VoiLut, *, value_offset: int = 0, is_inverted: bool = False
) -> NDArray[np.uint8]:
    """Table from pixel value to 8-bit gray: shape (65536,), uint8. Arguments as in `presentation_table`."""
    table = presentation_table(gray, voi, value_offset=value_offset, is_inverted=is_inverted)
    return np.rint(table / 257.0).astype(np.uint8)


def default_voi(gray: Grayscale, image: StoredImage) -> VoiWindow | VoiLut:
    """The header's first window, else its first table, else the range of the tissue in the image.

    Windows without a width above 0 are passed over. The computed window runs from the 0.5th to the 99.9th percentile
    of the pixels above the darkest value, padding left out (MG-D11, MG-E02).
    """
    for choice in gray.windows:
        if np.isfinite(choice.center) and np.isfinite(choice.width) and choice.width > 0:
            return choice
    if gray.luts:
        return gray.luts[0]
    if gray.bits_stored <= 8:
        return VoiWindow(127.5, 255.0, VoiFunction.LINEAR_EXACT, "full range")
    sample = image.pixels[::8, ::8]
    if image.padding is not None:
        sample = sample[~image.padding[::8, ::8]]
    tissue = sample[sample > sample.min()] if sample.size else sample
    if not tissue.size:
        return VoiWindow(2.0 ** (gray.bits_stored - 1), 2.0**gray.bits_stored, VoiFunction.LINEAR, "full range")
    low, high = (np.percentile(tissue, (0.5, 99.9)) + image.value_offset) * gray.slope + gray.intercept
    low, high = min(low, high), max(low, high)
    return VoiWindow(float(low + high) / 2, float(max(high - low, 1.0)), VoiFunction.LINEAR_EXACT, "computed")


def to_presentation(image: StoredImage, gray: Grayscale) -> NDArray[np.uint16]:
    """P-values of an image with its default VOI: what the image methods and the models see.

    Returns
    -------
    ndarray, shape (rows, columns), uint16
        Bright is dense, padding is 0.
    """
    table = presentation_table(gray, default_voi(gray, image), value_offset=image.value_offset)
    shown = table[image.pixels]
    if image.padding is not None:
        shown[image.padding] = 0
    return np.asarray(shown)
