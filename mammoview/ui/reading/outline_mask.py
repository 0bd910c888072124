"""An outline under a brush: drawn on a small mask, painted over, and traced again. numpy and OpenCV, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.marks import Point

#: Cells along one side of the mask at the most: tracing more takes longer than a move of the mouse.
_MOST_CELLS = 1600
_MARGIN_CELLS = 3


@dataclass(frozen=True)
class Brush:
    """A round brush on the screen, as native pixels see it.

    Attributes
    ----------
    radius
        (rows, columns), native pixels; they differ where the spacing does.
    is_erasing
        Whether it takes away.
    """

    radius: tuple[float, float]
    is_erasing: bool = False


def painted(
    outline: Sequence[Point], stroke: Sequence[Point], brush: Brush, shape: tuple[int, int]
) -> tuple[Point, ...]:
    """The outline after a stroke of the brush.

    Parameters
    ----------
    outline
        (row, column), native pixels; without points, a place or a line is grown from nothing.
    stroke
        Where the brush went; alike.
    brush
        Its size, and what it does.
    shape
        (rows, columns) of the image: nothing is painted outside.

    Returns
    -------
    tuple of Point
        The largest piece, without holes; nothing where nothing is left.
    """
    area, path = np.array(outline, np.float64).reshape(-1, 2), np.array(stroke, np.float64).reshape(-1, 2)
    reach = np.array(brush.radius)
    around = np.concatenate((area, path - reach, path + reach))
    # Half a device pixel, as the brush tells its size; a cell is never finer than half a native pixel.
    step = np.maximum(reach / 16, 0.5)
    step = step * max(1.0, float((np.ptp(around, axis=0) / step).max()) / _MOST_CELLS)
    origin = around.min(axis=0) - _MARGIN_CELLS * step
    rows, cols = (int(side) for side in np.ceil((around.max(axis=0) - origin) / step) + _MARGIN_CELLS)
    mask = np.zeros((rows, cols), np.uint8)

    def cells(points: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.asarray(np.rint((points - origin) / step - 0.5), np.int32)[:, ::-1].reshape(-1, 1, 2)

    if len(area) > 2:
        cv2.fillPoly(mask, [cells(area)], 1)
    stamp = np.zeros_like(mask)
    width = max(1, round(2 * float((reach / step).mean())))
    cv2.polylines(stamp, [cells(path)], isClosed=False, color=1, thickness=width)
    if len(path) == 1:
        cv2.circle(stamp, cells(path)[0, 0].tolist(), width // 2, 1, -1)
    mask[stamp > 0] = 0 if brush.is_erasing else 1
    return _traced(mask, origin, step, shape)


def _traced(
    mask: NDArray[np.uint8], origin: NDArray[np.float64], step: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[Point, ...]:
    pieces, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(pieces, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < 1:
        return ()
    line = cv2.approxPolyDP(largest, 0.75, closed=True)[:, 0, ::-1]
    points = np.clip((line + 0.5) * step + origin, 0, np.array(shape, np.float64))
    return tuple((float(row), float(col)) for row, col in points) if len(points) > 2 else ()
