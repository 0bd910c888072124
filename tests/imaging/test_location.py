"""One breast stored in all eight ways, located in the same words; and every word once by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from mammoview.core.anatomy import Landmarks, Nipple, WallLine
from mammoview.core.geometry import Dihedral
from mammoview.core.reading.location import Depth, Region, clock_fits, hours_of
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.location import ViewFrame, centre_of, hour, locate, locate_pair

EIGHT = [Dihedral(*flags) for flags in itertools.product((False, True), repeat=3)]
ROWS, COLUMNS, MM = 1200, 1000, 0.1
L, R = Laterality.LEFT, Laterality.RIGHT
CC, MLO = ViewPosition.CC, ViewPosition.MLO

#: (mm behind the nipple, mm up on the screen) of a view with a depth of 90 mm, and what is said of it.
ON_CC = [
    ((5.0, 3.0), Region.SUBAREOLAR, Depth.ANTERIOR),
    ((50.0, -4.0), Region.CENTRAL, Depth.MIDDLE),
    ((25.0, 30.0), Region.OUTER, Depth.ANTERIOR),
    ((75.0, -25.0), Region.INNER, Depth.POSTERIOR),
]
ON_MLO = [
    ((10.0, -10.0), Region.SUBAREOLAR, Depth.ANTERIOR),
    ((70.0, 8.0), Region.CENTRAL, Depth.POSTERIOR),
    ((40.0, 30.0), Region.UPPER, Depth.MIDDLE),
    ((40.0, -30.0), Region.LOWER, Depth.MIDDLE),
    ((70.0, 95.0), Region.AXILLARY_TAIL, Depth.POSTERIOR),
    ((100.0, 60.0), Region.AXILLA, Depth.POSTERIOR),
]


def hung_frame(side: Laterality, view: ViewPosition) -> tuple[ViewFrame, np.ndarray, np.ndarray]:
    """A view as it hangs, with unit vectors (row, column) back to the wall and up; the nipple lies in mid-height."""
    toward = -1.0 if side is L else 1.0
    tilt = math.radians(20.0 if view is MLO else 0.0)
    # On MLO the muscle leans to the breast at the top, so that the line to it runs upwards.
    back = np.array([-math.sin(tilt), toward * math.cos(tilt)])
    up = np.array([-math.cos(tilt), -toward * math.sin(tilt)])
    nipple = np.array([600.0, 950.0 if side is L else 50.0])
    foot = nipple + back * 90.0 / MM
    ends = tuple(tuple((foot + up * way / MM).tolist()) for way in (40.0, -40.0))
    marks = Landmarks(
        Nipple((float(nipple[0]), float(nipple[1])), 1.0),
        WallLine(ends, is_pectoral=view is MLO),  # type: ignore[arg-type]
    )
    return ViewFrame(side, view, ROWS, COLUMNS, Dihedral(), marks, (MM, MM)), back, up


def stored(frame: ViewFrame, dihedral: Dihedral, spacing: tuple[float, float] | None) -> tuple[ViewFrame, object]:
    """The same view as a file that ``dihedral`` lays down, and the map from the screen to its pixels."""
    rows, columns = (frame.columns, frame.rows) if dihedral.transpose else (frame.rows, frame.columns)
    back = dihedral.transform(rows, columns).inverse()

    def move(point: tuple[float, float]) -> tuple[float, float]:
        row, col = back.apply(point)[0]
        return float(row), float(col)

    nipple, wall = frame.landmarks.nipple, frame.landmarks.wall
    assert nipple is not None
    assert wall.ends is not None
    marks = Landmarks(
        Nipple(move(nipple.point), 1.0),
        WallLine((move(wall.ends[0]), move(wall.ends[1])), is_pectoral=wall.is_pectoral),
    )
    return ViewFrame(frame.side, frame.view, rows, columns, dihedral, marks, spacing), move


@pytest.mark.parametrize("dihedral", EIGHT, ids=str)
@pytest.mark.parametrize("side", [L, R])
@pytest.mark.parametrize(
    ("view", "at", "region", "depth"),
    [(CC, *row) for row in ON_CC] + [(MLO, *row) for row in ON_MLO],
)
def test_all_eight_ways_of_storing_say_the_same(
    dihedral: Dihedral,
    side: Laterality,
    view: ViewPosition,
    at: tuple[float, float],
    region: Region,
    depth: Depth,
) -> None:
    hung, back, up = hung_frame(side, view)
    assert hung.landmarks.nipple is not None
    point = np.array(hung.landmarks.nipple.point) + (back * at[0] + up * at[1]) / MM
    frame, move = stored(hung, dihedral, (MM, MM))
    place = locate(frame, move((float(point[0]), float(point[1]))))  # type: ignore[operator]
    assert (place.region, place.depth, place.clock) == (region, depth, None)
    assert place.distance == pytest.approx(math.hypot(*at))
    assert place.unit == "mm"
    assert not place.doubts


@pytest.mark.parametrize("dihedral", EIGHT, ids=str)
@pytest.mark.parametrize("side", [L, R])
@pytest.mark.parametrize(
    ("outer", "upper", "region", "right_hour"),
    [
        (30.0, 30.0, Region.UPPER_OUTER, 10),
        (-30.0, 30.0, Region.UPPER_INNER, 2),
        (30.0, -30.0, Region.LOWER_OUTER, 8),
        (-30.0, -30.0, Region.LOWER_INNER, 4),
        (40.0, 2.0, Region.UPPER_OUTER, 9),
        (2.0, 40.0, Region.UPPER_OUTER, 12),
        (-40.0, -2.0, Region.LOWER_INNER, 3),
        (4.0, -3.0, Region.CENTRAL, None),
    ],
)
def test_a_linked_pair_tells_quadrant_and_hour(
    dihedral: Dihedral, side: Laterality, outer: float, upper: float, region: Region, right_hour: int | None
) -> None:
    frames, points = [], []
    for view, across in ((CC, outer), (MLO, upper)):
        hung, back, up = hung_frame(side, view)
        assert hung.landmarks.nipple is not None
        point = np.array(hung.landmarks.nipple.point) + (back * 45.0 + up * across) / MM
        frame, move = stored(hung, dihedral, (MM, MM))
        frames.append(frame)
        points.append(move((float(point[0]), float(point[1]))))  # type: ignore[operator]
    place = locate_pair(frames[0], points[0], frames[1], points[1])
    assert place.region is region
    # Half past ten is even between two hours: what lies at 45° may be said either way.
    expected = None if right_hour is None else right_hour if side is R else (12 - right_hour) % 12 or 12
    if abs(outer) == abs(upper):
        assert place.clock in hours_of(side, region)
    else:
        assert place.clock == expected
    assert clock_fits(side, place.location)
    assert place.depth is Depth.MIDDLE
    mean = (math.hypot(45.0, outer) + math.hypot(45.0, upper)) / 2
    assert place.location.nipple_mm == pytest.approx(mean)


@pytest.mark.parametrize(
    ("side", "outer", "upper", "expected"),
    [
        (R, 10, 0, 9),
        (L, 10, 0, 3),
        (R, 0, 10, 12),
        (L, 0, -10, 6),
        (R, math.sin(math.radians(60)), math.cos(math.radians(60)), 10),
        (L, math.sin(math.radians(60)), math.cos(math.radians(60)), 2),
        (R, -math.sin(math.radians(30)), -math.cos(math.radians(30)), 5),
    ],
)
def test_the_clock_is_read_facing_the_patient(side: Laterality, outer: float, upper: float, expected: int) -> None:
    assert hour(side, outer, upper) == expected


def test_uneven_pixels_are_measured_in_the_plane_of_the_breast() -> None:
    marks = Landmarks(Nipple((100.0, 100.0), 1.0), WallLine(((0.0, 450.0), (200.0, 450.0))))
    frame = ViewFrame(R, CC, 200, 450, Dihedral(), marks, (0.2, 0.1))
    place = locate(frame, (60.0, 300.0))
    assert place.distance == pytest.approx(math.hypot(8.0, 20.0))
    assert place.depth is Depth.MIDDLE
    assert place.region is Region.CENTRAL


def test_without_a_spacing_distances_are_in_pixels_and_the_rest_stays() -> None:
    hung, back, up = hung_frame(R, CC)
    frame, _ = stored(hung, Dihedral(), None)
    assert frame.landmarks.nipple is not None
    point = np.array(frame.landmarks.nipple.point) + (back * 75.0 - up * 25.0) / MM
    place = locate(frame, (float(point[0]), float(point[1])))
    assert (place.region, place.depth, place.unit) == (Region.INNER, Depth.POSTERIOR, "px")
    assert place.distance == pytest.approx(math.hypot(75, 25) / MM)
    assert place.location.nipple_mm is None
    assert "px from the nipple" in place.words


def test_words_of_a_pair() -> None:
    frames, points = [], []
    for view, across in ((CC, 30.0), (MLO, 50.0)):
        hung, back, up = hung_frame(L, view)
        assert hung.landmarks.nipple is not None
        point = np.array(hung.landmarks.nipple.point) + (back * 40.0 + up * across) / MM
        frames.append(hung)
        points.append((float(point[0]), float(point[1])))
    place = locate_pair(frames[0], points[0], frames[1], points[1])
    assert place.words == "upper outer quadrant, 1 o'clock, middle third, 57 mm from the nipple"


def test_an_unsure_nipple_and_a_stand_in_wall_are_told() -> None:
    marks = Landmarks(
        Nipple((600.0, 950.0), 0.2, "No nipple stands out."),
        WallLine(((0.0, 0.0), (1200.0, 0.0)), "The edge of the image stands for the wall."),
    )
    place = locate(ViewFrame(L, MLO, ROWS, COLUMNS, Dihedral(), marks, (MM, MM), "Inferred."), (300.0, 400.0))
    assert place.region is Region.UPPER
    assert place.doubts == (
        "Inferred.",
        "The nipple is unsure on MLO: No nipple stands out.",
        "The edge of the image stands for the wall.",
    )


def test_without_a_nipple_nothing_is_made_up() -> None:
    marks = Landmarks(None, WallLine(None, "No breast was found."))
    place = locate(ViewFrame(L, CC, ROWS, COLUMNS, Dihedral(), marks, (MM, MM)), (300.0, 400.0))
    assert (place.region, place.depth, place.distance, place.words) == (None, None, None, "")
    assert place.location.is_empty
    assert len(place.doubts) == 2


def test_without_a_wall_the_distance_is_all_there_is() -> None:
    marks = Landmarks(Nipple((600.0, 950.0), 1.0), WallLine(None, "No wall."))
    place = locate(ViewFrame(L, CC, ROWS, COLUMNS, Dihedral(), marks, (MM, MM)), (600.0, 450.0))
    assert (place.region, place.depth) == (None, None)
    assert place.distance == pytest.approx(50.0)


def test_two_breasts_or_two_like_views_are_no_pair() -> None:
    left, right = hung_frame(L, CC)[0], hung_frame(R, MLO)[0]
    with pytest.raises(ValueError, match="two breasts"):
        locate_pair(left, (0.0, 0.0), right, (0.0, 0.0))
    with pytest.raises(ValueError, match="no pair"):
        locate_pair(left, (0.0, 0.0), left, (0.0, 0.0))


def test_a_contour_is_located_by_its_centre_of_mass() -> None:
    # An L of three unit squares: by hand, the mean of their centres.
    corners = [(0.0, 0.0), (0.0, 2.0), (1.0, 2.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0)]
    middle = (0.5 + 0.5 + 1.5) / 3
    assert centre_of(corners) == pytest.approx((middle, middle))
    assert centre_of(corners[::-1]) == pytest.approx((middle, middle))
    assert centre_of([(3.0, 4.0), (5.0, 8.0)]) == pytest.approx((4.0, 6.0))
    with pytest.raises(ValueError, match="no centre"):
        centre_of([])
