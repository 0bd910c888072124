"""Stored values to gray, by table: stored → modality → VOI → presentation shape → P-values → driving levels.

Written out from PS3.3 C.11.1 and C.11.2 in double precision; one 65,536-entry table serves every pixel, so that a
window step costs one lookup. Padding is not the table's business: callers paint it black (MG-E01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.study import Grayscale, RawScale, VoiFunction, VoiLut, VoiWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.image import StoredImage

TABLE_SIZE = 65_536
P_MAX = 65_535
#: Below this share of the image, what looks like tissue is something else.
_LEAST_TISSUE = 0.02


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
    return _entries(values, lut) / (2.0**lut.bits - 1.0)


def _entries(values: NDArray[np.float64], lut: VoiLut) -> NDArray[np.float64]:
    """The table's entries as they are; what lies outside has the nearest one."""
    data = np.frombuffer(lut.data, dtype="<u2").astype(np.float64)
    index = np.clip(np.rint(values).astype(np.int64) - lut.first, 0, data.size - 1)
    return np.asarray(data[index])


def modality_values(stored: NDArray[np.float64], gray: Grayscale) -> NDArray[np.float64]:
    """Apply the modality transformation (PS3.3 C.11.1): the lookup table where there is one, else the rescale.

    Parameters
    ----------
    stored
        Stored values, any shape, float64.

    Returns
    -------
    ndarray, same shape, float64
    """
    if gray.modality_lut is not None:
        return _entries(stored, gray.modality_lut)
    return stored * gray.slope + gray.intercept


def p_values(
    gray: Grayscale, voi: VoiWindow | VoiLut, *, value_offset: int = 0, is_inverted: bool = False
) -> NDArray[np.float64]:
    """P-value of every pixel value (`StoredImage.pixels`).

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
    ndarray, shape (65536,), float64, 0 black to 1 white
    """
    modality = modality_values(np.arange(TABLE_SIZE, dtype=np.float64) + value_offset, gray)
    shown = window(modality, voi) if isinstance(voi, VoiWindow) else lookup(modality, voi)
    return 1.0 - shown if gray.is_dark_high != is_inverted else shown


def presentation_table(
    gray: Grayscale, voi: VoiWindow | VoiLut, *, value_offset: int = 0, is_inverted: bool = False
) -> NDArray[np.uint16]:
    """Table from pixel value to P-value: shape (65536,), uint16, 0 black to 65535 white. Arguments as in `p_values`."""
    shown = p_values(gray, voi, value_offset=value_offset, is_inverted=is_inverted)
    return np.rint(shown * P_MAX).astype(np.uint16)


def display_table(
    gray: Grayscale, voi: VoiWindow | VoiLut, *, value_offset: int = 0, is_inverted: bool = False
) -> NDArray[np.uint8]:
    """Table from pixel value to 8-bit gray: shape (65536,), uint8. Arguments as in `p_values`."""
    shown = p_values(gray, voi, value_offset=value_offset, is_inverted=is_inverted)
    return np.rint(shown * 255.0).astype(np.uint8)


def default_voi(gray: Grayscale, image: StoredImage) -> VoiWindow | VoiLut:
    """The header's first window, else its first table, else `computed_voi`.

    Windows without a width above 0 are passed over.
    """
    for choice in gray.windows:
        if np.isfinite(choice.center) and np.isfinite(choice.width) and choice.width > 0:
            return choice
    if gray.luts:
        return gray.luts[0]
    return computed_voi(gray, image)


def computed_voi(gray: Grayscale, image: StoredImage) -> VoiWindow | VoiLut:
    """A window from the pixels alone; padding and air do not count (MG-E02).

    It runs from the 0.5th to the 99.9th percentile of the pixels above the darkest value. Raw images are cut at what
    Otsu's threshold calls air, and what is proportional to the intensity is shown by its logarithm (MG-D11).

    Parameters
    ----------
    gray
        The header's description of the stored values.
    image
        The pixels; a coarse level of the pyramid will do.
    """
    if gray.bits_stored <= 8 and gray.raw is None:
        return VoiWindow(127.5, 255.0, VoiFunction.LINEAR_EXACT, "full range")
    step = 8 if image.pixels.size > 65_536 else 1
    sample = image.pixels[::step, ::step]
    if image.padding is not None:
        sample = sample[~image.padding[::step, ::step]]
    values = modality_values(sample.ravel().astype(np.float64) + image.value_offset, gray)
    if gray.raw is not None:
        return _raw_voi(gray, gray.raw, values)
    darkest = sample.max() if gray.is_dark_high and sample.size else sample.min() if sample.size else 0
    tissue = values[(sample != darkest).ravel()]
    if not tissue.size:
        return VoiWindow(2.0 ** (gray.bits_stored - 1), 2.0**gray.bits_stored, VoiFunction.LINEAR, "full range")
    low, high = np.percentile(tissue, (0.5, 99.9))
    return _window_over(low, high, "computed")


def _window_over(low: float, high: float, name: str) -> VoiWindow:
    return VoiWindow(float(low + high) / 2, float(max(high - low, 1.0)), VoiFunction.LINEAR_EXACT, name)


def _raw_voi(gray: Grayscale, raw: RawScale, values: NDArray[np.float64]) -> VoiWindow | VoiLut:
    """Raw tissue from its thinnest, black, to its densest, white."""
    size = 1 << gray.bits_stored
    first = round(float(modality_values(np.array([-size / 2 if gray.signed else 0.0]), gray)[0]))
    if raw.is_linear:
        # No more than the logarithm of 1 and of 0 are the same black.
        values = np.log(np.maximum(values - first, 1.0))
    tissue = _not_air(values, is_dark_high=gray.is_dark_high)
    low, high = np.percentile(tissue, (0.5, 99.9)) if tissue.size else (0.0, float(np.log(size)))
    if not raw.is_linear:
        return _window_over(low, high, "computed")
    curve = (np.log(np.maximum(np.arange(size), 1.0)) - low) / max(high - low, 1e-6)
    data = np.rint(np.clip(curve, 0.0, 1.0) * 65_535).astype("<u2")
    return VoiLut(first, 16, data.tobytes(), "computed, −log" if gray.is_dark_high else "computed, log")


def _not_air(values: NDArray[np.float64], *, is_dark_high: bool) -> NDArray[np.float64]:
    """The values that Otsu's threshold calls tissue; all where next to nothing would be left."""
    if not values.size:
        return values
    low, high = np.percentile(values, (0.1, 99.9))
    even = np.clip((values - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    _, above = cv2.threshold(even.reshape(1, -1), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    is_tissue = np.asarray(above).ravel().astype(bool) != is_dark_high
    return values[is_tissue] if is_tissue.mean() > _LEAST_TISSUE else values


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
