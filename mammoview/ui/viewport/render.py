"""From a display pyramid to the gray pixels of one pane. numpy and OpenCV, no Qt.

The resampled 16-bit view is kept, so that a window step costs one table lookup (see docs/adr/0080-display-path.md).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import PixelTransform
from mammoview.ui.viewport.output import BLACK_30, DITHER
from mammoview.ui.viewport.view import View, Viewer
from mammoview.ui.viewport.warp import Target, level_for, target_of, warp

__all__ = ["Gray", "GrayRenderer", "Table", "Target", "apply_table", "level_for", "target_of", "warp"]

#: 8-bit gray, gray in 256ths of a level to be dithered, or 30-bit pixels.
Table: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]
#: 8-bit gray or 30-bit pixels.
Gray: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]


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
        self._viewer = Viewer(levels, blackened)
        self._view: View | None = None
        self._keep_30: NDArray[np.int32] | None = None
        self._gray = np.zeros((0, 0), np.uint8)
        self._fine: NDArray[np.uint16] | None = None
        self._pattern = DITHER
        self._wide: NDArray[np.int32] | None = None

    @property
    def target(self) -> Target:
        """The device pixels that the image covered when it was last placed."""
        return self._view.target if self._view else Target(0, 0, 0, 0)

    @property
    def is_exact(self) -> bool:
        """Whether what is shown is as good as `exact` can make it."""
        return self._view is None or self._view.is_exact

    def place(self, to_device: PixelTransform, size: tuple[int, int]) -> None:
        """Resample for a pane of ``size`` (rows, columns) device pixels: as `Viewer.place`."""
        self._show(self._viewer.place(self._view, to_device, size), size)

    def exact(self, to_device: PixelTransform, size: tuple[int, int]) -> View | None:
        """The exact view, for `settle`; may run on another thread."""
        return self._viewer.exact(to_device, size)

    def settle(self, view: View | None) -> bool:
        """Show an exact view, unless the pane was placed otherwise since: whether it is shown."""
        shown = self._view
        if view is None or shown is None or (shown.to_device, shown.size) != (view.to_device, view.size):
            return False
        self._show(view, view.size)
        return True

    def _show(self, view: View | None, size: tuple[int, int]) -> None:
        self._fine, self._wide, self._keep_30 = None, None, None
        if self._gray.shape != size:
            self._gray = np.zeros(size, np.uint8)
        elif view is None or view.target != self.target:
            self._gray.fill(0)
        self._view = view

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
        view = self._view
        if view is None:
            return self._gray
        target = view.target
        part = self._gray[target.row0 : target.row1, target.col0 : target.col1]
        if table.dtype == np.uint16:
            self._dither(view, table, part)
        else:
            apply_table(view.values, table, part)
        if view.keep is not None:
            cv2.bitwise_and(part, view.keep, part)
        return self._gray

    def _dither(self, view: View, table: Table, out: NDArray[np.uint8]) -> None:
        """Look up in 256ths of a gray level and round up or down by the place on the pane."""
        rows, columns = view.target.size
        if self._fine is None:
            self._fine = np.empty((rows, columns), np.uint16)
            self._pattern = np.tile(DITHER, (rows // 2 + 1, columns // 2 + 1))[:rows, :columns].copy()
        fine = self._fine
        apply_table(view.values, table, fine)
        cv2.add(fine, self._pattern, fine)
        # The whole levels are the high bytes.
        np.copyto(out, fine.view(np.uint8)[:, int(sys.byteorder == "little") :: 2])

    def _gray_30(self, table: Table) -> NDArray[np.int32]:
        """As `gray`, 30-bit pixels."""
        if self._wide is None:
            self._wide = np.full(self._gray.shape, BLACK_30, np.int32)
        wide, view = self._wide, self._view
        if view is None:
            return wide
        target = view.target
        part = wide[target.row0 : target.row1, target.col0 : target.col1]
        apply_table(view.values, table, part)
        if view.keep is not None:
            if self._keep_30 is None:
                self._keep_30 = np.where(view.keep > 0, np.int32(-1), BLACK_30).astype(np.int32)
            cv2.bitwise_and(part, self._keep_30, part)
        return wide
