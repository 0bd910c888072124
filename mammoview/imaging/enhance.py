"""Local contrast and less noise, for a second look at an image. Never what measurements or models see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TABLE_SIZE: Final = 65_536
#: Regions of the local histogram along each axis: 2 to 3 cm of a detector of 24 × 30 cm.
_REGIONS: Final = 10
_FEWEST_BINS: Final = 256
#: Levels at which the noise is measured.
_LEVELS: Final = 24
#: A level with fewer pixels than this says nothing of its noise.
_FEWEST: Final = 400
#: From the median of absolute values to the standard deviation of a normal distribution.
_MAD: Final = 1.4826
#: Standard deviation of the second difference below for white noise of standard deviation 1: √(1 + 4 · 1/16).
_DIFFERENCE_GAIN: Final = 1.118
#: Neighbours that differ by more than so many standard deviations of the noise are not averaged with a pixel.
_RANGE_SIGMA: Final = 1.8
_DIAMETER_PX: Final = 5
_STEPS_PER_SIGMA: Final = 16
_SPACE_SIGMA_PX: Final = 1.4


def clahe(shown: NDArray[np.uint16], *, clip_limit: float) -> NDArray[np.uint16]:
    """Contrast-limited adaptive histogram equalisation.

    Parameters
    ----------
    shown
        P-values, shape (rows, columns), uint16.
    clip_limit
        How many times the mean a bin of a region's histogram may count; higher is harsher, 1 does next to nothing.

    Returns
    -------
    ndarray, shape (rows, columns), uint16
        P-values.

    Notes
    -----
    K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994, as OpenCV does it. An
    image of 12 bits uses 4096 of the 65,536 values: the limit is reckoned against those in use, or it would cut every
    bin to the same height.
    """
    used = int(np.count_nonzero(np.bincount(shown[::2, ::2].ravel(), minlength=TABLE_SIZE)))
    limit = clip_limit * TABLE_SIZE / max(_FEWEST_BINS, used)
    made = cv2.createCLAHE(clipLimit=limit, tileGridSize=(_REGIONS, _REGIONS)).apply(np.ascontiguousarray(shown))
    return np.asarray(made, dtype=np.uint16)


def denoise(pixels: NDArray[np.uint16], *, padding: NDArray[np.bool_] | None = None) -> NDArray[np.uint16]:
    """Average each pixel with those of its neighbours that differ from it by no more than noise.

    What stands out of the noise is left as it is: micro-calcifications stay.

    Parameters
    ----------
    pixels
        Stored values, shape (rows, columns), uint16.
    padding
        Same shape, True where no tissue and no air was measured; these pixels come back unchanged.

    Returns
    -------
    ndarray, shape (rows, columns), uint16

    Notes
    -----
    A bilateral filter (C. Tomasi and R. Manduchi, ICCV 1998) on values stretched so that their noise is the same
    everywhere: the noise of an X-ray image grows with the signal, by a law that the vendor's processing hides, so that
    it is measured at each level of gray.
    """
    stretch, least = _stabiliser(pixels, padding)
    if stretch is None:
        return pixels.copy()
    even = stretch[pixels]
    smooth = cv2.bilateralFilter(even, _DIAMETER_PX, _RANGE_SIGMA, _SPACE_SIGMA_PX)
    top = int(pixels.max())
    # The way back, by a table as well: in steps far below the noise.
    start = float(stretch[least])
    steps = np.arange(int((float(stretch[top]) - start) * _STEPS_PER_SIGMA) + 2) / _STEPS_PER_SIGMA + start
    back = np.rint(np.interp(steps, stretch[least : top + 1], np.arange(least, top + 1))).astype(np.uint16)
    index = ((smooth - np.float32(start)) * np.float32(_STEPS_PER_SIGMA) + np.float32(0.5)).astype(np.int32)
    cleaned = back.take(index, mode="clip")
    if padding is not None:
        cleaned[padding] = pixels[padding]
    return cleaned


def noise_by_level(
    pixels: NDArray[np.uint16], padding: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The standard deviation of the noise at several levels of gray.

    Parameters
    ----------
    pixels, padding
        As in `denoise`.

    Returns
    -------
    level, deviation
        Shape (n,), float64, stored values; ``level`` rises. Empty where nothing but padding and flat areas is found.
    """
    values = pixels.astype(np.float32)
    # A pixel less the mean of its four neighbours: slopes vanish, noise stays.
    cross = np.array([[0, 0.25, 0], [0.25, -1, 0.25], [0, 0.25, 0]], np.float32)
    apart = np.abs(cv2.filter2D(values, cv2.CV_32F, cross))[1:-1:2, 1:-1:2]
    level = cv2.blur(values, (3, 3))[1:-1:2, 1:-1:2]
    known = apart > 0
    if padding is not None:
        known &= ~cv2.dilate(padding.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)[1:-1:2, 1:-1:2]
    apart, level = apart[known], level[known]
    if apart.size < _FEWEST:
        return np.empty(0), np.empty(0)
    edges = np.unique(np.quantile(level, np.linspace(0, 1, _LEVELS + 1)))
    bins = np.digitize(level, edges[1:-1])
    found = [
        (float(level[inside].mean()), _MAD / _DIFFERENCE_GAIN * float(np.median(apart[inside])))
        for number in range(len(edges))
        if (inside := bins == number).sum() >= _FEWEST
    ]
    if not found:
        return np.empty(0), np.empty(0)
    levels, deviations = (np.array(column, np.float64) for column in zip(*found, strict=True))
    return levels, deviations


def _stabiliser(
    pixels: NDArray[np.uint16], padding: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32] | None, int]:
    """A rising table from stored value to one in which the noise is 1 everywhere, and the least value in use."""
    level, deviation = noise_by_level(pixels, padding)
    least = int(pixels.min())
    if not level.size or deviation.max() <= 0:
        return None, least
    # Rounding to whole stored values is noise, too: 1/√12.
    measured = np.maximum(np.interp(np.arange(TABLE_SIZE), level, deviation), 12**-0.5)
    return np.cumsum(1.0 / measured).astype(np.float32), least
