"""Where a finding lies in the breast: quadrant, clock face, depth and distance from the nipple, as BI-RADS asks.

Everything is read in one frame: straight back along the posterior nipple line, and across it. The view laid down by
its orientation tells what "across" means: up is lateral on a craniocaudal view and cranial on an oblique or lateral
one. CC alone tells outer from inner, MLO alone upper from lower; a linked pair tells the quadrant and the hour.
Depth is the third of the way from the nipple to the wall (ACR BI-RADS Atlas, 5th edition: location). What BI-RADS
leaves open, how wide "central" and "subareolar" are and where the axillary tail begins, is settled in ADR 0311.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mammoview.core.anatomy import Landmarks, posterior_nipple_line
from mammoview.core.geometry import Dihedral
from mammoview.core.marks import Point
from mammoview.core.reading.location import Depth, Location, Region
from mammoview.core.study import Laterality, ViewPosition

# Half the width of the column behind the nipple that counts as central, and how far from the nipple is subareolar; in
# mm, and in shares of the breast's depth where no spacing is known.
_CENTRAL, _SUBAREOLAR = (10.0, 0.1), (20.0, 0.2)
#: On MLO the axillary tail begins where tissue of the posterior third lies this many depths above the nipple's line.
_TAIL_SHARE = 1.0
#: Views that tell upper from lower.
UPRIGHT = frozenset(
    {
        ViewPosition.MLO,
        ViewPosition.ML,
        ViewPosition.LM,
        ViewPosition.LMO,
        ViewPosition.SIO,
        ViewPosition.ISO,
    }
)


@dataclass(frozen=True)
class ViewFrame:
    """One view of one breast with all that locates a finding on it.

    Attributes
    ----------
    side, view
        Which breast, which projection, as tags or the reader say.
    rows, columns
        Of the image, native pixels.
    dihedral
        From native pixels to the screen, as orientation decided it from Patient Orientation, laterality and view; the
        chest wall lies at a side, lateral or cranial is up.
    landmarks
        Nipple and wall, native pixels.
    spacing_mm
        (row, column) mm a pixel; None where unknown, then distances are in pixels.
    doubt
        Why the orientation is not certain; empty where a tag decided.
    """

    side: Laterality
    view: ViewPosition
    rows: int
    columns: int
    dihedral: Dihedral
    landmarks: Landmarks
    spacing_mm: tuple[float, float] | None = None
    doubt: str = ""

    @property
    def unit(self) -> str:
        """Of every length: ``mm`` or ``px``."""
        return "px" if self.spacing_mm is None else "mm"

    @property
    def spacing(self) -> tuple[float, float]:
        """(row, column) length of a pixel in that unit."""
        return self.spacing_mm or (1.0, 1.0)

    @property
    def depth(self) -> float | None:
        """Length of the posterior nipple line; None where nipple or wall is not known."""
        line = posterior_nipple_line(self.landmarks, self.spacing)
        return None if line is None else self._length(*line)

    def distance(self, point: Point) -> float | None:
        """From the nipple to a point, in the image plane; None where the nipple is not known."""
        nipple = self.landmarks.nipple
        return None if nipple is None else self._length(nipple.point, point)

    def along_across(self, point: Point) -> tuple[float, float] | None:
        """How far a point lies behind the nipple along the posterior nipple line, and across it, up positive.

        Without a wall the line runs straight to the chest wall's side of the screen.
        """
        nipple = self.landmarks.nipple
        if nipple is None:
            return None
        back = self._back()
        if back is None:
            return None
        row, col = self._laid(nipple.point, point)
        # Across is at a right angle to the line; of the two such directions the one that goes up the screen.
        up = (back[1], -back[0]) if back[1] < 0 else (-back[1], back[0])
        return row * back[0] + col * back[1], row * up[0] + col * up[1]

    def _back(self) -> tuple[float, float] | None:
        """Unit vector (row, column) from the nipple to the wall on the laid-down image."""
        line = posterior_nipple_line(self.landmarks, self.spacing)
        if line is None:
            return None
        row, col = self._laid(*line)
        length = math.hypot(row, col)
        return None if length == 0 else (row / length, col / length)

    def _laid(self, start: Point, end: Point) -> tuple[float, float]:
        """(row, column) from one point to another on the laid-down image, in the unit."""
        moved = self.dihedral.transform(self.rows, self.columns).apply([start, end])
        row, col = (moved[1] - moved[0]).tolist()
        down, right = self.spacing[::-1] if self.dihedral.transpose else self.spacing
        return row * down, col * right

    def _length(self, start: Point, end: Point) -> float:
        return math.hypot((end[0] - start[0]) * self.spacing[0], (end[1] - start[1]) * self.spacing[1])


@dataclass(frozen=True)
class Place:
    """Where a finding lies as one view, or a linked pair, tells it.

    Attributes
    ----------
    region, clock, depth
        In the words of a report; None where the views do not tell.
    distance
        From the nipple, in ``unit``; of a pair the mean of both, and None in pixels.
    unit
        ``mm`` or ``px``.
    doubts
        What makes it uncertain, in plain words.
    """

    region: Region | None
    clock: int | None
    depth: Depth | None
    distance: float | None
    unit: str
    doubts: tuple[str, ...] = ()

    @property
    def location(self) -> Location:
        """For a reader's finding: millimetres only."""
        return Location(self.region, self.clock, self.depth, self.distance if self.unit == "mm" else None)

    @property
    def words(self) -> str:
        """``upper outer quadrant, 10 o'clock, middle third, 45 mm from the nipple``; empty where nothing is known."""
        parts = [self.region.value] if self.region else []
        parts += [f"{self.clock} o'clock"] if self.clock else []
        parts += [self.depth.value] if self.depth else []
        parts += [f"{self.distance:.0f} {self.unit} from the nipple"] if self.distance is not None else []
        return ", ".join(parts)


def centre_of(contour: Sequence[Point]) -> Point:
    """The centre of mass of a closed contour; the mean of its points where it encloses nothing.

    Raises
    ------
    ValueError
        Without a point.
    """
    if not contour:
        raise ValueError("a contour without points has no centre")
    points = np.asarray(contour, dtype=np.float64)
    middle = points.mean(axis=0)
    row, col = (points - middle).T
    cross = row * np.roll(col, -1) - np.roll(row, -1) * col
    area = cross.sum() / 2
    if abs(area) > 1e-9:
        middle = middle + np.array([((one + np.roll(one, -1)) * cross).sum() for one in (row, col)]) / (6 * area)
    return float(middle[0]), float(middle[1])


def locate(frame: ViewFrame, point: Point) -> Place:
    """Locate a finding that one view shows.

    Parameters
    ----------
    frame
        The view.
    point
        (row, column), native pixels; for a contour its `centre_of`.

    Returns
    -------
    Place
        Outer or inner half on a craniocaudal view, upper or lower half on an oblique or lateral one, or a region that
        needs no second view; no clock.
    """
    at = frame.along_across(point)
    if at is None:
        return Place(None, None, None, frame.distance(point), frame.unit, doubts_of(frame))
    region = _half(frame, at)
    doubts = doubts_of(frame)
    if region is None:
        doubts += (f"A {frame.view.value} view tells no half of the breast.",)
    return Place(region, None, _third(frame, at[0]), frame.distance(point), frame.unit, doubts)


def locate_pair(cc: ViewFrame, cc_point: Point, other: ViewFrame, other_point: Point) -> Place:
    """Locate a lesion that a craniocaudal view and an oblique or lateral one show.

    Parameters
    ----------
    cc, other
        The two views of one breast.
    cc_point, other_point
        The lesion on each.

    Returns
    -------
    Place
        Quadrant, hour, depth and distance, the last two as the mean of the views.

    Raises
    ------
    ValueError
        When the views are of two breasts, or not one of each family.
    """
    if cc.side is not other.side:
        raise ValueError("a pair of views of two breasts")
    if not cc.view.is_craniocaudal or other.view not in UPRIGHT:
        raise ValueError(f"{cc.view} and {other.view} are no pair of a craniocaudal and an upright view")
    doubts = tuple(dict.fromkeys(doubts_of(cc) + doubts_of(other)))
    one, two = cc.along_across(cc_point), other.along_across(other_point)
    distances = [near for near in (cc.distance(cc_point), other.distance(other_point)) if near is not None]
    # Pixels of two images are no common unit.
    is_in_mm = cc.unit == other.unit == "mm"
    distance = sum(distances) / len(distances) if distances and is_in_mm else None
    if one is None or two is None:
        known = locate(cc, cc_point) if one is not None else locate(other, other_point)
        return Place(known.region, None, known.depth, distance, cc.unit, doubts)
    outer, upper = one[1] / _scale(cc), two[1] / _scale(other)
    shares = [at[0] / frame.depth for frame, at in ((cc, one), (other, two)) if frame.depth]
    depth = _third_of(sum(shares) / len(shares)) if shares else None
    region = _pair_region(cc, other, one, two)
    clock = None if region in {Region.CENTRAL, Region.SUBAREOLAR} else hour(cc.side, outer, upper)
    return Place(region, clock, depth, distance, cc.unit, doubts)


def hour(side: Laterality, outer: float, upper: float) -> int:
    """The hour on the breast as a clock that is read facing the patient; 9 is outer on the right, 3 on the left.

    Parameters
    ----------
    outer, upper
        How far the lesion lies to the outside and above the nipple, in one unit.

    Returns
    -------
    int
        1 to 12.
    """
    right_of_reader = outer if side is Laterality.LEFT else -outer
    turn = math.degrees(math.atan2(right_of_reader, upper)) % 360.0
    return round(turn / 30.0) % 12 or 12


def _half(frame: ViewFrame, at: tuple[float, float]) -> Region | None:
    along, across = at
    if frame.view.is_craniocaudal:
        return _column(frame, at) or (Region.OUTER if across > 0 else Region.INNER)
    if frame.view in UPRIGHT:
        return _column(frame, at) or _armpit(frame, along, across) or (Region.UPPER if across > 0 else Region.LOWER)
    return None


def _column(frame: ViewFrame, at: tuple[float, float]) -> Region | None:
    """Central or subareolar: behind the nipple on this view."""
    scale = _scale(frame)
    index = 0 if frame.unit == "mm" else 1
    if math.hypot(*at) / scale <= _SUBAREOLAR[index]:
        return Region.SUBAREOLAR
    return Region.CENTRAL if abs(at[1]) / scale <= _CENTRAL[index] else None


def _armpit(frame: ViewFrame, along: float, across: float) -> Region | None:
    """Axilla or axillary tail, where an oblique view shows the muscle."""
    depth = frame.depth
    if frame.view is not ViewPosition.MLO or depth is None or not frame.landmarks.wall.is_pectoral or across <= 0:
        return None
    if along > depth and across > _TAIL_SHARE / 2 * depth:
        return Region.AXILLA
    return Region.AXILLARY_TAIL if along > 2 * depth / 3 and across >= _TAIL_SHARE * depth else None


def _pair_region(cc: ViewFrame, other: ViewFrame, one: tuple[float, float], two: tuple[float, float]) -> Region:
    columns = _column(cc, one), _column(other, two)
    if None not in columns:
        return Region.SUBAREOLAR if Region.SUBAREOLAR in columns else Region.CENTRAL
    armpit = _armpit(other, *two)
    if armpit is not None and one[1] > 0:
        return armpit
    if two[1] > 0:
        return Region.UPPER_OUTER if one[1] > 0 else Region.UPPER_INNER
    return Region.LOWER_OUTER if one[1] > 0 else Region.LOWER_INNER


def _scale(frame: ViewFrame) -> float:
    """What lengths are divided by: 1 in mm, the breast's depth in pixels, so that two views compare."""
    return 1.0 if frame.unit == "mm" else (frame.depth or 1.0)


def _third(frame: ViewFrame, along: float) -> Depth | None:
    return _third_of(along / frame.depth) if frame.depth else None


def _third_of(share: float) -> Depth:
    if share < 1 / 3:
        return Depth.ANTERIOR
    return Depth.MIDDLE if share < 2 / 3 else Depth.POSTERIOR


def doubts_of(frame: ViewFrame) -> tuple[str, ...]:
    """What makes places on a view uncertain, in plain words."""
    nipple, wall = frame.landmarks.nipple, frame.landmarks.wall
    found = [frame.doubt] if frame.doubt else []
    if nipple is None:
        found.append(f"The nipple is not known on {frame.view.value}.")
    elif not nipple.is_sure:
        found.append(f"The nipple is unsure on {frame.view.value}: {nipple.reason}")
    if wall.reason:
        found.append(wall.reason)
    return tuple(found)
