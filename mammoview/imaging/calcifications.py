"""Calcification clusters at native resolution: differences of Gaussians, the Hessian test, then grouping.

The grains are found as in the Hessian difference of Gaussians of Marasinou et al., "Improving the quantitative analysis
of breast microcalcifications: a multiscale approach", J. Digit. Imaging 2023: bright blobs of a difference-of-Gaussians
scale space at which both eigenvalues of the Hessian are negative. A threshold relative to the local noise takes the
place of their fixed one, so that film and digital images need no setting of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Candidate, LesionKind, Suppression
from mammoview.core.geometry import Box
from mammoview.imaging.breast_frame import believed_spacing, extent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

# Coarser pixels average a grain of 0.2 to 0.5 mm away.
COARSEST_MM = 0.125
# Blur of the finest blob that is looked for, and the ratio between scales; the widest fits grains of about 0.6 mm.
FINEST_MM, FINEST_PX, RATIO, SCALES = 0.07, 0.9, 1.5, 3
# A grain stands out from its neighbourhood by this many of its standard deviations, and is round at least so much.
THRESHOLD, ROUNDNESS = 6.0, 0.25
NOISE_MM = 6.0
# Grains closer than this belong together; a cluster has five of them (the convention of five in a square centimetre).
REACH_MM, FEWEST = 4.0, 5
MARGIN_MM = 1.5
# The skin line and the edge of what was suppressed are no grains.
EDGE_MM = 2.0


@dataclass(frozen=True, eq=False)
class Grains:
    """Points that may be calcifications.

    Attributes
    ----------
    positions
        Shape (n, 2), float64: (row, column) of their middles, native pixels.
    strengths
        Shape (n,), float64: contrast over the local noise.
    """

    positions: NDArray[np.float64]
    strengths: NDArray[np.float64]


def calcification_candidates(
    cleaned: NDArray[np.uint16], suppression: Suppression, *, spacing_mm: tuple[float, float] | None = None
) -> tuple[Candidate, ...]:
    """Propose clusters of calcifications.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with everything suppressed set to black.
    suppression
        What `imaging.suppress.suppress` found on the image.
    spacing_mm
        (row, column) millimetres a pixel; derived from the frame's height where unknown.

    Returns
    -------
    tuple of Candidate
        Best first. Empty where the pixels are too coarse to show single grains.
    """
    breast = suppression.breast.to_array()
    spacing = believed_spacing(breast, spacing_mm)
    if max(spacing) > COARSEST_MM:
        return ()
    grains = find_grains(cleaned, breast & ~suppression.suppressed.to_array(), spacing_mm=spacing)
    return _clusters(grains, cleaned.shape, spacing)


def find_grains(image: NDArray[np.uint16], inside: NDArray[np.bool_], *, spacing_mm: tuple[float, float]) -> Grains:
    """Find small bright blobs that stand out from the texture around them.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values.
    inside
        Same shape, bool: where to look.
    spacing_mm
        (row, column) millimetres a pixel.
    """
    box = extent(inside)
    if not box.area_px:
        return Grains(np.empty((0, 2)), np.empty(0))
    step = float(np.sqrt(spacing_mm[0] * spacing_mm[1]))
    part = box.slices()
    allowed = _away_from_edge(inside[part], EDGE_MM / step)
    plane = image[part].astype(np.float32)
    sigma = max(FINEST_PX, FINEST_MM / step)
    fine = _blurred(plane, sigma)
    positions: list[NDArray[np.intp]] = []
    strengths: list[Plane] = []
    for _ in range(SCALES):
        coarse = _blurred(plane, sigma * RATIO)
        rows, columns, strength = _peaks(fine - coarse, allowed, NOISE_MM / step)
        is_blob = _passes_hessian(fine, rows, columns)
        positions.append(np.stack([rows[is_blob], columns[is_blob]], axis=1))
        strengths.append(strength[is_blob])
        fine, sigma = coarse, sigma * RATIO
    found = np.concatenate(positions) + np.array([box.row0, box.col0]) + 0.5
    return _distinct(Grains(found, np.concatenate(strengths).astype(np.float64)), FINEST_MM * RATIO**SCALES * 2 / step)


def _blurred(plane: Plane, sigma: float) -> Plane:
    """Gaussian blur; ``sigma`` in pixels."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), dtype=np.float32)


def _away_from_edge(inside: NDArray[np.bool_], margin_px: float) -> NDArray[np.bool_]:
    """The pixels at least ``margin_px`` inside a mask that lies in its own box; the frame's edge counts as edge."""
    small = cv2.resize(inside.view(np.uint8), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    distance = cv2.distanceTransform(cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
    deep = (distance[1:-1, 1:-1] > margin_px / 4).astype(np.uint8)
    return np.asarray(cv2.resize(deep, inside.shape[::-1], interpolation=cv2.INTER_NEAREST)).astype(bool)


def _peaks(
    response: Plane, allowed: NDArray[np.bool_], noise_px: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Plane]:
    """Local maxima of a response that stand out of its local spread: rows, columns, and by how much."""
    # The spread is smooth, so a reduced copy gives it; the mean of squares serves, as the response has mean zero.
    small = cv2.resize(response * response, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    weight = cv2.resize(allowed.view(np.uint8), small.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    spread = _blurred(small * weight, noise_px / 8)
    spread /= np.maximum(_blurred(weight, noise_px / 8), 1e-3)
    limit = cv2.resize(np.sqrt(spread), response.shape[::-1], interpolation=cv2.INTER_LINEAR)
    rows, columns = np.nonzero((response > THRESHOLD * limit) & allowed)
    neighbours = _around(response, rows, columns)
    is_peak = (neighbours[:, 4] >= neighbours.max(axis=1)) & (neighbours[:, 4] > 0)
    rows, columns = rows[is_peak], columns[is_peak]
    return rows, columns, response[rows, columns] / np.maximum(limit[rows, columns], 1e-3)


def _around(plane: Plane, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Plane:
    """The 3 × 3 pixels around points, row by row: shape (n, 9). Beyond the edge the outermost pixels repeat."""
    dy, dx = np.divmod(np.arange(9), 3)
    y = np.clip(rows[:, None] + dy - 1, 0, plane.shape[0] - 1)
    x = np.clip(columns[:, None] + dx - 1, 0, plane.shape[1] - 1)
    return np.asarray(plane[y, x])


def _passes_hessian(plane: Plane, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether the surface bends down in every direction, and not much less in one (a line) than in the other."""
    n = _around(plane, rows, columns)
    yy, xx = n[:, 1] - 2 * n[:, 4] + n[:, 7], n[:, 3] - 2 * n[:, 4] + n[:, 5]
    xy = (n[:, 0] + n[:, 8] - n[:, 2] - n[:, 6]) / 4
    mean, apart = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    flat, steep = mean + apart, mean - apart
    return np.asarray((flat < 0) & (flat <= ROUNDNESS * steep))


def _distinct(grains: Grains, distance_px: float) -> Grains:
    """Keep the strongest of the grains that lie within ``distance_px`` of each other."""
    kept: dict[tuple[int, int], list[int]] = {}
    chosen: list[int] = []
    for index in np.argsort(-grains.strengths, kind="stable"):
        row, column = grains.positions[index]
        cell = int(row // distance_px), int(column // distance_px)
        near = [k for dr in (-1, 0, 1) for dc in (-1, 0, 1) for k in kept.get((cell[0] + dr, cell[1] + dc), ())]
        if all(np.hypot(*(grains.positions[k] - grains.positions[index])) > distance_px for k in near):
            kept.setdefault(cell, []).append(int(index))
            chosen.append(int(index))
    return Grains(grains.positions[chosen], grains.strengths[chosen])


def _clusters(grains: Grains, shape: tuple[int, ...], spacing: tuple[float, float]) -> tuple[Candidate, ...]:
    """Group grains that lie close together, and score each group."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(grains.strengths) < FEWEST:
        return ()
    millimetres = grains.positions * np.array(spacing)
    groups = fcluster(linkage(millimetres, "single"), REACH_MM, "distance")
    found = []
    for group in np.unique(groups):
        members = groups == group
        if members.sum() < FEWEST:
            continue
        low, high = grains.positions[members].min(axis=0), grains.positions[members].max(axis=0)
        margin = MARGIN_MM / np.array(spacing)
        (row0, col0), (row1, col1) = low - margin, high + margin
        box = Box(float(row0), float(col0), float(row1), float(col1)).clipped(shape[0], shape[1])
        found.append(Candidate(box, _score(grains.strengths[members]), LesionKind.CALCIFICATION))
    return tuple(sorted(found, key=lambda candidate: -candidate.score))


def _score(strengths: NDArray[np.float64]) -> float:
    """More grains, and brighter ones, make a cluster more likely."""
    return float(1.0 - np.exp(-np.log(strengths / THRESHOLD + 1.0).sum() / 12.0))
