"""Whole films as a network sees them: aspect restored, artifacts suppressed, through the shared preprocessing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress, stop_if_cancelled
from mammoview.imaging.suppress import clean, suppress
from mammoview.models.preprocess import ImageSpec, prepare_image
from mammoview.training.samples import ImageSet
from mammoview.training.tiles import isotropic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mammoview.training.data import Film


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
    for index, film in enumerate(films):
        stop_if_cancelled(cancel)
        pixels[index] = _prepared(film, spec)
        progress((index + 1) / len(films), f"Preparing mammogram {index + 1} of {len(films)}")
    return ImageSet(
        pixels=pixels,
        labels=np.array([film.is_malignant for film in films], dtype=np.int64),
        patients=np.array([film.key.patient for film in films]),
        breasts=np.array([f"{film.key.patient}_{film.key.side.value}" for film in films]),
        views=np.array([film.key.view.value for film in films]),
    )


def save_images(images: ImageSet, path: Path) -> None:
    """Write an uncompressed ``.npz``."""
    np.savez(path, **vars(images))


def load_images(path: Path) -> ImageSet:
    """Read what `save_images` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return ImageSet(**{name: stored[name] for name in ImageSet.__dataclass_fields__})


def _prepared(film: Film, spec: ImageSpec) -> NDArray[np.float32]:
    image = isotropic(film).astype(np.uint16) * np.uint16(257)
    # Without the view the pectoral muscle is not looked for: it stays in the cleaned image either way.
    found = suppress(image, view=None, laterality=film.key.side)
    values, _ = prepare_image(clean(image, found), spec, breast=found.breast.to_array())
    return np.asarray(values[0])
