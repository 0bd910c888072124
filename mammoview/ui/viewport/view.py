"""The 16-bit pixels that a pane shows of an image, before the table. numpy and OpenCV, no Qt.

While the size changes they are a quick look; the exact ones follow at rest (see docs/adr/0250-area-averages.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import PixelTransform
from mammoview.imaging.resample import Axis, glance, resample
from mammoview.ui.viewport.warp import Target, level_for, sharp_level, target_of


@dataclass(frozen=True, eq=False)
class View:
    """What a pane shows of an image, before the table.

    Attributes
    ----------
    to_device, size
        What it was made for.
    target
        The device pixels that the image covers.
    values
        Shape ``target.size``, uint16.
    keep
        uint8, 0 where the pane stays black whatever the table, else 255; None where it never does.
    is_exact
        Whether it was made by area averages and cubic convolution, not by a quick bilinear look.
    """

    to_device: PixelTransform
    size: tuple[int, int]
    target: Target
    values: NDArray[np.uint16]
    keep: NDArray[np.uint8] | None
    is_exact: bool


class Viewer:
    """Makes the views of one image.

    Parameters
    ----------
    levels, blackened
        As in `mammoview.ui.viewport.render.GrayRenderer`.
    """

    def __init__(self, levels: Sequence[NDArray[np.uint16]], blackened: Sequence[Sequence[NDArray[np.uint8]]]) -> None:
        self._levels = levels
        self._blackened = [pyramid for pyramid in blackened if pyramid]

    def place(self, last: View | None, to_device: PixelTransform, size: tuple[int, int]) -> View | None:
        """A quick view for a pane of ``size`` (rows, columns) device pixels; None where the image lies outside.

        After a shift by whole device pixels what is still seen of an exact view is kept, and only what has come into
        sight is made, exactly. Whole multiples of the acquired pixels on whole device pixels are exact at once.
        """
        rows, columns = self._levels[0].shape
        target = target_of(to_device, rows, columns, size)
        if target.is_empty:
            return None
        shift = _shift(last, to_device, size)
        if last is not None and last.is_exact and shift is not None:
            return self._shifted(last, to_device, target, shift)
        is_exact = all(axis.multiple is not None for axis in self._axes(to_device, target, 0)[:2])
        return self._made(to_device, size, target, is_exact=is_exact)

    def exact(self, to_device: PixelTransform, size: tuple[int, int]) -> View | None:
        """The exact view for a pane; takes some milliseconds and may run on another thread."""
        rows, columns = self._levels[0].shape
        target = target_of(to_device, rows, columns, size)
        return None if target.is_empty else self._made(to_device, size, target, is_exact=True)

    def _made(self, to_device: PixelTransform, size: tuple[int, int], target: Target, *, is_exact: bool) -> View:
        values, keep = self._pixels(to_device, target, is_exact=is_exact)
        return View(to_device, size, target, values, keep, is_exact)

    def _pixels(
        self, to_device: PixelTransform, target: Target, *, is_exact: bool
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint8] | None]:
        find = sharp_level if is_exact else level_for
        k = find(to_device, len(self._levels))
        values = np.asarray(self._part(self._levels[k], to_device, target, k, is_exact=is_exact), np.uint16)
        keep = None
        for pyramid in self._blackened:
            first = len(self._levels) - len(pyramid)
            at = max(k, first)
            mask = self._part(pyramid[at - first], to_device, target, at, is_exact=is_exact)
            one = np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY_INV)[1], np.uint8)
            keep = one if keep is None else np.asarray(cv2.bitwise_and(keep, one), np.uint8)
        return values, keep

    def _part(
        self,
        level: NDArray[np.uint8] | NDArray[np.uint16],
        to_device: PixelTransform,
        target: Target,
        k: int,
        *,
        is_exact: bool,
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        rows, columns, is_transposed = self._axes(to_device, target, k)
        made = resample(level, rows, columns) if is_exact else glance(level, rows, columns)
        return made if not is_transposed else cv2.transpose(made)  # type: ignore[return-value]  # OpenCV keeps the type

    def _axes(self, to_device: PixelTransform, target: Target, k: int) -> tuple[Axis, Axis, bool]:
        """Native rows and native columns on the device, and whether they change places."""
        (a, b, c), (d, e, f) = to_device.matrix
        is_transposed = abs(b) > abs(a)
        down, across = (target.row0, target.row1), (target.col0, target.col1)
        row, col = ((d, f, *across), (b, c, *down)) if is_transposed else ((a, c, *down), (e, f, *across))
        lengths = [length / 2**k for length in self._levels[0].shape]
        return (
            Axis(row[0] * 2**k, row[1], row[2], row[3], lengths[0]),
            Axis(col[0] * 2**k, col[1], col[2], col[3], lengths[1]),
            is_transposed,
        )

    def _shifted(self, view: View, to_device: PixelTransform, target: Target, shift: tuple[int, int]) -> View:
        """The kept view moved, with strips at its edges where something came into sight."""
        seen = Target(
            max(target.row0, view.target.row0 + shift[0]),
            max(target.col0, view.target.col0 + shift[1]),
            min(target.row1, view.target.row1 + shift[0]),
            min(target.col1, view.target.col1 + shift[1]),
        )
        if seen.is_empty:
            return self._made(to_device, view.size, target, is_exact=False)
        values = np.empty(target.size, np.uint16)
        keep = np.empty(target.size, np.uint8) if view.keep is not None else None
        here = _inside(seen, target)
        there = _inside(seen, replace(view.target, row0=view.target.row0 + shift[0], col0=view.target.col0 + shift[1]))
        values[here] = view.values[there]
        if keep is not None and view.keep is not None:
            keep[here] = view.keep[there]
        for strip in _around(seen, target):
            new, mask = self._pixels(to_device, strip, is_exact=True)
            values[_inside(strip, target)] = new
            if keep is not None and mask is not None:
                keep[_inside(strip, target)] = mask
        return View(to_device, view.size, target, values, keep, view.is_exact)


def _inside(part: Target, whole: Target) -> tuple[slice, slice]:
    return (
        slice(part.row0 - whole.row0, part.row1 - whole.row0),
        slice(part.col0 - whole.col0, part.col1 - whole.col0),
    )


def _around(part: Target, whole: Target) -> list[Target]:
    """``whole`` without ``part``, in at most four pieces."""
    pieces = (
        Target(whole.row0, whole.col0, part.row0, whole.col1),
        Target(part.row1, whole.col0, whole.row1, whole.col1),
        Target(part.row0, whole.col0, part.row1, part.col0),
        Target(part.row0, part.col1, part.row1, whole.col1),
    )
    return [piece for piece in pieces if not piece.is_empty]


def _shift(last: View | None, to_device: PixelTransform, size: tuple[int, int]) -> tuple[int, int] | None:
    """Whole device pixels (rows, columns) from the last view to ``to_device``; None where they differ otherwise."""
    if last is None or last.size != size:
        return None
    (a, b, c), (d, e, f) = to_device.matrix
    (a0, b0, c0), (d0, e0, f0) = last.to_device.matrix
    if (a, b, d, e) != (a0, b0, d0, e0):
        return None
    rows, columns = round(c - c0), round(f - f0)
    is_whole = abs(c - c0 - rows) < 1e-6 and abs(f - f0 - columns) < 1e-6
    return (rows, columns) if is_whole else None
