"""Random changes of what a network learns from, in the ranges of Shen et al. 2019.

Flips, rotation ±25°, shear ±0.2 rad, zoom 0.8 to 1.2, intensity ±20 of 255. Added here: jitter of the lesion's centre
(the candidates of a proposer are never exact), gamma and blur (film against digital).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.geometry import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Ranges:
    """How far the changes go; zeros change nothing but still allow flips.

    Attributes
    ----------
    jitter
        Largest shift of the centre along each axis, in long sides of the lesion's box.
    log_zoom
        Largest |ln| of the zoom.
    blur_px
        Largest standard deviation of a Gaussian blur.
    """

    rotation_deg: float = 25.0
    shear_rad: float = 0.2
    zoom: float = 0.2
    jitter: float = 0.15
    shift: float = 20.0
    gamma: float = 0.25
    blur_px: float = 0.8
    flips: bool = True


#: For validation: the lesion where it is, nothing changed.
STILL = Ranges(rotation_deg=0, shear_rad=0, zoom=0, jitter=0, shift=0, gamma=0, blur_px=0, flips=False)


def random_affine(
    rng: np.random.Generator, ranges: Ranges, *, centre: tuple[float, float], jitter_px: float = 0.0
) -> NDArray[np.float64]:
    """A random map of (column, row), as OpenCV wants it: shape (2, 3), float64.

    Parameters
    ----------
    rng
        Source of the draw.
    ranges
        How far it goes.
    centre
        (row, column) that rotation, shear, zoom and flips leave in place.
    jitter_px
        Largest shift along each axis.
    """
    # Plain numbers: arrays of four cost ten times as much.
    angle = math.radians(_uniform(rng, ranges.rotation_deg))
    shear = _uniform(rng, ranges.shear_rad)
    zoom = 1 - ranges.zoom + 2 * ranges.zoom * rng.random()
    flip_x, flip_y = (1 - 2 * int(coin) for coin in rng.integers(0, 2, size=2)) if ranges.flips else (1, 1)
    cos, sin, cos_shear, sin_shear = math.cos(angle), math.sin(angle), math.cos(shear), math.sin(shear)
    # Rotation, then shear, then flips and zoom, read from left to right.
    xx, xy = cos * flip_x * zoom, (-cos * sin_shear - sin * cos_shear) * flip_y * zoom
    yx, yy = sin * flip_x * zoom, (-sin * sin_shear + cos * cos_shear) * flip_y * zoom
    y, x = centre
    across, down = _uniform(rng, jitter_px), _uniform(rng, jitter_px)
    return np.array([[xx, xy, x - xx * x - xy * y + across], [yx, yy, y - yx * x - yy * y + down]])


def _uniform(rng: np.random.Generator, most: float) -> float:
    """What ``rng.uniform(-most, most)`` draws, at a third of its cost."""
    return -most + 2 * most * rng.random()


def warp(
    pixels: NDArray[np.uint8], matrix: NDArray[np.float64], part: Box, *, border: int = cv2.BORDER_CONSTANT
) -> NDArray[np.uint8]:
    """Apply a map of `random_affine`.

    Parameters
    ----------
    pixels
        Shape (rows, columns), uint8.
    matrix
        The map.
    part
        What is wanted of the moved pixels, in whole pixels: the rest is not computed.
    border
        What lies beyond the edges, an OpenCV constant.

    Returns
    -------
    ndarray, shape of the part, uint8
    """
    shifted = matrix.copy()
    shifted[0, 2] -= part.col0
    shifted[1, 2] -= part.row0
    size = (int(part.width_px), int(part.height_px))
    return np.asarray(cv2.warpAffine(pixels, shifted, size, flags=cv2.INTER_LINEAR, borderMode=border), dtype=np.uint8)


def augmented(
    pixels: NDArray[np.uint8], part: Box, box: Box, rng: np.random.Generator, ranges: Ranges
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Part of a tile with its lesion moved about and its gray values changed; black stays black.

    Only what is wanted is computed, but for the few pixels around it that a blur reaches.

    Parameters
    ----------
    pixels
        Shape (n, n), uint8.
    part
        What is wanted, in whole pixels inside the tile.
    box
        The lesion in the tile.
    rng, ranges
        Of the change.

    Returns
    -------
    ndarray, shape of the part, float32
        Whole P-values.
    ndarray, shape (2, 3), float64
        The map, for `warp` of a mask.
    """
    jitter = ranges.jitter * max(box.height_px, box.width_px)
    matrix = random_affine(rng, ranges, centre=box.centre, jitter_px=jitter)
    sigma = ranges.blur_px * rng.random()
    gamma = math.exp(_uniform(rng, ranges.gamma))
    shift = _uniform(rng, ranges.shift) / 255.0
    if sigma <= _LEAST_BLUR_PX:
        table = _gray(np.arange(256, dtype=np.float32), gamma, shift)
        table[0] = 0
        return np.asarray(cv2.LUT(warp(pixels, matrix, part, border=cv2.BORDER_REFLECT_101), table)), matrix
    wide = grown(part, math.ceil(4 * sigma) + 1, pixels.shape)
    moved = warp(pixels, matrix, wide, border=cv2.BORDER_REFLECT_101)
    blurred = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), sigma)
    inner = Box(*(a - b for a, b in zip(part.as_list(), (wide.row0, wide.col0) * 2, strict=True))).slices()
    values = _gray(np.ascontiguousarray(blurred[inner]), gamma, shift)
    np.copyto(values, 0, where=moved[inner] == 0)
    return values, matrix


#: A Gaussian that is narrower changes nothing.
_LEAST_BLUR_PX = 0.2


def grown(part: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """A part with a margin around it, as far as the tile reaches."""
    row0, col0, row1, col1 = part.as_list()
    return Box(row0 - margin, col0 - margin, row1 + margin, col1 + margin).clipped(shape[0], shape[1])


def _gray(values: NDArray[np.float32], gamma: float, shift: float) -> NDArray[np.float32]:
    """Gray values in [0, 255] to whole P-values of at least 1; the array is overwritten.

    A power is the exponential of a multiple of the logarithm, and OpenCV's two are ten times as fast as NumPy's power.
    """
    cv2.log(values, values)
    values *= np.float32(gamma)
    values += np.float32(math.log(65_535) - gamma * math.log(255))
    cv2.exp(values, values)
    values += np.float32(shift * 65_535)
    np.clip(values, 1, 65_535, out=values)
    return np.asarray(np.rint(values, out=values))
