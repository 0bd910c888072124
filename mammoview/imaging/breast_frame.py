"""The common frame in which masses are looked for: one scale, square pixels, chest wall on the left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.geometry import Box, PixelTransform

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_MM = 0.6
# Without a spacing the longer side of a frame counts as 240 mm, as that of an 18 × 24 cm film.
FRAME_HEIGHT_MM = 240.0
# No receptor is square. A square frame that shows a breast this wide was stretched from one of the usual shape: the
# median of CBIS-DDSM is 1.7 times as tall as wide.
STRETCHED_BREAST_RATIO, USUAL_FRAME_RATIO = 1.6, 1.7
# Sides of the frame beyond which a spacing in the header is not believed.
SMALLEST_FRAME_MM, LARGEST_FRAME_MM = 30.0, 600.0


def believed_spacing(breast: NDArray[np.bool_], spacing_mm: tuple[float, float] | None) -> tuple[float, float]:
    """The pixel spacing to work with: the known one, or one derived from the frame and the breast in it.

    Parameters
    ----------
    breast
        Shape (rows, columns), bool.
    spacing_mm
        (row, column), mm, or None.

    Returns
    -------
    tuple of float
        (row, column), mm.
    """
    rows, columns = breast.shape
    if spacing_mm is not None:
        sides = rows * spacing_mm[0], columns * spacing_mm[1]
        if min(sides) >= SMALLEST_FRAME_MM and max(sides) <= LARGEST_FRAME_MM:
            return spacing_mm
    step = FRAME_HEIGHT_MM / max(rows, columns)
    if rows == columns and breast.any():
        box = extent(breast)
        if box.height_px < STRETCHED_BREAST_RATIO * box.width_px:
            return step, step / USUAL_FRAME_RATIO
    return step, step


def extent(mask: NDArray[np.bool_]) -> Box:
    """The box around the set pixels of a mask, shape (rows, columns); an empty box where none is set."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return Box(0, 0, 0, 0)
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


@dataclass(frozen=True, eq=False)
class BreastFrame:
    """An image laid down in the common frame.

    Attributes
    ----------
    values
        Shape (rows, columns), float32: P-values, `STEP_MM` a pixel, the chest wall on the left.
    breast, pectoral
        Same shape, bool.
    transform
        From native pixels to this frame's.
    """

    values: NDArray[np.float32]
    breast: NDArray[np.bool_]
    pectoral: NDArray[np.bool_]
    transform: PixelTransform


def lay_down(
    image: NDArray[np.uint16],
    breast: NDArray[np.bool_],
    pectoral: NDArray[np.bool_] | None,
    *,
    spacing_mm: tuple[float, float],
) -> BreastFrame:
    """Bring an image to the common frame by area averaging, mirrored when the chest wall is on the right.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values.
    breast, pectoral
        Same shape, bool; the muscle None where it is not seen.
    spacing_mm
        (row, column) millimetres a pixel, from `believed_spacing`.
    """
    rows, columns = image.shape
    size = (max(8, round(columns * spacing_mm[1] / STEP_MM)), max(8, round(rows * spacing_mm[0] / STEP_MM)))
    values = _reduced(image, size)
    inside = _reduced(breast.view(np.uint8) * np.uint8(255), size) > 127
    muscle = np.zeros_like(inside)
    if pectoral is not None:
        muscle = _reduced(pectoral.view(np.uint8) * np.uint8(255), size) > 127
    half = size[0] // 2
    is_mirrored = bool(inside[:, :half].sum() < inside[:, half:].sum())
    if is_mirrored:
        values, inside, muscle = values[:, ::-1].copy(), inside[:, ::-1].copy(), muscle[:, ::-1].copy()
    transform = PixelTransform.scale_crop(Box(0, 0, rows, columns), size[1], size[0], flip_columns=is_mirrored)
    return BreastFrame(values, inside, muscle, transform)


def _reduced(plane: NDArray[np.uint8] | NDArray[np.uint16], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize to ``size`` (columns, rows): area averages on the way down, linear on the way up."""
    is_smaller = size[0] * size[1] < plane.size
    resized = cv2.resize(plane, size, interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR)
    return np.asarray(resized, dtype=np.float32)
