"""The pixels of a case as the networks' preprocessing takes them, prepared as the program prepares an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.geometry import Box
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.suppress import clean, suppress
from mammoview.imaging.windowing import to_presentation
from mammoview.models.preprocess import resize
from mammoview.training.cases.case import outline_mask
from mammoview.training.cases.data import read_gray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.study import Mammogram
    from mammoview.training.cases.case import Case, MarkedLesion

# Smaller parts of a mask picture are specks, thinner ones arcs of thickened skin; the largest are no single lesion.
_LEAST_SIDE_PX, _LEAST_FILL, _LARGEST_SHARE = 10, 0.2, 0.5


@dataclass(frozen=True, eq=False)
class CasePixels:
    """One case, read.

    Attributes
    ----------
    header
        What the file says of itself.
    cleaned
        Shape (rows, columns), uint16 P-values with artifacts suppressed; pixels are square.
    breast
        Shape (rows, columns), bool.
    spacing_mm
        (row, column) millimetres a pixel, where known.
    boxes
        Of the case's lesions, in these pixels.
    """

    case: Case
    header: Mammogram
    cleaned: NDArray[np.uint16]
    breast: NDArray[np.bool_]
    spacing_mm: tuple[float, float] | None
    boxes: tuple[Box, ...]

    def lesion_masks(self) -> tuple[NDArray[np.bool_], ...]:
        """Every outlined lesion as a mask of the whole image, shape (rows, columns), bool.

        The parts of a mask picture that can be a lesion, or else the contours. Left out are parts with a long side
        below 10 px or above half of the image's, and those that fill less than a fifth of their box.
        """
        if self.case.mask is not None:
            picture = read_gray(self.case.mask) > 127
            if picture.shape != (self.header.rows, self.header.columns):
                raise InputError(f"{self.case.mask} has not the size of its image.", "Check the masks.")
        else:
            picture = outline_mask(self.case.lesions, (self.header.rows, self.header.columns))
        if picture.shape != self.cleaned.shape:
            picture = resize(picture.astype(np.float32), *self.cleaned.shape) >= 0.5
        return _lesion_parts(picture)


def read_case(case: Case) -> CasePixels:
    """Decode a case's image, make its pixels square, find the breast and suppress what is not.

    Raises
    ------
    InputError
        When the image cannot be read.
    """
    header = read_header(case.path)
    stored = decode(header)
    shown = to_presentation(stored, header.grayscale)
    padding, spacing = stored.padding, header.spacing_mm
    boxes = tuple(lesion.box for lesion in case.lesions)
    if case.true_size is not None and case.true_size != shown.shape:
        down, across = (size / side for size, side in zip(case.true_size, shown.shape, strict=True))
        shown = np.rint(resize(shown, *case.true_size)).astype(np.uint16)
        boxes = tuple(Box(b.row0 * down, b.col0 * across, b.row1 * down, b.col1 * across) for b in boxes)
        padding = None
        spacing = None if spacing is None else (spacing[0] / down, spacing[1] / across)
    # Without the view the pectoral muscle is not looked for: it stays in the cleaned image either way.
    found = suppress(shown, view=None, laterality=case.laterality, padding=padding, spacing_mm=spacing)
    return CasePixels(case, header, clean(shown, found), found.breast.to_array(), spacing, boxes)


def marked(pixels: CasePixels) -> tuple[tuple[MarkedLesion, Box], ...]:
    """The case's lesions with their boxes in the read pixels."""
    return tuple(zip(pixels.case.lesions, pixels.boxes, strict=True))


def _lesion_parts(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    found = []
    for index in range(1, count):
        width, height, area = (int(stats[index, column]) for column in (2, 3, 4))
        longest = max(width, height)
        is_of_size = _LEAST_SIDE_PX <= longest <= _LARGEST_SHARE * max(mask.shape)
        if is_of_size and area >= _LEAST_FILL * width * height:
            found.append(np.asarray(parts == index))
    return tuple(found)
