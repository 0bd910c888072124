"""White film edges: bright bands along the border that end in a sharp, nearly straight step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DEPTH_SHARE = 0.08
_LEAST_STEP = 0.10
_LEAST_LENGTH_SHARE = 0.10


def find_frame_edges(values: NDArray[np.float32]) -> tuple[NDArray[np.bool_], ...]:
    """Find the white edges of a film, at most one for each border.

    Parameters
    ----------
    values
        Shape (rows, columns), float32 in [0, 1].

    Returns
    -------
    tuple of ndarray, same shape, bool
        Each not empty.
    """
    found = []
    for turns in range(4):
        depth = _edge_depth(np.ascontiguousarray(np.rot90(values, turns)))
        if not depth.any():
            continue
        mask = np.zeros(values.shape, dtype=bool)
        turned = np.rot90(mask, turns)
        turned[:] = np.arange(len(turned))[:, None] < depth[None]
        found.append(mask)
    return tuple(found)


def _edge_depth(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """How many rows below the upper border are film edge, for each column; 0 where none."""
    rows, columns = values.shape[0], values.shape[1]
    reach = int(_DEPTH_SHARE * rows)
    none = np.zeros(columns, dtype=np.intp)
    if reach < 8 or columns < 32:
        return none
    strip = cv2.GaussianBlur(values[: reach + 12], (9, 1), 2.0)
    sums = np.vstack([np.zeros((1, columns)), np.cumsum(strip, axis=0, dtype=np.float64)])

    def mean(first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.float64]:
        return np.asarray((sums[last] - sums[first]) / (last - first)[:, None])

    depths = np.arange(2, reach)
    step = mean(np.maximum(depths - 2, 0), depths) - mean(depths + 1, depths + 3)
    wide = mean(np.maximum(depths - 6, 0), np.maximum(depths - 2, 2)) - mean(depths + 5, depths + 9)
    # A letter below the border ends in a step as well; a film edge is bright all the way (the first rows may lie
    # outside the film).
    start = min(10, reach // 4)
    darkest = np.minimum.accumulate(strip[start:], axis=0)[np.maximum(depths - 2 - start, 0)]
    is_solid = (darkest >= 0.5 * strip[depths - 2]) | (depths - 2 < start)[:, None]
    # The sharpest place, without the gap that lets a blurred step count in full.
    sharp = mean(np.maximum(depths - 2, 0), depths) - mean(depths, depths + 2)
    path = best_path(np.where(is_solid, np.clip(sharp, 0.0, 0.6), 0.0), stiffness=0.02)
    across = np.arange(columns)
    drop, inside = step[path, across], strip[np.maximum(depths[path] - 2, 0), across]
    is_sharp = drop >= 0.6 * wide[path, across]
    accepted = (drop >= _LEAST_STEP) & is_sharp & (inside > 0.25) & is_solid[path, across]
    length = int(_LEAST_LENGTH_SHARE * columns)
    joined = cv2.morphologyEx(accepted[None].astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 15), np.uint8))
    lasting = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))[0] > 0
    return np.where(lasting, depths[path] + 1, 0)


def border_bands(above: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    """Find what runs along a border in a band too thin for anything else: the dim rest of film edges, and their glow.

    Parameters
    ----------
    above
        Shape (rows, columns), bool: what stands out of the background, breast left out.

    Returns
    -------
    tuple of ndarray, same shape, bool
        For the upper, right, lower and left border; without a set pixel where there is none.
    """
    bands = []
    for turns in range(4):
        found = np.zeros_like(above)
        bands.append(found)
        turned, out = np.rot90(above, turns), np.rot90(found, turns)
        reach = int(_DEPTH_SHARE * turned.shape[0])
        if reach < 8:
            continue
        dark = ~turned[: reach + 1]
        dark[:2] = False
        depth = np.where(turned[:3].any(axis=0) & dark.any(axis=0), np.argmax(dark, axis=0), 0)
        length = int(_LEAST_LENGTH_SHARE * depth.size)
        runs = cv2.morphologyEx((depth > 0)[None].astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 9), np.uint8))
        lasting = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))[0] > 0
        # Letters that touch the band stick out of it.
        usual = cv2.morphologyEx(depth[None].astype(np.float32), cv2.MORPH_OPEN, np.ones((1, length), np.uint8))[0]
        depth = np.where(lasting, np.minimum(depth, usual + 3), 0)
        out[: reach + 1] |= np.arange(reach + 1)[:, None] < depth[None]
    return tuple(bands)


def best_path(gain: NDArray[np.float64], stiffness: float) -> NDArray[np.intp]:
    """Choose a row in each column so that the summed gain is greatest and neighbours differ by at most one row.

    Dynamic programming (Viterbi); ``stiffness`` is lost with each change of row.

    Returns
    -------
    ndarray, shape (columns,), intp
    """
    rows, columns = gain.shape
    came_from = np.zeros((columns, rows), dtype=np.int8)
    total = gain[:, 0].astype(np.float64)
    padded = np.full(rows + 2, -np.inf)
    for column in range(1, columns):
        padded[1:-1] = total
        choices = np.stack([padded[1:-1], padded[:-2] - stiffness, padded[2:] - stiffness])
        best = np.argmax(choices, axis=0)
        came_from[column] = np.array([0, -1, 1], dtype=np.int8)[best]
        total = choices[best, np.arange(rows)] + gain[:, column]
    path = np.zeros(columns, dtype=np.intp)
    path[-1] = int(np.argmax(total))
    for column in range(columns - 1, 0, -1):
        path[column - 1] = path[column] + came_from[column, path[column]]
    return path
