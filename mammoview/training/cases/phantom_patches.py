"""Squares of one size from drawn women over the years: of their masses, large and small, and of tissue without one.

They teach a patch classifier what a drawn mass looks like at the scale of whole images: its map then shows where one
lies. A square as large as its lesion says (`phantom_masks.mass_tiles`) would teach that a mass fills half of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.imaging.phantom_truth import LesionShape
from mammoview.models.preprocess import ImageSpec, PatchSpec, prepare_image
from mammoview.training.cases.phantom_masks import patient_of
from mammoview.training.cases.tiles import Tile, TileSet, cut, stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from mammoview.training.cases.phantom_sequences import PhantomSequence, SequenceView

_LABELS = {LesionShape.SMOOTH_MASS: PatchClass.BENIGN_MASS, LesionShape.SPICULATED_MASS: PatchClass.MALIGNANT_MASS}


def sequence_tiles(women: Iterable[PhantomSequence], image: ImageSpec, patch: PatchSpec, *, background: int) -> TileSet:
    """Cut the squares of all exams.

    Parameters
    ----------
    women
        Drawn one after the other; nothing of them is kept but the squares.
    image
        How whole images become input; only size, crop and orientation count.
    patch
        A square is ``patch.size_px`` pixels of that input, so that a net sees all at one scale.
    background
        Squares without a mass from each image.
    """
    plain = ImageSpec(rows=image.rows, columns=image.columns, crop=image.crop, orient=image.orient)
    found: list[Tile] = []
    for woman in women:
        rng = np.random.default_rng((woman.seed, 32))
        for exam in woman.exams:
            for view in exam.views:
                found += _tiles(view, _LABELS[woman.shape], patient_of(woman.seed), plain, patch, background, rng)
    return stack(found)


def _tiles(
    view: SequenceView,
    label: PatchClass,
    patient: str,
    image: ImageSpec,
    patch: PatchSpec,
    background: int,
    rng: np.random.Generator,
) -> Iterator[Tile]:
    values, transform = prepare_image(view.pixels, image, breast=view.breast)
    pixels = np.rint(values[0] * 255).astype(np.uint8)
    # `PatchSpec` takes a multiple of its box.
    side = patch.size_px / patch.context
    mass = None if view.mass is None else transform.apply_box(view.mass)
    if mass is not None:
        yield cut(pixels, Box.square(*mass.centre, side), label, patient)
    for _ in range(background):
        place = _place(pixels, mass, patch.size_px, rng)
        if place is not None:
            yield cut(pixels, Box.square(*place, side), PatchClass.BACKGROUND, patient)


def _place(
    pixels: NDArray[np.uint8], mass: Box | None, size_px: int, rng: np.random.Generator
) -> tuple[float, float] | None:
    """A random place in the breast whose square has no mass near its middle; None where twenty draws find none."""
    for _ in range(20):
        row, col = (float(rng.uniform(0, size)) for size in pixels.shape)
        near = Box.square(row, col, size_px / 2)
        if pixels[int(row), int(col)] and (mass is None or near.intersection(mass).area_px == 0):
            return row, col
    return None
