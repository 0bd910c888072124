"""From a display pyramid to the gray pixels of one pane. numpy and OpenCV, no Qt.

The warped 16-bit view is kept, so that a window step costs one table lookup (see docs/adr/0080-display-path.md).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Box, PixelTransform
from mammoview.ui.viewport.output import BLACK_30, DITHER

#: 8-bit gray, gray in 256ths of a level to be dithered, or 30-bit pixels.
Table: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]
#: 8-bit gray or 30-bit pixels.
Gray: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]

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


def apply_table(values: NDArray[np.uint16], table: Table, out: Gray) -> None:
    """Look ``values`` up in a table of 65,536 entries and write them to ``out``, same shape and of the table's type."""
    cv2.LUT(values, table.reshape(1, -1), out)


class GrayRenderer:
    """The gray pixels of one image on one pane.

    Parameters
    ----------
    levels
        As in `DisplayImage`.
    blackened
        Pyramids of uint8 like ``DisplayImage.padding``: where one is above 127 the pane stays black, whatever the
        window and the inversion (MG-E01). One that is shorter than ``levels`` begins at a coarser level; its edge is
        kept smooth on the finer ones.
    """

    def __init__(self, levels: Sequence[NDArray[np.uint16]], blackened: Sequence[Sequence[NDArray[np.uint8]]] = ()):
        self._levels = levels
        self._blackened = [pyramid for pyramid in blackened if pyramid]
        self._warped: NDArray[np.uint16] | None = None
        self._keep: NDArray[np.uint8] | None = None
        self._keep_30: NDArray[np.int32] | None = None
        self._target = Target(0, 0, 0, 0)
        self._gray = np.zeros((0, 0), np.uint8)
        self._fine: NDArray[np.uint16] | None = None
        self._pattern = DITHER
        self._wide: NDArray[np.int32] | None = None

    @property
    def target(self) -> Target:
        """The device pixels that the image covered when it was last placed."""
        return self._target

    def place(self, to_device: PixelTransform, size: tuple[int, int]) -> None:
        """Resample for a pane of ``size`` (rows, columns) device pixels."""
        native = self._levels[0].shape
        self._target = target_of(to_device, native[0], native[1], size)
        self._fine, self._wide, self._keep_30 = None, None, None
        if self._gray.shape != size:
            self._gray = np.zeros(size, np.uint8)
        else:
            self._gray.fill(0)
        if self._target.is_empty:
            self._warped = None
            return
        k = level_for(to_device, len(self._levels))
        self._warped = np.asarray(warp(self._levels[k], to_device, self._target, step=2.0**k), np.uint16)
        self._keep = None
        for pyramid in self._blackened:
            first = len(self._levels) - len(pyramid)
            at = max(k, first)
            mask = warp(pyramid[at - first], to_device, self._target, step=2.0**at)
            keep = np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY_INV)[1], np.uint8)
            self._keep = keep if self._keep is None else np.asarray(cv2.bitwise_and(self._keep, keep), np.uint8)

    def gray(self, table: Table) -> Gray:
        """The pane's pixels under a table of 65,536 entries; the array is reused by the next call.

        Parameters
        ----------
        table
            As made by `mammoview.ui.viewport.output.Output.table`.

        Returns
        -------
        ndarray, shape (rows, columns) of the pane
            uint8 gray, or int32 with 30-bit pixels where the table has these.
        """
        if table.dtype == np.int32:
            return self._gray_30(table)
        if self._warped is None:
            return self._gray
        target = self._target
        part = self._gray[target.row0 : target.row1, target.col0 : target.col1]
        if table.dtype == np.uint16:
            self._dither(table, part)
        else:
            apply_table(self._warped, table, part)
        if self._keep is not None:
            cv2.bitwise_and(part, self._keep, part)
        return self._gray

    def _dither(self, table: Table, out: NDArray[np.uint8]) -> None:
        """Look up in 256ths of a gray level and round up or down by the place on the pane."""
        assert self._warped is not None
        rows, columns = self._target.size
        if self._fine is None:
            self._fine = np.empty((rows, columns), np.uint16)
            self._pattern = np.tile(DITHER, (rows // 2 + 1, columns // 2 + 1))[:rows, :columns].copy()
        fine = self._fine
        apply_table(self._warped, table, fine)
        cv2.add(fine, self._pattern, fine)
        # The whole levels are the high bytes.
        np.copyto(out, fine.view(np.uint8)[:, int(sys.byteorder == "little") :: 2])

    def _gray_30(self, table: Table) -> NDArray[np.int32]:
        """As `gray`, 30-bit pixels."""
        if self._wide is None:
            self._wide = np.full(self._gray.shape, BLACK_30, np.int32)
        wide = self._wide
        if self._warped is None:
            return wide
        target = self._target
        part = wide[target.row0 : target.row1, target.col0 : target.col1]
        apply_table(self._warped, table, part)
        if self._keep is not None:
            if self._keep_30 is None:
                self._keep_30 = np.where(self._keep > 0, np.int32(-1), BLACK_30).astype(np.int32)
            cv2.bitwise_and(part, self._keep_30, part)
        return wide
