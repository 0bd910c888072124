"""Several slices as one: the brightest value or the mean of each pixel. OpenCV lets go of the interpreter lock."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.image import StoredImage
from mammoview.imaging import pyramid


class SlabMode(StrEnum):
    """How slices are put together."""

    SINGLE = "single slice"
    MIP = "MIP"
    AVERAGE = "average"

    @property
    def following(self) -> SlabMode:
        """The next one, round and round."""
        modes = list(SlabMode)
        return modes[(modes.index(self) + 1) % len(modes)]


def project(frames: Sequence[NDArray[np.uint16]], mode: SlabMode) -> NDArray[np.uint16]:
    """Put slices together.

    Parameters
    ----------
    frames
        At least one, all of one shape (rows, columns), uint16.
    mode
        MIP takes the highest value; AVERAGE the mean, rounded; SINGLE the first slice.

    Returns
    -------
    ndarray, same shape, uint16
    """
    if mode is SlabMode.SINGLE or len(frames) == 1:
        return frames[0]
    if mode is SlabMode.MIP:
        highest = np.asarray(cv2.max(frames[0], frames[1]))
        for frame in frames[2:]:
            cv2.max(highest, frame, highest)
        return np.asarray(highest, np.uint16)
    # Sums of 256 values of 16 bits are whole numbers that float32 holds exactly.
    total = frames[0].astype(np.float32)
    for frame in frames[1:]:
        cv2.accumulate(frame, total)
    mean = cv2.multiply(total, 1.0 / len(frames), dtype=cv2.CV_16U)  # type: ignore[call-overload]  # a number will do
    return np.asarray(mean, np.uint16)


def slab_pyramid(
    frames: Sequence[NDArray[np.uint16]], mode: SlabMode, padding: tuple[int, int] | None
) -> tuple[NDArray[np.uint16], ...]:
    """The display pyramid of a slab.

    Parameters
    ----------
    frames
        As in `project`.
    padding
        Inclusive range of the values that are padding in every frame, or None; it stays out of the averages.

    Returns
    -------
    tuple of ndarray
        As `mammoview.core.image.DisplayImage` wants its levels.
    """
    pixels = project(frames, mode)
    is_padding = None
    if padding is not None:
        is_padding = np.asarray(cv2.inRange(pixels, np.array([padding[0]]), np.array([padding[1]])), np.uint8) > 0
    return pyramid.build(StoredImage(pixels, 0, is_padding))[0]


def within(depths_mm: Sequence[float], frames: int, position: int, thickness: float) -> range:
    """The positions that a slab around a slice takes in.

    Parameters
    ----------
    depths_mm
        Heights of the slices, rising; empty where unknown.
    frames
        How many slices there are.
    position
        The middle slice.
    thickness
        Millimetres, or slices where heights are unknown.

    Returns
    -------
    range
        The slice itself at least. A slice belongs to the slab when its middle lies in it.
    """
    if not depths_mm:
        half = (round(thickness) - 1) // 2
        return range(max(0, position - half), min(frames, position + half + 1))
    first = last = position
    while first > 0 and depths_mm[position] - depths_mm[first - 1] < thickness / 2:
        first -= 1
    while last < frames - 1 and depths_mm[last + 1] - depths_mm[position] < thickness / 2:
        last += 1
    return range(first, last + 1)
