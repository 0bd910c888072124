"""Pixels on their way through the program: as stored in the file, and packed for the way between processes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class StoredImage:
    """The pixels of one frame as the file stores them.

    Attributes
    ----------
    pixels
        Shape (rows, columns), uint16. A stored value is ``pixels + value_offset``.
    value_offset
        0 for unsigned files, −32768 for signed ones.
    padding
        Shape (rows, columns), bool: no tissue and no air was measured here. None where the header names no padding.
    """

    pixels: NDArray[np.uint16]
    value_offset: int = 0
    padding: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Mask:
    """A set of pixels of an image, packed so that it is small and hashable.

    Attributes
    ----------
    rows, columns
        Size of the image that it belongs to, native pixels.
    data
        The bits row by row, zlib-compressed.
    """

    rows: int
    columns: int
    data: bytes = field(repr=False)

    @classmethod
    def from_array(cls, mask: NDArray[np.bool_]) -> Mask:
        """Pack a mask of shape (rows, columns), bool."""
        return cls(mask.shape[0], mask.shape[1], zlib.compress(np.packbits(mask).tobytes(), 1))

    def to_array(self) -> NDArray[np.bool_]:
        """Unpack to shape (rows, columns), bool."""
        bits = np.frombuffer(zlib.decompress(self.data), dtype=np.uint8)
        return np.unpackbits(bits, count=self.rows * self.columns).reshape(self.rows, self.columns).astype(bool)


@dataclass(frozen=True, eq=False)
class DisplayImage:
    """An image ready to be painted: its display pyramid.

    Attributes
    ----------
    image_id
        `Mammogram.id`.
    levels
        uint16, level k halves both axes k times by area averaging (level 0 is native); padding is left out of the
        averages. The arrays may lie in shared memory that ``levels`` keeps alive.
    padding
        uint8 for each level, 255 where all is padding, 0 where none is; empty where the image has no padding.
    value_offset
        As in `StoredImage`.
    """

    image_id: str
    levels: tuple[NDArray[np.uint16], ...]
    padding: Sequence[NDArray[np.uint8]] = ()
    value_offset: int = 0


class RangePadding(Sequence[NDArray[np.uint8]]):
    """The padding of a pyramid, worked out from its values when asked for: a third of the memory is saved.

    Parameters
    ----------
    levels
        As in `DisplayImage`.
    low, high
        Inclusive range of the pixel values that are padding. Where tissue and padding meet, a coarse pixel holds the
        average of the tissue alone, and counts as tissue.
    """

    def __init__(self, levels: tuple[NDArray[np.uint16], ...], low: int, high: int) -> None:
        self._levels, self._low, self._high = levels, max(low, 0), min(high, 65_535)

    def __len__(self) -> int:
        return len(self._levels)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.uint8]]: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Sequence[NDArray[np.uint8]]:
        if isinstance(index, slice):
            return RangePadding(self._levels[index], self._low, self._high)
        level = self._levels[index]
        inside = level <= self._high
        if self._low > 0:
            inside &= level >= self._low
        return inside.view(np.uint8) * np.uint8(255)


def level_shapes(rows: int, columns: int, *, smallest_px: int = 256) -> tuple[tuple[int, int], ...]:
    """(rows, columns) of each pyramid level: halved, rounded up, until no axis is longer than ``smallest_px``."""
    shapes = [(rows, columns)]
    while max(shapes[-1]) > smallest_px:
        shapes.append((-(-shapes[-1][0] // 2), -(-shapes[-1][1] // 2)))
    return tuple(shapes)
