"""Where the other view of a breast must show what one view shows: a band with an uncertainty, and who lies in it.

Two rules are in use. The arc: a lesion keeps its distance from the nipple from CC to MLO (Kopans; used for matching by
Paquerault et al., Med Phys 2002, and van Engeland et al., IEEE TMI 2006). The strip: it keeps its depth along the
posterior nipple line (Zheng et al., Radiology 2006). Which one errs less, and how wide the band must be, was measured
on the training folds of CBIS-DDSM (docs/results/correspondence.md, ADR 0312).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from mammoview.core.marks import Point
from mammoview.imaging.location import ViewFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Rule(StrEnum):
    """What a lesion keeps from one view to the other."""

    ARC = "distance from the nipple"
    STRIP = "depth along the posterior nipple line"


#: Half the width of a band that holds the partner of nine in ten masses of the training folds.
HALF_WIDTH_MM: Final = {Rule.ARC: 25.0, Rule.STRIP: 21.0}
#: The same as a share of the breast's depth, for views without a spacing.
HALF_WIDTH_SHARE: Final = {Rule.ARC: 0.35, Rule.STRIP: 0.24}
#: The standard deviation of a normal distribution that has nine tenths within the half width.
_NINE_TENTHS = 1.645
#: The band is drawn on a copy of about this many pixels along the longer side.
_DRAW_PX = 1000


@dataclass(frozen=True)
class Band:
    """Where the partner is expected on the other view.

    Attributes
    ----------
    rule
        What is kept.
    value
        The distance or depth that is kept, in ``unit`` of the other view.
    half_width
        In the same unit; nine in ten partners lie within it.
    unit
        ``mm`` or ``px``.
    """

    rule: Rule
    value: float
    half_width: float
    unit: str

    def offset(self, other: ViewFrame, point: Point) -> float | None:
        """How far a point of the other view lies behind (+) or before (−) the band's middle; None without a nipple."""
        measured = _measure(self.rule, other, point)
        return None if measured is None else measured - self.value

    def holds(self, other: ViewFrame, point: Point) -> bool:
        """Whether a point of the other view lies within the band."""
        offset = self.offset(other, point)
        return offset is not None and abs(offset) <= self.half_width


@dataclass(frozen=True)
class BandOutline:
    """A band in native pixels of the other view, clipped to the breast.

    Attributes
    ----------
    middle
        Polylines of equal distance or depth.
    edges
        Closed outlines of the band's pieces.
    """

    middle: tuple[tuple[Point, ...], ...]
    edges: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True)
class Partner:
    """A candidate of the other view that lies in the band.

    Attributes
    ----------
    id
        Of the candidate.
    offset
        From the band's middle, in the band's unit.
    fit
        In (0, 1]: 1 in the middle, falling off as a normal distribution does.
    """

    id: str
    offset: float
    fit: float


def band_for(one: ViewFrame, point: Point, other: ViewFrame, *, rule: Rule = Rule.ARC) -> Band | None:
    """The band on the other view that belongs to a point of one view.

    Parameters
    ----------
    one
        The view that shows the finding.
    point
        (row, column), its native pixels.
    other
        The view to look at.
    rule
        What is kept.

    Returns
    -------
    Band or None
        None where a nipple is not known. Unless both views have millimetres, lengths are carried over as shares of each
        view's depth; None where that is not known either.

    Raises
    ------
    ValueError
        When the views are of two breasts.
    """
    if one.side is not other.side:
        raise ValueError("a pair of views of two breasts")
    value = _measure(rule, one, point)
    if value is None or other.landmarks.nipple is None:
        return None
    if one.unit == other.unit == "mm":
        return Band(rule, value, HALF_WIDTH_MM[rule], "mm")
    if not one.depth or not other.depth:
        return None
    return Band(rule, value / one.depth * other.depth, HALF_WIDTH_SHARE[rule] * other.depth, other.unit)


def rank_partners(band: Band, other: ViewFrame, candidates: Sequence[tuple[str, Point]]) -> tuple[Partner, ...]:
    """The candidates of the other view inside a band, the best fitting first.

    Parameters
    ----------
    candidates
        Id and place, native pixels. Which kinds may be partners is the caller's to say.
    """
    found = []
    for name, point in candidates:
        offset = band.offset(other, point)
        if offset is not None and abs(offset) <= band.half_width:
            fit = math.exp(-0.5 * (offset * _NINE_TENTHS / band.half_width) ** 2)
            found.append(Partner(name, offset, fit))
    return tuple(sorted(found, key=lambda partner: (-partner.fit, partner.id)))


def outline_of(band: Band, other: ViewFrame, breast: NDArray[np.bool_]) -> BandOutline:
    """Draw a band on the other view.

    Parameters
    ----------
    other
        The view to draw on; its nipple is known.
    breast
        Shape (rows, columns), bool: the breast on it.

    Returns
    -------
    BandOutline
        Nothing in it where the band misses the breast.
    """
    step = max(1.0, max(breast.shape) / _DRAW_PX)
    rows, columns = (max(1, round(side / step)) for side in breast.shape)
    scale = breast.shape[0] / rows, breast.shape[1] / columns
    inside = cv2.resize(breast.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_AREA) > 0
    field = _field(band.rule, other, (rows, columns), scale) - band.value
    middle = tuple(line for piece in _pieces(inside & (field <= 0)) for line in _level(piece, field, inside, scale))
    edges = tuple(tuple(_native(piece, scale)) for piece in _pieces(inside & (np.abs(field) <= band.half_width)))
    return BandOutline(middle, edges)


def _measure(rule: Rule, frame: ViewFrame, point: Point) -> float | None:
    if rule is Rule.ARC:
        return frame.distance(point)
    at = frame.along_across(point)
    return None if at is None else at[0]


def _field(rule: Rule, frame: ViewFrame, shape: tuple[int, int], scale: tuple[float, float]) -> NDArray[np.float64]:
    """What the rule keeps, at each pixel of a reduced copy."""
    assert frame.landmarks.nipple is not None
    row = (np.arange(shape[0]) + 0.5)[:, None] * scale[0]
    col = (np.arange(shape[1]) + 0.5)[None] * scale[1]
    from_row, from_col = frame.landmarks.nipple.point
    down, right = frame.spacing
    if rule is Rule.ARC:
        return np.asarray(np.hypot((row - from_row) * down, (col - from_col) * right))
    # Depth is linear in the point: three measurements tell the plane.
    start, per_row, per_col = (_depth_at(frame, at) for at in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
    return np.asarray(start + row * (per_row - start) + col * (per_col - start))


def _depth_at(frame: ViewFrame, point: Point) -> float:
    at = frame.along_across(point)
    return float("nan") if at is None else at[0]


def _pieces(mask: NDArray[np.bool_]) -> list[NDArray[np.int32]]:
    """Outlines of the pieces of a mask, each shape (n, 2), (column, row); specks are left out."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(piece[:, 0], dtype=np.int32) for piece in found if len(piece) >= 8]


def _level(
    piece: NDArray[np.int32], field: NDArray[np.float64], inside: NDArray[np.bool_], scale: tuple[float, float]
) -> list[tuple[Point, ...]]:
    """The parts of an outline that lie on the level line, not on the skin."""
    rows, columns = inside.shape
    # On the level line a neighbour lies beyond it and still in the breast.
    beyond = cv2.dilate((inside & (field > 0)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    is_level = beyond[np.clip(piece[:, 1], 0, rows - 1), np.clip(piece[:, 0], 0, columns - 1)]
    if not is_level.any():
        return []
    if not is_level.all():
        start = int(np.flatnonzero(~is_level)[0])
        piece, is_level = np.roll(piece, -start, axis=0), np.roll(is_level, -start)
    steps = np.flatnonzero(np.diff(is_level.astype(np.int8), prepend=0, append=0))
    return [
        tuple(_native(piece[first:last], scale))
        for first, last in zip(steps[::2], steps[1::2], strict=True)
        if last - first > 2
    ]


def _native(points: NDArray[np.int32], scale: tuple[float, float]) -> list[Point]:
    return [((float(row) + 0.5) * scale[0], (float(col) + 0.5) * scale[1]) for col, row in points]
