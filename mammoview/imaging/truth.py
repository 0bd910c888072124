"""Masks that a reader drew: read from a picture, and compared with the outlines that were found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.errors import InputError, NotAnImageError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mammoview.core.findings import ImageResult

#: Pictures that hold masks.
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".pgm", ".tif", ".tiff", ".bmp"})
#: Above this of 255 a pixel belongs to the mask: JPEG blurs what was black and white.
_LEVEL = 127


@dataclass(frozen=True)
class Agreement:
    """How well two masks agree, 0 to 1; None where both are empty, for then there is nothing to agree on."""

    dice: float | None
    iou: float | None


def read_mask(path: Path, rows: int, columns: int) -> NDArray[np.bool_]:
    """Read a mask of an image.

    Parameters
    ----------
    path
        A picture, white on black; of colours the strongest counts.
    rows, columns
        Size of the image.

    Returns
    -------
    ndarray, shape (rows, columns), bool

    Raises
    ------
    InputError
        When it is no picture, or has another size than the image.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read ({error.strerror}).", "Check that it may be read.") from error
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION) if data.size else None
    if picture is None:
        raise NotAnImageError(f"{path} is no picture that can be read.", "Save the mask as PNG, white on black.")
    if picture.shape[:2] != (rows, columns):
        raise InputError(
            f"The mask {path.name} has {picture.shape[0]} × {picture.shape[1]} pixels, the image {rows} × {columns}.",
            "Export the mask at the image's own size, not turned or cropped.",
        )
    return np.asarray(picture.max(axis=2) > _LEVEL)


def find_mask(given: Path, names: Sequence[str]) -> Path | None:
    """The picture in a folder, or the one picture given, whose name is one of ``names``, with or without ``_mask``.

    Parameters
    ----------
    given
        A folder or a picture.
    names
        File names without their endings.
    """
    pictures = sorted(given.iterdir()) if given.is_dir() else [given]
    wanted = {name for stem in names for name in (stem, f"{stem}_mask")}
    return next((one for one in pictures if one.stem in wanted and one.suffix.lower() in SUFFIXES), None)


def outlined(result: ImageResult, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """All that was outlined in an image of that shape (rows, columns), bool."""
    whole = np.zeros(shape, dtype=bool)
    for finding in result.findings:
        if finding.mask is not None:
            whole |= finding.mask.to_array()
    return whole


def agreement(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Agreement:
    """Dice coefficient and intersection over union of two masks of one shape, bool."""
    both = int(np.count_nonzero(truth & predicted))
    total = int(np.count_nonzero(truth)) + int(np.count_nonzero(predicted))
    if not total:
        return Agreement(None, None)
    return Agreement(2 * both / total, both / (total - both))
