"""Calcification clusters at native resolution: differences of Gaussians, the Hessian test, then grouping.

The grains are found as in the first stage of HDoGReg (Marasinou et al. 2021, arXiv 2102.00754): bright blobs of a
difference-of-Gaussians scale space at which both eigenvalues of the Hessian are negative. A threshold relative to the
local noise takes the place of their fixed one, so that film and digital images need no setting of their own.
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
# A grain stands out from its neighbourhood by this many of its standard deviations; its flattest curvature is at least
# this share of its steepest, which a fibre's is not.
THRESHOLD, ROUNDNESS = 5.5, 0.25
# The noise is told for blocks of this side.
BLOCK_MM = 1.5
_MEAN_TO_DEVIATION = float(np.sqrt(2 / np.pi))
# Grains closer than this belong together; three make the smallest cluster that radiologists report.
REACH_MM, FEWEST = 3.0, 3
CELL_MM = 0.25
# A grain counts for at most this many faint ones; fewer chance grains than this are not believed.
STRONGEST, FEWEST_EXPECTED = 3.0, 0.2
# On synthetic images no chance group reached this surprise, and no cluster stayed below 1.7 times as much.
HALF_SURPRISE = 40.0
# Weaker groups are not proposed: this one keeps false ones below one an image.
LEAST_SCORE = 0.39
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
    inside = breast & ~suppression.suppressed.to_array()
    clusters = find_clusters(find_grains(cleaned, inside, spacing_mm=spacing), inside, spacing_mm=spacing)
    return tuple(cluster for cluster in clusters if cluster.score >= LEAST_SCORE)


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
        rows, columns, strength = _peaks(fine - coarse, allowed, step)
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
    response: Plane, allowed: NDArray[np.bool_], step: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Plane]:
    """Local maxima of a response that stand out of its local spread: rows, columns, and by how much."""
    # Per block of the size of a grain's surroundings, then the median of the blocks around, which the few blocks that
    # hold grains cannot lift.
    block = max(2, round(BLOCK_MM / step))
    size = (max(1, response.shape[1] // block), max(1, response.shape[0] // block))
    spread = cv2.resize(np.abs(response), size, interpolation=cv2.INTER_AREA)
    for _ in range(2):
        spread = cv2.medianBlur(spread, 5)
    full = cv2.resize(spread, response.shape[::-1], interpolation=cv2.INTER_LINEAR)
    limit = np.asarray(full, dtype=np.float32) / np.float32(_MEAN_TO_DEVIATION)
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


def find_clusters(
    grains: Grains, inside: NDArray[np.bool_], *, spacing_mm: tuple[float, float]
) -> tuple[Candidate, ...]:
    """Group grains that lie close together, and score each group by how unlikely it is to come about by chance.

    Parameters
    ----------
    grains
        From `find_grains`.
    inside
        Shape (rows, columns), bool: where they were looked for.
    spacing_mm
        (row, column) millimetres a pixel.

    Returns
    -------
    tuple of Candidate
        Best first, the weakest included.
    """
    groups = _groups(grains.positions * np.array(spacing_mm))
    area = max(float(np.count_nonzero(inside)) * spacing_mm[0] * spacing_mm[1], 1.0)
    margin = MARGIN_MM / np.array(spacing_mm)
    found = []
    for group in np.unique(groups):
        members = groups == group
        if members.sum() < FEWEST:
            continue
        (row0, col0), (row1, col1) = (
            grains.positions[members].min(axis=0) - margin,
            grains.positions[members].max(axis=0) + margin,
        )
        box = Box(float(row0), float(col0), float(row1), float(col1)).clipped(*inside.shape)
        expected = (~members).sum() / area * box.area_px * spacing_mm[0] * spacing_mm[1]
        found.append(Candidate(box, _score(grains.strengths[members], float(expected)), LesionKind.CALCIFICATION))
    return tuple(sorted(found, key=lambda candidate: -candidate.score))


def _groups(millimetres: NDArray[np.float64]) -> NDArray[np.intp]:
    """Number of the group of each point: points nearer than `REACH_MM` are linked. Shape (n,)."""
    if not len(millimetres):
        return np.empty(0, dtype=np.intp)
    cells = np.floor((millimetres - millimetres.min(axis=0)) / CELL_MM).astype(np.intp)
    canvas = np.zeros(cells.max(axis=0) + 1, dtype=np.uint8)
    canvas[cells[:, 0], cells[:, 1]] = 1
    side = 2 * round(REACH_MM / CELL_MM / 2) + 1
    grown = cv2.dilate(canvas, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    labels = cv2.connectedComponents(grown)[1]
    return np.asarray(labels[cells[:, 0], cells[:, 1]], dtype=np.intp)


def _score(strengths: NDArray[np.float64], expected: float) -> float:
    """How surprising a group is, in [0, 1].

    The log-likelihood ratio of its grains against the rate of grains elsewhere in the breast (Kulldorff's scan
    statistic, Commun. Stat. 1997;26:1481-1496), each grain weighted by how far it stands out.
    """
    weight = float(np.minimum(strengths / THRESHOLD, STRONGEST).sum())
    expected = max(expected, FEWEST_EXPECTED)
    surprise = max(0.0, weight * np.log(weight / expected) - (weight - expected)) if weight > expected else 0.0
    return float(surprise / (surprise + HALF_SURPRISE))
