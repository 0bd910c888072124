"""From Patient Orientation to words: whichever way a file is stored, outer stays outer."""

from __future__ import annotations

from itertools import product

import pytest

from mammoview.core.anatomy import LandmarkEdit, Landmarks, Nipple, WallLine
from mammoview.core.geometry import Dihedral
from mammoview.core.reading.location import Region
from mammoview.core.study import Grayscale, Laterality, Mammogram, SourceKind, ViewPosition
from mammoview.imaging.location import locate
from mammoview.session.locating import edited, view_frame
from mammoview.session.orientation import Side, orient

L, R = Laterality.LEFT, Laterality.RIGHT
CC, MLO = ViewPosition.CC, ViewPosition.MLO
ROWS, COLUMNS = 400, 300


def mammogram(**more: object) -> Mammogram:
    return Mammogram("1", "/1", SourceKind.DICOM, ROWS, COLUMNS, Grayscale(12), spacing_mm=(0.5, 0.5), **more)  # type: ignore[arg-type]


def towards(letter: str, ways: tuple[str, str]) -> tuple[float, float]:
    """Unit (row, column) of the stored image that goes to a side of the patient, read off Patient Orientation."""
    opposite = dict(zip("APLRHF", "PARLFH", strict=True))
    row, column = ways
    for way, vector in ((row, (0.0, 1.0)), (column, (1.0, 0.0))):
        if letter in way:
            return vector
        if opposite[letter] in way:
            return -vector[0], -vector[1]
    raise AssertionError(letter)


#: (side, view, the way to go from the nipple's line, what is said).
TABLE = [
    (R, CC, "R", Region.OUTER),
    (R, CC, "L", Region.INNER),
    (L, CC, "L", Region.OUTER),
    (L, CC, "R", Region.INNER),
    (R, MLO, "H", Region.UPPER),
    (R, MLO, "F", Region.LOWER),
    (L, MLO, "H", Region.UPPER),
    (L, MLO, "F", Region.LOWER),
]


@pytest.mark.parametrize(("side", "view", "letter", "region"), TABLE)
@pytest.mark.parametrize(("is_swapped", "first", "second"), list(product((False, True), "AP", (0, 1))))
def test_patient_orientation_alone_decides(
    side: Laterality, view: ViewPosition, letter: str, region: Region, is_swapped: bool, first: str, second: int
) -> None:
    ways = (first, ("LR" if view is CC else "HF")[second])
    image = mammogram(laterality=side, view=view, patient_orientation=ways[::-1] if is_swapped else ways)
    assert image.patient_orientation is not None
    back, aside = towards("P", image.patient_orientation), towards(letter, image.patient_orientation)
    nipple = (ROWS / 2 - back[0] * 80, COLUMNS / 2 - back[1] * 80)
    wall = (nipple[0] + back[0] * 160, nipple[1] + back[1] * 160)
    ends = ((wall[0] + aside[0] * 50, wall[1] + aside[1] * 50), (wall[0] - aside[0] * 50, wall[1] - aside[1] * 50))
    frame = view_frame(image, orient(image), Landmarks(Nipple(nipple, 1.0), WallLine(ends)))
    assert frame is not None
    place = locate(frame, (nipple[0] + back[0] * 90 + aside[0] * 60, nipple[1] + back[1] * 90 + aside[1] * 60))
    assert place.region is region
    assert not place.doubts


def test_without_patient_orientation_the_doubt_is_told() -> None:
    image = mammogram(laterality=R, view=CC)
    marks = Landmarks(Nipple((200.0, 280.0), 1.0), WallLine(((0.0, 0.0), (400.0, 0.0))))
    # The breast meets the left edge of a right view: it is mirrored, and up stays up.
    frame = view_frame(image, orient(image, Side.LEFT), marks)
    assert frame is not None
    assert frame.dihedral == Dihedral(flip_columns=True)
    place = locate(frame, (100.0, 100.0))
    assert place.region is Region.OUTER
    assert any("header does not say" in doubt for doubt in place.doubts)


@pytest.mark.parametrize("lacking", [{"laterality": None, "view": CC}, {"laterality": R, "view": None}])
def test_without_side_or_view_there_is_no_frame(lacking: dict[str, object]) -> None:
    image = mammogram(**lacking)
    assert view_frame(image, orient(image), Landmarks(None, WallLine(None))) is None


def test_a_dragged_nipple_moves_what_is_upper_and_lower() -> None:
    image = mammogram(laterality=L, view=MLO, patient_orientation=("A", "F"))
    found = Landmarks(Nipple((200.0, 250.0), 0.9), WallLine(((0.0, 20.0), (400.0, 20.0))))
    frame = view_frame(image, orient(image), found)
    assert frame is not None
    place = (150.0, 100.0)
    assert locate(frame, place).region is Region.UPPER
    lower = edited(frame, LandmarkEdit("1", nipple=(100.0, 250.0)))
    assert locate(lower, place).region is Region.LOWER
    nearer = edited(frame, LandmarkEdit("1", wall=((0.0, 95.0), (400.0, 95.0))))
    assert nearer.depth is not None
    assert frame.depth is not None
    assert frame.depth - nearer.depth == pytest.approx(37.5)
    assert edited(frame, None) is frame
