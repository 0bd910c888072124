"""The preparation and the forty-fold augmentation of B-Cir U-Net, without a file being written.

The paper (Roychowdhury et al.) cuts 1024 × 1024 pixels around the region of interest, equalises the histogram, and
makes forty images of each: crops, nine rotations, flips, translations and Gaussian noise. It does not say how these
combine; here ten orientations (none and nine rotations, 18° apart) meet four changes. Any variant can be drawn at any
time from its index alone, and patients are chosen before there are variants, never after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.geometry import Box
from mammoview.models.preprocess import equalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: An image of shape (rows, columns), float32 in [0, 1], and its mask of the same shape, bool.
Pair = tuple[NDArray[np.float32], NDArray[np.bool_]]
CROP_PX = 1024
ORIENTATIONS = 10
CHANGES = ("crop", "flip", "translation", "noise")
VARIANTS = ORIENTATIONS * len(CHANGES)
#: Least share of the side that a crop keeps, largest shift in sides, range of the noise's standard deviation in [0, 1].
_CROP_SHARE, _SHIFT, _NOISE = 0.75, 0.1, (0.01, 0.05)


def roi_crop(image: NDArray[np.uint16], mask: NDArray[np.bool_], box: Box, *, size_px: int = CROP_PX) -> Pair:
    """Cut the square around a region of interest and equalise its histogram.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values with artifacts suppressed; CC and MLO alike.
    mask
        Same shape, bool.
    box
        The region; its middle becomes the crop's. What does not fit into the crop is cut off, as published.
    size_px
        Side of the crop; beyond the image it is black.

    Returns
    -------
    ndarray, shape (size_px, size_px), float32 in [0, 1]
    ndarray, same shape, bool
    """
    row, column = (round(value - size_px / 2) for value in box.centre)
    square = Box(row, column, row + size_px, column + size_px)
    inside = square.clipped(*image.shape)
    crop, crop_mask = np.zeros((size_px, size_px), np.float32), np.zeros((size_px, size_px), dtype=bool)
    if inside.area_px > 0:
        there = Box(inside.row0 - row, inside.col0 - column, inside.row1 - row, inside.col1 - column).slices()
        crop[there], crop_mask[there] = image[inside.slices()], mask[inside.slices()]
    return equalise(crop), crop_mask


@dataclass(frozen=True, eq=False)
class FortyFold:
    """Forty variants of each image: item i is variant ``i % 40`` of image ``i // 40``.

    Attributes
    ----------
    patients
        Shape (n,), str: whose each image is.
    load
        Gives image i and its mask, prepared. It is called anew for each variant: hold the images, or cache them.
    seed
        With an item's index it decides the item.
    indices
        Shape (n,), int64: what ``load`` is asked for; `select` keeps an image's variants what they were.
    """

    patients: NDArray[np.str_]
    load: Callable[[int], Pair]
    seed: int
    indices: NDArray[np.int64]

    @classmethod
    def of(cls, patients: Iterable[str], load: Callable[[int], Pair], *, seed: int) -> FortyFold:
        """All images: ``load`` is asked for 0 to the number of ``patients`` less 1."""
        names = np.array(list(patients), dtype=np.str_)
        return cls(names, load, seed, np.arange(names.size))

    def __len__(self) -> int:
        """Number of variants."""
        return VARIANTS * self.patients.size

    def select(self, patients: Iterable[str]) -> FortyFold:
        """The images of some patients: the split, before there are variants."""
        rows = np.isin(self.patients, list(patients))
        return FortyFold(self.patients[rows], self.load, self.seed, self.indices[rows])

    def patient(self, index: int) -> str:
        """Whose item ``index`` is."""
        return str(self.patients[index // VARIANTS])

    def variant(self, index: int) -> Pair:
        """Item ``index``; the same every time.

        Returns
        -------
        ndarray, shape of the loaded image, float32 in [0, 1]
        ndarray, same shape, bool
        """
        place, number = divmod(index, VARIANTS)
        source = int(self.indices[place])
        image, mask = self.load(source)
        return vary(image, mask, number, np.random.default_rng((self.seed, source, number)))

    def order(self, epoch: int, *, block: int = 64) -> NDArray[np.int64]:
        """All items in the order of an epoch: shape (len(self),), int64.

        Parameters
        ----------
        epoch
            Each has another order.
        block
            Images are taken up so many at a time, and the variants of these are mixed: a cache of as many is enough.
        """
        rng = np.random.default_rng((self.seed, epoch))
        images = rng.permutation(self.patients.size)
        parts = [images[start : start + block] for start in range(0, images.size, block)]
        items = [(part[:, None] * VARIANTS + np.arange(VARIANTS)).ravel() for part in parts]
        return np.concatenate([rng.permutation(part) for part in items]) if items else images


def vary(image: NDArray[np.float32], mask: NDArray[np.bool_], number: int, rng: np.random.Generator) -> Pair:
    """Make one of the forty variants of an image.

    Parameters
    ----------
    image
        Shape (rows, columns), float32 in [0, 1].
    mask
        Same shape, bool.
    number
        0 to 39: orientation ``number // 4`` of 18° each, change ``number % 4`` of `CHANGES`.
    rng
        Of how much is cropped or shifted, of which flip, and of the noise.
    """
    orientation, kind = divmod(number, len(CHANGES))
    change = CHANGES[kind]
    rows, columns = image.shape
    matrix = np.vstack((_turn(18.0 * orientation, rows, columns), (0, 0, 1)))
    if change == "crop":
        matrix = _crop(rng, rows, columns) @ matrix
    elif change == "flip":
        matrix = _flip(int(rng.integers(3)), rows, columns) @ matrix
    elif change == "translation":
        shift = rng.uniform(-_SHIFT, _SHIFT, size=2) * (columns, rows)
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ matrix
    moved = _warp(image, matrix).astype(np.float32)
    moved_mask = _warp(mask.astype(np.float32), matrix) > 0.5
    if change == "noise":
        sigma = rng.uniform(*_NOISE)
        noisy = np.clip(moved + rng.normal(0.0, sigma, moved.shape), 0.0, 1.0)
        # Black is no tissue, and stays black.
        moved = np.where(moved > 0, noisy, 0.0).astype(np.float32)
    return moved, moved_mask


def _turn(degrees: float, rows: int, columns: int) -> NDArray[np.float64]:
    # OpenCV's pixel centres lie at whole numbers.
    return np.asarray(cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), degrees, 1.0), dtype=np.float64)


def _crop(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float64]:
    """A part of the image, enlarged to its size."""
    share = rng.uniform(_CROP_SHARE, 1.0)
    left, top = rng.uniform(0, 1 - share, size=2) * (columns - 1, rows - 1)
    return np.array([[1 / share, 0, -left / share], [0, 1 / share, -top / share], [0, 0, 1]])


def _flip(which: int, rows: int, columns: int) -> NDArray[np.float64]:
    """Left to right, upside down, or both."""
    across, down = which != 1, which != 0
    return np.array(
        [
            [-1.0 if across else 1.0, 0, columns - 1 if across else 0],
            [0, -1.0 if down else 1.0, rows - 1 if down else 0],
            [0, 0, 1],
        ]
    )


def _warp(pixels: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[Any]:
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(cv2.warpAffine(pixels, matrix[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
