"""Where the breast is: its mask, pectoral muscle included, and the chest wall's side.

A low threshold above the measured background, the largest piece that meets a side edge, an opening that cuts off
labels and the glow along the film's edge, holes filled: the classical profile segmentation (Nagi et al., IECBES 2010)
with a measured background instead of a fixed threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.study import Laterality
from mammoview.imaging.background import LEVEL, Background
from mammoview.imaging.workcopy import disk

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Share of the tissue's contrast at which the skin line is drawn on film: on CBIS-DDSM the gradient there reaches nine
# tenths of what it is further in; below lies the film's toe.
_SKIN_SHARE = 0.12
# Of the square root of the image's area.
_OPENING_SHARE = 0.02
# The skin line's ragged grain on film, in pixels of the work copy.
_EVEN_PX = 2.0
_LEAST_BREAST_SHARE = 0.01
_GREATEST_HOLE_SHARE = 0.05
# Between this share of the contrast and the least threshold a digital skin line moves by at most this much.
_PLAIN_SHARE = 0.2
_DIGITAL_RIM_PX = 3.0


@dataclass(frozen=True, eq=False)
class BreastArea:
    """The breast on a work copy.

    Attributes
    ----------
    mask
        Shape of the copy, bool; all False where there is no breast.
    side
        The edge of the image where the chest wall lies: LEFT is column 0.
    is_digital
        Whether the skin ends sharply on black, as on digital images and on no film.
    """

    mask: NDArray[np.bool_]
    side: Laterality
    is_digital: bool


def find_breast(background: Background, usable: NDArray[np.bool_]) -> BreastArea:
    """Segment the breast, pectoral muscle included.

    Parameters
    ----------
    background
        The image with its background taken off.
    usable
        Same shape, bool: False on film edges and padding, which are no breast.

    Returns
    -------
    BreastArea
        With an empty mask where the image shows none.
    """
    radius = max(1.0, _OPENING_SHARE * float(np.sqrt(usable.size)))
    low = _cut(background.above(3.0 * LEVEL) & usable, radius)
    high = _cut(background.above(_PLAIN_SHARE * background.contrast) & usable, radius)
    is_black = background.level < LEVEL and background.noise < 0.25 * LEVEL
    if is_black and _rim_width(low, high) <= _DIGITAL_RIM_PX:
        mask, is_digital = low, True
    else:
        mask = _cut(background.above(max(3.0 * LEVEL, _SKIN_SHARE * background.contrast)) & usable, radius)
        is_digital = False
    if mask.mean() < _LEAST_BREAST_SHARE:
        return no_breast(usable.shape)
    return BreastArea(mask, chest_wall_side(mask), is_digital)


def _cut(above: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """The largest piece, its edge even, without holes, bands and labels."""
    core = _largest(_opened(above, radius))
    regrown = cv2.dilate(core.astype(np.uint8), disk(radius / 2)).astype(bool) & above
    even = cv2.GaussianBlur(_filled(_largest(regrown)).astype(np.float32), (0, 0), _EVEN_PX) > 0.5
    return _largest(even)


def _rim_width(low: NDArray[np.bool_], high: NDArray[np.bool_]) -> float:
    """How far the breast's outer end moves between a low and a high threshold, pixels; infinite where there is none.

    Digital skin stands on black like a wall; on film it fades over millimetres.
    """
    if chest_wall_side(low) is Laterality.RIGHT:
        low, high = low[:, ::-1], high[:, ::-1]
    rows = np.flatnonzero(low.any(axis=1) & high.any(axis=1))
    rows = rows[rows.size // 5 : rows.size - rows.size // 5]
    if not rows.size:
        return float("inf")
    moved = np.argmax(high[rows, ::-1], axis=1) - np.argmax(low[rows, ::-1], axis=1)
    return float(np.percentile(moved, 35))


def no_breast(shape: tuple[int, ...]) -> BreastArea:
    """An empty area of that shape."""
    return BreastArea(np.zeros(shape, dtype=bool), Laterality.LEFT, is_digital=False)


def chest_wall_side(mask: NDArray[np.bool_]) -> Laterality:
    """The side edge nearer to the mask's centre of mass."""
    weight = np.linspace(1.0, -1.0, mask.shape[1])
    return Laterality.LEFT if float((mask.sum(axis=0) * weight).sum()) >= 0 else Laterality.RIGHT


def _opened(above: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Opening by a disk, with black beyond the border: glow along an edge is cut off, the breast's corners hardly."""
    pad = int(np.ceil(radius)) + 1
    wide = np.pad(above.astype(np.uint8), pad)
    return cv2.morphologyEx(wide, cv2.MORPH_OPEN, disk(radius))[pad:-pad, pad:-pad] > 0


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece, weighted down where it meets neither side edge."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    left, width = stats[1:, cv2.CC_STAT_LEFT], stats[1:, cv2.CC_STAT_WIDTH]
    margin = 0.08 * mask.shape[1]
    meets_edge = (left <= margin) | (left + width >= mask.shape[1] - margin)
    score = stats[1:, cv2.CC_STAT_AREA] * np.where(meets_edge, 1.0, 0.3)
    return np.asarray(labels == 1 + int(np.argmax(score)))


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without holes, and without small dark bays that only the image's edge or the chest wall closes."""
    if not mask.any():
        return mask
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1))
    closed = np.pad(mask[window], 1)
    for turns in range(4):
        turned = np.rot90(closed, turns)
        ends = np.flatnonzero(turned[1])
        turned[0, ends[0] : ends[-1] + 1] = True
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~np.pad(closed, 1)).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] <= _GREATEST_HOLE_SHARE * mask.sum()
    small[labels[0, 0]] = False
    filled = mask.copy()
    filled[window] |= small[labels][2:-2, 2:-2] & (labels[2:-2, 2:-2] > 0)
    return filled
