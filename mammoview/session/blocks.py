"""What the session asks of its children, and the shared memory in which pixels come back."""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import TruncatedError, UnreadableError
from mammoview.core.findings import ExamResult
from mammoview.core.image import Mask, level_shapes
from mammoview.core.study import Mammogram, ScanResult, SourceKind
from mammoview.session.orientation import Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: No lossless coder gets beyond this on an image of anything.
_MOST_COMPRESSION = {SourceKind.DICOM: 100, SourceKind.RASTER: 1100}
#: Below this a lie costs nothing.
_FREE_BYTES = 4 * 2**20
#: Shared memory is used while so many blocks would fit: pages are taken when written, so the free space lies a little.
_ENOUGH_BLOCKS = 8


@dataclass(frozen=True)
class ScanRequest:
    """Look for studies under these absolute paths."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class DecodeRequest:
    """Decode an image into the shared memory of that name, laid out as `Layout` of the image says."""

    image: Mammogram
    block: str


@dataclass(frozen=True)
class FrameRequest:
    """Decode a frame into the shared memory of that name, laid out as `Layout.of_frame` of the image says.

    ``image`` holds that frame alone, see `mammoview.core.study.Mammogram.frame_alone`.
    """

    image: Mammogram
    block: str


@dataclass(frozen=True)
class Decoded:
    """What a decoder says of the pixels that it left in shared memory."""

    value_offset: int
    chest_wall: Side | None


@dataclass(frozen=True)
class TruthRequest:
    """Read a mask of an image of that size."""

    path: str
    rows: int
    columns: int


@dataclass(frozen=True)
class TruthMask:
    """A reader's own mask of an image, and the name of its file."""

    image_id: str
    file: str
    mask: Mask


@dataclass(frozen=True)
class SaveRequest:
    """Write a result folder, with comparisons where there are masks to compare with."""

    out: str
    scan: ScanResult
    results: tuple[ExamResult, ...]
    overwrite: bool
    truths: tuple[TruthMask, ...] = ()


@dataclass(frozen=True)
class Layout:
    """Where the levels of an image lie in a block: pixels from the finest to the coarsest, then padding likewise."""

    rows: int
    columns: int
    has_padding: bool

    @classmethod
    def of(cls, image: Mammogram) -> Layout:
        """The layout for an image, from its header."""
        return cls(image.rows, image.columns, image.grayscale.padding is not None)

    @classmethod
    def of_frame(cls, image: Mammogram) -> Layout:
        """The layout for a frame of a volume, whose padding is worked out from its values."""
        return cls(image.rows, image.columns, has_padding=False)

    @property
    def size_bytes(self) -> int:
        """Size of the block."""
        return sum(prod(shape) for shape in level_shapes(self.rows, self.columns)) * (3 if self.has_padding else 2)

    def views(self, memory: NDArray[np.uint8]) -> tuple[tuple[NDArray[np.uint16], ...], tuple[NDArray[np.uint8], ...]]:
        """The levels and the padding as views of ``memory``, shape (size_bytes,)."""
        shapes = level_shapes(self.rows, self.columns)
        start = 0
        levels = []
        for shape in shapes:
            stop = start + 2 * prod(shape)
            levels.append(memory[start:stop].view(np.uint16).reshape(shape))
            start = stop
        padding = []
        for shape in shapes if self.has_padding else ():
            stop = start + prod(shape)
            padding.append(memory[start:stop].reshape(shape))
            start = stop
        return tuple(levels), tuple(padding)


def check_size(image: Mammogram) -> None:
    """Refuse an image whose header claims more pixels than its file can hold, before memory is taken for them.

    Raises
    ------
    UnreadableError
        When the file is gone.
    TruncatedError
        When it is too short by far.
    """
    try:
        length = Path(image.path).stat().st_size
    except OSError as error:
        raise UnreadableError(
            f"The file cannot be read ({error.strerror}).", "Check that it is still there and may be read."
        ) from error
    claimed = 2 * image.rows * image.columns
    if image.rows < 1 or image.columns < 1 or claimed > max(_FREE_BYTES, _MOST_COMPRESSION[image.kind] * length):
        raise TruncatedError(
            f"The header claims {image.rows} × {image.columns} pixels, more than the file's {length} bytes can hold.",
            "Export the image again from its source.",
        )


class Block:
    """Memory that the parent makes for one image, and takes back whatever becomes of the child.

    Shared memory, or where there is little of it (64 MiB in a container, as a rule, and a child that writes beyond
    the end of it is killed) a mapped file in the temporary folder.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._memory: SharedMemory | None = None
        self._path: Path | None = None
        if _room_bytes() >= _ENOUGH_BLOCKS * layout.size_bytes:
            self._memory = SharedMemory(create=True, size=layout.size_bytes)
            self.name = self._memory.name
        else:
            descriptor, self.name = tempfile.mkstemp(prefix="mammoview-", suffix=".pixels")
            os.truncate(descriptor, layout.size_bytes)
            os.close(descriptor)
            self._path = Path(self.name)

    def take(self) -> tuple[tuple[NDArray[np.uint16], ...], tuple[NDArray[np.uint8], ...]]:
        """Take the levels and the padding out; the name is gone, the memory lives as long as the last array."""
        base: NDArray[np.uint8]
        if self._memory is None:
            base = np.memmap(self.name, np.uint8, mode="r")
        else:
            memory, self._memory = self._memory, None
            memory.unlink()
            base = np.ndarray((self._layout.size_bytes,), np.uint8, buffer=memory.buf)
            # Every view keeps `base` alive, but not `memory`: closed any sooner, it would pull the pages from under
            # the views. At the interpreter's end the system does it.
            weakref.finalize(base, memory.close).atexit = False
            base.flags.writeable = False
        self.drop()
        return self._layout.views(base)

    def drop(self) -> None:
        """Give the memory back, unless it was taken."""
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.unlink()
            memory.close()
        path, self._path = self._path, None
        if path is not None:
            path.unlink(missing_ok=True)


@contextmanager
def opened(name: str, layout: Layout) -> Iterator[NDArray[np.uint8]]:
    """Open a block by its name, in the child: an array of shape (size_bytes,), uint8, which no view may outlive."""
    if Path(name).is_absolute():
        yield np.memmap(name, np.uint8, mode="r+", shape=(layout.size_bytes,))
        return
    memory = SharedMemory(name)
    try:
        yield np.ndarray((layout.size_bytes,), np.uint8, buffer=memory.buf)
    finally:
        memory.close()


def _room_bytes() -> int:
    if sys.platform != "linux":
        return sys.maxsize
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return 0
    return room.f_bavail * room.f_frsize
