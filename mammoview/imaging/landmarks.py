"""The landmarks of a view from what suppression found on it: nipple and wall."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mammoview.core.anatomy import Landmarks
from mammoview.imaging.nipple import find_nipple
from mammoview.imaging.suppress import suppress
from mammoview.imaging.wall import find_wall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.findings import Suppression
    from mammoview.core.geometry import Dihedral
    from mammoview.core.marks import Point
    from mammoview.core.study import ViewPosition

_Pixel = TypeVar("_Pixel", np.uint16, np.bool_)


def find_landmarks(
    image: NDArray[np.uint16],
    suppression: Suppression,
    *,
    view: ViewPosition | None,
    spacing_mm: tuple[float, float] | None = None,
) -> Landmarks:
    """Find the nipple and the wall behind the breast.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values: bright is dense.
    suppression
        What `mammoview.imaging.suppress.suppress` found on it.
    view
        The projection.
    spacing_mm
        (row, column) millimetres a pixel, None where unknown.

    Returns
    -------
    Landmarks
        Native pixels. What is not found is None, or unsure, with a reason.
    """
    breast = suppression.breast.to_array()
    pectoral = suppression.pectoral.to_array() if suppression.pectoral is not None else None
    return Landmarks(
        find_nipple(image, breast, pectoral, view=view, spacing_mm=spacing_mm),
        find_wall(breast, pectoral, view=view, pectoral_reason=suppression.pectoral_reason),
    )


def find_upright(
    image: NDArray[np.uint16],
    *,
    dihedral: Dihedral,
    view: ViewPosition | None,
    spacing_mm: tuple[float, float] | None = None,
    padding: NDArray[np.bool_] | None = None,
) -> Landmarks:
    """Find the landmarks of an image that may be stored lying down: it is laid down first, as it hangs.

    Breast and muscle are looked for with the chest wall at a side and the axilla up, so that an image stored otherwise
    needs this way.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values, as stored.
    dihedral
        From stored pixels to the screen, as orientation decided it.
    view
        The projection.
    spacing_mm
        (row, column) millimetres a stored pixel, None where unknown.
    padding
        Shape of the image, bool: pixels that hold no measurement.

    Returns
    -------
    Landmarks
        Stored (native) pixels.
    """
    laid = Laid(dihedral, *image.shape)
    hung = laid.plane(image)
    hidden = None if padding is None else laid.plane(padding)
    spacing = laid.spacing(spacing_mm)
    cleared = suppress(hung, view=view, laterality=None, padding=hidden, spacing_mm=spacing)
    return laid.landmarks(find_landmarks(hung, cleared, view=view, spacing_mm=spacing))


@dataclass(frozen=True)
class Laid:
    """An image laid down as it hangs, and the way back to the stored pixels.

    Attributes
    ----------
    dihedral
        From stored pixels to the screen.
    rows, columns
        Of the stored image.
    """

    dihedral: Dihedral
    rows: int
    columns: int

    @property
    def is_plain(self) -> bool:
        """Whether the image hangs as it is stored."""
        return not (self.dihedral.transpose or self.dihedral.flip_rows or self.dihedral.flip_columns)

    def plane(self, plane: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """The plane turned and mirrored."""
        turned = plane.T if self.dihedral.transpose else plane
        turned = turned[::-1] if self.dihedral.flip_rows else turned
        return np.ascontiguousarray(turned[:, ::-1] if self.dihedral.flip_columns else turned)

    def back(self, plane: NDArray[_Pixel]) -> NDArray[_Pixel]:
        """A plane of the laid-down image in stored pixels."""
        turned = plane[:, ::-1] if self.dihedral.flip_columns else plane
        turned = turned[::-1] if self.dihedral.flip_rows else turned
        return np.ascontiguousarray(turned.T if self.dihedral.transpose else turned)

    def spacing(self, spacing_mm: tuple[float, float] | None) -> tuple[float, float] | None:
        """(row, column) millimetres a pixel of the laid-down image, from those of the stored one."""
        return spacing_mm[::-1] if spacing_mm is not None and self.dihedral.transpose else spacing_mm

    def landmarks(self, found: Landmarks) -> Landmarks:
        """Landmarks of the laid-down image in stored pixels."""
        back = self.dihedral.transform(self.rows, self.columns).inverse()

        def stored(point: Point) -> Point:
            row, col = back.apply(point)[0]
            return float(row), float(col)

        nipple, wall = found.nipple, found.wall
        return Landmarks(
            None if nipple is None else replace(nipple, point=stored(nipple.point)),
            wall if wall.ends is None else replace(wall, ends=(stored(wall.ends[0]), stored(wall.ends[1]))),
        )
