"""The frames of a volume: which stored one stands where on the screen, at which depth, and how it becomes gray."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mammoview.core.study import Grayscale


class SliceKind(StrEnum):
    """What the frames of an object are (MG-I03); the value is what readers are told."""

    THIN = "tomosynthesis slice"
    SLAB = "tomosynthesis slab"
    GENERATED_2D = "generated 2D image"
    PROJECTION = "tomosynthesis projection"


@dataclass(frozen=True)
class Volume:
    """The frames of one object in the order in which they are shown.

    A *position* counts frames as shown, a *stored* number as they lie in the file; both from 0. Objects that point at
    a frame (marks, reports) mean stored numbers, which begin at 1 in DICOM.

    Attributes
    ----------
    stored
        The stored number of the frame at each position.
    depths_mm
        Height of each position above the first one along the normal of the slices, never falling; empty where the
        header does not tell.
    thickness_mm
        Of one slice, as the header says it; None where it does not.
    grays
        The different gray descriptions of the frames; one where all frames share it.
    gray_of
        Index into ``grays`` for each position; empty where all share one.
    is_ordered
        Whether slice positions gave the order; else it is that of the file.
    warnings
        What was wrong with the frames, in sentences for readers.
    """

    kind: SliceKind
    stored: tuple[int, ...]
    depths_mm: tuple[float, ...] = ()
    thickness_mm: float | None = None
    grays: tuple[Grayscale, ...] = ()
    gray_of: tuple[int, ...] = ()
    is_ordered: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.stored)

    @property
    def middle(self) -> int:
        """The position shown first."""
        return self.frames // 2

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {number: position for position, number in enumerate(self.stored)}

    def position_of(self, stored: int) -> int | None:
        """Where a stored frame is shown, None where it is not (MG-I02)."""
        return self._positions.get(stored)

    def gray_at(self, position: int) -> Grayscale:
        """How the frame at a position becomes gray (MG-I01)."""
        return self.grays[self.gray_of[position] if self.gray_of else 0]

    def depth_at(self, position: int) -> float | None:
        """Height above the first slice, mm; None where unknown."""
        return self.depths_mm[position] if self.depths_mm else None

    def nearest(self, depth_mm: float) -> int | None:
        """The position whose slice lies nearest to a height above the first one; None where heights are unknown."""
        if not self.depths_mm:
            return None
        after = bisect_left(self.depths_mm, depth_mm)
        around = [position for position in (after - 1, after) if 0 <= position < self.frames]
        return min(around, key=lambda position: abs(self.depths_mm[position] - depth_mm))

    def clamped(self, position: int) -> int:
        """The nearest position that exists."""
        return min(max(position, 0), self.frames - 1)

    def without(self, is_gone: frozenset[int]) -> Volume:
        """The volume less some stored frames; heights stay those above the first slice that is left."""
        kept = [position for position, number in enumerate(self.stored) if number not in is_gone]
        depths = [self.depths_mm[position] for position in kept] if self.depths_mm else []
        return replace(
            self,
            stored=tuple(self.stored[position] for position in kept),
            depths_mm=tuple(depth - depths[0] for depth in depths),
            gray_of=tuple(self.gray_of[position] for position in kept) if self.gray_of else (),
        )
