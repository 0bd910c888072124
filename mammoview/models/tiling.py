"""Cutting an image into tiles whose results, put together, are those of the whole.

A convolutional network sees only so far: a tile read with a margin of that reach, at positions that are multiples of
the network's stride, gives in its core what the whole image gives there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mammoview.models.architectures import HyperParameters, ResNetSizes

Slices = tuple[slice, slice]

_UNET_STRIDE, _UNET_REACH = 16, 128
_RESNET_STRIDE = 32


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
    its input is wide; the first of a stage has the finer input. A ResNet-50 sees 213. The U-Net's levels sum to less
    than 128, whatever its width.
    """
    if not isinstance(sizes, ResNetSizes):
        return _UNET_STRIDE, _UNET_REACH
    reach = 3 + 2 + 4 * sizes.depths[0]
    for k, units in enumerate(sizes.depths[1:], start=2):
        reach += 2**k + (units - 1) * 2 ** (k + 1)
    return _RESNET_STRIDE, -(-reach // _RESNET_STRIDE) * _RESNET_STRIDE
