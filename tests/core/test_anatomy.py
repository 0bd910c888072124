import math

import pytest

from mammoview.core.anatomy import LandmarkEdit, Landmarks, Nipple, WallLine, foot_on, posterior_nipple_line


def test_a_dragged_nipple_is_sure_and_says_by_hand() -> None:
    found = Nipple((10.0, 20.0), 0.2, "No nipple stands out.")
    assert not found.is_sure
    moved = found.moved((11.0, 22.0))
    assert (moved.point, moved.is_sure, moved.is_by_hand, moved.reason) == ((11.0, 22.0), True, True, "")


def test_one_end_of_a_wall_is_dragged_and_the_other_stays() -> None:
    wall = WallLine(((0.0, 100.0), (300.0, 0.0)), "The edge of the image stands for the wall.", is_pectoral=True)
    for index in (0, 1):
        moved = wall.with_end(index, (50.0, 60.0))
        assert moved.ends is not None
        assert moved.ends[index] == (50.0, 60.0)
        assert moved.ends[1 - index] == wall.ends[1 - index]  # type: ignore[index]
        assert moved.is_by_hand
        assert not moved.reason


def test_a_wall_cannot_be_dragged_to_a_point_or_out_of_nothing() -> None:
    with pytest.raises(ValueError, match="apart"):
        WallLine(((0.0, 0.0), (9.0, 0.0))).with_end(1, (0.2, 0.0))
    with pytest.raises(ValueError, match="without ends"):
        WallLine(None, "No breast was found.").with_end(0, (0.0, 0.0))


def test_posterior_nipple_line_meets_the_wall_at_a_right_angle_in_the_plane_of_the_breast() -> None:
    spacing = (0.1, 0.2)
    marks = Landmarks(Nipple((500.0, 400.0), 1.0), WallLine(((0.0, 150.0), (600.0, 0.0)), is_pectoral=True))
    line = posterior_nipple_line(marks, spacing)
    assert line is not None
    (row, col), (foot_row, foot_col) = line
    across = (row - foot_row) * spacing[0], (col - foot_col) * spacing[1]
    along = 600.0 * spacing[0], -150.0 * spacing[1]
    assert math.isclose(across[0] * along[0] + across[1] * along[1], 0.0, abs_tol=1e-9)
    # On the wall itself: the two-point equation holds.
    assert math.isclose(foot_row / 600.0, (foot_col - 150.0) / -150.0)


@pytest.mark.parametrize(
    "marks",
    [
        Landmarks(None, WallLine(((0.0, 0.0), (9.0, 0.0)))),
        Landmarks(Nipple((1.0, 1.0), 1.0), WallLine(None, "No breast was found.")),
    ],
)
def test_no_line_without_both_ends(marks: Landmarks) -> None:
    assert posterior_nipple_line(marks) is None


def test_foot_of_a_point_on_the_line_is_the_point() -> None:
    assert foot_on(((0.0, 0.0), (10.0, 10.0)), (4.0, 4.0)) == (4.0, 4.0)


FOUND = Landmarks(
    Nipple((10.0, 20.0), 0.2, "No nipple stands out."),
    WallLine(((0.0, 100.0), (300.0, 0.0)), "The edge stands for the wall.", is_pectoral=True),
)


def test_an_edit_holds_what_was_dragged_and_stands_before_what_is_found() -> None:
    assert LandmarkEdit.of("a", FOUND) is None, "nothing was dragged"
    assert FOUND.nipple is not None
    nipple = LandmarkEdit.of("a", Landmarks(FOUND.nipple.moved((11.0, 22.0)), FOUND.wall))
    assert nipple == LandmarkEdit("a", nipple=(11.0, 22.0))
    applied = nipple.applied(FOUND)
    assert applied.nipple == Nipple((11.0, 22.0), 1.0, is_by_hand=True)
    assert applied.wall == FOUND.wall
    assert nipple.applied(Landmarks(None, WallLine(None))).nipple == applied.nipple, "also where none is found"

    wall = LandmarkEdit.of("a", Landmarks(FOUND.nipple, FOUND.wall.with_end(1, (290.0, 5.0))))
    assert wall == LandmarkEdit("a", wall=((0.0, 100.0), (290.0, 5.0)))
    dragged = wall.applied(FOUND)
    assert dragged.nipple == FOUND.nipple
    assert dragged.wall == WallLine(((0.0, 100.0), (290.0, 5.0)), is_pectoral=True, is_by_hand=True)
    assert LandmarkEdit.of("a", dragged) == wall, "what is applied reads back the same"


@pytest.mark.parametrize(
    "values",
    [
        {"nipple": (math.nan, 1.0)},
        {"wall": ((0.0, math.inf), (5.0, 5.0))},
        {"wall": ((0.0, 0.0), (0.5, 0.5))},
    ],
)
def test_an_edit_that_is_no_place_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no place|apart"):
        LandmarkEdit("a", **values)  # type: ignore[arg-type]
