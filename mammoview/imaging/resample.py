"""Resampling along the axes, exact to the fraction of a pixel: area averages down, cubic convolution up.

Rows and columns are done one after the other, each as products of narrow matrices (see docs/adr/0250-area-averages.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Level: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

#: Output pixels of one matrix product.
_BLOCK = 8
#: Multiplications up to which OpenBLAS stays on the thread that asks. Its other threads wait by spinning.
_ONE_THREAD = 250_000


@dataclass(frozen=True)
class Axis:
    """One axis of an image on its target: target = ``scale`` · source + ``shift``, continuous positions.

    Attributes
    ----------
    scale
        Target pixels per source pixel; negative where the axis is mirrored.
    shift
        Target position of the source's first boundary.
    low, high
        The target pixels [low, high) wanted.
    length
        Where the source ends, in source pixels; less than the number of pixels where the last one is covered in part.
    """

    scale: float
    shift: float
    low: int
    high: int
    length: float

    def upright(self) -> Axis:
        """The same axis with target positions counted along the source."""
        if self.scale > 0:
            return self
        return Axis(-self.scale, -self.shift, -self.high, -self.low, self.length)

    @property
    def multiple(self) -> int | None:
        """How many whole target pixels each source pixel becomes; None where they are not whole."""
        times = round(abs(self.scale))
        is_whole = times >= 1 and abs(self.scale) == times and float(self.shift).is_integer()
        return times if is_whole else None


def resample(image: Level, rows: Axis, columns: Axis) -> Level:
    """Bring a part of an image to another size.

    Where an axis shrinks, each target pixel is the average over its own area, so that the sum of a bright spot's
    contrast is kept at every size and every shift. Where it grows, cubic convolution (Keys, IEEE Trans. ASSP 29, 1981,
    a = −1/2), held between the lowest and the highest source pixel within one pixel: no spot is brighter than what was
    measured. At a whole multiple on whole pixels the source pixels themselves, repeated.

    Parameters
    ----------
    image
        Shape (rows, columns), uint8 or uint16.
    rows, columns
        What is wanted; must lie on the image, apart from a part of the outermost pixels.

    Returns
    -------
    ndarray, shape (rows.high − rows.low, columns.high − columns.low), the type of ``image``
    """
    down, across = rows.upright(), columns.upright()
    times = down.multiple, across.multiple
    if times[0] is not None and times[1] is not None:
        made = image[_owners(down, image.shape[0])][:, _owners(across, image.shape[1])]
    else:
        made = _products(image, down, across)
    turned = made[:: 1 if rows.scale > 0 else -1, :: 1 if columns.scale > 0 else -1]
    flipped: Level = np.ascontiguousarray(turned)  # type: ignore[assignment]  # numpy keeps the type
    return flipped


def glance(image: Level, rows: Axis, columns: Axis) -> Level:
    """As `resample`, bilinear and to within half a target pixel: some times faster, for what moves.

    Parameters
    ----------
    image
        Shape (rows, columns), uint8 or uint16.
    rows, columns
        As in `resample`.

    Returns
    -------
    ndarray, shape (rows.high − rows.low, columns.high − columns.low), the type of ``image``
    """
    down, across = rows.upright(), columns.upright()
    (top, bottom, high, row), (first, last, wide, col) = (
        _nearest(axis, length) for axis, length in zip((down, across), image.shape, strict=True)
    )
    made: Level = cv2.resize(image[top:bottom, first:last], (wide, high), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]  # OpenCV keeps the type
    made = made[row : row + down.high - down.low, col : col + across.high - across.low]
    flip = {(True, True): -1, (True, False): 0, (False, True): 1}.get((rows.scale < 0, columns.scale < 0))
    return made if flip is None else cv2.flip(made, flip)  # type: ignore[return-value]  # as above


def _nearest(axis: Axis, pixels: int) -> tuple[int, int, int, int]:
    """Source pixels [first, last), how many target pixels they become, and where the wanted ones begin among them."""
    # One pixel more on each side: interpolation looks beyond what is wanted.
    first = min(max(math.floor((axis.low - axis.shift) / axis.scale) - 1, 0), pixels - 1)
    last = max(min(math.ceil((axis.high - axis.shift) / axis.scale) + 1, pixels), first + 1)
    wanted = axis.high - axis.low
    count = max(wanted, round((last - first) * axis.scale))
    start = round(axis.low - axis.shift - first * axis.scale)
    return first, last, count, min(max(start, 0), count - wanted)


def _products(image: Level, down: Axis, across: Axis) -> Level:
    first, last = _reach(across, image.shape[1])
    row_taps, col_taps = _taps(down, image.shape[0], 0), _taps(across, image.shape[1], first)
    middle = _rows_made(image[:, first:last], row_taps, down.high - down.low)
    made = _columns_made(middle, col_taps, across.high - across.low)
    if down.scale > 1 or across.scale > 1:
        _hold(made, image, down, across)
    # A hair more than a half: sums that end in a half come out alike however they were added up.
    made += np.float32(0.5 + 2**-8)
    whole: Level = made.astype(image.dtype)  # type: ignore[assignment]  # that is one of the two
    return whole


@dataclass(frozen=True)
class _Taps:
    """Weights of the source pixels from ``starts`` on, for each block of target pixels: (blocks, _BLOCK, width)."""

    starts: NDArray[np.intp]
    weights: NDArray[np.float32]


def _taps(axis: Axis, pixels: int, offset: int) -> _Taps:
    index, weight = _area(axis, pixels) if axis.scale <= 1 else _cubic(axis, pixels)
    blocks = -(-len(index) // _BLOCK)
    # Superfluous target pixels of the last block repeat its last one.
    rows = np.minimum(np.arange(blocks * _BLOCK), len(index) - 1)
    index, weight = index[rows] - offset, weight[rows]
    by_block = index.reshape(blocks, -1)
    starts = by_block.min(axis=1)
    width = int((by_block.max(axis=1) - starts).max()) + 1
    place = index - np.repeat(starts, _BLOCK)[:, None] + np.arange(blocks * _BLOCK)[:, None] * width
    dense = np.bincount(place.ravel(), weight.ravel(), minlength=blocks * _BLOCK * width)
    return _Taps(starts, dense.reshape(blocks, _BLOCK, width).astype(np.float32))


def _area(axis: Axis, pixels: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each target pixel the source pixels under it, and the shares of its area that they cover."""
    edges = np.clip((np.arange(axis.low, axis.high + 1) - axis.shift) / axis.scale, 0, axis.length)
    low, high = edges[:-1, None], edges[1:, None]
    index = np.floor(low) + np.arange(math.ceil(1 / axis.scale) + 1)
    cover = np.clip(np.minimum(high, index + 1) - np.maximum(low, index), 0, None)
    total = cover.sum(axis=1, keepdims=True)
    # A target pixel beside the image takes the outermost pixel.
    cover[total[:, 0] <= 0, 0], total[total <= 0] = 1, 1
    return np.clip(index, 0, pixels - 1).astype(np.intp), cover / total


def _cubic(axis: Axis, pixels: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    at = (np.arange(axis.low, axis.high) + 0.5 - axis.shift) / axis.scale - 0.5
    first = np.floor(at)
    t = (at - first)[:, None]
    weight = np.concatenate(
        [
            ((2 - t) * t - 1) * t / 2,
            ((3 * t - 5) * t * t + 2) / 2,
            ((4 - 3 * t) * t + 1) * t / 2,
            (t - 1) * t * t / 2,
        ],
        axis=1,
    )
    return np.clip(first[:, None] + np.arange(-1, 3), 0, pixels - 1).astype(np.intp), weight


def _rows_made(part: Level, taps: _Taps, count: int) -> NDArray[np.float32]:
    width, columns = taps.weights.shape[2], part.shape[1]
    made = np.empty((len(taps.starts) * _BLOCK, columns), np.float32)
    wide = max(64, _ONE_THREAD // (_BLOCK * width))
    for block, start in enumerate(taps.starts.tolist()):
        source = part[start : start + width].astype(np.float32)
        weights = taps.weights[block, :, : len(source)]
        out = made[block * _BLOCK : (block + 1) * _BLOCK]
        for col in range(0, columns, wide):
            np.matmul(weights, source[:, col : col + wide], out=out[:, col : col + wide])
    return made[:count]


def _columns_made(part: NDArray[np.float32], taps: _Taps, count: int) -> NDArray[np.float32]:
    width, rows = taps.weights.shape[2], len(part)
    made = np.empty((rows, len(taps.starts) * _BLOCK), np.float32)
    high = max(64, _ONE_THREAD // (_BLOCK * width))
    for block, start in enumerate(taps.starts.tolist()):
        source = part[:, start : start + width]
        weights = taps.weights[block, :, : source.shape[1]].T
        out = made[:, block * _BLOCK : (block + 1) * _BLOCK]
        for row in range(0, rows, high):
            np.matmul(source[row : row + high], weights, out=out[row : row + high])
    return made[:, :count]


def _hold(made: NDArray[np.float32], image: Level, down: Axis, across: Axis) -> None:
    """Keep cubic convolution from swinging above or below what was measured nearby."""
    top, bottom = _reach(down, image.shape[0])
    first, last = _reach(across, image.shape[1])
    part: Level = image[top:bottom, first:last]
    at = _owners(down, image.shape[0]) - top, _owners(across, image.shape[1]) - first
    for ends, bound in ((cv2.erode, np.maximum), (cv2.dilate, np.minimum)):
        near = np.asarray(ends(part, np.ones((3, 3), np.uint8)))
        bound(made, near.take(at[0], axis=0).take(at[1], axis=1), out=made, casting="unsafe")


def _owners(axis: Axis, pixels: int) -> NDArray[np.intp]:
    """The source pixel under the centre of each target pixel."""
    at = np.floor((np.arange(axis.low, axis.high) + 0.5 - axis.shift) / axis.scale)
    return np.asarray(np.clip(at, 0, pixels - 1), np.intp)


def _reach(axis: Axis, pixels: int) -> tuple[int, int]:
    """The source pixels [first, last) that matter."""
    ends = sorted((edge - axis.shift) / axis.scale for edge in (axis.low, axis.high))
    return max(0, math.floor(ends[0]) - 3), max(1, min(pixels, math.ceil(ends[1]) + 3))
