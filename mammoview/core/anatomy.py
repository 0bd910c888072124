"""Landmarks of a breast on one view, as values: the nipple, the wall behind the breast, the line between them.

They are found automatically and can be dragged by the reader; what was dragged says so and is not found anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mammoview.core.marks import Point

#: From this confidence on a nipple counts as found; below, the reader is asked to look.
SURE = 0.4


@dataclass(frozen=True)
class Nipple:
    """Where the nipple is.

    Attributes
    ----------
    point
        (row, column), native pixels.
    confidence
        In [0, 1]: how much of the belief lies near ``point``; 1 where the reader put it.
    reason
        Why it is unsure, in the reader's words; empty where it is sure.
    is_by_hand
        Whether the reader put it there.
    """

    point: Point
    confidence: float
    reason: str = ""
    is_by_hand: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether it can be used without a second look."""
        return self.confidence >= SURE

    def moved(self, to: Point) -> Nipple:
        """The nipple after the reader dragged it."""
        return Nipple(to, 1.0, is_by_hand=True)


@dataclass(frozen=True)
class WallLine:
    """The line behind the breast: the pectoral muscle's edge on MLO and ML, the chest wall's edge on CC.

    Attributes
    ----------
    ends
        Two points, native pixels, the upper one first on an image that hangs upright; None where there is no line.
    reason
        Why there is none, or why it is only a stand-in; empty where it was found.
    is_pectoral
        Whether it follows the pectoral muscle.
    is_by_hand
        Whether the reader dragged it.
    """

    ends: tuple[Point, Point] | None
    reason: str = ""
    is_pectoral: bool = False
    is_by_hand: bool = False

    def with_end(self, index: int, to: Point) -> WallLine:
        """The line after the reader dragged end 0 or 1.

        Raises
        ------
        ValueError
            When there is no line to drag, or its ends would meet.
        """
        if self.ends is None:
            raise ValueError("a wall line without ends cannot be dragged")
        ends = (to, self.ends[1]) if index == 0 else (self.ends[0], to)
        if math.dist(*ends) < 1.0:
            raise ValueError("the ends of a wall line must lie apart")
        return replace(self, ends=ends, reason="", is_by_hand=True)


@dataclass(frozen=True)
class Landmarks:
    """What locates a finding on one view; a nipple or a wall that is not known is None, or a line without ends."""

    nipple: Nipple | None
    wall: WallLine


@dataclass(frozen=True)
class LandmarkEdit:
    """Where a reader put the landmarks of one image; it stands before whatever is found there.

    Attributes
    ----------
    nipple
        (row, column), native pixels; None where it was not dragged.
    wall
        Both ends of the line, native pixels; None where it was not dragged.

    Raises
    ------
    ValueError
        When a point is no place, or the ends of the wall meet.
    """

    image_id: str
    nipple: Point | None = None
    wall: tuple[Point, Point] | None = None

    def __post_init__(self) -> None:
        points = [*(self.wall or ()), *([self.nipple] if self.nipple else [])]
        if not all(math.isfinite(part) for point in points for part in point):
            raise ValueError("a landmark that is no place")
        if self.wall is not None and math.dist(*self.wall) < 1.0:
            raise ValueError("the ends of a wall line must lie apart")

    @classmethod
    def of(cls, image_id: str, landmarks: Landmarks) -> LandmarkEdit | None:
        """What of some landmarks was put by hand; None where nothing was."""
        nipple, wall = landmarks.nipple, landmarks.wall
        edit = cls(
            image_id,
            nipple.point if nipple is not None and nipple.is_by_hand else None,
            wall.ends if wall.is_by_hand else None,
        )
        return None if edit.nipple is None and edit.wall is None else edit

    def applied(self, found: Landmarks) -> Landmarks:
        """The landmarks with what was put by hand in place of what was found."""
        nipple, wall = found.nipple, found.wall
        if self.nipple is not None:
            nipple = Nipple(self.nipple, 1.0, is_by_hand=True)
        if self.wall is not None:
            wall = replace(wall, ends=self.wall, reason="", is_by_hand=True)
        return Landmarks(nipple, wall)


def foot_on(line: tuple[Point, Point], point: Point, spacing: tuple[float, float] = (1.0, 1.0)) -> Point:
    """The point of an endless line that lies nearest to ``point``.

    Parameters
    ----------
    line
        Two points of it, native pixels.
    spacing
        (row, column) length of a pixel: the angle is right in the plane of the breast, not on an uneven grid.

    Returns
    -------
    tuple of float
        (row, column), native pixels.
    """
    (row0, col0), (row1, col1) = line
    along = (row1 - row0) * spacing[0], (col1 - col0) * spacing[1]
    to = (point[0] - row0) * spacing[0], (point[1] - col0) * spacing[1]
    share = (along[0] * to[0] + along[1] * to[1]) / (along[0] ** 2 + along[1] ** 2)
    return row0 + share * (row1 - row0), col0 + share * (col1 - col0)


def posterior_nipple_line(
    landmarks: Landmarks, spacing: tuple[float, float] = (1.0, 1.0)
) -> tuple[Point, Point] | None:
    """From the nipple straight to the wall, at a right angle to it; None where either is not known.

    Parameters
    ----------
    spacing
        (row, column) length of a pixel.
    """
    if landmarks.nipple is None or landmarks.wall.ends is None:
        return None
    start = landmarks.nipple.point
    return start, foot_on(landmarks.wall.ends, start, spacing)
