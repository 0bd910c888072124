"""The empty part of an image: how dark it is, place by place, and what surely stands above it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.imaging.workcopy import disk

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One gray level of an 8-bit film image is the finest step that can be trusted.
LEVEL = 1.0 / 255.0
# Film fog changes over centimetres; this share of the long side follows it and no artifact.
_FOG_SHARE = 0.05


# The fading skin reaches this share of the long side beyond what is plainly breast.
_SKIN_REACH = 0.04


@dataclass(frozen=True, eq=False)
class Background:
    """An image with its background taken off.

    Attributes
    ----------
    residual
        Shape (rows, columns), float32: lightly smoothed values above the local background, 0 to 1.
    sure
        Same shape, bool: where there is nothing.
    level
        The background's gray at its most frequent, 0 to 1.
    noise
        Standard deviation of ``residual`` where there is nothing.
    contrast
        How far bright tissue stands above the background.
    """

    residual: NDArray[np.float32]
    sure: NDArray[np.bool_]
    level: float
    noise: float
    contrast: float

    @property
    def threshold(self) -> float:
        """The least residual that is something."""
        return max(5.0 * self.noise, 3.0 * LEVEL)

    def above(self, rise: float) -> NDArray[np.bool_]:
        """Where the residual lies above ``rise``, smoothed as far as its noise asks for.

        Returns
        -------
        ndarray, shape of the residual, bool
        """
        smooth, noise = self.residual, self.noise
        for sigma in (1.5, 2.5, 4.0):
            if 4.0 * noise <= rise:
                break
            smooth = np.asarray(cv2.GaussianBlur(self.residual, (0, 0), sigma), dtype=np.float32)
            noise = _spread(smooth[self.sure])
        return np.asarray(smooth > max(rise, 3.0 * noise))


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
    level, width = _dark_mode(pixels, bright)
    tissue = pixels[pixels > level + 0.3 * (bright - level)]
    contrast = (float(np.median(tissue)) if tissue.size else bright) - level
    smooth = cv2.GaussianBlur(values, (0, 0), 1.0)
    sure = usable & (np.abs(smooth - level) <= max(3.0 * width, 0.35 * level, 4 * LEVEL))
    # Skin that fades into the background must not count as background.
    plain = cv2.erode(((smooth - level > 0.2 * contrast) & usable).astype(np.uint8), disk(2))
    far = sure & (cv2.dilate(plain, disk(_SKIN_REACH * max(values.shape))) == 0)
    if far.mean() > 0.02:
        sure = far
    residual = smooth - _local_level(values, sure, level)
    return Background(residual.astype(np.float32), sure, level, _spread(residual[sure]), contrast)


def _dark_mode(pixels: NDArray[np.float32], bright: float) -> tuple[float, float]:
    """The most frequent dark gray, and the standard deviation of what lies below it."""
    counts, edges = np.histogram(pixels, bins=256, range=(0.0, 1.0))
    is_dark = edges[:-1] < max(0.35 * bright, 4 * LEVEL)
    mode = int(np.argmax(np.where(is_dark, counts, -1)))
    level = float(np.median(pixels[(pixels >= edges[mode]) & (pixels <= edges[mode + 1])])) if counts[mode] else 0.0
    below = pixels[pixels <= level] - level
    return level, float(np.sqrt(np.mean(below**2))) if below.size else 0.0


def _spread(sample: NDArray[np.float32]) -> float:
    """Standard deviation of a sample, by the median deviation from 0."""
    return 1.4826 * float(np.median(np.abs(sample))) if sample.size else 0.0


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
