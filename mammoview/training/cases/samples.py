"""From tiles and images to batches, through the same preprocessing as at inference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np
import torch

from mammoview.core.errors import InputError
from mammoview.core.geometry import Box, PixelTransform
from mammoview.models.preprocess import PatchSpec, patch_box, prepare_square
from mammoview.training.cases.augment import STILL, Ranges, augmented, grown, random_affine, warp
from mammoview.training.cases.places import place_targets
from mammoview.training.learning.loop import Batch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.training.cases.lost import Lost
    from mammoview.training.cases.tiles import TileSet
    from mammoview.training.config import TrainingConfig

_Drawn = TypeVar("_Drawn")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Whole images, already at a network's input size.

    Attributes
    ----------
    pixels
        Shape (n, rows, columns), float16: what `prepare_image` gave, one channel.
    labels
        Shape (n,), int64: 1 where malignant.
    patients, breasts
        Shape (n,), str: patient, and patient with side.
    views
        Shape (n,), str.
    places
        Shape (n, k, 5), float32: the marked lesions in input pixels, see `places.marked`; shape (0,) where no image
        has any.
    names
        Shape (n,), str: the files; shape (0,) where nobody asks for them.
    """

    pixels: NDArray[np.float16]
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    breasts: NDArray[np.str_]
    views: NDArray[np.str_]
    places: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    names: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype=np.str_))

    def select(self, rows: NDArray[np.bool_]) -> ImageSet:
        """The images where ``rows`` (shape (n,), bool) is true."""
        return ImageSet(**{name: values[rows] if values.size else values for name, values in vars(self).items()})


@dataclass(frozen=True, eq=False)
class TileBatches:
    """Batches of augmented tiles, for classes or for masks; an epoch sees every tile once.

    Attributes
    ----------
    tiles, spec, size, ranges
        What, through which preprocessing, how many at once, how much changed.
    is_described
        Whether the targets are those of `described.describing_loss`, not the classes alone.
    """

    tiles: TileSet
    spec: PatchSpec
    size: int
    ranges: Ranges
    is_described: bool = False

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last, smaller one is left out."""
        return max(1, len(self.tiles.labels) // self.size)

    @property
    def patients(self) -> NDArray[np.str_]:
        """Of the tiles, shape (n,), str."""
        return self.tiles.patients

    def __call__(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch."""
        order = rng.permutation(len(self.tiles.labels))
        for step in range(self.steps):
            rows = order[step * self.size : (step + 1) * self.size]
            drawn = [self.draw(int(row), rng) for row in rows]
            images = torch.from_numpy(np.stack([image for image, _ in drawn]))
            if self.tiles.masks.size:
                yield Batch(images, torch.from_numpy(np.stack([mask for _, mask in drawn])))
            elif self.is_described:
                labels = self.tiles.labels[rows, None].astype(np.float32)
                yield Batch(images, torch.from_numpy(np.hstack((labels, self.tiles.answers[rows]))))
            else:
                yield Batch(images, torch.from_numpy(self.tiles.labels[rows]))

    def draw(self, row: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One sample: the input of shape (channels, size, size), and its mask of shape (1, size, size), float32.

        The mask is empty (all 0) where the tiles have none.
        """
        box = Box(*(float(edge) for edge in self.tiles.boxes[row]))
        square = patch_box(box, self.spec)
        inside = square.clipped(*self.tiles.pixels.shape[1:])
        values, matrix = augmented(self.tiles.pixels[row], inside, box, rng, self.ranges)
        image = prepare_square(values, inside, square, self.spec)
        if not self.tiles.masks.size:
            return image, np.zeros((1, *image.shape[1:]), dtype=np.float32)
        return image, self._mask(row, matrix, square, inside)

    def _mask(self, row: int, matrix: NDArray[np.float64], square: Box, inside: Box) -> NDArray[np.float32]:
        side = self.spec.size_px
        # One pixel more on each side, as sampling reaches beyond a square that grows.
        part = grown(inside, 1, self.tiles.masks.shape[1:])
        moved = warp(self.tiles.masks[row] * np.uint8(255), matrix, part)
        # The transform maps (row, column) corners; OpenCV wants (column, row) of pixel centres.
        within = Box(square.row0 - part.row0, square.col0 - part.col0, square.row1 - part.row0, square.col1 - part.col0)
        (scale_row, _, shift_row), (_, scale_col, shift_col) = PixelTransform.scale_crop(within, side, side).matrix
        onto = np.array(
            [[scale_col, 0, shift_col + 0.5 * scale_col - 0.5], [0, scale_row, shift_row + 0.5 * scale_row - 0.5]]
        )
        fitted = cv2.warpAffine(moved, onto, (side, side), flags=cv2.INTER_LINEAR)
        return np.asarray((fitted > 127).astype(np.float32)[None])

    def still(self, seed: int | None = None, *, jitter: float = 0.0) -> Iterator[Batch]:
        """All tiles in order, unchanged but for a jitter of the centre (in long sides), the last batch smaller."""
        calm = TileBatches(self.tiles, self.spec, self.size, Ranges(**{**vars(STILL), "jitter": jitter}))
        rng = np.random.default_rng(seed)
        count = len(self.tiles.labels)
        for start in range(0, count, self.size):
            drawn = [calm.draw(row, rng) for row in range(start, min(count, start + self.size))]
            images = torch.from_numpy(np.stack([image for image, _ in drawn]))
            if self.tiles.masks.size:
                yield Batch(images, torch.from_numpy(np.stack([mask for _, mask in drawn])))
            else:
                yield Batch(images, torch.from_numpy(self.tiles.labels[start : start + self.size]))


@dataclass(frozen=True, eq=False)
class ImageBatches:
    """Batches of augmented whole images; an epoch sees every image once.

    Attributes
    ----------
    images, size, ranges
        What, how many at once, how much changed.
    channels
        Equal ones that the network takes.
    is_placed
        Whether the targets are those of `placed.placing_loss`, not the labels alone.
    lost
        Takes the images that can no longer be read, which are then passed over; without it they end the run.
    """

    images: ImageSet
    size: int
    ranges: Ranges
    channels: int = 1
    is_placed: bool = False
    lost: Lost | None = None

    @classmethod
    def of(cls, images: ImageSet, size: int, config: TrainingConfig) -> ImageBatches:
        """Batches of ``size`` as a config changes and takes images."""
        spec = config.preprocess.image
        return cls(images, size, config.augment, 1 if spec is None else spec.channels)

    @property
    def steps(self) -> int:
        """Batches in an epoch; the last, smaller one is left out."""
        return max(1, len(self.images.labels) // self.size)

    def __call__(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch."""
        order = rng.permutation(len(self.images.labels))
        for step in range(self.steps):
            rows, drawn = self._readable(
                order[step * self.size : (step + 1) * self.size], lambda row: self.draw(row, rng)
            )
            if not drawn:
                continue
            images = torch.from_numpy(np.stack([image for image, _ in drawn]))
            labels = self.images.labels[rows]
            if self.is_placed:
                told = [
                    place_targets(self.images.places[row], matrix, images.shape[-2:])
                    for row, (_, matrix) in zip(rows, drawn, strict=True)
                ]
                yield Batch(images, torch.from_numpy(np.hstack((labels[:, None].astype(np.float32), np.stack(told)))))
            else:
                yield Batch(images, torch.from_numpy(labels))

    def draw(self, row: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """One image moved and changed in gray, shape (channels, rows, columns), float32, and the map of the move."""
        pixels = self.images.pixels[row].astype(np.float32)
        rows, columns = pixels.shape
        matrix = random_affine(
            rng, self.ranges, centre=(rows / 2, columns / 2), jitter_px=self.ranges.jitter * min(rows, columns)
        )
        black = float(pixels.min())
        moved = np.asarray(
            cv2.warpAffine(pixels, matrix, (columns, rows), borderMode=cv2.BORDER_CONSTANT, borderValue=black),
            dtype=np.float32,
        )
        contrast = np.exp(rng.uniform(-self.ranges.gamma, self.ranges.gamma))
        # Normalised values have a standard deviation of about 1, gray values of about 50 of 255.
        shift = rng.uniform(-self.ranges.shift, self.ranges.shift) / 50.0
        is_black = moved <= np.float32(black + 1e-3)
        # In place and in float32: a whole image is large.
        moved *= np.float32(contrast)
        moved += np.float32(shift)
        np.copyto(moved, np.float32(black), where=is_black)
        planes = np.repeat(moved[None], self.channels, axis=0) if self.channels > 1 else moved[None]
        return planes, matrix

    def still(self) -> Iterator[Batch]:
        """All images in order, unchanged; the last batch is smaller."""
        count = len(self.images.labels)
        for start in range(0, count, self.size):
            rows, drawn = self._readable(
                np.arange(start, min(count, start + self.size)), lambda row: self.images.pixels[row].astype(np.float32)
            )
            if drawn:
                pixels = np.stack(drawn)[:, None].repeat(self.channels, 1)
                yield Batch(torch.from_numpy(pixels), torch.from_numpy(self.images.labels[rows]))

    @property
    def patients(self) -> NDArray[np.str_]:
        """Of the images that `still` gives, shape (n,), str, as far as is known."""
        if self.lost is None or not len(self.lost):
            return self.images.patients
        return self.images.patients[[str(name) not in self.lost for name in self.images.names]]

    def _readable(
        self, rows: NDArray[np.int64], read: Callable[[int], _Drawn]
    ) -> tuple[NDArray[np.int64], list[_Drawn]]:
        """The rows that can be read, and what was read of them. A row that cannot takes no random numbers."""
        if self.lost is None:
            return rows, [read(int(row)) for row in rows]
        kept, drawn = [], []
        for row in rows.tolist():
            name = str(self.images.names[row])
            if name in self.lost:
                continue
            try:
                drawn.append(read(row))
                kept.append(row)
            except InputError as error:
                self.lost.note(name, error)
        return np.array(kept, dtype=np.int64), drawn
