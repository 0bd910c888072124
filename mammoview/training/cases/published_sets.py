"""The patch sets S1 and S10 of Shen et al. 2019, from the public data or from any cases, as a config asks for them.

Of CBIS-DDSM, masses and background come from the mammograms as published: stretched to 1152 × 896 whatever the aspect,
not cropped. Calcifications have no place on the mammograms at hand. Their crops are brought to the mammograms' detail
and to the same scale, as in `tiles`, and patches are drawn around them in the same way; beyond a crop they are
reflections, and so that this tells nothing, about half of all other patches are cut as short and reflected, too.
Background is not drawn from mammograms that show a calcification somewhere. All patches of S10 are 2 GB, in memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.errors import UsageError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.models.preprocess import resize
from mammoview.training.cases.case_tiles import sampled, sampled_tiles
from mammoview.training.cases.data import CROP_MARGIN_PX, cbis_films, cbis_lesions, read_gray
from mammoview.training.cases.importers.cbis import case_of
from mammoview.training.cases.sampling import S1, S10, Sampling, cut_short, place_patches, roi_of_box
from mammoview.training.cases.tiles import MEDIAN_FILM, Tile, as_on_film, stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mammoview.core.progress import Cancel, Progress
    from mammoview.training.cases.case import Case
    from mammoview.training.cases.data import Lesion
    from mammoview.training.cases.tiles import TileSet
    from mammoview.training.config import TrainingConfig

_SETS = {"s1": S1, "s10": S10}


def sampling_of(config: TrainingConfig) -> tuple[Sampling, float]:
    """Which patches a config asks for, and the context of its `PatchSpec`.

    Raises
    ------
    UsageError
        When it does not say how large patches and images are.
    """
    patch, image = config.preprocess.patch, config.preprocess.image
    if patch is None or image is None:
        raise UsageError(
            f"The patches “{config.sampling}” need [preprocess.patch] and [preprocess.image].",
            "Add them.",
        )
    base = _SETS[config.sampling]
    return (
        replace(
            base,
            hard=(base.background + 1) // 2 if config.hard_negatives else 0,
            patch_px=patch.size_px,
            rows=image.rows,
            columns=image.columns,
            seed=config.seed,
        ),
        patch.context,
    )


def site_patches(cases: Sequence[Case], config: TrainingConfig, *, progress: Progress, cancel: Cancel) -> TileSet:
    """The patch set of any cases with boxes.

    Raises
    ------
    InputError
        When no case has a lesion of known class, or an image cannot be read.
    """
    sampling, context = sampling_of(config)
    return sampled_tiles(cases, sampling, context=context, progress=progress, cancel=cancel)


def public_patches(data: Path, config: TrainingConfig, *, progress: Progress, cancel: Cancel) -> TileSet:
    """The patch set of CBIS-DDSM.

    Parameters
    ----------
    data
        Folder that holds ``cbis_ddsm``.
    config
        With ``sampling`` set.
    progress, cancel
        Told after each image, asked before.
    """
    sampling, context = sampling_of(config)
    lesions = cbis_lesions(data)
    films = cbis_films(data, lesions)
    known = {film.path: [mass.lesion for mass in film.masses] for film in films}
    tiles: list[Tile] = []
    for has_calcification, wanted in ((False, sampling), (True, replace(sampling, background=0, hard=0))):
        cases = [case_of(film) for film in films if film.has_calcification is has_calcification]
        tiles += sampled(
            cases, wanted, context=context, margin=_margin(wanted), known=known, progress=progress, cancel=cancel
        )
    for lesion in lesions:
        if lesion.kind is LesionKind.CALCIFICATION:
            tiles += _calcification_patches(lesion, sampling, context)
    return stack(tiles)


def _calcification_patches(lesion: Lesion, sampling: Sampling, context: float) -> Iterator[Tile]:
    """The patches around the lesion of a crop, at the scale of an image of a film of median size."""
    native = read_gray(lesion.crop)
    scales = (sampling.rows / MEDIAN_FILM[0], sampling.columns / MEDIAN_FILM[1])
    rows, columns = (max(2, round(size * scale)) for size, scale in zip(native.shape, scales, strict=True))
    image = np.rint(resize(as_on_film(native), rows, columns)).astype(np.uint8)
    down, across = _margin(sampling)
    box = Box(down, across, max(rows - down, down + 1), max(columns - across, across + 1))
    label = PatchClass.MALIGNANT_CALCIFICATION if lesion.is_malignant else PatchClass.BENIGN_CALCIFICATION
    roi = roi_of_box(box, image.shape, label)
    rois = [] if roi is None else [roi]
    side = sampling.patch_px
    inner = Box.square(side / 2, side / 2, side / context)
    key = f"{lesion.key.patient}/{lesion.crop.name}"
    # A crop is all lesion and margin: no place in it is background.
    for place in place_patches(rois, np.zeros(image.shape, dtype=bool), sampling, key=key):
        pixels = cut_short(image, place, Box(0, 0, rows, columns))
        yield Tile(pixels, inner, label, lesion.key.patient, lesion=lesion)


def _margin(sampling: Sampling) -> tuple[float, float]:
    """What a crop holds beyond its lesion, (rows, columns) at the scale of the patches."""
    return CROP_MARGIN_PX * sampling.rows / MEDIAN_FILM[0], CROP_MARGIN_PX * sampling.columns / MEDIAN_FILM[1]
