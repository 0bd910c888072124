"""Rows of one shape in a file, read one at a time and checked: thousands of images need no memory of their own."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.errors import InputError
from mammoview.training.cases.samples import ImageSet

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PIXELS, _SUMS = ".rows", "sums"


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Reads like an array of shape (n, rows, columns): an index gives a row, a slice or mask gives some of them.

    Attributes
    ----------
    path
        Rows behind each other, nothing else.
    dtype, row_shape
        Of a row.
    places, sums
        Shape (n,): which row of the file is meant, and its CRC-32.
    """

    path: Path
    dtype: np.dtype[Any]
    row_shape: tuple[int, ...]
    places: NDArray[np.int64]
    sums: NDArray[np.uint32]

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return (len(self.places), *self.row_shape)

    @property
    def size(self) -> int:
        """As of an array."""
        return int(np.prod(self.shape))

    def __getitem__(self, wanted: Any) -> Any:
        """A row by its index; a stack of rows by a slice; the rows of a mask as another `StoredRows`.

        Raises
        ------
        InputError
            When a row is not as it was written.
        """
        if isinstance(wanted, slice):
            return np.stack([self._row(index) for index in range(*wanted.indices(len(self.places)))])
        if isinstance(wanted, np.ndarray):
            return replace(self, places=self.places[wanted], sums=self.sums[wanted])
        return self._row(int(wanted))

    def _row(self, index: int) -> NDArray[Any]:
        count = int(np.prod(self.row_shape)) * self.dtype.itemsize
        try:
            with self.path.open("rb") as file:
                file.seek(int(self.places[index]) * count)
                content = file.read(count)
        except OSError as error:
            raise InputError(f"The prepared image {index + 1} cannot be read: {error.strerror}.") from error
        if zlib.crc32(content) != int(self.sums[index]):
            raise InputError(
                f"The prepared image {index + 1} is damaged on the disk.", f"Remove {self.path}: it is made again."
            )
        return np.frombuffer(content, dtype=self.dtype).reshape(self.row_shape)


def store_images(images: ImageSet, path: Path) -> None:
    """Write a set, its pixels in a file of their own beside ``path`` (``.npz``); whole or not at all."""
    mark = f".{os.getpid()}-"
    pixels = path.with_suffix(_PIXELS)
    draft = pixels.with_name(mark + pixels.name)
    sums = np.zeros(len(images.pixels), dtype=np.uint32)
    with draft.open("wb") as file:
        for index, row in enumerate(images.pixels):
            content = np.ascontiguousarray(row).tobytes()
            sums[index] = zlib.crc32(content)
            file.write(content)
    draft.replace(pixels)
    words: dict[str, Any] = {name: values for name, values in vars(images).items() if name != "pixels"}
    words |= {_SUMS: sums, "row_shape": np.array(images.pixels.shape[1:])}
    table = path.with_name(mark + path.name)
    np.savez(table, **words)
    table.replace(path)


def open_images(path: Path) -> ImageSet:
    """What `store_images` wrote, the pixels left where they are."""
    with np.load(path, allow_pickle=False) as stored:
        words = {name: stored[name] for name in stored.files}
    sums, shape = words.pop(_SUMS), tuple(words.pop("row_shape").tolist())
    rows = StoredRows(path.with_suffix(_PIXELS), np.dtype(np.float16), shape, np.arange(len(sums)), sums)
    # Reads like an array, one row at a time.
    return ImageSet(pixels=rows, **words)  # type: ignore[arg-type]
