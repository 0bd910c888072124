"""Air beyond the breast, estimated where the header marks none as padding (MG-E03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.imaging.suppress import find_outline
from mammoview.imaging.workcopy import disk, reduce

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How far beyond its estimated outline the breast is left alone, of the work copy's long side. Digital skin ends
# sharply: two pixels of 800. On film the outline itself is uncertain.
_DIGITAL_RIM_SHARE = 2 / 800
_FILM_RIM_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Air:
    """Where there is no breast, as far as the pixels tell.

    Attributes
    ----------
    mask
        Shape of the image that it was estimated on, bool: True in the air.
    is_digital
        Whether the skin ends sharply on black. Otherwise the image is of film, whose frame, labels and fog are darkened
        only when the reader asks for it.
    """

    mask: NDArray[np.bool_]
    is_digital: bool


def estimate_air(shown: NDArray[np.uint16]) -> Air | None:
    """Estimate what is air.

    Parameters
    ----------
    shown
        Shape (rows, columns), uint16 P-values: bright is dense. A level of the pyramid with 800 pixels or more along
        its long side serves as well as the native one.

    Returns
    -------
    Air or None
        None where no breast was found: then nothing may be darkened.
    """
    copy = reduce(shown)
    breast = find_outline(copy).breast
    if not breast.mask.any():
        return None
    rim = (_DIGITAL_RIM_SHARE if breast.is_digital else _FILM_RIM_SHARE) * max(breast.mask.shape)
    kept = cv2.dilate(breast.mask.astype(np.uint8), disk(rim)).astype(bool)
    return Air(~copy.enlarge(kept), breast.is_digital)
