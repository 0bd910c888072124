"""Where the marked lesions of a whole image lie on a network's map: what attention is taught to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mammoview.core.geometry import Box

#: Pixels of the input a position of the bodies' maps.
STRIDE = 32
#: What a position of the map is: nothing marked, or in a lesion that is benign, malignant, or of unknown kind.
NOTHING, BENIGN, MALIGNANT, UNKNOWN = range(4)
# A lesion smaller than a position still holds the one that its centre lies in.
_LEAST_RADIUS = 0.55


def marked(lesions: Sequence[Sequence[tuple[Box, bool | None]]]) -> NDArray[np.float32]:
    """The lesions of several images as one array.

    Parameters
    ----------
    lesions
        Of each image: boxes in input pixels, and whether the lesion is malignant, None where unknown.

    Returns
    -------
    ndarray, shape (n, k, 5), float32
        row0, col0, row1, col1, and `BENIGN`, `MALIGNANT` or `UNKNOWN`; rows of NaN where an image has fewer than k.
        Shape (0,) where nothing is marked at all.
    """
    most = max((len(of_image) for of_image in lesions), default=0)
    if not most:
        return np.zeros(0, dtype=np.float32)
    found = np.full((len(lesions), most, 5), np.nan, dtype=np.float32)
    for row, of_image in enumerate(lesions):
        for column, (box, is_malignant) in enumerate(of_image):
            kind = UNKNOWN if is_malignant is None else MALIGNANT if is_malignant else BENIGN
            found[row, column] = (box.row0, box.col0, box.row1, box.col1, kind)
    return found


def place_targets(
    lesions: NDArray[np.float32], matrix: NDArray[np.float64], shape: Sequence[int]
) -> NDArray[np.float32]:
    """What lies at each position of the map of an image that was moved.

    A position belongs to a lesion when its centre lies in the ellipse that fills the lesion's box.

    Parameters
    ----------
    lesions
        Shape (k, 5): one image's row of `marked`.
    matrix
        Shape (2, 3): the move, of (column, row), as `augment.random_affine` gives it.
    shape
        (rows, columns) of the input.

    Returns
    -------
    ndarray, shape (rows / 32 · columns / 32,), float32
        `NOTHING`, `BENIGN`, `MALIGNANT` or `UNKNOWN`, row by row.
    """
    rows, columns = (size // STRIDE for size in shape)
    row, column = ((np.mgrid[:rows, :columns] + 0.5) * STRIDE).reshape(2, -1)
    back = cv2.invertAffineTransform(matrix)
    column, row = back @ np.stack((column, row, np.ones_like(row)))
    found = np.full(row.shape, NOTHING, dtype=np.float32)
    for row0, col0, row1, col1, kind in lesions[~np.isnan(lesions[:, 0])]:
        down, across = (max((high - low) / 2, _LEAST_RADIUS * STRIDE) for low, high in ((row0, row1), (col0, col1)))
        inside = ((row - (row0 + row1) / 2) / down) ** 2 + ((column - (col0 + col1) / 2) / across) ** 2 < 1.0
        found[inside] = kind
    return found
