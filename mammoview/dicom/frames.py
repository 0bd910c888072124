"""Where the frames of a multi-frame object lie in its file, so that one can be read without the others (MG-I08)."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import as_pixel_options, pixel_array
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

_ITEM, _END_OF_SEQUENCE = 0xFFFEE000, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF
#: JPEG, JPEG-LS and JPEG 2000 all end with this marker; a byte may pad it.
_END_OF_IMAGE = b"\xff\xd9"

Span = tuple[int, int]


@dataclass(frozen=True)
class FrameTable:
    """The bytes of each frame.

    Attributes
    ----------
    spans
        For each stored frame (offset in the file, length) of its pieces; a native frame has one. Frames that the file
        holds whole, and no others.
    """

    spans: tuple[tuple[Span, ...], ...]


def frame_table(dataset: Dataset, file: BinaryIO, size: int) -> FrameTable | None:
    """Find the frames of a file.

    Parameters
    ----------
    dataset
        The header.
    file
        Standing at the pixel data's tag.
    size
        Length of the file, bytes.

    Returns
    -------
    FrameTable or None
        None where the bytes cannot be told apart by frame: a deflated file, or pieces without any clue.
    """
    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    frames = max(1, int(dataset.get("NumberOfFrames") or 1))
    if syntax == DeflatedExplicitVRLittleEndian:
        return None
    try:
        start, length = _value(file, syntax)
    except struct.error:
        return FrameTable(())
    if not syntax.is_encapsulated:
        each = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("BitsAllocated") or 16) // 8
        held = min(length, size - start) // each if each else 0
        return FrameTable(tuple(((start + number * each, each),) for number in range(min(frames, held))))
    return _encapsulated(dataset, file, size, frames)


def _value(file: BinaryIO, syntax: UID) -> Span:
    """Place and length of the pixel data's value, read from its tag on."""
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    head = file.read(8)
    if syntax == ImplicitVRLittleEndian:
        (length,) = struct.unpack(f"{order}L", head[4:8])
    else:
        (length,) = struct.unpack(f"{order}L", file.read(4))
    return file.tell(), length


def _encapsulated(dataset: Dataset, file: BinaryIO, size: int, frames: int) -> FrameTable | None:
    first, table = _offset_table(file)
    pieces, is_complete = _pieces(file, size)
    offsets = _extended(dataset) or table
    if len(offsets) == frames:
        wanted = [first + offset for offset in offsets]
        starts = {start - 8: index for index, (start, _) in enumerate(pieces)}
        # The pieces of a frame run to the beginning of the next one; one that is cut off ends the list.
        bounds = [starts.get(place, len(pieces)) for place in wanted] + [len(pieces)]
        groups = [tuple(pieces[a:b]) for a, b in pairwise(bounds)]
        if not is_complete and groups and bounds[-2] < len(pieces):
            groups = _less_the_cut(file, groups)
        return FrameTable(tuple(group for group in groups if group))
    if len(pieces) == frames or (len(pieces) < frames and not is_complete):
        return FrameTable(tuple((piece,) for piece in pieces))
    return _by_markers(file, pieces, frames)


def _less_the_cut(file: BinaryIO, groups: list[tuple[Span, ...]]) -> list[tuple[Span, ...]]:
    """The groups, less a last one of several pieces whose end is missing."""
    last = [group for group in groups if group][-1]
    return groups if _ends_image(file, last[-1]) else [group for group in groups if group is not last]


def _offset_table(file: BinaryIO) -> tuple[int, list[int]]:
    """The Basic Offset Table and the place that its offsets count from."""
    head = file.read(8)
    if len(head) < 8:
        return file.tell(), []
    length = struct.unpack("<L", head[4:8])[0]
    raw = file.read(length) if length < 2**24 else b""
    return file.tell(), list(struct.unpack(f"<{len(raw) // 4}L", raw[: len(raw) // 4 * 4]))


def _extended(dataset: Dataset) -> list[int]:
    raw = dataset.get("ExtendedOffsetTable")
    return list(struct.unpack(f"<{len(raw) // 8}Q", raw)) if isinstance(raw, bytes) else []


def _pieces(file: BinaryIO, size: int) -> tuple[list[Span], bool]:
    """The pieces that lie in the file whole, and whether the end of the sequence was met."""
    pieces: list[Span] = []
    while True:
        head = file.read(8)
        if len(head) < 8:
            return pieces, False
        group, element, length = struct.unpack("<HHL", head)
        tag = group << 16 | element
        if tag == _END_OF_SEQUENCE:
            return pieces, True
        start = file.tell()
        if tag != _ITEM or length == _UNDEFINED or start + length > size:
            return pieces, False
        pieces.append((start, length))
        file.seek(length, 1)


def _by_markers(file: BinaryIO, pieces: list[Span], frames: int) -> FrameTable | None:
    """Group pieces into frames by the marker that ends an image; None where that does not come out even."""
    groups: list[tuple[Span, ...]] = []
    current: list[Span] = []
    for piece in pieces:
        current.append(piece)
        if _ends_image(file, piece):
            groups.append(tuple(current))
            current = []
    return FrameTable(tuple(groups)) if groups and len(groups) <= frames and not current else None


def _ends_image(file: BinaryIO, piece: Span) -> bool:
    start, length = piece
    tail = min(length, 10)
    file.seek(start + length - tail)
    return _END_OF_IMAGE in file.read(tail)


@dataclass(frozen=True, eq=False)
class _Opened:
    """What need not be found out again for the next frame of the same file."""

    table: FrameTable | None
    syntax: UID
    options: dict[str, Any]


@lru_cache(maxsize=8)
def _open(path: str, size: int, _changed_ns: int) -> _Opened:
    with Path(path).open("rb") as file:
        dataset = dcmread(file, stop_before_pixels=True)
        table = frame_table(dataset, file, size)
    options = {key: value for key, value in as_pixel_options(dataset).items() if not key.startswith("extended")}
    return _Opened(table, UID(str(dataset.file_meta.TransferSyntaxUID)), options)


def read_frame(path: Path, number: int) -> NDArray[np.generic]:
    """Decode one stored frame, reading no other.

    Parameters
    ----------
    path
        A multi-frame object.
    number
        Of the stored frame, from 0.

    Returns
    -------
    ndarray, shape (rows, columns), the type that the file stores

    Raises
    ------
    EOFError
        When the file ends before that frame does.
    OSError, RuntimeError, ValueError
        As pydicom raises them on damaged data.
    """
    facts = path.stat()
    opened = _open(str(path), facts.st_size, facts.st_mtime_ns)
    with warnings.catch_warnings():
        # Padding bytes and the like; what matters is checked on the result.
        warnings.simplefilter("ignore")
        if opened.table is None:
            return np.asarray(pixel_array(path, index=number, raw=True))
        if number >= len(opened.table.spans):
            raise EOFError(f"frame {number} is not in the file")
        raw = _read(path, opened.table.spans[number])
        return _decoded(raw, opened)


def _read(path: Path, spans: tuple[Span, ...]) -> bytes:
    parts = []
    with path.open("rb") as file:
        for start, length in spans:
            file.seek(start)
            parts.append(file.read(length))
    if sum(map(len, parts)) < sum(length for _, length in spans):
        raise EOFError("the file became shorter")
    return b"".join(parts)


def _decoded(raw: bytes, opened: _Opened) -> NDArray[np.generic]:
    # What the decoder is told of the whole file does not hold for the bytes of one frame.
    options = {**opened.options, "number_of_frames": 1, "pixel_keyword": "PixelData"}
    source = encapsulate([raw]) if opened.syntax.is_encapsulated else raw
    return np.asarray(get_decoder(opened.syntax).as_array(source, raw=True, index=0, **options)[0])
