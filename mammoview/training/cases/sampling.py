"""Where patches are cut from a marked mammogram: the sets S1 and S10 of Shen et al. 2019.

S1 is one patch at the middle of each lesion and one of background. S10 is ten patches around each lesion, each holding
most of it (or lying mostly in it), and ten of background, some of which may be the places that a proposer took for
lesions. All at one scale, 1152 × 896 whatever the aspect.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Draws before a cutoff is lowered by `_STEP`.
TRIES = 1000
_STEP = 0.05


@dataclass(frozen=True)
class Sampling:
    """How many patches, how large, and how much of a lesion they hold.

    Attributes
    ----------
    per_lesion, background
        Patches around each lesion, and of background in each image.
    is_centred
        Whether the first patch of a lesion lies at its middle instead of anywhere around it.
    overlap
        Least share of the lesion in the patch, or of the patch in the lesion. Published as 0.9; the published program
        takes 0.75 unless told otherwise.
    background_overlap
        Share that a background patch stays below for every lesion.
    hard
        How many of the background patches are places proposed as lesions, best first.
    patch_px
        Side of a patch.
    rows, columns
        Size that images are stretched to before patches are cut.
    seed
        The same seed gives an image the same patches, whatever other images there are.
    """

    per_lesion: int = 10
    background: int = 10
    is_centred: bool = False
    overlap: float = 0.9
    background_overlap: float = 0.35
    hard: int = 0
    patch_px: int = 224
    rows: int = 1152
    columns: int = 896
    seed: int = 12345


S1 = Sampling(per_lesion=1, background=1, is_centred=True)
S10 = Sampling()


@dataclass(frozen=True, eq=False)
class Roi:
    """A lesion at the scale of the patches.

    Attributes
    ----------
    label
        None where its class is unknown: it gives no patches, but background keeps away from it.
    region
        Shape (rows, columns), bool: its largest connected part.
    box
        Around the region.
    centroid
        (row, column) of the region's middle.
    """

    label: PatchClass | None
    region: NDArray[np.bool_]
    box: Box
    centroid: tuple[float, float]


@dataclass(frozen=True)
class PatchPlace:
    """One patch to cut.

    Attributes
    ----------
    label
        Its class.
    centre
        (row, column); its middle, whole pixels.
    box
        What it covers; up to half a patch of it lies beyond the image and is cut as black.
    cutoff
        The overlap that was asked for in the end: at least this much for a lesion, less than this for background.
    lesion
        Which lesion it shows; None for background.
    """

    label: PatchClass
    centre: tuple[int, int]
    box: Box
    cutoff: float
    lesion: int | None = None


def roi_of_mask(mask: NDArray[np.bool_], label: PatchClass | None) -> Roi | None:
    """The largest part of a mask; None where the mask is empty.

    Parameters
    ----------
    mask
        Shape (rows, columns), bool, at the scale of the patches.
    label
        Class of the lesion; None where it is unknown.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    region = cv2.drawContours(np.zeros(mask.shape, np.uint8), [largest], -1, 1, cv2.FILLED).astype(bool)
    rows, columns = np.nonzero(region)
    box = Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    return Roi(label, region, box, (float(rows.mean()) + 0.5, float(columns.mean()) + 0.5))


def roi_of_box(box: Box, shape: tuple[int, int], label: PatchClass | None) -> Roi | None:
    """A lesion of which only the box is known; None where it lies beyond the image of ``shape`` (rows, columns)."""
    mask = np.zeros(shape, dtype=bool)
    mask[box.clipped(*shape).slices()] = True
    return roi_of_mask(mask, label)


def fit_mask(mask: NDArray[np.bool_], shape: tuple[int, int]) -> tuple[NDArray[np.bool_], bool]:
    """Bring a mask to the size of its image, and tell whether that was needed.

    Parameters
    ----------
    mask
        Bool, of any size.
    shape
        (rows, columns) of the image.

    Returns
    -------
    ndarray, shape ``shape``, bool
        By nearest neighbour.
    bool
        Whether the sizes differed, as they do for some masks of CBIS-DDSM.
    """
    if mask.shape == shape:
        return mask, False
    fitted = cv2.resize(mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(fitted).astype(bool), True


def place_patches(
    rois: Sequence[Roi], breast: NDArray[np.bool_], sampling: Sampling, *, key: str, proposals: Sequence[Box] = ()
) -> tuple[PatchPlace, ...]:
    """Choose the patches of one image.

    Parameters
    ----------
    rois
        Its lesions.
    breast
        Shape (rows, columns), bool; where background patches have their middle.
    sampling
        How many, and which.
    key
        A name of the image that stays the same, patient and file for example; with the seed it decides the draw.
    proposals
        Boxes that a proposer took for lesions, best first.

    Returns
    -------
    tuple of PatchPlace
        Those of the lesions in their order, then background: fewer than asked for where the lesions leave no room.
    """
    words = np.frombuffer(hashlib.sha256(key.encode()).digest(), dtype=np.uint32)
    rng = np.random.default_rng([sampling.seed, *words.tolist()])
    overlaps = [_Overlap(roi.region, sampling.patch_px) for roi in rois]
    found = []
    for index, (roi, overlap) in enumerate(zip(rois, overlaps, strict=True)):
        if roi.label is not None:
            drawn = _around(roi, overlap, sampling, rng)
            found += [_place(roi.label, centre, cutoff, sampling.patch_px, index) for centre, cutoff in drawn]
    apart = [box for box in proposals if not any(_touches(box, roi) for roi in rois)]
    return (*found, *_background(breast, overlaps, sampling, rng, apart))


def cut_patch(image: NDArray[Any], place: PatchPlace) -> NDArray[Any]:
    """The pixels of a patch, black beyond the image.

    Parameters
    ----------
    image
        Shape (rows, columns), any type, at the scale of the patches.
    place
        From `place_patches`.

    Returns
    -------
    ndarray, shape (patch_px, patch_px), of the image's type
    """
    inside = place.box.clipped(*image.shape)
    rows, columns = inside.slices()
    patch = np.zeros((int(place.box.height_px), int(place.box.width_px)), dtype=image.dtype)
    row, column = int(inside.row0 - place.box.row0), int(inside.col0 - place.box.col0)
    part = image[rows, columns]
    patch[row : row + part.shape[0], column : column + part.shape[1]] = part
    return patch


def cut_short(image: NDArray[Any], place: PatchPlace, end: Box) -> NDArray[Any]:
    """The pixels of a patch as if the image ended at a box: what lies beyond is reflected.

    Parameters
    ----------
    image
        Shape (rows, columns), any type, at the scale of the patches.
    place
        From `place_patches`.
    end
        What is left of the image; it holds at least a pixel.

    Returns
    -------
    ndarray, shape (patch_px, patch_px), of the image's type
    """
    rows, columns = end.clipped(*image.shape).slices()
    row0, col0, row1, col1 = (int(edge) for edge in place.box.as_list())
    top, left = max(0, rows.start - row0), max(0, columns.start - col0)
    below, right = max(0, row1 - rows.stop), max(0, col1 - columns.stop)
    wide = cv2.copyMakeBorder(image[rows, columns], top, below, left, right, cv2.BORDER_REFLECT_101)
    row, column = row0 - rows.start + top, col0 - columns.start + left
    return np.asarray(wide[row : row + row1 - row0, column : column + col1 - col0])


class _Overlap:
    """Shares of a lesion in a patch, and of a patch in a lesion, for many patches at once."""

    def __init__(self, region: NDArray[np.bool_], patch_px: int) -> None:
        self._sums = cv2.integral(region.astype(np.uint8))
        self._side = patch_px
        self._area = max(1, int(np.count_nonzero(region)))

    def __call__(self, centres: NDArray[np.int64]) -> NDArray[np.float64]:
        """The larger of both shares for patches at ``centres`` of shape (n, 2): shape (n,)."""
        limits = np.array(self._sums.shape) - 1
        low = np.clip(centres - self._side // 2, 0, limits)
        high = np.clip(centres - self._side // 2 + self._side, 0, limits)
        sums = self._sums
        common = (
            sums[high[:, 0], high[:, 1]]
            - sums[low[:, 0], high[:, 1]]
            - sums[high[:, 0], low[:, 1]]
            + sums[low[:, 0], low[:, 1]]
        )
        return np.asarray(common / min(self._area, self._side**2), dtype=np.float64)


def _place(label: PatchClass, centre: NDArray[np.int64], cutoff: float, side: int, lesion: int | None) -> PatchPlace:
    row, column = (int(value) for value in centre)
    box = Box(row - side // 2, column - side // 2, row - side // 2 + side, column - side // 2 + side)
    return PatchPlace(label, (row, column), box, cutoff, lesion)


def _touches(box: Box, roi: Roi) -> bool:
    return bool(roi.region[box.clipped(*roi.region.shape).slices()].any())


def _around(
    roi: Roi, overlap: _Overlap, sampling: Sampling, rng: np.random.Generator
) -> list[tuple[NDArray[np.int64], float]]:
    """Centres of the patches of a lesion, and the cutoff that each meets."""
    low = np.array([roi.box.row0, roi.box.col0], dtype=np.int64)
    high = np.array([roi.box.row1, roi.box.col1], dtype=np.int64)
    cutoff = sampling.overlap
    found: list[tuple[NDArray[np.int64], float]] = []
    if sampling.is_centred and sampling.per_lesion:
        middle = np.floor(roi.centroid).astype(np.int64)
        found.append((middle, min(cutoff, float(overlap(middle[None])[0]))))
    while len(found) < sampling.per_lesion:
        centres = rng.integers(low, high, size=(TRIES, 2))
        good = np.flatnonzero(overlap(centres) > cutoff)
        if good.size:
            found.append((centres[good[0]], cutoff))
        else:
            cutoff = round(cutoff - _STEP, 2)
    return found


def _background(
    breast: NDArray[np.bool_],
    overlaps: Sequence[_Overlap],
    sampling: Sampling,
    rng: np.random.Generator,
    proposals: Sequence[Box],
) -> list[PatchPlace]:
    cutoff, side = sampling.background_overlap, sampling.patch_px

    def is_free(centres: NDArray[np.int64]) -> NDArray[np.bool_]:
        free = np.ones(len(centres), dtype=bool)
        for overlap in overlaps:
            free &= overlap(centres) < cutoff
        return free

    found: list[PatchPlace] = []
    for proposal in proposals:
        middle = np.floor(proposal.centre).astype(np.int64)
        if len(found) < min(sampling.hard, sampling.background) and is_free(middle[None])[0]:
            found.append(_place(PatchClass.BACKGROUND, middle, cutoff, side, None))
    points = np.argwhere(breast)
    while len(points) and len(found) < sampling.background:
        centres = points[rng.integers(len(points), size=TRIES)]
        good = np.flatnonzero(is_free(centres))
        if not good.size:
            break
        found.append(_place(PatchClass.BACKGROUND, centres[good[0]], cutoff, side, None))
    return found
