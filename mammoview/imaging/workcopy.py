"""The reduced copy on which suppression works, and the way back to native pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORK_SIDE_PX = 800
P_MAX = 65_535.0
#: Padding on more of the frame than this is not a border but the air beyond the skin.
_AIR_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class WorkCopy:
    """An image reduced by area averaging.

    Attributes
    ----------
    values
        Shape (rows, columns), float32 in [0, 1], bright is dense.
    known
        Shape (rows, columns), bool: False where all is padding, unless the padding is the air.
    native_shape
        (rows, columns) of the image that it was made from.
    """

    values: NDArray[np.float32]
    known: NDArray[np.bool_]
    native_shape: tuple[int, int]

    def enlarge(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Bring a mask of the copy's shape to native pixels, its edge kept smooth.

        Returns
        -------
        ndarray, shape ``native_shape``, bool
        """
        rows, columns = self.native_shape
        if mask.shape == self.native_shape:
            return mask
        soft = cv2.resize(mask.astype(np.uint8) * 255, (columns, rows), interpolation=cv2.INTER_LINEAR)
        return np.asarray(soft > 127)


def reduce(image: NDArray[np.uint16], padding: NDArray[np.bool_] | None = None) -> WorkCopy:
    """Reduce an image so that its long side has at most 800 pixels.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values.
    padding
        Same shape, bool, or None.
    """
    rows, columns = image.shape
    scale = min(1.0, WORK_SIDE_PX / max(rows, columns))
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else image
    values = small.astype(np.float32) / np.float32(P_MAX)
    known = np.ones(values.shape, dtype=bool)
    if padding is not None:
        share = cv2.resize(padding.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
        known = share < 255
        values[~known] = 0.0
        if 1.0 - known.mean() > _AIR_SHARE:
            # So much padding is the air that the vendor marked (CP-692): black, and all the background there is.
            known = np.ones(values.shape, dtype=bool)
    return WorkCopy(values, known, (rows, columns))


def disk(radius_px: float) -> NDArray[np.uint8]:
    """A round structuring element, shape (2r + 1, 2r + 1), uint8; at least 3 × 3."""
    side = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), dtype=np.uint8)
