"""The line behind the breast as two points that a reader can drag: the pectoral muscle's edge, or the chest wall.

The straight line through a muscle's bent edge is fitted by least squares, as positioning criteria draw it for the
posterior nipple line (Bassett et al., Radiology 1993). CC views have none: there the chest wall is the edge of what
the detector saw, so depth on CC is measured from that edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.anatomy import WallLine
from mammoview.core.study import ViewPosition

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Points of the muscle's edge that a line needs, pixels of the mask it is given.
_LEAST_POINTS = 16


def find_wall(
    breast: NDArray[np.bool_],
    pectoral: NDArray[np.bool_] | None,
    *,
    view: ViewPosition | None,
    pectoral_reason: str = "",
) -> WallLine:
    """Draw the wall of a view.

    Parameters
    ----------
    breast
        Shape (rows, columns), bool, pectoral muscle included.
    pectoral
        Same shape, bool; None where it was not found.
    view
        The projection.
    pectoral_reason
        Why there is no muscle.

    Returns
    -------
    WallLine
        Without ends where there is no breast. On an oblique or lateral view without a muscle it is the chest wall's
        edge of the image, and says so.
    """
    if not breast.any():
        return WallLine(None, "No breast was found.")
    rows = np.flatnonzero(breast.any(axis=1))
    columns = np.flatnonzero(breast.any(axis=0))
    centre = float((breast.sum(axis=0) * np.arange(breast.shape[1])).sum() / breast.sum())
    is_left = centre < (columns[0] + columns[-1]) / 2
    edge = float(columns[0]) if is_left else float(columns[-1] + 1)
    if pectoral is not None and pectoral.any():
        line = _muscle_edge(pectoral, breast, is_left=is_left)
        if line is not None:
            return WallLine(line, is_pectoral=True)
        pectoral_reason = "The edge of the muscle is too short for a line."
    plain = (float(rows[0]), edge), (float(rows[-1] + 1), edge)
    if view is not None and view.is_craniocaudal:
        return WallLine(plain)
    why = pectoral_reason or "The pectoral muscle was not found."
    return WallLine(plain, f"{why} The edge of the image stands for the wall.")


def _muscle_edge(
    pectoral: NDArray[np.bool_], breast: NDArray[np.bool_], *, is_left: bool
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The straight line along the muscle's edge towards the breast, upper end first."""
    inner = cv2.erode(breast.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1).astype(bool)
    rows = np.flatnonzero(pectoral.any(axis=1))
    found = []
    for row in rows:
        line = pectoral[row] if is_left else pectoral[row, ::-1]
        reach = int(np.flatnonzero(line)[-1])
        column = reach + 1 if is_left else pectoral.shape[1] - 1 - reach
        if inner[row, min(max(column, 0), pectoral.shape[1] - 1)]:
            found.append((row + 0.5, float(column)))
    if len(found) < _LEAST_POINTS:
        return None
    points = np.array(found)
    middle = points.mean(axis=0)
    direction = np.linalg.svd(points - middle, full_matrices=False)[2][0]
    if abs(direction[0]) < 1e-6:
        return None
    direction = direction / direction[0]
    top, bottom = (middle + (row - middle[0]) * direction for row in (points[0, 0], points[-1, 0]))
    return (float(top[0]), float(top[1])), (float(bottom[0]), float(bottom[1]))
