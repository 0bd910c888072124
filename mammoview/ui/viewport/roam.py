"""The steps in which a breast is looked through at the acquired pixels (MG-C07). Pure geometry, no Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: What two neighbouring tiles share at the least, as a share of a pane: nothing lies on a border only.
_OVERLAP = 0.06


@dataclass(frozen=True)
class Tiles:
    """A breast in as many tiles as its pane needs, row by row from the top, in each row from the chest wall outwards.

    Attributes
    ----------
    rows, columns
        How many there are.
    """

    rows: int
    columns: int

    @classmethod
    def of(cls, extent: tuple[float, float], size: tuple[int, int]) -> Tiles:
        """The fewest tiles of ``size`` that cover ``extent``; both (rows, outward), device pixels."""
        rows, columns = (
            1 if long <= pane else math.ceil((long - pane * _OVERLAP) / (pane * (1 - _OVERLAP)))
            for long, pane in zip(extent, size, strict=True)
        )
        return cls(rows, columns)

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return self.rows * self.columns

    def merged(self, other: Tiles) -> Tiles:
        """As many as both need, so that two breasts are looked through in step."""
        return Tiles(max(self.rows, other.rows), max(self.columns, other.columns))

    def place(self, index: int) -> tuple[int, int]:
        """(row, column) of a tile; the columns count from the chest wall."""
        return index // self.columns, index % self.columns

    def step(self, parts: Sequence[int], by: int, last: Step | None) -> Step:
        """The next of the tiles ``parts`` after ``last``, or the first; backwards where ``by`` is negative."""
        kept = tuple(parts) or (0,)
        if last is None or (last.tiles, last.parts) != (self, kept):
            return Step(self, kept, 0 if by > 0 else len(kept) - 1)
        return Step(self, kept, (last.position + by) % len(kept))

    def start(self, index: int, extent: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
        """Where a tile begins in a breast of ``extent``, (row, outward), device pixels; evenly spread."""
        down, outward = (
            (long - pane) * at / (many - 1) if many > 1 and long > pane else min(0.0, (long - pane) / 2 * is_middle)
            for long, pane, at, many, is_middle in zip(
                extent, size, self.place(index), (self.rows, self.columns), (1, 0), strict=True
            )
        )
        return down, outward


@dataclass(frozen=True)
class Step:
    """Where a roam has come to.

    Attributes
    ----------
    parts
        The tiles that show breast, in their order.
    position
        Which of them is shown, from 0.
    """

    tiles: Tiles
    parts: tuple[int, ...]
    position: int

    @property
    def index(self) -> int:
        """The tile."""
        return self.parts[self.position]

    @property
    def words(self) -> str:
        """Where it has come to, for the reader."""
        return f"part {self.position + 1} of {len(self.parts)}"
