"""The steps in which a breast is looked through at the acquired pixels (MG-C07). Pure geometry, no Qt."""

from __future__ import annotations

import math
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

    def start(self, index: int, extent: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
        """Where a tile begins in a breast of ``extent``, (row, outward), device pixels; evenly spread."""
        down, outward = (
            (long - pane) * at / (many - 1) if many > 1 and long > pane else min(0.0, (long - pane) / 2 * is_middle)
            for long, pane, at, many, is_middle in zip(
                extent, size, self.place(index), (self.rows, self.columns), (1, 0), strict=True
            )
        )
        return down, outward
