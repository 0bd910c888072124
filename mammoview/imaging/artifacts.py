"""What lies on an image and is no breast: letters, stickers, tape, redaction bars, stripes, stray film edges.

Everything that stands out of the background beyond the breast is an artifact; its kind follows from its shape, its
evenness and its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import ArtifactKind
from mammoview.core.study import Laterality
from mammoview.imaging.background import LEVEL, Background
from mammoview.imaging.breast import BreastArea
from mammoview.imaging.frame_edges import border_bands
from mammoview.imaging.workcopy import disk

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Shares of the long side: the rim of the breast where nothing is called an artifact, the gap between letters of one
# word, and the thickest digitiser stripe.
_RIM_SHARE = 0.008
_WORD_GAP_SHARE = 0.012
_STRIPE_SHARE = 0.005
_BORDER_SHARE = 0.008
_FADING_SHARE = 0.025
# Share of the image's area below which a speck is dust.
_LEAST_AREA_SHARE = 2e-4
# What rises less is uneven exposure.
_LEAST_RISE = 8 * LEVEL
_LEAST_FILL = 0.8
_WALL_SHARE = 0.1
_BORDERS = (None, Laterality.RIGHT, None, Laterality.LEFT)


@dataclass(frozen=True, eq=False)
class FoundArtifact:
    """An artifact on a work copy: its kind and its pixels (bool, shape of the copy)."""

    kind: ArtifactKind
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class _Shape:
    """What a piece looks like: sides of its tightest rectangle, how full it is, where it lies."""

    long: float
    short: float
    fill: float
    tilt: float
    meets_border: bool


def find_stripes(
    background: Background, *, free: NDArray[np.bool_], breast: BreastArea
) -> tuple[NDArray[np.bool_], ...]:
    """Find the thin lines that a digitiser leaves across a whole film.

    Parameters
    ----------
    background
        The image with its background taken off.
    free
        Same shape, bool: where neither film edge nor padding lies.
    breast
        Where the breast is.

    Returns
    -------
    tuple of ndarray, same shape, bool
        One for each line, the breast left out.
    """
    side = max(free.shape)
    thickest = max(3, round(_STRIPE_SHARE * side) | 1)
    # The skin line fades into the background, and would pass for a stripe where it runs straight.
    far = free & ~(cv2.dilate(breast.mask.astype(np.uint8), disk(_FADING_SHARE * side)) > 0)
    glow = round(_WALL_SHARE / 2 * free.shape[1])
    far[:, slice(0, glow) if breast.side is Laterality.LEFT else slice(free.shape[1] - glow, None)] = False
    found = []
    for is_column in (False, True):
        residual, is_far = (background.residual.T, far.T) if is_column else (background.residual, far)
        for line in _lines(residual, is_far, thickest=thickest, noise=background.noise):
            mask = np.zeros(is_far.shape, dtype=bool)
            mask[line] = True
            found.append((mask.T if is_column else mask) & free & ~breast.mask)
    return tuple(found)


def _lines(residual: NDArray[np.float32], is_free: NDArray[np.bool_], *, thickest: int, noise: float) -> list[slice]:
    """Runs of rows that rise over their surroundings all the way across, one row of rim included."""
    rows = is_free.shape[0]
    enough = is_free.sum(axis=1) > 0.08 * is_free.shape[1]
    # The profile at the border is the film's edge, not a stripe.
    margin = round(_BORDER_SHARE * rows)
    enough[:margin] = enough[rows - margin :] = False
    if enough.sum() < 16:
        return []
    # A row of letters rises in places, a stripe nearly everywhere.
    profile = np.nanpercentile(np.where(is_free, residual, np.nan)[enough], 25, axis=1)
    filled = np.interp(np.arange(rows), np.flatnonzero(enough), profile)
    base = cv2.morphologyEx(filled[None].astype(np.float32), cv2.MORPH_OPEN, np.ones((1, 2 * thickest + 1), np.uint8))[
        0
    ]
    rise = filled - base
    quiet = float(np.median(np.abs(rise - np.median(rise))))
    peaks = (rise > max(2.5 * LEVEL, 0.5 * noise, 10.0 * quiet)) & enough
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], peaks.astype(np.int8), [0]])))
    return [slice(max(0, start - 1), stop + 1) for start, stop in bounds.reshape(-1, 2)]


def find_artifacts(
    values: NDArray[np.float32], background: Background, *, breast: BreastArea, excluded: NDArray[np.bool_]
) -> tuple[FoundArtifact, ...]:
    """Find what stands out of the background beyond the breast.

    Parameters
    ----------
    values
        Shape (rows, columns), float32 in [0, 1].
    background
        The same image with its background taken off.
    breast
        Where the breast is.
    excluded
        Same shape, bool: film edges, stripes and padding, which are dealt with already.
    """
    side = max(values.shape)
    near = cv2.dilate(breast.mask.astype(np.uint8), disk(_RIM_SHARE * side)) > 0
    free = ~near & ~excluded
    found = [FoundArtifact(ArtifactKind.REDACTION, bar) for bar in _dark_bars(values, background, free)]
    above = (background.residual > max(background.threshold, _LEAST_RISE)) & free
    for border, band in zip(_BORDERS, border_bands(above), strict=True):
        above &= ~(cv2.dilate(band.astype(np.uint8), disk(3)) > 0)
        # Beside the breast it is glow through the chest wall's edge of the film, on digital images skin.
        if band.any() and border is not breast.side and not breast.is_digital:
            found.append(FoundArtifact(ArtifactKind.FRAME_EDGE, band))
    skin = cv2.dilate(near.astype(np.uint8), disk(_RIM_SHARE * side)) > 0
    strokes = np.zeros_like(above)
    for piece in _pieces(above):
        if (piece & skin).sum() > 0.5 * piece.sum() or _is_body(piece, breast):
            continue
        kind = _kind_of(values, background, piece)
        if kind is ArtifactKind.LETTER:
            strokes |= piece
        else:
            found.append(FoundArtifact(kind, piece))
    words = cv2.morphologyEx(strokes.astype(np.uint8), cv2.MORPH_CLOSE, disk(_WORD_GAP_SHARE * side)) > 0
    found += [FoundArtifact(ArtifactKind.LETTER, word & strokes) for word in _pieces(words)]
    return tuple(found)


def _is_body(piece: NDArray[np.bool_], breast: BreastArea) -> bool:
    """Whether a piece hugs the chest wall's edge: a fold of the belly or of the axilla, or glow through the edge."""
    columns = piece.shape[1]
    hugged = piece[:, :2] if breast.side is Laterality.LEFT else piece[:, -2:]
    reach = np.flatnonzero(piece.any(axis=0))
    depth = reach[-1] if breast.side is Laterality.LEFT else columns - 1 - reach[0]
    return bool(hugged.any() and (breast.is_digital or depth < _WALL_SHARE * columns))


def _dark_bars(values: NDArray[np.float32], background: Background, free: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Filled rectangles darker than the film around them."""
    if background.level < 2 * LEVEL:
        return []
    below = (background.residual < -max(5.0 * background.noise, 0.4 * background.level)) & free
    opened = cv2.morphologyEx(below.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    bars = []
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] < 5 * _LEAST_AREA_SHARE * values.size:
            continue
        mask = labels == index
        shape = _shape_of(mask)
        if shape.fill > 0.85:
            bars.append(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & free)
    return bars


def _shape_of(mask: NDArray[np.bool_]) -> _Shape:
    points = np.column_stack(np.nonzero(mask.T)).astype(np.float32)
    _, (width, height), angle = cv2.minAreaRect(points)
    long, short = max(width, height) + 1.0, min(width, height) + 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    meets = bool(low.min() <= 1 or high[0] >= mask.shape[1] - 2 or high[1] >= mask.shape[0] - 2)
    tilt = min(angle % 90.0, 90.0 - angle % 90.0)
    return _Shape(long, short, points.shape[0] / (long * short), tilt, meets)


def _pieces(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """The connected pieces of a mask that are more than dust."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] >= _LEAST_AREA_SHARE * mask.size:
            yield np.asarray(labels == index)


def _kind_of(values: NDArray[np.float32], background: Background, piece: NDArray[np.bool_]) -> ArtifactKind:
    """What a connected piece is."""
    shape, side = _shape_of(piece), max(piece.shape)
    if shape.meets_border and shape.long > 0.15 * side and shape.long > 5 * shape.short and shape.tilt < 5:
        return ArtifactKind.FRAME_EDGE
    if shape.long > 8 * shape.short and shape.long > 0.08 * side and shape.short < 0.012 * side:
        return ArtifactKind.STRIPE
    inside = values[cv2.erode(piece.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] - background.level
    # A label or a piece of tape is a rectangle; letters leave much of theirs free.
    if inside.size < 16 or shape.fill < _LEAST_FILL or piece.sum() < 0.001 * piece.size:
        return ArtifactKind.LETTER
    low, middle, high = np.percentile(inside, (10, 50, 97))
    if high - low < 2 * LEVEL and high + background.level > 0.98:
        return ArtifactKind.REDACTION
    if shape.long > 2.0 * shape.short and middle < 0.4 and high - low < 0.5 * middle + 3 * LEVEL:
        return ArtifactKind.TAPE
    return ArtifactKind.STICKER
