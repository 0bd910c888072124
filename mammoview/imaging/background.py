"""The empty part of an image: how dark it is, place by place, and what surely stands above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One gray level of an 8-bit film image is the finest step that can be trusted.
LEVEL = 1.0 / 255.0
# Film fog changes over centimetres; this share of the long side follows it and no artifact.
_FOG_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class Background:
    """An image with its background taken off.

    Attributes
    ----------
    residual
        Shape (rows, columns), float32: lightly smoothed values above the local background, 0 to 1.
    level
        The background's gray at its most frequent, 0 to 1.
    noise
        Standard deviation of ``residual`` where there is nothing.
    contrast
        How far bright tissue stands above the background.
    """

    residual: NDArray[np.float32]
    level: float
    noise: float
    contrast: float

    @property
    def threshold(self) -> float:
        """The least residual that is something."""
        return max(5.0 * self.noise, 3.0 * LEVEL)


def measure_background(values: NDArray[np.float32], usable: NDArray[np.bool_]) -> Background | None:
    """Find the dark mode of an image, follow it over the image, and take it off.

    Parameters
    ----------
    values
        Shape (rows, columns), float32 in [0, 1].
    usable
        Same shape, bool: the pixels to learn from.

    Returns
    -------
    Background or None
        None where the image is constant.
    """
    pixels = values[usable]
    if pixels.size < 16 or float(np.ptp(pixels)) < 2 * LEVEL:
        return None
    bright = float(np.percentile(pixels, 99))
    counts, edges = np.histogram(pixels, bins=256, range=(0.0, 1.0))
    is_dark = edges[:-1] < max(0.35 * bright, 4 * LEVEL)
    mode = int(np.argmax(np.where(is_dark, counts, -1)))
    level = float(np.median(pixels[(pixels >= edges[mode]) & (pixels <= edges[mode + 1])])) if counts[mode] else 0.0
    below = pixels[pixels <= level] - level
    width = float(np.sqrt(np.mean(below**2))) if below.size else 0.0
    sure = usable & (np.abs(values - level) <= max(4.0 * width, 0.35 * level, 4 * LEVEL))
    smooth = cv2.GaussianBlur(values, (0, 0), 1.0)
    residual = smooth - _local_level(values, sure, level)
    noise = 1.4826 * float(np.median(np.abs(residual[sure]))) if sure.any() else 0.0
    tissue = pixels[pixels > level + 0.3 * (bright - level)]
    contrast = (float(np.median(tissue)) if tissue.size else bright) - level
    return Background(residual.astype(np.float32), level, noise, contrast)


def _local_level(values: NDArray[np.float32], sure: NDArray[np.bool_], level: float) -> NDArray[np.float32]:
    """Mean of the sure background near each pixel (normalised convolution), the global level where none is near."""
    rows, columns = values.shape
    size = (max(4, columns // 8), max(4, rows // 8))
    weight = cv2.resize(sure.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(sure, values - level, 0.0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    sigma = max(1.0, _FOG_SHARE * max(size))
    weight, total = cv2.GaussianBlur(weight, (0, 0), sigma), cv2.GaussianBlur(total, (0, 0), sigma)
    local = level + total / (weight + 0.02)
    return np.asarray(cv2.resize(local, (columns, rows), interpolation=cv2.INTER_LINEAR))
