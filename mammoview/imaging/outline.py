"""From a mask to the line around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def outline(mask: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """The outer border of the largest part of a mask.

    Parameters
    ----------
    mask
        Shape (rows, columns), bool.

    Returns
    -------
    tuple of (row, column)
        Along the outer edges of the border pixels' centres, native pixels; empty for an empty mask.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return ()
    largest = max(contours, key=cv2.contourArea).reshape(-1, 2)
    return tuple((float(row) + 0.5, float(col) + 0.5) for col, row in largest)
