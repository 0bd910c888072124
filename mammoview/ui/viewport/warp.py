"""Where an image lies on the device pixels of its pane, and a quick bilinear look at it. numpy and OpenCV, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Box, PixelTransform

#: The exact view averages over this many pixels of a level along each axis at least, where there is a finer level.
_SHARP = 1.5
#: Rows and columns around the visible part that interpolation may touch.
_MARGIN = 2


@dataclass(frozen=True)
class Target:
    """The device pixels of a pane that an image covers: rows [row0, row1), columns [col0, col1)."""

    row0: int
    col0: int
    row1: int
    col1: int

    @property
    def size(self) -> tuple[int, int]:
        """(rows, columns)."""
        return max(0, self.row1 - self.row0), max(0, self.col1 - self.col0)

    @property
    def is_empty(self) -> bool:
        """Whether the image lies outside the pane."""
        return 0 in self.size


def target_of(to_device: PixelTransform, rows: int, columns: int, size: tuple[int, int]) -> Target:
    """The device pixels of a pane of ``size`` whose centres lie on an image of ``rows`` × ``columns``."""
    box = to_device.apply_box(Box(0, 0, rows, columns)).clipped(*size)
    return Target(round(box.row0), round(box.col0), round(box.row1), round(box.col1))


def level_for(to_device: PixelTransform, levels: int) -> int:
    """The coarsest pyramid level that still has a pixel for every device pixel."""
    (a, b, _), (d, e, _) = to_device.matrix
    zoom = max(math.hypot(a, d), math.hypot(b, e))
    return min(levels - 1, max(0, math.floor(math.log2(1.0 / zoom) + 1e-6)))


def sharp_level(to_device: PixelTransform, levels: int) -> int:
    """The coarsest pyramid level with so many pixels for every device pixel that its own grid does not blur."""
    return level_for(to_device.then(PixelTransform(((_SHARP, 0.0, 0.0), (0.0, _SHARP, 0.0)))), levels)


def warp(
    level: NDArray[np.uint8] | NDArray[np.uint16],
    to_device: PixelTransform,
    target: Target,
    *,
    step: float,
    is_smooth: bool = True,
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Resample the visible part of one pyramid level to device pixels.

    Parameters
    ----------
    level
        Shape (rows, columns), uint8 or uint16.
    to_device
        Native pixels to device pixels.
    target
        The device pixels wanted.
    step
        Native pixels per pixel of ``level``.
    is_smooth
        Bilinear, else nearest.

    Returns
    -------
    ndarray, shape ``target.size``, the type of ``level``
    """
    rows, cols = target.size
    back = to_device.inverse().as_array()[:2] / step
    corners = np.array([(r, c, 1.0) for r in (target.row0, target.row1) for c in (target.col0, target.col1)])
    seen = corners @ back.T
    low = np.maximum(np.floor(seen.min(axis=0)).astype(int) - _MARGIN, 0)
    high = np.minimum(np.ceil(seen.max(axis=0)).astype(int) + _MARGIN, level.shape)
    crop = level[low[0] : max(high[0], low[0] + 1), low[1] : max(high[1], low[1] + 1)]
    # OpenCV counts from pixel centres and puts the column first.
    first = back @ (target.row0 + 0.5, target.col0 + 0.5, 1.0) - 0.5 - low
    matrix = np.array([[back[1, 1], back[1, 0], first[1]], [back[0, 1], back[0, 0], first[0]]])
    flags = (cv2.INTER_LINEAR if is_smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
    warped: NDArray[np.uint8] | NDArray[np.uint16] = cv2.warpAffine(
        crop, matrix, (cols, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )  # type: ignore[assignment]  # OpenCV keeps the type
    return warped
