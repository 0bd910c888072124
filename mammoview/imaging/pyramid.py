"""The display pyramid: each level halves the one before by area averaging, and padding stays out of the averages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.image import StoredImage, level_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The share of padding where all is padding. Its quarters are whole, so the first halving, the largest, fits bytes.
_ALL = 252


def build(image: StoredImage) -> tuple[tuple[NDArray[np.uint16], ...], tuple[NDArray[np.uint8], ...]]:
    """Make the levels of an image.

    Returns
    -------
    levels, padding
        As in `mammoview.core.image.DisplayImage`; ``padding`` is empty where the image has none.
    """
    shapes = level_shapes(*image.pixels.shape)
    levels = tuple(np.empty(shape, np.uint16) for shape in shapes)
    padding = tuple(np.empty(shape, np.uint8) for shape in shapes) if image.padding is not None else ()
    fill(image, levels, padding)
    return levels, padding


def fill(image: StoredImage, levels: Sequence[NDArray[np.uint16]], padding: Sequence[NDArray[np.uint8]]) -> None:
    """Write the levels of an image into arrays of the shapes of `mammoview.core.image.level_shapes`.

    A pixel of level k averages the pixels of level 0 that it covers. Where an axis is odd, its last pixel covers half
    as much. Where padding and tissue meet, tissue alone makes the average, weighted by its area; where all is
    padding, the padding is averaged.

    Parameters
    ----------
    image
        The pixels.
    levels
        uint16; overwritten.
    padding
        uint8, 255 times the share of padding; overwritten. Empty where it is not wanted.
    """
    np.copyto(levels[0], image.pixels)
    for finer, coarser in pairwise(levels):
        _halve(finer, coarser)
    if not padding:
        return
    if image.padding is None:
        for level in padding:
            level.fill(0)
        return
    np.multiply(image.padding.view(np.uint8), 255, out=padding[0])
    share: NDArray[np.floating | np.uint8] = image.padding.view(np.uint8) * np.uint8(_ALL)
    for finer, coarser, cover in zip(levels, levels[1:], padding[1:], strict=False):
        # Exact from level to level, in bytes first and then in float32; only what is kept for display is rounded.
        coarse_share = np.empty(coarser.shape, share.dtype)
        _halve(share, coarse_share)
        _average_tissue(finer, share, coarser, coarse_share)
        share = coarse_share.astype(np.float32, copy=False)
        np.copyto(cover, np.rint(share * np.float32(255) / np.float32(_ALL)), casting="unsafe")


def _halve(finer: NDArray[np.integer | np.floating], coarser: NDArray[np.integer | np.floating]) -> None:
    rows, columns = finer.shape
    if rows % 2 or columns % 2:
        # The last row or column stands for itself twice, so that every pixel keeps its place and its size.
        finer = cv2.copyMakeBorder(finer, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    cv2.resize(finer, (coarser.shape[1], coarser.shape[0]), dst=coarser, interpolation=cv2.INTER_AREA)


def _average_tissue(
    finer: NDArray[np.uint16],
    share: NDArray[np.floating | np.uint8],
    coarser: NDArray[np.uint16],
    coarse_share: NDArray[np.floating | np.uint8],
) -> None:
    """Do those averages again where padding and tissue meet: a thin line, so indices cost less than images."""
    rows, columns = np.nonzero((coarse_share > 0) & (coarse_share < _ALL))
    total = np.zeros(rows.size)
    weight = np.zeros(rows.size)
    for down in (0, 1):
        for right in (0, 1):
            at = (np.minimum(2 * rows + down, finer.shape[0] - 1), np.minimum(2 * columns + right, finer.shape[1] - 1))
            tissue = _ALL - share[at].astype(np.float64)
            total += finer[at] * tissue
            weight += tissue
    coarser[rows, columns] = np.rint(total / weight)
