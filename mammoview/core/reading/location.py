"""Where a finding lies in the breast, in the words of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mammoview.core.errors import ReadingError
from mammoview.core.study import Laterality


class Region(StrEnum):
    """A quadrant (CID 6020), another named region (CID 6018), or the half that one view alone can tell."""

    UPPER_OUTER = "upper outer quadrant"
    UPPER_INNER = "upper inner quadrant"
    LOWER_OUTER = "lower outer quadrant"
    LOWER_INNER = "lower inner quadrant"
    CENTRAL = "central region"
    SUBAREOLAR = "subareolar region"
    AXILLARY_TAIL = "axillary tail"
    AXILLA = "axilla"
    UPPER = "upper half"
    LOWER = "lower half"
    OUTER = "outer half"
    INNER = "inner half"

    @property
    def is_half(self) -> bool:
        """Whether one more view would tell the quadrant."""
        return self in {Region.UPPER, Region.LOWER, Region.OUTER, Region.INNER}


class Depth(StrEnum):
    """Thirds of the way from the nipple to the chest wall (CID 6024)."""

    ANTERIOR = "anterior third"
    MIDDLE = "middle third"
    POSTERIOR = "posterior third"


#: Clock hours, as a clock on the breast is read by who stands before the patient, on the right breast. A quadrant's
#: neighbours at 3, 6, 9 and 12 o'clock count for both sides.
_RIGHT_HOURS: Final[dict[Region, frozenset[int]]] = {
    Region.UPPER_OUTER: frozenset({9, 10, 11, 12}),
    Region.UPPER_INNER: frozenset({12, 1, 2, 3}),
    Region.LOWER_INNER: frozenset({3, 4, 5, 6}),
    Region.LOWER_OUTER: frozenset({6, 7, 8, 9}),
    Region.UPPER: frozenset({9, 10, 11, 12, 1, 2, 3}),
    Region.LOWER: frozenset({3, 4, 5, 6, 7, 8, 9}),
    Region.OUTER: frozenset({6, 7, 8, 9, 10, 11, 12}),
    Region.INNER: frozenset({12, 1, 2, 3, 4, 5, 6}),
    Region.AXILLARY_TAIL: frozenset({9, 10, 11, 12}),
}


@dataclass(frozen=True)
class Location:
    """Where a finding lies; None stands for nothing said.

    Attributes
    ----------
    region
        Quadrant, region or half.
    clock
        Hour, 1 to 12.
    depth
        Third of the way to the chest wall.
    nipple_mm
        Distance from the nipple, mm.

    Raises
    ------
    ReadingError
        When an hour or a distance cannot be.
    """

    region: Region | None = None
    clock: int | None = None
    depth: Depth | None = None
    nipple_mm: float | None = None

    def __post_init__(self) -> None:
        if self.clock is not None and not 1 <= self.clock <= 12:
            raise ReadingError(f"{self.clock} o'clock is no hour.", "Give an hour from 1 to 12.")
        if self.nipple_mm is not None and not (math.isfinite(self.nipple_mm) and 0 <= self.nipple_mm <= 500):
            raise ReadingError(
                f"{self.nipple_mm:g} mm is no distance from a nipple.", "Give millimetres, or leave it out."
            )

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self == Location()


_QUADRANTS: Final[dict[frozenset[Region], Region]] = {
    frozenset({Region.UPPER, Region.OUTER}): Region.UPPER_OUTER,
    frozenset({Region.UPPER, Region.INNER}): Region.UPPER_INNER,
    frozenset({Region.LOWER, Region.OUTER}): Region.LOWER_OUTER,
    frozenset({Region.LOWER, Region.INNER}): Region.LOWER_INNER,
}


def joined(regions: Sequence[Region]) -> Region | None:
    """One region from what several views say.

    The first that is more than a half; else the quadrant of an upper or lower and an outer or inner half; else the
    first half; None where there is none.
    """
    whole = next((region for region in regions if not region.is_half), None)
    if whole is not None or not regions:
        return whole
    return _QUADRANTS.get(frozenset(regions), regions[0])


def hours_of(side: Laterality, region: Region) -> frozenset[int]:
    """The clock hours that lie in a region of a breast; all twelve where the region tells none.

    The outer half is towards 9 o'clock on the right breast and towards 3 o'clock on the left one.
    """
    hours = _RIGHT_HOURS.get(region)
    if hours is None:
        return frozenset(range(1, 13))
    return hours if side is Laterality.RIGHT else frozenset((12 - hour) % 12 or 12 for hour in hours)


def clock_fits(side: Laterality, place: Location) -> bool:
    """Whether hour and region can both be true; true where one of them is not said."""
    return place.clock is None or place.region is None or place.clock in hours_of(side, place.region)
