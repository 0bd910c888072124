"""Rows of one shape in a file, read one at a time and checked: thousands of images need no memory of their own."""

from __future__ import annotations

import os
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mammoview.core.errors import InputError, OutputError
from mammoview.core.small_files import hint_for
from mammoview.training.cases.samples import ImageSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_PIXELS, _SUMS, _SHAPE = ".rows", "sums", "row_shape"
#: How the names of files begin that are not whole yet.
DRAFT = ".draft-"


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


class RowWriter:
    """Writes rows behind each other for `StoredRows`; a context manager that leaves all of them, or nothing.

    Parameters
    ----------
    path
        Of the table (``.npz``); the rows lie in a file of their own beside it.

    Raises
    ------
    OutputError
        On entering, writing and leaving, when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Several processes of one training may prepare the same images.
        mark = f"{DRAFT}{os.getpid()}-"
        pixels = path.with_suffix(_PIXELS)
        self._drafts = {pixels: pixels.with_name(mark + pixels.name), path: path.with_name(mark + path.name)}
        self._sums: list[int] = []
        self._shape: tuple[int, ...] = ()

    def __enter__(self) -> RowWriter:
        with self._told():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._drafts[self._path.with_suffix(_PIXELS)].open("wb")
        return self

    def add(self, row: NDArray[np.float16]) -> None:
        """Write the next row; all have one shape."""
        content = np.ascontiguousarray(row).tobytes()
        self._shape = row.shape
        self._sums.append(zlib.crc32(content))
        with self._told():
            self._file.write(content)

    def finish(self, words: Mapping[str, NDArray[Any]]) -> None:
        """Write the table, with what an `ImageSet` holds beside its pixels."""
        sums, shape = np.array(self._sums, dtype=np.uint32), np.array(self._shape)
        named: dict[str, Any] = {**words, _SUMS: sums, _SHAPE: shape}
        with self._told():
            self._file.close()
            with self._drafts[self._path].open("wb") as table:
                np.savez(table, **named)
            for target, draft in self._drafts.items():
                draft.replace(target)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        # A full disk may refuse the last bytes here, too; what is left of a draft goes.
        with suppress(OSError):
            self._file.close()
        for draft in self._drafts.values():
            draft.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"The prepared images cannot be written to {self._path.parent} ({error.strerror}).", hint_for(error)
            ) from error


def store_images(images: ImageSet, path: Path) -> None:
    """Write a set, its pixels in a file of their own beside ``path`` (``.npz``); whole or not at all."""
    with RowWriter(path) as writer:
        for row in images.pixels:
            writer.add(row)
        writer.finish({name: values for name, values in vars(images).items() if name != "pixels"})


def open_images(path: Path) -> ImageSet:
    """What `store_images` wrote, the pixels left where they are."""
    with np.load(path, allow_pickle=False) as stored:
        words = {name: stored[name] for name in stored.files}
    sums, shape = words.pop(_SUMS), tuple(words.pop(_SHAPE).tolist())
    rows = StoredRows(path.with_suffix(_PIXELS), np.dtype(np.float16), shape, np.arange(len(sums)), sums)
    # Reads like an array, one row at a time.
    return ImageSet(pixels=rows, **words)  # type: ignore[arg-type]
