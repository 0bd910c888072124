"""What a reader draws on an image: frozen values in native pixels, kept apart from everything that models find."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

#: (row, column), native pixels, continuous.
Point: TypeAlias = tuple[float, float]

#: Points of one mark at the most: what a hand draws has fewer, and a damaged file may claim any number.
MOST_POINTS: Final = 1000


class MarkKind(StrEnum):
    """What a mark is; the value is its name on disk."""

    DISTANCE = "distance"
    ANGLE = "angle"
    AREA = "area"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"
    ARROW = "arrow"
    TEXT = "text"

    @property
    def label(self) -> str:
        """In lists and on buttons."""
        return self.value.capitalize()

    @property
    def is_closed(self) -> bool:
        """Whether it encloses pixels."""
        return self in {MarkKind.AREA, MarkKind.ELLIPSE, MarkKind.POLYGON}

    @property
    def point_range(self) -> tuple[int, int]:
        """The fewest and the most points that make one."""
        return _POINTS[self]


_POINTS: Final[dict[MarkKind, tuple[int, int]]] = {
    MarkKind.DISTANCE: (2, 2),
    MarkKind.ANGLE: (3, 3),
    MarkKind.AREA: (3, MOST_POINTS),
    MarkKind.ELLIPSE: (2, 2),
    MarkKind.POLYGON: (3, MOST_POINTS),
    MarkKind.ARROW: (2, 2),
    MarkKind.TEXT: (1, 1),
}


@dataclass(frozen=True)
class Mark:
    """One mark of a reader.

    Attributes
    ----------
    id
        Unique among the marks of a study.
    image_id
        `mammoview.core.study.Mammogram.id` of the image it lies on.
    points
        Native (row, column). A distance: its ends. An angle: first arm, vertex, second arm. An area or a polygon: its
        corners; the line closes by itself. An ellipse: two opposite corners of the box around it; its axes lie along
        rows and columns. An arrow: tail, then head. A text: where it begins.
    frame
        Index of the frame of a volume; 0 elsewhere.
    text
        The reader's words; empty for none.

    Raises
    ------
    ValueError
        When the points are no such mark: too few, too many, or not finite.
    """

    id: str
    image_id: str
    kind: MarkKind
    points: tuple[Point, ...]
    frame: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        fewest, most = self.kind.point_range
        if not fewest <= len(self.points) <= most:
            raise ValueError(f"{self.kind} of {len(self.points)} points")
        if not all(math.isfinite(part) for point in self.points for part in point):
            raise ValueError(f"{self.kind} with a point that is no place")

    @property
    def handles(self) -> tuple[Point, ...]:
        """The points that a reader can take hold of: the corners, or the four ends of an ellipse's axes."""
        if self.kind is not MarkKind.ELLIPSE:
            return self.points
        (row0, col0), (row1, col1) = self.points
        row, col = (row0 + row1) / 2, (col0 + col1) / 2
        return (row0, col), (row, col1), (row1, col), (row, col0)

    def with_handle(self, index: int, to: Point) -> Mark:
        """The mark after handle ``index`` was moved to ``to``; an ellipse grows or shrinks at that end only."""
        if self.kind is not MarkKind.ELLIPSE:
            return replace(self, points=(*self.points[:index], to, *self.points[index + 1 :]))
        (row0, col0), (row1, col1) = self.points
        corners = (
            ((to[0], col0), (row1, col1)),
            ((row0, col0), (row1, to[1])),
            ((row0, col0), (to[0], col1)),
            ((row0, to[1]), (row1, col1)),
        )
        return replace(self, points=corners[index])

    def shifted(self, rows: float, columns: float) -> Mark:
        """The mark moved as a whole by native pixels."""
        return replace(self, points=tuple((row + rows, col + columns) for row, col in self.points))

    def outline(self, steps: int = 72) -> tuple[Point, ...]:
        """The line to draw: the points themselves, or an ellipse as ``steps`` points."""
        if self.kind is not MarkKind.ELLIPSE:
            return self.points
        (row0, col0), (row1, col1) = self.points
        row, col, half_rows, half_cols = (row0 + row1) / 2, (col0 + col1) / 2, (row1 - row0) / 2, (col1 - col0) / 2
        turns = [math.tau * step / steps for step in range(steps)]
        return tuple((row + half_rows * math.sin(turn), col + half_cols * math.cos(turn)) for turn in turns)
