"""The pectoral muscle of an oblique or lateral view, or the reason why it is not marked.

A straight line across the upper chest wall corner is found by the mean gradient along it (as Karssemeijer 1998 does
with the Hough transform), then bent to the edge by a shortest path along it (as Ma et al. 2007 propose for this edge).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.breast import BreastArea
from mammoview.imaging.frame_edges import best_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLES = 64
# The least mean drop, in gray a pixel of the work copy, that makes an edge.
_LEAST_DROP = 0.0012
# How far the edge may leave the line, as a share of the breast's long side.
_BEND_SHARE = 0.07
# Shares of the breast's area, and of its width.
_LEAST_SHARE = 0.01
_GREATEST_SHARE = 0.45
_WALL_SHARE = 0.025


@dataclass(frozen=True, eq=False)
class PectoralArea:
    """The muscle on a work copy (bool, shape of the copy), or None with a reason."""

    mask: NDArray[np.bool_] | None
    reason: str = ""


@dataclass(frozen=True)
class _Line:
    """A line across the corner: it starts at column ``top`` of the first row and ends at row ``wall`` of the wall."""

    top: float
    wall: float


def find_pectoral(values: NDArray[np.float32], breast: BreastArea, *, view: ViewPosition | None) -> PectoralArea:
    """Mark the pectoral muscle.

    Parameters
    ----------
    values
        Work copy, shape (rows, columns), float32 in [0, 1].
    breast
        Where the breast is.
    view
        The projection; only MLO and ML show the muscle in an upper corner.
    """
    if view is None:
        return PectoralArea(None, "The view is not known.")
    if not view.shows_pectoral:
        return PectoralArea(None, f"A {view.value} view does not show the pectoral muscle in a corner.")
    if not breast.mask.any():
        return PectoralArea(None, "No breast was found.")
    is_right = breast.side is Laterality.RIGHT
    mask = breast.mask[:, ::-1] if is_right else breast.mask
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1))
    inside = mask[window]
    if min(inside.shape) < 32:
        return PectoralArea(None, "The breast is too small on the image.")
    shown = (values[:, ::-1] if is_right else values)[window]
    muscle, reason = _in_corner(np.ascontiguousarray(shown), inside)
    if muscle is None:
        return PectoralArea(None, reason)
    full = np.zeros_like(mask)
    full[window] = muscle
    return PectoralArea(np.ascontiguousarray(full[:, ::-1]) if is_right else full)


def _in_corner(values: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[NDArray[np.bool_] | None, str]:
    """The muscle in the upper left corner of a breast cut out of its image."""
    fill = float(np.median(values[inside]))
    smooth = cv2.GaussianBlur(np.where(inside, values, fill).astype(np.float32), (0, 0), 0.006 * max(values.shape))
    # Neither the skin line nor the glow along the chest wall's edge must pass for the muscle's edge.
    sound = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8))
    sound[:, : max(4, round(_WALL_SHARE * inside.shape[1]))] = 0
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8) * sound
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8) * sound
    line = _best_line(down, across)
    if line is None:
        return None, "No edge of the muscle was found."
    muscle = _along(line, down, across) & inside
    share = float(muscle.sum() / inside.sum())
    if share < _LEAST_SHARE:
        return None, "No edge of the muscle was found."
    if share > _GREATEST_SHARE:
        return None, "The edge found would make the muscle larger than is possible."
    return muscle, ""


def _best_line(down: NDArray[np.float32], across: NDArray[np.float32]) -> _Line | None:
    """The line with the greatest mean drop in brightness away from the corner."""
    rows, columns = down.shape
    grid = np.meshgrid(np.linspace(0.08, 0.95, 44) * columns, np.linspace(0.15, 1.6, 59) * rows, indexing="ij")
    tops, walls = grid[0].ravel()[:, None], grid[1].ravel()[:, None]
    at = np.linspace(0.02, 0.98, _SAMPLES)[None]
    row, col = at * walls, (1 - at) * tops
    length = np.hypot(walls, tops)
    drop = -(_sample(down, row, col) * (tops / length) + _sample(across, row, col) * (walls / length))
    # A vessel or a fold is steeper than the muscle somewhere; it must not win by that.
    even = np.clip(drop, -0.01, 0.03) * (row < rows)
    mean = even.sum(axis=1) / np.maximum((row < rows).sum(axis=1), 1)
    span = np.minimum(walls[:, 0], rows) / rows
    score = mean * np.sqrt(np.minimum(1.0, span / 0.4))
    best = int(np.argmax(score))
    return _Line(float(tops[best, 0]), float(walls[best, 0])) if score[best] >= _LEAST_DROP else None


def _along(line: _Line, down: NDArray[np.float32], across: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Bend the line to the edge: all that lies between the corner and the path, shape of the gradients, bool."""
    rows, columns = down.shape
    length = float(np.hypot(line.top, line.wall))
    normal_row, normal_col = line.top / length, line.wall / length
    at = (np.arange(int(length)) + 0.5) / int(length)
    reach = _BEND_SHARE * max(rows, columns)
    offsets = np.arange(-reach, reach + 1.0)
    row = (at * line.wall)[None] + offsets[:, None] * normal_row
    col = ((1 - at) * line.top)[None] + offsets[:, None] * normal_col
    drop = -(_sample(down, row, col) * normal_row + _sample(across, row, col) * normal_col)
    gain = np.clip(drop, 0.0, 0.03) - 0.002 * (offsets[:, None] / reach) ** 2
    path = offsets[best_path(gain, stiffness=0.004)][None].astype(np.float32)
    bend = cv2.GaussianBlur(path, (0, 0), 0.01 * max(rows, columns))[0]
    edge_row, edge_col = at * line.wall + bend * normal_row, (1 - at) * line.top + bend * normal_col
    start, stop = [[-1.0, -1.0], [edge_col[0], -1.0]], [[-1.0, edge_row[-1]]]
    outline = np.concatenate([start, np.column_stack([edge_col, edge_row]), stop])
    canvas = np.zeros((rows, columns), dtype=np.uint8)
    cv2.fillPoly(canvas, [np.rint(outline).astype(np.int32)], (1,))
    return np.asarray(canvas > 0)


def _sample(values: NDArray[np.float32], rows: NDArray[np.float64], cols: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values at points between pixels, 0 beyond the border; shape of ``rows``."""
    at = (cols.astype(np.float32), rows.astype(np.float32))
    return np.asarray(cv2.remap(values, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), dtype=np.float32)
