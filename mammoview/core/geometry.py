"""Coordinates. One frame crosses package borders: native stored pixels, (row, column), continuous.

(0, 0) is the outer corner of the first pixel, so that pixel i covers [i, i + 1) and its centre lies at i + 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Box:
    """An axis-parallel box in native pixels, half-open: rows [row0, row1), columns [col0, col1)."""

    row0: float
    col0: float
    row1: float
    col1: float

    @property
    def height_px(self) -> float:
        """Rows covered."""
        return self.row1 - self.row0

    @property
    def width_px(self) -> float:
        """Columns covered."""
        return self.col1 - self.col0

    @property
    def area_px(self) -> float:
        """Pixels covered."""
        return max(0.0, self.height_px) * max(0.0, self.width_px)

    @property
    def centre(self) -> tuple[float, float]:
        """(row, column) of the middle."""
        return (self.row0 + self.row1) / 2, (self.col0 + self.col1) / 2

    def contains(self, row: float, col: float) -> bool:
        """Whether the point lies inside."""
        return self.row0 <= row < self.row1 and self.col0 <= col < self.col1

    def intersection(self, other: Box) -> Box:
        """The common part; its area is 0 where there is none."""
        row0, col0 = max(self.row0, other.row0), max(self.col0, other.col0)
        return Box(row0, col0, max(row0, min(self.row1, other.row1)), max(col0, min(self.col1, other.col1)))

    def clipped(self, rows: int, columns: int) -> Box:
        """The part inside an image of that size."""
        return self.intersection(Box(0, 0, rows, columns))

    def slices(self) -> tuple[slice, slice]:
        """Index of the pixels that the box touches."""
        return (
            slice(math.floor(self.row0), math.ceil(self.row1)),
            slice(math.floor(self.col0), math.ceil(self.col1)),
        )

    def as_list(self) -> list[int]:
        """``[row0, col0, row1, col1]`` rounded outwards, as in a result file."""
        rows, cols = self.slices()
        return [rows.start, cols.start, rows.stop, cols.stop]

    @classmethod
    def square(cls, row: float, col: float, side_px: float) -> Box:
        """A square of ``side_px`` around a centre."""
        half = side_px / 2
        return cls(row - half, col - half, row + half, col + half)


@dataclass(frozen=True)
class PixelTransform:
    """An affine map from native pixels to another frame, with its exact inverse.

    ``matrix`` is [[a, b, c], [d, e, f]]: row' = a·row + b·col + c, col' = d·row + e·col + f.
    """

    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]

    @classmethod
    def identity(cls) -> PixelTransform:
        """The map that changes nothing."""
        return cls(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))

    @classmethod
    def scale_crop(cls, box: Box, rows: int, columns: int, *, flip_columns: bool = False) -> PixelTransform:
        """Map ``box`` onto an image of ``rows`` × ``columns``, mirrored left to right when asked."""
        scale_row, scale_col = rows / box.height_px, columns / box.width_px
        if flip_columns:
            return cls(((scale_row, 0.0, -box.row0 * scale_row), (0.0, -scale_col, columns + box.col0 * scale_col)))
        return cls(((scale_row, 0.0, -box.row0 * scale_row), (0.0, scale_col, -box.col0 * scale_col)))

    def as_array(self) -> NDArray[np.float64]:
        """The 3 × 3 matrix, float64, acting on (row, column, 1)."""
        return np.array([*self.matrix, (0.0, 0.0, 1.0)])

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map points.

        Parameters
        ----------
        points
            Shape (n, 2), (row, column).

        Returns
        -------
        ndarray, shape (n, 2), float64
        """
        pts = np.atleast_2d(np.asarray(points, dtype=np.float64))
        matrix = np.array(self.matrix)
        return np.asarray(pts @ matrix[:, :2].T + matrix[:, 2])

    def apply_box(self, box: Box) -> Box:
        """The box around the mapped corners."""
        corners = self.apply([(box.row0, box.col0), (box.row0, box.col1), (box.row1, box.col0), (box.row1, box.col1)])
        low, high = corners.min(axis=0), corners.max(axis=0)
        return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def inverse(self) -> PixelTransform:
        """The map back.

        Raises
        ------
        ValueError
            When the map squeezes the plane to a line.
        """
        (a, b, c), (d, e, f) = self.matrix
        det = a * e - b * d
        if det == 0:
            raise ValueError("a PixelTransform without an inverse")
        inv = ((e / det, -b / det), (-d / det, a / det))
        return PixelTransform(
            (
                (inv[0][0], inv[0][1], -(inv[0][0] * c + inv[0][1] * f)),
                (inv[1][0], inv[1][1], -(inv[1][0] * c + inv[1][1] * f)),
            )
        )

    def then(self, following: PixelTransform) -> PixelTransform:
        """This map first, ``following`` second."""
        product = following.as_array() @ self.as_array()
        return PixelTransform(
            (
                (float(product[0, 0]), float(product[0, 1]), float(product[0, 2])),
                (float(product[1, 0]), float(product[1, 1]), float(product[1, 2])),
            )
        )


def mm_to_px(length_mm: float, spacing_mm: float) -> float:
    """Millimetres to pixels at ``spacing_mm`` millimetres a pixel."""
    return length_mm / spacing_mm


def px_to_mm(length_px: float, spacing_mm: float) -> float:
    """Pixels to millimetres at ``spacing_mm`` millimetres a pixel."""
    return length_px * spacing_mm


@dataclass(frozen=True)
class Dihedral:
    """One of the eight ways to lay an image down: transpose first, then flip the rows, then the columns."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    def transform(self, rows: int, columns: int) -> PixelTransform:
        """The map from native pixels of an image of that size to the laid-down image's pixels."""
        (a, b), (d, e) = ((0.0, 1.0), (1.0, 0.0)) if self.transpose else ((1.0, 0.0), (0.0, 1.0))
        out_rows, out_columns = (columns, rows) if self.transpose else (rows, columns)
        c = f = 0.0
        if self.flip_rows:
            a, b, c = -a, -b, float(out_rows)
        if self.flip_columns:
            d, e, f = -d, -e, float(out_columns)
        return PixelTransform(((a, b, c), (d, e, f)))
