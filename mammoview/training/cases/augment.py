"""Random changes of what a network learns from, in the ranges of Shen et al. 2019.

Flips, rotation ±25°, shear ±0.2 rad, zoom 0.8 to 1.2, intensity ±20 of 255. Added here: jitter of the lesion's centre
(the candidates of a proposer are never exact), gamma and blur (film against digital).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    angle = np.deg2rad(rng.uniform(-ranges.rotation_deg, ranges.rotation_deg))
    shear = rng.uniform(-ranges.shear_rad, ranges.shear_rad)
    zoom = rng.uniform(1 - ranges.zoom, 1 + ranges.zoom)
    flips = rng.integers(0, 2, size=2) * -2 + 1 if ranges.flips else np.ones(2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1.0, -np.sin(shear)], [0.0, np.cos(shear)]])
    linear = turn @ slant @ np.diag(flips) * zoom
    middle = np.array(centre[::-1])
    shift = middle - linear @ middle + rng.uniform(-jitter_px, jitter_px, size=2)
    return np.column_stack((linear, shift))


def warp(
    pixels: NDArray[np.uint8], matrix: NDArray[np.float64], *, border: int = cv2.BORDER_CONSTANT
) -> NDArray[np.uint8]:
    """Apply a map of `random_affine`: same shape, uint8; ``border`` is an OpenCV constant."""
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border), dtype=np.uint8)


def change_gray(pixels: NDArray[np.uint8], rng: np.random.Generator, ranges: Ranges) -> NDArray[np.uint16]:
    """Random gamma, shift and blur; black stays black. P-values of the same shape, uint16."""
    values: NDArray[Any] = pixels.astype(np.float32) / 255.0
    sigma = rng.uniform(0, ranges.blur_px)
    if sigma > 0.2:
        values = cv2.GaussianBlur(values, (0, 0), sigma)
    gamma = np.exp(rng.uniform(-ranges.gamma, ranges.gamma))
    shift = rng.uniform(-ranges.shift, ranges.shift) / 255.0
    changed = np.where(pixels > 0, np.clip(values**gamma + shift, 1.0 / 65_535, 1.0), 0.0)
    return np.asarray(np.rint(changed * 65_535), dtype=np.uint16)


def augmented_tile(
    pixels: NDArray[np.uint8], box: Box, rng: np.random.Generator, ranges: Ranges
) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """A tile with its lesion moved about, ready for `prepare_patch` with the unmoved box.

    Parameters
    ----------
    pixels
        Shape (n, n), uint8.
    box
        The lesion in the tile.
    rng, ranges
        Of the change.

    Returns
    -------
    ndarray, shape (n, n), uint16
    ndarray, shape (2, 3), float64
        The map, for `warp` of a mask.
    """
    jitter = ranges.jitter * max(box.height_px, box.width_px)
    matrix = random_affine(rng, ranges, centre=box.centre, jitter_px=jitter)
    return change_gray(warp(pixels, matrix, border=cv2.BORDER_REFLECT_101), rng, ranges), matrix
