"""Pyramids of masks, to go with the display pyramid of an image. numpy and OpenCV, no Qt."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Box
from mammoview.core.image import DisplayImage

#: Above this share of the brightest value a pixel belongs to the breast (MG-C02).
_BREAST_SHARE = 0.01


def mask_pyramid(mask: NDArray[np.bool_], levels: int) -> tuple[NDArray[np.uint8], ...]:
    """Halve a mask ``levels`` − 1 times by area averaging: uint8, 255 where all of a pixel is set.

    Odd last rows and columns are repeated, so that level k has ⌈rows / 2ᵏ⌉ rows like a display pyramid.
    """
    # OpenCV lets go of the interpreter lock, numpy does not always: this runs beside the GUI thread.
    pyramid = [np.asarray(cv2.threshold(mask.view(np.uint8), 0, 255, cv2.THRESH_BINARY)[1], np.uint8)]
    for _ in range(levels - 1):
        last = pyramid[-1]
        even = cv2.copyMakeBorder(last, 0, last.shape[0] % 2, 0, last.shape[1] % 2, cv2.BORDER_REPLICATE)
        half = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
        pyramid.append(np.asarray(half, np.uint8))
    return tuple(pyramid)


def coarse_pyramid(mask: NDArray[np.bool_], image: DisplayImage) -> tuple[NDArray[np.uint8], ...]:
    """A pyramid for `mammoview.ui.viewport.render.GrayRenderer` that begins at the level of the mask's shape.

    Empty where no level has that shape.
    """
    shapes = [level.shape for level in image.levels]
    return mask_pyramid(mask, len(shapes) - shapes.index(mask.shape)) if mask.shape in shapes else ()


def breast_box(image: DisplayImage, *, is_dark_high: bool = False) -> Box:
    """The native box around what is above 1 % of the range of the coarsest level; the whole image where nothing is.

    Rows and columns with less than 2 % of their pixels above it do not count: side letters and dust do not set the size
    at which a breast is shown.
    """
    rows, columns = image.levels[0].shape
    seen = _bright(image, is_dark_high=is_dark_high)
    by_row, by_col = np.flatnonzero(seen.mean(axis=1) > 0.02), np.flatnonzero(seen.mean(axis=0) > 0.02)
    if not by_row.size or not by_col.size:
        return Box(0, 0, rows, columns)
    step = 2.0 ** (len(image.levels) - 1)
    box = Box(by_row[0] * step, by_col[0] * step, (by_row[-1] + 1) * step, (by_col[-1] + 1) * step)
    return box.clipped(rows, columns)


def breast_cells(image: DisplayImage, shown: Box, *, is_dark_high: bool = False) -> NDArray[np.bool_]:
    """The pixels of the coarsest level that show breast: bright, and in the box ``shown`` around it, native pixels."""
    cells = _bright(image, is_dark_high=is_dark_high)
    step = 2.0 ** (len(image.levels) - 1)
    inside = np.zeros(cells.shape, bool)
    inside[Box(shown.row0 / step, shown.col0 / step, shown.row1 / step, shown.col1 / step).slices()] = True
    return cells & inside


def _bright(image: DisplayImage, *, is_dark_high: bool) -> NDArray[np.bool_]:
    k = len(image.levels) - 1
    level = image.levels[k].astype(np.float64)
    if is_dark_high:
        level = level.max() - level
    if image.padding:
        level[image.padding[k] > 127] = level.min()
    low, high = level.min(), np.percentile(level, 99.5)
    return np.asarray(level > low + _BREAST_SHARE * max(high - low, 1.0))
