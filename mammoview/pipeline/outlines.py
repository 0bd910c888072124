"""From segmenters' probabilities to the pixels of single lesions: in a crop around a finding, or all over a breast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Finding, LesionKind
from mammoview.core.geometry import Box
from mammoview.models.names import PROBABILITIES
from mammoview.models.preprocess import (
    PatchSpec,
    SlidingSpec,
    patch_box,
    prepare_frame,
    prepare_patch,
    prepare_window,
)
from mammoview.models.runtime import Runner
from mammoview.models.tiling import Blend, windows_of
from mammoview.pipeline.stages import PreparedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BENIGN, MALIGNANT = "benign", "malignant"
#: Lesions that are looked for all over a breast, at most, in one image.
PARTS_LIMIT = 8

#: What a segmenter with one output calls lesion.
_MASK_LEVEL = 0.5
#: Specks below this share of a finding's box are not its outline.
_SPECK_SHARE = 0.01
#: Masses from 15 to 3,689 mm² (Min et al. 2020); a calcification is a point.
_LEAST_MM2 = {LesionKind.MASS: 15.0, LesionKind.CALCIFICATION: 0.05}
_MOST_MM2 = 3689.0
#: The same as shares of the breast, where the spacing is unknown.
_LEAST_SHARE = {LesionKind.MASS: 1 / 1500, LesionKind.CALCIFICATION: 1 / 300_000}
_MOST_SHARE = 1 / 4
#: Pixels that a network takes at once.
_PIXELS_AT_ONCE = 1 << 18


@dataclass(frozen=True, eq=False)
class Part:
    """One lesion's pixels.

    Attributes
    ----------
    place
        The native pixels that the arrays stand for, whole numbers; it may reach over the image's border.
    mask
        Shape of ``place``, bool.
    malignancy
        Share of the malignant class in the lesion's classes at each pixel, float32; None where the segmenter tells
        lesions from the rest only.
    """

    place: Box
    mask: NDArray[np.bool_]
    malignancy: NDArray[np.float32] | None = None

    @property
    def box(self) -> Box:
        """Around the pixels, native."""
        rows, cols = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        row0, col0 = self.place.row0, self.place.col0
        return Box(row0 + int(rows[0]), col0 + int(cols[0]), row0 + int(rows[-1]) + 1, col0 + int(cols[-1]) + 1)

    def covered(self, box: Box) -> float:
        """Share of a box that the pixels cover."""
        common = self.place.intersection(box)
        if not common.area_px:
            return 0.0
        return float(np.count_nonzero(self.mask[_within(common, self.place).slices()])) / box.area_px


def has_classes(runner: Runner) -> bool:
    """Whether a segmenter tells benign from malignant by itself."""
    return {BENIGN, MALIGNANT} <= set(runner.package.manifest.labels)


def around_finding(
    runners: Sequence[Runner], prepared: PreparedImage, finding: Finding, *, breast: NDArray[np.bool_]
) -> Part | None:
    """Outline one finding in the crop around it.

    Parameters
    ----------
    runners
        Segmenters of crops, each with an input of its own; their probabilities are averaged in native pixels.
    breast
        Shape of the image, bool; nothing outside is lesion.

    Returns
    -------
    Part or None
        None where the segmenters see no lesion there.
    """
    is_cluster = finding.kind is LesionKind.CALCIFICATION
    return in_crop(runners, prepared, finding.box, breast=breast, own=finding.box, is_cluster=is_cluster)


def in_crop(
    runners: Sequence[Runner],
    prepared: PreparedImage,
    box: Box,
    *,
    breast: NDArray[np.bool_],
    own: Box,
    is_cluster: bool = False,
) -> Part | None:
    """Outline the lesion that touches ``own`` in the crop around a box.

    Parameters
    ----------
    runners, breast
        As for `around_finding`.
    box
        What the crop is made around: segmenters expect a lesion to fill it.
    own, is_cluster
        As for `own_part`, native pixels.
    """
    # The smallest square: there every segmenter has a say.
    place = min((patch_box(box, _crops(runner)) for runner in runners), key=lambda square: square.height_px)
    seen = [_seen_in_crop(runner, prepared, box, place) for runner in runners]
    kept = own_part(
        (_mean(one.lesion for one in seen) >= _MASK_LEVEL) & _cut(breast, place),
        _within(own, place),
        is_cluster=is_cluster,
    )
    return Part(place, kept, _malignancy(seen)) if kept.any() else None


def all_over(
    runners: Sequence[tuple[Runner, SlidingSpec]], prepared: PreparedImage, *, breast: NDArray[np.bool_]
) -> list[Part]:
    """Look for lesions in the whole breast.

    Parameters
    ----------
    runners
        Segmenters with their windows; their probabilities are averaged in native pixels.
    breast
        Shape of the image, bool, not empty; nothing outside is lesion.

    Returns
    -------
    list of Part
        Connected parts within the limits of area, holes filled, the largest first, `PARTS_LIMIT` at most.
    """
    seen = []
    for runner, spec in runners:
        probabilities, box = probability_map(runner, prepared, spec, breast=breast)
        seen.append(_seen(probabilities, int(box.height_px), int(box.width_px), runner))
    inside, malignancy = breast[box.slices()], _malignancy(seen)
    filled = fill_holes((_mean(one.lesion for one in seen) >= _MASK_LEVEL) & inside) & inside
    _, labels, stats, _ = cv2.connectedComponentsWithStats(filled.astype(np.uint8), connectivity=8)
    kinds = {kind for runner, _ in runners for kind in runner.package.manifest.kinds}
    least, most = _area_limits(kinds, prepared.image.spacing_mm, int(np.count_nonzero(inside)))
    allowed = [n for n in range(1, len(stats)) if least <= stats[n, cv2.CC_STAT_AREA] <= most]
    allowed.sort(key=lambda n: -int(stats[n, cv2.CC_STAT_AREA]))
    found = []
    for number in allowed[:PARTS_LIMIT]:
        left, top, wide, high = (int(value) for value in stats[number, :4])
        here = slice(top, top + high), slice(left, left + wide)
        place = Box(box.row0 + top, box.col0 + left, box.row0 + top + high, box.col0 + left + wide)
        found.append(Part(place, labels[here] == number, malignancy[here] if malignancy is not None else None))
    return found


def probability_map(
    runner: Runner, prepared: PreparedImage, spec: SlidingSpec, *, breast: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], Box]:
    """What a segmenter says in windows over a whole breast, put together.

    Returns
    -------
    ndarray, shape (labels, h, w), float32 in [0, 1]
        At the pixel size of the windows; 0 where no window holds any of the breast.
    Box
        The native pixels that it covers.
    """
    frame, box = prepare_frame(prepared.cleaned, spec, breast=breast, spacing_mm=prepared.image.spacing_mm)
    high, wide = frame.shape
    whole, windows = windows_of(high, wide, size_px=spec.size_px, overlap=spec.overlap)
    canvas = np.zeros(whole, np.float32)
    canvas[:high, :wide] = frame
    windows = [window for window in windows if canvas[window].any()]
    blend = Blend((len(runner.package.manifest.labels), *whole))
    at_once = max(1, _PIXELS_AT_ONCE // spec.size_px**2)
    for start in range(0, len(windows), at_once):
        some = windows[start : start + at_once]
        answers = runner.run(np.stack([prepare_window(canvas[window], spec) for window in some]))[PROBABILITIES]
        for answer, window in zip(answers, some, strict=True):
            blend.add(answer, window)
    return blend.mean()[:, :high, :wide], box


def fill_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask with what it encloses; shape (rows, columns), bool."""
    # From a frame around it the outside is reached wherever it is open.
    outside = np.pad(mask.astype(np.uint8), 1)
    cv2.floodFill(outside, None, (0, 0), 1)
    return np.asarray(mask | (outside[1:-1, 1:-1] == 0))


def own_part(mask: NDArray[np.bool_], own: Box, *, is_cluster: bool = False) -> NDArray[np.bool_]:
    """What of a crop's mask belongs to the finding in its middle: neighbours in the crop are other lesions.

    Parameters
    ----------
    mask
        Shape (rows, columns), bool.
    own
        The finding's box, pixels of the crop.
    is_cluster
        Whether the lesion is a group of points: all that touch the box belong to it, even specks.

    Returns
    -------
    ndarray, shape (rows, columns), bool
        Of the parts that touch the box and are no specks, holes filled, the one that contains its centre or else comes
        nearest to it, the larger one of two.
    """
    filled = fill_holes(mask)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(filled.astype(np.uint8), connectivity=8)
    touching = np.unique(labels[own.clipped(*mask.shape).slices()])
    if is_cluster:
        return np.isin(labels, touching[touching > 0])
    large = [n for n in touching if n and stats[n, cv2.CC_STAT_AREA] >= _SPECK_SHARE * own.area_px]
    if not large:
        return np.zeros_like(mask)
    row, col = own.centre

    def rank(number: int) -> tuple[float, int]:
        rows, cols = np.nonzero(labels == number)
        far = np.hypot(np.maximum(np.abs(rows + 0.5 - row) - 0.5, 0), np.maximum(np.abs(cols + 0.5 - col) - 0.5, 0))
        return float(far.min()), -rows.size

    return np.asarray(labels == min(large, key=rank))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one segmenter says at native pixels: probability of a lesion, and of its being malignant if it tells."""

    lesion: NDArray[np.float32]
    malignancy: NDArray[np.float32] | None


def _seen(probabilities: NDArray[np.float32], rows: int, columns: int, runner: Runner) -> _Seen:
    """A segmenter's answer, shape (labels, h, w), at another size."""
    planes = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_LINEAR) for plane in probabilities]
    if not has_classes(runner):
        return _Seen(np.asarray(planes[0]), None)
    labels = runner.package.manifest.labels
    benign, malignant = (np.asarray(planes[labels.index(name)]) for name in (BENIGN, MALIGNANT))
    both = benign + malignant
    return _Seen(both, np.divide(malignant, both, out=np.zeros_like(both), where=both > 0))


def _seen_in_crop(runner: Runner, prepared: PreparedImage, box: Box, place: Box) -> _Seen:
    spec = _crops(runner)
    image, _ = prepare_patch(prepared.cleaned, box, spec, spacing_mm=prepared.image.spacing_mm)
    square = patch_box(box, spec)
    # The square maps onto the input without a rest, so that resizing to its side is the inverse of the preparation.
    side = round(square.height_px)
    seen = _seen(runner.run(image[None])[PROBABILITIES][0], side, side, runner)
    part = _within(place, square).slices()
    return _Seen(seen.lesion[part], seen.malignancy[part] if seen.malignancy is not None else None)


def _mean(planes: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.asarray(np.mean(list(planes), axis=0))


def _malignancy(seen: Sequence[_Seen]) -> NDArray[np.float32] | None:
    told = [one.malignancy for one in seen if one.malignancy is not None]
    return _mean(told) if told else None


def _crops(runner: Runner) -> PatchSpec:
    spec = runner.package.preprocess.patch
    assert spec is not None, "a segmenter of crops says how crops are prepared"
    return spec


def _within(box: Box, place: Box) -> Box:
    """A box in the pixels of a place."""
    row, col = place.row0, place.col0
    return Box(box.row0 - row, box.col0 - col, box.row1 - row, box.col1 - col)


def _cut(mask: NDArray[np.bool_], place: Box) -> NDArray[np.bool_]:
    """A part of a mask, False beyond its borders."""
    cut = np.zeros((int(place.height_px), int(place.width_px)), dtype=bool)
    inside = place.clipped(*mask.shape)
    row, col = int(inside.row0 - place.row0), int(inside.col0 - place.col0)
    values = mask[inside.slices()]
    cut[row : row + values.shape[0], col : col + values.shape[1]] = values
    return cut


def _area_limits(kinds: set[LesionKind], spacing_mm: tuple[float, float] | None, breast_px: int) -> tuple[float, float]:
    """Least and most pixels of a lesion; points count only to those who look for nothing else."""
    if spacing_mm is not None:
        pixel = spacing_mm[0] * spacing_mm[1]
        return max(_LEAST_MM2[kind] for kind in kinds) / pixel, _MOST_MM2 / pixel
    return max(_LEAST_SHARE[kind] for kind in kinds) * breast_px, _MOST_SHARE * breast_px
