"""Whole films as a network sees them: aspect restored, artifacts suppressed, through the shared preprocessing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.geometry import Box, PixelTransform
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.imaging.suppress import clean, suppress
from mammoview.models.preprocess import ImageSpec, prepare_image
from mammoview.training.cases.data import STRETCHED_PX
from mammoview.training.cases.places import marked
from mammoview.training.cases.samples import ImageSet
from mammoview.training.cases.tiles import isotropic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mammoview.training.cases.data import Film


def film_images(
    films: Sequence[Film], spec: ImageSpec, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> ImageSet:
    """Prepare films for a whole-image network.

    Parameters
    ----------
    films
        Index of CBIS-DDSM mammograms.
    spec
        What the network takes.
    """
    pixels = np.empty((len(films), spec.rows, spec.columns), dtype=np.float16)
    lesions = []
    for index, film in enumerate(films):
        stop_if_cancelled(cancel)
        values, _, transform = prepared_film(film, spec)
        pixels[index] = values[0]
        lesions.append([(transform.apply_box(mass.box), mass.is_malignant) for mass in film.masses])
        progress((index + 1) / len(films), f"Preparing mammogram {index + 1} of {len(films)}")
    return ImageSet(
        pixels=pixels,
        labels=np.array([film.is_malignant for film in films], dtype=np.int64),
        patients=np.array([film.key.patient for film in films]),
        breasts=np.array([f"{film.key.patient}_{film.key.side.value}" for film in films]),
        views=np.array([film.key.view.value for film in films]),
        places=marked(lesions),
    )


def save_images(images: ImageSet, path: Path) -> None:
    """Write an uncompressed ``.npz``, whole or not at all: several processes may want it at once."""
    draft = path.with_name(f".{os.getpid()}-{path.name}")
    np.savez(draft, **vars(images))
    draft.replace(path)


def load_images(path: Path) -> ImageSet:
    """Read what `save_images` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return ImageSet(**{name: stored[name] for name in ImageSet.__dataclass_fields__})


def prepared_film(film: Film, spec: ImageSpec) -> tuple[NDArray[np.float32], NDArray[np.bool_], PixelTransform]:
    """Prepare one film for a network.

    Returns
    -------
    ndarray, shape (channels, spec.rows, spec.columns), float32
        The input.
    ndarray, shape (spec.rows, spec.columns), bool
        Where the breast lies in it.
    PixelTransform
        From pixels of the stretched film to those of the input.
    """
    image = isotropic(film).astype(np.uint16) * np.uint16(257)
    # Without the view the pectoral muscle is not looked for: it stays in the cleaned image either way.
    found = suppress(image, view=None, laterality=film.key.side)
    breast = found.breast.to_array()
    values, transform = prepare_image(clean(image, found), spec, breast=breast)
    aspect = PixelTransform.scale_crop(Box(0, 0, STRETCHED_PX, STRETCHED_PX), *image.shape)
    return values, _seen(breast, transform, spec), aspect.then(transform)


def _seen(mask: NDArray[np.bool_], transform: PixelTransform, spec: ImageSpec) -> NDArray[np.bool_]:
    """A mask of the image, at the centres of the input's pixels."""
    back = transform.inverse().as_array()
    rows = np.floor(back[0, 0] * (np.arange(spec.rows) + 0.5) + back[0, 2]).astype(int)
    columns = np.floor(back[1, 1] * (np.arange(spec.columns) + 0.5) + back[1, 2]).astype(int)
    return np.asarray(mask[np.ix_(rows.clip(0, mask.shape[0] - 1), columns.clip(0, mask.shape[1] - 1))])
