"""Where the breast is: background level, chest wall side, mask (pectoral muscle included).

A low threshold above the background, the largest piece that meets a side edge, an opening that cuts off labels and
the glow along the film's edge, holes filled: the classical profile segmentation (Nagi et al., IECBES 2010, with a
background that is measured instead of a fixed threshold).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.study import Laterality
from mammoview.imaging.workcopy import WorkCopy, disk

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One gray level of an 8-bit film image is the finest step that can be trusted.
LEVEL = 1.0 / 255.0


@dataclass(frozen=True)
class Background:
    """The gray of the empty part: its level, and the least value that is surely above it, both in [0, 1]."""

    level: float
    threshold: float


@dataclass(frozen=True, eq=False)
class BreastArea:
    """The breast on a work copy.

    Attributes
    ----------
    mask
        Shape of the copy, bool; all False where there is no breast.
    side
        The edge of the image where the chest wall lies: LEFT is column 0.
    background
        What the mask was cut with.
    """

    mask: NDArray[np.bool_]
    side: Laterality
    background: Background


def measure_background(values: NDArray[np.float32], usable: NDArray[np.bool_]) -> Background | None:
    """Find the dark mode of an image and its width.

    Parameters
    ----------
    values
        Work copy, shape (rows, columns), float32 in [0, 1].
    usable
        Same shape, bool: the pixels to count.

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
    counts = counts.astype(np.float64)
    dark = edges[:-1] < max(0.35 * bright, 4 * LEVEL)
    mode = int(np.argmax(np.where(dark, counts, 0.0)))
    level = float(edges[mode]) if mode == 0 else float(edges[mode] + edges[mode + 1]) / 2
    below = pixels[pixels <= level] - level
    width = float(np.sqrt(np.mean(below**2))) if below.size else 0.0
    tissue = pixels[pixels > level + 0.3 * (bright - level)]
    contrast = float(np.median(tissue)) - level if tissue.size else bright - level
    threshold = level + max(4.0 * width, 3 * LEVEL, 0.06 * contrast)
    return Background(level, threshold)


def chest_wall_side(mask: NDArray[np.bool_]) -> Laterality:
    """The side edge along which a mask lies: the half with more of it, counted from the edges."""
    columns = mask.shape[1]
    weight = np.linspace(1.0, -1.0, columns)
    return Laterality.LEFT if float((mask.sum(axis=0) * weight).sum()) >= 0 else Laterality.RIGHT


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece, weighted down where it meets neither side edge."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    left, width = stats[1:, cv2.CC_STAT_LEFT], stats[1:, cv2.CC_STAT_WIDTH]
    margin = 0.06 * mask.shape[1]
    meets = (left <= margin) | (left + width >= mask.shape[1] - margin)
    score = stats[1:, cv2.CC_STAT_AREA] * np.where(meets, 1.0, 0.3)
    return np.asarray(labels == 1 + int(np.argmax(score)))


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without holes; a bay closed off by the chest wall edge is no hole."""
    outside = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    _, labels = cv2.connectedComponents(outside, connectivity=4)
    return np.asarray(labels != labels[0, 0])[1:-1, 1:-1]


def find_breast(copy: WorkCopy, frame: NDArray[np.bool_]) -> BreastArea:
    """Segment the breast, pectoral muscle included.

    Parameters
    ----------
    copy
        The image.
    frame
        Shape of the copy, bool: white film edges, which are no breast.

    Returns
    -------
    BreastArea
        With an empty mask where the image shows none.
    """
    smooth = cv2.GaussianBlur(copy.values, (0, 0), 1.2)
    background = measure_background(copy.values, copy.known & ~frame)
    empty = np.zeros(copy.values.shape, dtype=bool)
    if background is None:
        return BreastArea(empty, Laterality.LEFT, Background(0.0, 1.0))
    above = (smooth > background.threshold) & copy.known
    radius = max(1.0, 0.02 * max(above.shape))
    inner = above & ~frame
    # The frame touches the breast: without replicating it outwards, the opening would eat the chest wall's corners.
    pad = int(np.ceil(2 * radius))
    wide = cv2.copyMakeBorder(inner.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, disk(radius))[pad:-pad, pad:-pad].astype(bool)
    core = _largest(opened)
    if core.mean() < 0.01:
        return BreastArea(empty, Laterality.LEFT, background)
    regrown = cv2.dilate(core.astype(np.uint8), disk(radius / 2)).astype(bool) & inner
    mask = _filled(_largest(regrown))
    return BreastArea(mask, chest_wall_side(mask), background)
