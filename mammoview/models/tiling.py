"""Cutting an image into parts and putting their results together.

Tiles give what the whole image gives: a convolutional network sees only so far, and a tile read with a margin of that
reach, at positions that are multiples of the network's stride, gives in its core what the whole image gives there.

Windows are for networks that know one size of input only: each is a picture of its own, and where windows lie over each
other their answers are averaged, the middle of a window counting most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.models.sizes import HyperParameters, ResNetSizes, VggSizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

Slices = tuple[slice, slice]

#: Windows begin at multiples of this, the stride of the segmenters, so that all see one grid.
_GRID_PX = 16

_UNET_STRIDE, _UNET_REACH = 16, 128
_BODY_STRIDE = 32


@dataclass(frozen=True)
class Tile:
    """A part of an image.

    Attributes
    ----------
    read
        What the network is given, pixels.
    core
        What of its answer is kept, pixels of the image.
    stride
        Pixels a position of the coarsest map.
    """

    read: Slices
    core: Slices
    stride: int

    def at_stride(self, stride: int) -> tuple[Slices, Slices]:
        """Where the core lies in the whole map, and in the tile's own map, at a stride."""
        whole, own = [], []
        for read, core in zip(self.read, self.core, strict=True):
            whole.append(slice(core.start // stride, -(-core.stop // stride)))
            own.append(slice((core.start - read.start) // stride, -(-(core.stop - read.start) // stride)))
        return (whole[0], whole[1]), (own[0], own[1])


def tiles_of(rows: int, columns: int, *, tile_px: int, sizes: HyperParameters) -> Iterator[Tile]:
    """Tiles that cover an image of ``rows`` × ``columns``, their cores ``tile_px`` a side without overlap.

    ``tile_px`` is a multiple of 32; ``sizes`` are those of the network.
    """
    stride, reach = reach_of(sizes)
    for row in range(0, rows, tile_px):
        for column in range(0, columns, tile_px):
            core = (slice(row, min(row + tile_px, rows)), slice(column, min(column + tile_px, columns)))
            read = tuple(
                slice(max(0, part.start - reach), min(size, part.stop + reach))
                for part, size in zip(core, (rows, columns), strict=True)
            )
            yield Tile((read[0], read[1]), core, stride)


def reach_of(sizes: HyperParameters) -> tuple[int, int]:
    """A network's stride, and how many pixels to each side one position of its map sees, rounded up to the stride.

    For a residual body: the 7×7 stem sees 3 pixels, the pooling 2, and each 3×3 convolution as far as one position of
    its input is wide; the first of a stage has the finer input. A ResNet-50 sees 213. A plain body's poolings do not
    overlap; a VGG16 sees 90. The U-Net's levels sum to less than 128, whatever its width.
    """
    if isinstance(sizes, ResNetSizes):
        reach = 3 + 2 + 4 * sizes.depths[0]
        for k, units in enumerate(sizes.depths[1:], start=2):
            reach += 2**k + (units - 1) * 2 ** (k + 1)
    elif isinstance(sizes, VggSizes):
        reach = sum(units * 2**k for k, units in enumerate(sizes.depths))
    else:
        return _UNET_STRIDE, _UNET_REACH
    return _BODY_STRIDE, -(-reach // _BODY_STRIDE) * _BODY_STRIDE


def windows_of(rows: int, columns: int, *, size_px: int, overlap: float) -> tuple[tuple[int, int], list[Slices]]:
    """Square windows that cover an image, each beginning where the last one's overlap begins.

    Parameters
    ----------
    rows, columns
        Size of the image.
    size_px
        Side of a window, a multiple of 16.
    overlap
        Share of a window that the next one covers again, 0 to below 1.

    Returns
    -------
    (int, int)
        Rows and columns that the windows cover: those of the image, or more; what is more is to be filled with black.
    list of (slice, slice)
        The windows.
    """
    step = max(_GRID_PX, _GRID_PX * round(size_px * (1.0 - overlap) / _GRID_PX))
    starts = [range(0, max(1, size - size_px + step), step) for size in (rows, columns)]
    whole = (starts[0][-1] + size_px, starts[1][-1] + size_px)
    windows = [(slice(row, row + size_px), slice(col, col + size_px)) for row in starts[0] for col in starts[1]]
    return whole, windows


class Blend:
    """The weighted mean of what windows say.

    The weight falls from the middle of a window to its edges as a squared sine along both axes (a Hann window taken at
    the pixels' centres, so that it is nowhere 0): the margin, where a network sees half of what it was trained on,
    hardly counts where another window has a say.

    Parameters
    ----------
    shape
        (channels, rows, columns) of the whole.
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._sum = np.zeros(shape, np.float32)
        self._weight = np.zeros(shape[1:], np.float32)

    def add(self, values: NDArray[np.float32], place: Slices) -> None:
        """Add a window's answer, shape (channels, size, size), float32, at its place."""
        weight = _hann(values.shape[1])[:, None] * _hann(values.shape[2])
        self._sum[(slice(None), *place)] += values * weight
        self._weight[place] += weight

    def mean(self) -> NDArray[np.float32]:
        """Shape (channels, rows, columns), float32; 0 where no window lay."""
        return np.divide(self._sum, self._weight, out=np.zeros_like(self._sum), where=self._weight > 0)


def _hann(size: int) -> NDArray[np.float32]:
    return np.asarray(np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2, dtype=np.float32)
