"""Lengths, angles, areas and gray statistics of what a reader draws. numpy only; points are native (row, column).

Every measure works in the plane of the breast: rows and columns are scaled by their own spacing before anything is
squared (MG-C09). Without a spacing the unit is the pixel, and pixels count as square.

Errors say what one native pixel does. The ends of a distance and the three points of an angle can each lie one pixel
off along the row and one along the column, independently: the first-order law of the propagation of errors gives the
sum in quadrature. An outline can be drawn one pixel too far in or out all the way round: the perimeter times a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.marks import Mark, MarkKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mammoview.core.marks import Point

Spacing = tuple[float, float]

#: Points of the polygon that stands for an ellipse when its perimeter is asked for: off by 4 parts in 100,000.
_ELLIPSE_STEPS = 360


@dataclass(frozen=True)
class Quantity:
    """A measured value with its error, both in ``unit`` (``mm``, ``mm²``, ``px``, ``px²`` or ``°``)."""

    value: float
    error: float
    unit: str


@dataclass(frozen=True)
class Statistics:
    """Modality values of the pixels whose centres lie inside a closed mark.

    Attributes
    ----------
    mean, deviation, minimum, maximum
        In modality values (no unit); the deviation divides by the count. NaN where ``count`` is 0.
    count
        Pixels measured.
    padding_count
        Pixels inside that are padding, and so were left out (MG-E02).
    """

    mean: float
    deviation: float
    minimum: float
    maximum: float
    count: int
    padding_count: int


def quantity(mark: Mark, spacing_mm: Spacing | None) -> Quantity | None:
    """What a mark measures: a length, an angle or an area.

    Parameters
    ----------
    spacing_mm
        (row, column) of a pixel at the breast, mm; None where unknown.

    Returns
    -------
    Quantity or None
        None for arrows and texts, for an angle with an arm of no length, and for an outline that crosses itself: its
        area means nothing.
    """
    if mark.kind is MarkKind.DISTANCE:
        return length(mark.points[0], mark.points[1], spacing_mm)
    if mark.kind is MarkKind.ANGLE:
        return angle(mark.points[0], mark.points[1], mark.points[2], spacing_mm)
    if mark.kind is MarkKind.ELLIPSE:
        return ellipse_area(mark.points[0], mark.points[1], spacing_mm)
    if mark.kind.is_closed:
        return polygon_area(mark.points, spacing_mm)
    return None


def length(start: Point, end: Point, spacing_mm: Spacing | None) -> Quantity:
    """The distance between two points.

    Parameters
    ----------
    spacing_mm
        (row, column), mm; None gives pixels.
    """
    scale, unit = _scale(spacing_mm)

    def measured(points: NDArray[np.float64]) -> float:
        return float(np.hypot(*((points[1] - points[0]) * scale)))

    points = np.array((start, end), np.float64)
    # A distance of nothing has no direction; either end may still lie a pixel off.
    error = _propagated(measured, points) if measured(points) > 0 else math.sqrt(2.0) * float(scale.max())
    return Quantity(measured(points), error, unit)


def angle(first: Point, vertex: Point, second: Point, spacing_mm: Spacing | None) -> Quantity | None:
    """The angle at ``vertex`` between the arms to ``first`` and ``second``, 0 to 180 degrees.

    Parameters
    ----------
    spacing_mm
        (row, column), mm; None counts pixels as square.

    Returns
    -------
    Quantity or None
        None where an arm has no length.
    """
    scale, _ = _scale(spacing_mm)

    def measured(points: NDArray[np.float64]) -> float:
        one, other = (points[0] - points[1]) * scale, (points[2] - points[1]) * scale
        cross, dot = one[0] * other[1] - one[1] * other[0], float(one @ other)
        return math.degrees(math.atan2(abs(cross), dot))

    if vertex in (first, second):
        return None
    points = np.array((first, vertex, second), np.float64)
    return Quantity(measured(points), min(180.0, _propagated(measured, points)), "°")


def polygon_area(points: Sequence[Point], spacing_mm: Spacing | None) -> Quantity | None:
    """The area inside a closed line (shoelace formula).

    Parameters
    ----------
    points
        Its corners; the last one is joined to the first.
    spacing_mm
        (row, column), mm; None gives square pixels.

    Returns
    -------
    Quantity or None
        None where the line crosses itself.
    """
    corners = np.asarray(points, np.float64)
    if crosses_itself(corners):
        return None
    following = np.roll(corners, -1, axis=0)
    area_px = abs(float(np.sum(corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]))) / 2
    return _area(area_px, corners, spacing_mm)


def ellipse_area(corner: Point, opposite: Point, spacing_mm: Spacing | None) -> Quantity:
    """The area of the ellipse in the box between two corners. Arguments as in `polygon_area`."""
    area_px = math.pi / 4 * abs(opposite[0] - corner[0]) * abs(opposite[1] - corner[1])
    line = Mark("", "", MarkKind.ELLIPSE, (corner, opposite)).outline(_ELLIPSE_STEPS)
    return _area(area_px, np.array(line), spacing_mm)


def _area(area_px: float, corners: NDArray[np.float64], spacing_mm: Spacing | None) -> Quantity:
    scale, unit = _scale(spacing_mm)
    perimeter_px = float(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).sum())
    pixel = float(scale[0] * scale[1])
    return Quantity(area_px * pixel, perimeter_px * pixel, f"{unit}²")


def crosses_itself(corners: NDArray[np.float64]) -> bool:
    """Whether two sides of a closed line meet anywhere but in the corner that they share.

    Parameters
    ----------
    corners
        Shape (n, 2), float64.
    """
    start = corners[np.any(corners != np.roll(corners, -1, axis=0), axis=1)]
    side = np.roll(start, -1, axis=0) - start
    # Point p of side i meets point q of side j: start_i + p side_i = start_j + q side_j.
    between = start[None, :, :] - start[:, None, :]
    det = _cross(side[:, None, :], side[None, :, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        p = _cross(between, side[None, :, :]) / det
        q = _cross(between, side[:, None, :]) / det
        meets = (p >= 0) & (p < 1) & (q >= 0) & (q < 1)
    apart = np.abs(np.subtract.outer(np.arange(len(start)), np.arange(len(start))))
    meets[(apart <= 1) | (apart == len(start) - 1)] = False
    return bool(meets.any())


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])


def _scale(spacing_mm: Spacing | None) -> tuple[NDArray[np.float64], str]:
    return (np.ones(2), "px") if spacing_mm is None else (np.array(spacing_mm, np.float64), "mm")


def _propagated(measured: Callable[[NDArray[np.float64]], float], points: NDArray[np.float64]) -> float:
    """The error of ``measured`` when every coordinate is off by one native pixel, independently, to first order."""
    step = 1e-4
    total = 0.0
    for index in np.ndindex(points.shape):
        up, down = points.copy(), points.copy()
        up[index] += step
        down[index] -= step
        total += ((measured(up) - measured(down)) / (2 * step)) ** 2
    return math.sqrt(total)


def inside(mark: Mark, rows: int, columns: int) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """The pixels whose centres lie inside a closed mark; where a line crosses itself, by the even-odd rule.

    Parameters
    ----------
    mark
        An area, an ellipse or a polygon.
    rows, columns
        Size of the image.

    Returns
    -------
    box
        Index of the part of the image that the mark touches.
    mask
        Shape of that part, bool.
    """
    line = np.asarray(mark.points, np.float64)
    low = np.clip(np.floor(line.min(axis=0)), 0, (rows, columns)).astype(int)
    high = np.clip(np.ceil(line.max(axis=0)), low, (rows, columns)).astype(int)
    box = slice(low[0], high[0]), slice(low[1], high[1])
    if mark.kind is not MarkKind.ELLIPSE:
        return box, _polygon_mask(line - low, int(high[0] - low[0]), int(high[1] - low[1]))
    centre, half = line.mean(axis=0), np.abs(line[1] - line[0]) / 2
    if not half.all():
        return box, np.zeros((high[0] - low[0], high[1] - low[1]), bool)
    across_rows = ((np.arange(low[0], high[0]) + 0.5 - centre[0]) / half[0]) ** 2
    across_columns = ((np.arange(low[1], high[1]) + 0.5 - centre[1]) / half[1]) ** 2
    return box, np.asarray(across_rows[:, None] + across_columns[None, :] <= 1.0)


def _polygon_mask(line: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.bool_]:
    """Even-odd filling: along each row of pixel centres every side that is crossed turns inside to outside."""
    turns = np.zeros((rows, columns + 1), np.uint8)
    for (row0, col0), (row1, col1) in zip(line, np.roll(line, -1, axis=0), strict=True):
        top, bottom = sorted((row0, row1))
        crossed = np.arange(max(0, math.ceil(top - 0.5)), min(rows, math.ceil(bottom - 0.5)))
        if not crossed.size:
            continue
        at = col0 + (crossed + 0.5 - row0) * (col1 - col0) / (row1 - row0)
        # Each row once a side, so that plain indexing misses none.
        turns[crossed, np.clip(np.ceil(at - 0.5), 0, columns).astype(int)] ^= 1
    return np.bitwise_xor.accumulate(turns, axis=1)[:, :columns].astype(bool)


def statistics(
    mark: Mark,
    pixels: NDArray[np.uint16],
    *,
    value_offset: int = 0,
    slope: float = 1.0,
    intercept: float = 0.0,
    padding: NDArray[np.bool_] | NDArray[np.uint8] | None = None,
) -> Statistics:
    """Mean, deviation and range of the modality values inside a closed mark, padding left out (MG-E02).

    Parameters
    ----------
    mark
        An area, an ellipse or a polygon.
    pixels
        Shape (rows, columns), uint16: the frame that the mark lies on.
    value_offset
        A stored value is ``pixels + value_offset``.
    slope, intercept
        The modality rescale.
    padding
        Shape (rows, columns), bool, or uint8 with 255 for padding; None for none.
    """
    box, mask = inside(mark, *pixels.shape)
    measured = mask
    if padding is not None:
        measured = mask & ~(padding[box] > (0 if padding.dtype == np.bool_ else 127))
    values = (pixels[box][measured].astype(np.float64) + value_offset) * slope + intercept
    left_out = int(mask.sum()) - values.size
    if not values.size:
        return Statistics(math.nan, math.nan, math.nan, math.nan, 0, left_out)
    return Statistics(
        float(values.mean()), float(values.std()), float(values.min()), float(values.max()), values.size, left_out
    )
