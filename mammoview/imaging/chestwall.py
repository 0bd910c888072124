"""On which side of an image the breast meets the edge: a quick look, for images whose tags do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The breast's outer edge, where films show frames and tape, is not looked at.
_MARGIN = 0.02
#: The nearer half of the image must hold so many times the tissue of the farther one.
_CLEAR = 1.15


def chest_wall_is_left(image: NDArray[np.uint16]) -> bool | None:
    """Whether the chest wall is on the left side, None where the image does not tell.

    A breast lies against its chest wall and narrows to the nipple, so the half with more tissue is the nearer one.
    Tissue is what Otsu's threshold separates from air.

    Parameters
    ----------
    image
        P-values, a small level of the pyramid will do; shape (rows, columns), uint16.
    """
    rows, columns = image.shape
    inside = image[
        int(rows * _MARGIN) : rows - int(rows * _MARGIN), int(columns * _MARGIN) : columns - int(columns * _MARGIN)
    ]
    if min(inside.shape) < 2 or inside.min() == inside.max():
        return None
    # Air and fat lie close together on a bright film: the root pulls them apart.
    spread = np.sqrt(inside.astype(np.float32) / 65_535.0)
    _, tissue = cv2.threshold((spread * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    # Columns count more the nearer they are to an edge: a large breast reaches beyond the middle.
    weights = np.linspace(1.0, -1.0, tissue.shape[1])
    share = tissue.sum(axis=0, dtype=np.float64)
    left, right = float(share @ np.clip(weights, 0, 1)), float(share @ np.clip(-weights, 0, 1))
    if max(left, right) < _CLEAR * min(left, right):
        return None
    return left > right
