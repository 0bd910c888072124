"""How an image must lie on the screen: turned and mirrored, and to which edge it is pushed."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Exceptions:
    """What is laid down as it is stored (MG-B14).

    Attributes
    ----------
    has_special
        Whether specimen, stereotactic and biopsy images are among them; coded values say which these are.
    descriptions
        Parts of Study Descriptions, in lower case: studies that bear one are not turned. This free text never says what
        an image shows.
    """

    has_special: bool = True
    descriptions: tuple[str, ...] = ()

    @classmethod
    def of(cls, descriptions: str, *, has_special: bool = True) -> Exceptions:
        """From a text of descriptions with semicolons between them."""
        parts = tuple(part.strip().lower() for part in descriptions.split(";"))
        return cls(has_special, tuple(part for part in parts if part))

    def cover(self, image: Mammogram) -> bool:
        """Whether the image is laid down as it is stored."""
        is_special = image.view is ViewPosition.SPECIMEN or image.is_biopsy
        described = image.study_description.lower()
        return (self.has_special and is_special) or any(part in described for part in self.descriptions)


def orient(
    image: Mammogram,
    chest_wall: Side | None = None,
    *,
    exceptions: Exceptions = Exceptions(),
    is_mirrored: bool = False,
) -> Orientation:
    """Decide how an image lies on the screen (MG-B02 to B04, B07, B14, K03).

    Parameters
    ----------
    image
        Its Patient Orientation decides; never its pixels where that is present (MG-B01), and never Field of View
        Rotation or Horizontal Flip, which tell of the detector (MG-B06).
    chest_wall
        The side of the native pixels where the breast meets the edge; it decides where Patient Orientation is absent
        or speaks of no anterior and posterior.
    exceptions
        What is not turned at all.
    is_mirrored
        Whether the reader said that what was decided without a tag is the wrong way round. A Patient Orientation
        stands, whatever was said.

    Returns
    -------
    Orientation
    """
    if exceptions.cover(image):
        return Orientation(Dihedral(), None, is_top=False)
    if has_direction(image):
        assert image.patient_orientation is not None
        return _from_tag(image, *image.patient_orientation)
    decided = _from_pixels(image, chest_wall)
    return mirrored(image, decided) if is_mirrored else decided


def has_direction(image: Mammogram) -> bool:
    """Whether Patient Orientation says where anterior and posterior are."""
    return image.patient_orientation is not None and any("A" in way or "P" in way for way in image.patient_orientation)


def mirrored(image: Mammogram, orientation: Orientation) -> Orientation:
    """The same mirrored left to right by the reader's hand (MG-K03).

    A known side keeps its edge: what was wrong is the image. Without a side the edge goes with the image.
    """
    was = orientation.dihedral
    edge = orientation.chest_wall
    if edge is not None and image.laterality is None:
        edge = edge.opposite
    return replace(
        orientation,
        dihedral=replace(was, flip_columns=not was.flip_columns),
        chest_wall=edge,
        inferred=Inferred("orientation", "mirrored", "by hand"),
    )


def _from_tag(image: Mammogram, row: str, column: str) -> Orientation:
    transpose = _is_transposed(row, column)
    if transpose:
        row, column = column, row
    # Each view of a side has its target: R has P along its rows, L has A.
    wanted = {Laterality.RIGHT: "P", Laterality.LEFT: "A"}.get(image.laterality) if image.laterality else None
    along = next(letter for letter in row if letter in "AP")
    is_posterior_right = along == "P"
    flip_columns = wanted is not None and wanted != along
    if flip_columns:
        is_posterior_right = not is_posterior_right
    # Without a view, feet or head along the columns tell that the beam was not vertical.
    is_upright = is_lateral(image.view) or (image.view is None and column[:1] in {"F", "H"})
    own_side_is_down = image.laterality is not None and image.laterality.value in column
    flip_rows = "F" not in column if is_upright else own_side_is_down
    return Orientation(
        Dihedral(transpose=transpose, flip_rows=flip_rows, flip_columns=flip_columns),
        Side.RIGHT if is_posterior_right else Side.LEFT,
        is_top=is_upright,
    )


def _is_transposed(row: str, column: str) -> bool:
    """Whether anterior and posterior run along the columns.

    Where both directions speak of them, as an oblique positioning may, the one that names them first does (MG-B03).
    """
    in_row, in_column = ("A" in way or "P" in way for way in (row, column))
    if in_row and in_column:
        return row[0] not in "AP" and column[0] in "AP"
    return not in_row


def _from_pixels(image: Mammogram, chest_wall: Side | None) -> Orientation:
    wanted = _CHEST_WALL.get(image.laterality) if image.laterality else None
    is_top = is_lateral(image.view)
    if chest_wall is None:
        inferred = Inferred("orientation", "as stored", "nothing: no Patient Orientation, no visible chest wall")
        return Orientation(Dihedral(), wanted, is_top, inferred)
    flip = wanted is not None and wanted is not chest_wall
    inferred = Inferred("orientation", "mirrored" if flip else "as stored", f"chest wall seen on the {chest_wall} side")
    return Orientation(Dihedral(flip_columns=flip), wanted or chest_wall, is_top, inferred)
