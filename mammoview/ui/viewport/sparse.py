"""A picture that is mostly clear: only the rectangles of it that are not are kept and drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

#: Side of the tiles that are kept or left out.
TILE_PX = 128

#: (left, top, right, bottom).
_Box: TypeAlias = tuple[int, int, int, int]

_FORMAT = QImage.Format.Format_ARGB32_Premultiplied


@dataclass(frozen=True, eq=False)
class Part:
    """A rectangle of the picture: where it lies, and its pixels, shape (rows, columns, 4)."""

    left: int
    top: int
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sparse:
    """The parts of a picture that are not clear; they do not overlap."""

    parts: tuple[Part, ...]

    @staticmethod
    def of(image: QImage) -> Sparse:
        """Keep of ``image``, 32 bits and premultiplied, copies of what is not clear."""
        words = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
        pixels = words.view(np.uint8).reshape(*words.shape, 4)
        boxes = (_trimmed(words, box) for box in _filled(words[:, : image.width()]))
        return Sparse(tuple(Part(left, top, pixels[top:end, left:right].copy()) for left, top, right, end in boxes))

    def draw(self, painter: QPainter, left: float = 0.0, top: float = 0.0) -> None:
        """Draw with the picture's corner on the whole pixel next to (left, top)."""
        x, y = round(left), round(top)
        for part in self.parts:
            painter.drawImage(QPoint(x + part.left, y + part.top), _image(part.pixels))

    def draw_stretched(
        self, painter: QPainter, corner: tuple[float, float], by: tuple[float, float], size: tuple[int, int]
    ) -> None:
        """Draw what is seen of it on a pane, stretched: neighbours share an edge, which is rounded alike for both.

        OpenCV stretches: Qt takes three times as long to lay stretched pixels over others that shine through.

        Parameters
        ----------
        corner, by, size
            (row, column) of the picture's corner, how many times its rows and columns are stretched, and (rows,
            columns) of the pane; all in the painter's pixels.
        """
        (top, left), (down, across) = corner, by
        for part in self.parts:
            rows = _seen(part.top, part.pixels.shape[0], top, down, size[0])
            columns = _seen(part.left, part.pixels.shape[1], left, across, size[1])
            if rows is not None and columns is not None:
                pixels = part.pixels[rows.source, columns.source]
                made = cv2.resize(pixels, (columns.length, rows.length), interpolation=cv2.INTER_NEAREST)
                painter.drawImage(QPoint(columns.start, rows.start), _image(np.asarray(made, np.uint8)))


@dataclass(frozen=True)
class _Span:
    """What is seen of a part along one axis: its own pixels, and where they go."""

    source: slice
    start: int
    length: int


def _seen(start: int, length: int, origin: float, times: float, room: int) -> _Span | None:
    """The pixels from ``start`` on that a pane of ``room`` shows; None where it shows none."""
    first = max(start, math.floor(-origin / times))
    end = min(start + length, math.ceil((room - origin) / times))
    if end <= first:
        return None
    low, high = round(origin + first * times), round(origin + end * times)
    return _Span(slice(first - start, end - start), low, high - low) if high > low else None


def _image(pixels: NDArray[np.uint8]) -> QImage:
    """An image over the array's own memory."""
    rows, columns = pixels.shape[:2]
    return QImage(pixels.data, columns, rows, columns * 4, _FORMAT)


def _trimmed(words: NDArray[np.uint32], box: _Box) -> _Box:
    """A box without its clear edges; it is not all clear."""
    left, top, right, bottom = box
    part = words[top:bottom, left:right]
    columns, rows = (np.flatnonzero(np.bitwise_or.reduce(part, axis=axis)) for axis in (0, 1))
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1


def _filled(words: NDArray[np.uint32]) -> list[_Box]:
    """Rectangles of tiles that hold all that is not clear.

    Runs of tiles side by side, joined with the same run in the rows of tiles below.
    """
    rows, columns = words.shape
    starts = np.arange(0, columns, TILE_PX)
    found: list[_Box] = []
    begun: dict[tuple[int, int], int] = {}
    for top in range(0, rows + TILE_PX, TILE_PX):
        band = words[top : top + TILE_PX]
        runs: set[tuple[int, int]] = set()
        if len(band):
            tiles = np.bitwise_or.reduceat(np.bitwise_or.reduce(band, axis=0), starts) != 0
            edges = np.flatnonzero(np.diff(tiles, prepend=False, append=False)).tolist()
            runs = set(zip(edges[::2], edges[1::2], strict=True))
        for run in begun.keys() - runs:
            left, right = run[0] * TILE_PX, min(run[1] * TILE_PX, columns)
            found.append((left, begun.pop(run), right, min(top, rows)))
        for run in runs - begun.keys():
            begun[run] = top
    return found
