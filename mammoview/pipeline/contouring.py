"""The border of one lesion, from a click or a box: what the segmenters see there, as a smooth line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.marks import Point
from mammoview.imaging.breast_frame import believed_spacing
from mammoview.imaging.outline import outline
from mammoview.models.preprocess import ORDINARY_LESION_MM
from mammoview.models.runtime import Runner
from mammoview.pipeline.outlines import Part, all_over, in_crop
from mammoview.pipeline.stages import PreparedImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Long sides of lesions, mm, that a click is tried with.
_TRIED_MM = (7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 56.0, 80.0)
#: Sizes are tried on a copy of so many pixels along the longer side.
_TRIED_PX = 1024
#: Tissue this far inside and outside a border is compared, in long sides of the lesion.
_RIM_SHARE = 0.15
#: A rim of fewer pixels tells nothing.
_LEAST_RIM_PX = 5
#: A click belongs to the lesion that it lies this near to.
_NEAR_MM = 2.0
#: The line is smoothed over this share of the lesion's long side, and may leave out what lies this far within it.
_SMOOTH_SHARE, _SPARE_SHARE = 0.03, 0.004
#: A window's segmenter looks this far around the place.
_AROUND_MM = 60.0


@dataclass(frozen=True, eq=False)
class Border:
    """A lesion's line and what it encloses.

    Attributes
    ----------
    contour
        (row, column) points, native pixels.
    box
        Around it.
    area_px
        Native pixels inside.
    """

    contour: tuple[Point, ...]
    box: Box
    area_px: int


def at_click(runners: Sequence[Runner], prepared: PreparedImage, point: Point, *, kind: LesionKind) -> Border | None:
    """The border of the lesion at a place.

    Segmenters of crops see a lesion as large as the crop supposes, whatever is there: crops of several sizes are tried,
    and the border counts across which the gray falls off most. On masses of phantoms and of CDD-CESM this gave nearly
    the overlap of the best of the sizes, and far more than any one size or the one most like its crop.

    Parameters
    ----------
    runners
        Segmenters that answer together.
    point
        (row, column), native pixels.
    kind
        Of a cluster of calcifications all parts near the place count.

    Returns
    -------
    Border or None
        None where the segmenters see no lesion.
    """
    breast = _breast(prepared)
    spacing = believed_spacing(breast, prepared.image.spacing_mm)
    is_cluster = kind is LesionKind.CALCIFICATION
    own = box_at(point, ORDINARY_LESION_MM if is_cluster else _NEAR_MM, spacing)
    crops, windows = _by_way(runners)
    if not crops:
        part = _over(windows, prepared, breast, own, spacing, is_cluster=is_cluster)
        return _smooth(part, prepared, is_cluster=is_cluster)
    # One of an ensemble tells the size as well as all of them do.
    box = _likeliest_box(crops[:1], _reduced(prepared, breast), point, spacing, is_cluster=is_cluster)
    if box is None:
        return None
    part = in_crop(crops, prepared, box, breast=breast, own=box if is_cluster else own, is_cluster=is_cluster)
    return _smooth(part, prepared, is_cluster=is_cluster)


@dataclass(frozen=True, eq=False)
class _Reduced:
    """A copy of few pixels on which sizes are tried; ``steps`` are native pixels a pixel, (row, column)."""

    prepared: PreparedImage
    breast: NDArray[np.bool_]
    steps: tuple[float, float]


def _reduced(prepared: PreparedImage, breast: NDArray[np.bool_]) -> _Reduced:
    rows, columns = breast.shape
    step = max(1.0, max(breast.shape) / _TRIED_PX)
    size = max(1, round(rows / step)), max(1, round(columns / step))
    values = cv2.resize(prepared.cleaned, size[::-1], interpolation=cv2.INTER_AREA)
    inside = cv2.resize(breast.astype(np.uint8) * 255, size[::-1], interpolation=cv2.INTER_AREA) > 127
    steps = rows / size[0], columns / size[1]
    spacing = prepared.image.spacing_mm
    image = replace(
        prepared.image,
        rows=size[0],
        columns=size[1],
        spacing_mm=None if spacing is None else (spacing[0] * steps[0], spacing[1] * steps[1]),
    )
    return _Reduced(replace(prepared, image=image, cleaned=np.asarray(values), shown=np.asarray(values)), inside, steps)


def _likeliest_box(
    crops: Sequence[Runner], copy: _Reduced, point: Point, spacing: tuple[float, float], *, is_cluster: bool
) -> Box | None:
    """The box that a crop is best made around, native pixels."""
    down, right = copy.steps
    own_spacing = spacing[0] * down, spacing[1] * right
    place = point[0] / down, point[1] / right
    own = box_at(place, _NEAR_MM, own_spacing)
    best: tuple[float, Box] | None = None
    for length_mm in _TRIED_MM:
        box = box_at(place, length_mm, own_spacing)
        # A click is seldom in the middle: the crop is made once more around what was found.
        for _ in range(2):
            part = in_crop(
                crops, copy.prepared, box, breast=copy.breast, own=box if is_cluster else own, is_cluster=is_cluster
            )
            if part is None:
                break
            contrast = _contrast(part, copy.prepared)
            if best is None or contrast > best[0]:
                best = contrast, box
            box = box_at(part.box.centre, length_mm, own_spacing)
    if best is None:
        return None
    box = best[1]
    return Box(box.row0 * down, box.col0 * right, box.row1 * down, box.col1 * right)


def _contrast(part: Part, prepared: PreparedImage) -> float:
    """How much brighter the tissue within a border is than that without, P-values; −inf where too little is seen."""
    width = max(1, round(_RIM_SHARE * max(part.box.height_px, part.box.width_px)))
    place = part.place
    wide = Box(place.row0 - width, place.col0 - width, place.row1 + width, place.col1 + width)
    inside = wide.clipped(*prepared.cleaned.shape)
    values = prepared.cleaned[inside.slices()]
    row, col = int(inside.row0 - wide.row0), int(inside.col0 - wide.col0)
    mask = np.pad(part.mask, width)[row : row + values.shape[0], col : col + values.shape[1]].astype(np.uint8)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    within = (mask > 0) & (cv2.erode(mask, disk) == 0)
    without = (cv2.dilate(mask, disk) > 0) & (mask == 0) & (values > 0)
    if min(np.count_nonzero(within), np.count_nonzero(without)) < _LEAST_RIM_PX:
        return -math.inf
    return float(values[within].mean() - values[without].mean())


def in_box(runners: Sequence[Runner], prepared: PreparedImage, box: Box, *, kind: LesionKind) -> Border | None:
    """The border of the lesion that fills a box; as `at_click` else."""
    breast = _breast(prepared)
    is_cluster = kind is LesionKind.CALCIFICATION
    crops, windows = _by_way(runners)
    if crops:
        part = in_crop(crops, prepared, box, breast=breast, own=box, is_cluster=is_cluster)
    else:
        spacing = believed_spacing(breast, prepared.image.spacing_mm)
        part = _over(windows, prepared, breast, box, spacing, is_cluster=is_cluster)
    return _smooth(part, prepared, is_cluster=is_cluster)


def box_at(point: Point, length_mm: float, spacing_mm: tuple[float, float]) -> Box:
    """A box of equal sides around a place, native pixels."""
    half_rows, half_columns = length_mm / spacing_mm[0] / 2, length_mm / spacing_mm[1] / 2
    return Box(point[0] - half_rows, point[1] - half_columns, point[0] + half_rows, point[1] + half_columns)


def _breast(prepared: PreparedImage) -> NDArray[np.bool_]:
    assert prepared.suppression is not None, "lesions are outlined in images with a breast"
    return prepared.suppression.breast.to_array()


def _by_way(runners: Sequence[Runner]) -> tuple[list[Runner], list[Runner]]:
    """Segmenters of crops, and those of windows; one that does both sees crops here."""
    crops = [one for one in runners if one.package.preprocess.patch is not None]
    return crops, [one for one in runners if one not in crops and one.package.preprocess.sliding is not None]


def _over(
    runners: Sequence[Runner],
    prepared: PreparedImage,
    breast: NDArray[np.bool_],
    own: Box,
    spacing: tuple[float, float],
    *,
    is_cluster: bool,
) -> Part | None:
    """What segmenters of windows find at a place; they look around it only, where the pixel size is known."""
    specs = [(one, one.package.preprocess.sliding) for one in runners]
    ways = [(one, spec) for one, spec in specs if spec is not None]
    if prepared.image.spacing_mm is not None:
        around = box_at(own.centre, _AROUND_MM + _length_mm(own, spacing), spacing).clipped(*breast.shape)
        near = np.zeros_like(breast)
        near[around.slices()] = breast[around.slices()]
        breast = near
    if not ways or not breast.any():
        return None
    parts = [part for part in all_over(ways, prepared, breast=breast) if part.covered(own) > 0]
    if is_cluster and parts:
        return _united(parts)
    return max(parts, key=lambda part: part.covered(own), default=None)


def _united(parts: Sequence[Part]) -> Part:
    places = [part.place for part in parts]
    whole = Box(
        min(place.row0 for place in places),
        min(place.col0 for place in places),
        max(place.row1 for place in places),
        max(place.col1 for place in places),
    )
    mask = np.zeros((int(whole.height_px), int(whole.width_px)), dtype=bool)
    for part in parts:
        row, col = int(part.place.row0 - whole.row0), int(part.place.col0 - whole.col0)
        mask[row : row + part.mask.shape[0], col : col + part.mask.shape[1]] |= part.mask
    return Part(whole, mask)


def _length_mm(box: Box, spacing: tuple[float, float]) -> float:
    return max(box.height_px * spacing[0], box.width_px * spacing[1])


def _smooth(part: Part | None, prepared: PreparedImage, *, is_cluster: bool) -> Border | None:
    """The line around a lesion's pixels without the steps of the network's pixels; around all points of a cluster."""
    if part is None:
        return None
    pixels = part.mask
    if is_cluster:
        hull = cv2.convexHull(np.argwhere(pixels)[:, ::-1].astype(np.int32))
        pixels = cv2.fillConvexPoly(pixels.astype(np.uint8), hull, 1) > 0
    rows, columns = prepared.cleaned.shape
    inner = part.box
    length = max(inner.height_px, inner.width_px)
    sigma = _SMOOTH_SHARE * length
    margin = math.ceil(3 * sigma) + 1
    offset = int(part.place.row0) - margin, int(part.place.col0) - margin
    soft = cv2.GaussianBlur(np.pad(pixels, margin).astype(np.float32), (0, 0), max(sigma, 0.1))
    mask = soft >= 0.5
    # A speck may vanish; then its own pixels are the border.
    mask = mask if mask.any() else np.pad(pixels, margin)
    line = np.array(outline(mask), dtype=np.float32)
    kept = cv2.approxPolyDP(line[:, None], max(0.25, _SPARE_SHARE * length), closed=True)[:, 0] + offset
    inside = np.clip(kept, 0.5, (rows - 0.5, columns - 0.5))
    low, high = inside.min(axis=0) - 0.5, inside.max(axis=0) + 0.5
    return Border(
        tuple((float(row), float(column)) for row, column in inside),
        Box(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        int(np.count_nonzero(mask)),
    )
