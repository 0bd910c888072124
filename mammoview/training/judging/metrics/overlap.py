"""How well two masks agree: area, and distance of their borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Dice overlap of two masks of the same shape; 1 where both are empty."""
    total = int(one.sum()) + int(other.sum())
    return 1.0 if total == 0 else 2.0 * int((one & other).sum()) / total


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks of the same shape; 1 where both are empty."""
    union = int((one | other).sum())
    return 1.0 if union == 0 else int((one & other).sum()) / union


def hd95(one: NDArray[np.bool_], other: NDArray[np.bool_], *, spacing_mm: tuple[float, float] | None = None) -> float:
    """The 95th percentile of the Hausdorff distance between the borders of two masks.

    A border pixel is one of the mask with a side neighbour outside it, or outside the image; distances run between
    pixel centres. For each mask the 95th percentile of its border's distances to the other's border is taken; the
    larger of the two is the result.

    Parameters
    ----------
    one, other
        Shape (rows, columns), bool.
    spacing_mm
        (row, column) spacing of the pixels, mm; without it the result is in pixels.

    Returns
    -------
    float
        In mm with a spacing, else in pixels. 0 where both masks are empty; where one is, the diagonal of the image:
        no distance between masks is larger.
    """
    from scipy.ndimage import distance_transform_edt

    sampling = spacing_mm or (1.0, 1.0)
    if not one.any() or not other.any():
        is_same = one.any() == other.any()
        return 0.0 if is_same else float(np.hypot(one.shape[0] * sampling[0], one.shape[1] * sampling[1]))
    # Nothing lies beyond the box around both: the distances are the same there, and quicker to find.
    box = _common_box(one | other)
    borders = _border(one[box]), _border(other[box])
    away = [distance_transform_edt(~border, sampling=sampling) for border in borders]
    return float(max(np.percentile(away[1][borders[0]], 95), np.percentile(away[0][borders[1]], 95)))


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inner)


def _common_box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
