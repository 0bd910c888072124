"""How an image must lie on the screen: turned and mirrored, and to which edge it is pushed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mammoview.core.geometry import Dihedral
from mammoview.core.study import Inferred, Laterality, Mammogram, ViewPosition


class Side(StrEnum):
    """A side of an image or of the screen."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def opposite(self) -> Side:
        """The other one."""
        return Side.LEFT if self is Side.RIGHT else Side.RIGHT


_LATERAL = {
    ViewPosition.MLO,
    ViewPosition.ML,
    ViewPosition.LM,
    ViewPosition.LMO,
    ViewPosition.SIO,
    ViewPosition.ISO,
}
_CHEST_WALL = {Laterality.RIGHT: Side.RIGHT, Laterality.LEFT: Side.LEFT}


@dataclass(frozen=True)
class Orientation:
    """How one image is laid down.

    Attributes
    ----------
    dihedral
        From native pixels to the screen.
    chest_wall
        The edge of its slot that the image touches (MG-B07); None where nothing tells.
    is_top
        Whether it touches the slot's upper edge, too: the axilla is up.
    inferred
        What was decided without a tag, and from what; None where Patient Orientation decided.
    """

    dihedral: Dihedral
    chest_wall: Side | None
    is_top: bool
    inferred: Inferred | None = None


def is_lateral(view: ViewPosition | None) -> bool:
    """Whether the view belongs to the lateral and oblique family of MG-B03."""
    return view in _LATERAL


def orient(image: Mammogram, chest_wall: Side | None = None) -> Orientation:
    """Decide how an image lies on the screen (MG-B02 to B04, B07, B14).

    Parameters
    ----------
    image
        Its Patient Orientation decides; never its pixels where that is present (MG-B01).
    chest_wall
        The side of the native pixels where the breast meets the edge; it decides where Patient Orientation is absent
        or speaks of no anterior and posterior.

    Returns
    -------
    Orientation
    """
    if image.view is ViewPosition.SPECIMEN:
        return Orientation(Dihedral(), None, is_top=False)
    if image.patient_orientation is not None and any("A" in way or "P" in way for way in image.patient_orientation):
        return _from_tag(image, *image.patient_orientation)
    return _from_pixels(image, chest_wall)


def _from_tag(image: Mammogram, row: str, column: str) -> Orientation:
    transpose = "A" not in row and "P" not in row
    if transpose:
        row, column = column, row
    # Each view of a side has its target: R has P along its rows, L has A.
    wanted = {Laterality.RIGHT: "P", Laterality.LEFT: "A"}.get(image.laterality) if image.laterality else None
    flip_columns = wanted is not None and wanted not in row
    is_posterior_right = ("P" in row) != flip_columns
    # Without a view, feet or head along the columns tell that the beam was not vertical.
    is_upright = is_lateral(image.view) or (image.view is None and column[:1] in {"F", "H"})
    own_side_is_down = image.laterality is not None and image.laterality.value in column
    flip_rows = "F" not in column if is_upright else own_side_is_down
    return Orientation(
        Dihedral(transpose=transpose, flip_rows=flip_rows, flip_columns=flip_columns),
        Side.RIGHT if is_posterior_right else Side.LEFT,
        is_top=is_upright,
    )


def _from_pixels(image: Mammogram, chest_wall: Side | None) -> Orientation:
    wanted = _CHEST_WALL.get(image.laterality) if image.laterality else None
    is_top = is_lateral(image.view)
    if chest_wall is None:
        inferred = Inferred("orientation", "as stored", "nothing: no Patient Orientation, no visible chest wall")
        return Orientation(Dihedral(), wanted, is_top, inferred)
    flip = wanted is not None and wanted is not chest_wall
    inferred = Inferred("orientation", "mirrored" if flip else "as stored", f"chest wall seen on the {chest_wall} side")
    return Orientation(Dihedral(flip_columns=flip), wanted or chest_wall, is_top, inferred)
