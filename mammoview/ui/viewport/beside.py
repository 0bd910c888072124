"""How much room lies between a pane's edge and the breast, row by row, where lines of text can stand. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Dihedral


@dataclass(frozen=True, eq=False)
class Beside:
    """The outline of a breast as it hangs, seen from the edge away from the chest wall.

    Attributes
    ----------
    far
        Device pixels from the chest wall to the farthest breast, by row of cells; 0 where there is none.
    top, step
        Device row of the first cells, and device rows of each.
    columns
        Width of the pane, device pixels.
    """

    far: NDArray[np.float64]
    top: float
    step: float
    columns: float

    def room(self, top: float, bottom: float) -> float:
        """The free width between the edge and the breast over the device rows [top, bottom)."""
        first = int(np.floor((top - self.top) / self.step))
        last = int(np.ceil((bottom - self.top) / self.step))
        within = self.far[max(0, first) : max(0, last)]
        return self.columns - float(within.max(initial=0.0))


def outline(cells: NDArray[np.bool_], dihedral: Dihedral, *, is_wall_left: bool) -> NDArray[np.int64]:
    """How many cells the breast reaches from the chest wall, by row of the laid-down image.

    Parameters
    ----------
    cells
        Shape (rows, columns) of the native image, however coarse, bool: True where there is breast.
    dihedral
        How the image is laid down.
    is_wall_left
        Whether the chest wall is the left edge of the laid-down image.
    """
    laid = cells.T if dihedral.transpose else cells
    laid = laid[::-1] if dihedral.flip_rows else laid
    from_edge = laid[:, ::-1] if dihedral.flip_columns != is_wall_left else laid
    return np.where(from_edge.any(axis=1), from_edge.shape[1] - from_edge.argmax(axis=1), 0)
