"""Tiles cut from cases: for patch classifiers by boxes, for segmenters by masks, and the published sets S1 and S10."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress
from mammoview.imaging.rois import propose
from mammoview.models.preprocess import resize
from mammoview.training.cases.case import boxed, outlined
from mammoview.training.cases.case_images import CasePixels, lesion_boxes, load_case, loaded_cases
from mammoview.training.cases.forty_fold import CROP_PX, FortyFold, Pair, roi_crop
from mammoview.training.cases.sampling import (
    S10,
    PatchPlace,
    Roi,
    Sampling,
    cut_patch,
    cut_short,
    fit_mask,
    place_patches,
    roi_of_box,
    roi_of_mask,
)
from mammoview.training.cases.tiles import MM_PER_PX, Tile, TileSet, cut, stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mammoview.training.cases.case import Case
    from mammoview.training.cases.data import Lesion
    from mammoview.training.cases.lost import Lost

#: Draws of a place for background before an image is given up.
_TRIES = 50


def case_tiles(
    cases: Sequence[Case],
    *,
    seed: int,
    background: int = 2,
    lost: Lost | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> TileSet:
    """Cut a five-class patch set by boxes, as `tiles.patch_tiles` does for CBIS-DDSM.

    Parameters
    ----------
    cases
        Those without a lesion of known class are left out.
    seed
        Of the background places.
    background
        Background tiles from each image, as large as the lesions of all; every other one is a place that looks like a
        lesion to the proposer.
    lost
        Takes the images that cannot be read.

    Raises
    ------
    InputError
        When no case has a box with its kind and label, or an image cannot be read and there is no ``lost``.
    CancelledError
        When ``cancel`` says so.
    """
    chosen = _with_classes(cases)
    rng = np.random.default_rng(seed)
    found: list[Tile] = []
    sides: list[float] = []
    for loaded in _loaded(chosen, progress, cancel, lost=lost):
        gray = _gray(loaded)
        for lesion in loaded.lesions:
            label = loaded.case.class_of(lesion)
            if label is not None:
                found.append(cut(gray, lesion.box, label, loaded.case.patient))
                sides.append(max(lesion.box.height_px, lesion.box.width_px))
        for turn in range(background):
            # Sides seen so far: the first images draw from few, no image has to be read twice.
            place = _background(loaded, rng, side=float(rng.choice(sides)), is_hard=turn % 2 == 1)
            if place is not None:
                found.append(cut(gray, place, PatchClass.BACKGROUND, loaded.case.patient))
    return stack(found)


def masked_tiles(
    cases: Sequence[Case],
    *,
    lost: Lost | None = None,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> TileSet:
    """Cut a tile around every marked lesion of cases with masks or contours, for a segmenter.

    Parameters
    ----------
    cases
        Those with neither are left out.
    lost
        Takes the images that cannot be read.

    Raises
    ------
    InputError
        When no case has one, no mask holds a lesion, or a file cannot be read and there is no ``lost``.
    CancelledError
        When ``cancel`` says so.
    """
    found = []
    for loaded in _loaded(outlined(cases), progress, cancel, lost=lost):
        gray = _gray(loaded)
        for box, own in lesion_boxes(_mask(loaded)):
            found.append(cut(gray, box, PatchClass.BACKGROUND, loaded.case.patient, mask=own.astype(np.uint8)))
    if not found:
        raise _no_masks()
    return stack(found)


def sampled_tiles(
    cases: Sequence[Case],
    sampling: Sampling = S10,
    *,
    context: float = 1.0,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> TileSet:
    """Cut the published patch sets: squares of one size from images stretched to one size.

    Parameters
    ----------
    cases
        Those without a lesion of known class are left out.
    sampling
        `sampling.S1`, `sampling.S10`, or another.
    context
        That of the `PatchSpec` that the tiles are for: with it, and with ``sampling.patch_px``, it takes a tile as it
        is, however large its lesion.

    Returns
    -------
    TileSet
        Tiles of ``sampling.patch_px``; the box of each is the square in its middle that has ``context`` for 1.

    Raises
    ------
    InputError
        When no case has a lesion of known class, or an image cannot be read.
    CancelledError
        When ``cancel`` says so.
    """
    return stack(list(sampled(_with_classes(cases), sampling, context=context, progress=progress, cancel=cancel)))


def sampled(
    cases: Sequence[Case],
    sampling: Sampling,
    *,
    context: float = 1.0,
    margin: tuple[float, float] | None = None,
    known: Mapping[Path, Sequence[Lesion | None]] = MappingProxyType({}),
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> Iterator[Tile]:
    """The tiles of `sampled_tiles`, image by image.

    Parameters
    ----------
    cases
        Of all kinds.
    sampling, context
        As there.
    margin
        Where about half of the tiles shall end (rows, columns) beyond their lesion, or beyond a place as large, and go
        on as reflections: as all tiles do that are cut from crops.
    known
        What is known of an image's lesions, by its path, in their order.
    progress, cancel
        Told after each image, asked before.
    """
    shape, side = (sampling.rows, sampling.columns), sampling.patch_px
    box = Box.square(side / 2, side / 2, side / context)
    for loaded in _loaded(cases, progress, cancel, finest_mm=None):
        case = loaded.case
        image = np.rint(resize(loaded.cleaned, *shape) / 257.0).astype(np.uint8)
        rois = _rois(loaded, shape)
        places = place_patches(
            rois,
            fit_mask(loaded.breast, shape)[0],
            sampling,
            key=f"{case.patient}/{case.path.name}",
            proposals=_proposals(loaded, shape) if sampling.hard else (),
        )
        for place in places:
            # By where it lies: the same for an image whatever others there are.
            is_short = margin is not None and bool(rois) and sum(place.centre) % 2 == 1
            pixels = cut_short(image, place, _end(place, rois, margin)) if is_short else cut_patch(image, place)
            lesions = known.get(case.path, ())
            lesion = None if place.lesion is None or place.lesion >= len(lesions) else lesions[place.lesion]
            yield Tile(pixels, box, place.label, case.patient, lesion=lesion)


def forty_fold_of(
    cases: Sequence[Case],
    *,
    seed: int,
    size_px: int = CROP_PX,
    cache: int = 64,
    progress: Progress = no_progress,
    cancel: Cancel = never_cancel,
) -> FortyFold:
    """B-Cir's crops around every marked lesion of cases with masks or contours, forty variants of each.

    Parameters
    ----------
    cases
        Those with neither are left out; CC and MLO alike.
    seed
        Of the variants.
    size_px
        Side of the crops; smaller than published for images that are smaller themselves.
    cache
        Crops that are kept: as many as the ``block`` that `FortyFold.order` is asked for.

    Raises
    ------
    InputError
        When no mask holds a lesion, or a file cannot be read.
    CancelledError
        When ``cancel`` says so.
    """
    found: list[tuple[Case, Box]] = []
    for loaded in _loaded(outlined(cases), progress, cancel, finest_mm=None):
        found += [(loaded.case, box) for box, _ in lesion_boxes(_mask(loaded))]
    if not found:
        raise _no_masks()

    @functools.lru_cache(maxsize=cache)
    def load(index: int) -> Pair:
        case, box = found[index]
        loaded = load_case(case)
        return roi_crop(loaded.cleaned, _mask(loaded), box, size_px=size_px)

    return FortyFold.of((case.patient for case, _ in found), load, seed=seed)


def _with_classes(cases: Sequence[Case]) -> tuple[Case, ...]:
    chosen = boxed(cases)
    if not chosen:
        raise InputError(
            "None of the cases has a lesion whose kind and label are known.",
            "Write boxes as row0 col0 row1 col1 mass malignant.",
        )
    return chosen


def _no_masks() -> InputError:
    return InputError("None of the cases has a mask with a lesion.", "Name masks in the column “mask”.")


def _mask(loaded: CasePixels) -> NDArray[np.bool_]:
    return np.zeros(loaded.cleaned.shape, dtype=bool) if loaded.mask is None else loaded.mask


def _loaded(
    cases: Sequence[Case],
    progress: Progress,
    cancel: Cancel,
    *,
    finest_mm: float | None = MM_PER_PX,
    lost: Lost | None = None,
) -> Iterator[CasePixels]:
    return loaded_cases(cases, what="Cutting", finest_mm=finest_mm, lost=lost, progress=progress, cancel=cancel)


def _gray(loaded: CasePixels) -> NDArray[np.uint8]:
    return np.rint(loaded.cleaned / 257.0).astype(np.uint8)


def _background(loaded: CasePixels, rng: np.random.Generator, *, side: float, is_hard: bool) -> Box | None:
    """A square in the breast that touches no lesion."""
    marked = [lesion.box for lesion in loaded.lesions]
    if is_hard:
        for candidate in propose(loaded.cleaned, loaded.suppression, spacing_mm=loaded.spacing_mm):
            if _is_apart(candidate.box, marked, loaded.mask):
                return Box.square(*candidate.box.centre, max(candidate.box.height_px, candidate.box.width_px))
    points = np.argwhere(loaded.breast)
    for _ in range(_TRIES if len(points) else 0):
        row, column = points[rng.integers(len(points))]
        place = Box.square(float(row), float(column), side)
        if _is_apart(place, marked, loaded.mask):
            return place
    return None


def _is_apart(place: Box, marked: Sequence[Box], mask: NDArray[np.bool_] | None) -> bool:
    if any(place.intersection(box).area_px > 0 for box in marked):
        return False
    return mask is None or not mask[place.clipped(*mask.shape).slices()].any()


def _rois(loaded: CasePixels, shape: tuple[int, int]) -> list[Roi]:
    """Lesions at the scale of the patches: the mask inside their box where there is one, else the box."""
    down, across = (new / old for new, old in zip(shape, loaded.cleaned.shape, strict=True))
    mask = fit_mask(_mask(loaded), shape)[0]
    rest = mask.copy()
    found = []
    for lesion in loaded.lesions:
        box = lesion.box
        scaled = Box(box.row0 * down, box.col0 * across, box.row1 * down, box.col1 * across).clipped(*shape)
        label = loaded.case.class_of(lesion)
        own = np.zeros(shape, dtype=bool)
        own[scaled.slices()] = mask[scaled.slices()]
        found.append(roi_of_mask(own, label) or roi_of_box(scaled, shape, label))
        rest[scaled.slices()] = False
    # What a mask marks beyond all boxes has no class; background keeps away from each part of it.
    found += [roi_of_mask(own, None) for _, own in lesion_boxes(rest)]
    return [roi for roi in found if roi is not None]


def _end(place: PatchPlace, rois: Sequence[Roi], margin: tuple[float, float] | None) -> Box:
    """A lesion's box and a margin; for background a box as large around the middle of its patch."""
    row, column = place.centre
    down, across = margin or (0.0, 0.0)
    box = rois[place.lesion or 0].box
    if place.lesion is None:
        height, width = box.height_px / 2, box.width_px / 2
        box = Box(row - height, column - width, row + height, column + width)
    return Box(box.row0 - down, box.col0 - across, box.row1 + down, box.col1 + across)


def _proposals(loaded: CasePixels, shape: tuple[int, int]) -> list[Box]:
    down, across = (new / old for new, old in zip(shape, loaded.cleaned.shape, strict=True))
    boxes = (one.box for one in propose(loaded.cleaned, loaded.suppression, spacing_mm=loaded.spacing_mm, limit=20))
    return [Box(box.row0 * down, box.col0 * across, box.row1 * down, box.col1 * across) for box in boxes]
