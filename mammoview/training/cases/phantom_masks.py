"""Tiles for segmenters where no real outlines exist: drawn lesions with their true masks, ellipses in films' boxes.

Two sets. Masses, benign or malignant, as large in each tile as in the crops of `mammoview.training.cases.tiles`. And
clusters of calcifications at the phantom's own pixels, never made smaller: a calcification of 0.2 mm is two pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import COLUMNS, ROWS, SPACING_MM, make_view
from mammoview.imaging.phantom_truth import LesionShape, PhantomView, TrueLesion
from mammoview.training.cases.tiles import Tile, TileSet, cut, isotropic, isotropic_boxes, stack
from mammoview.training.learning.loop import Batch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.training.cases.data import Film
    from mammoview.training.cases.samples import TileBatches

#: Millimetres a pixel at which clusters are drawn and cut.
CLUSTER_MM = 0.1
#: Rows of the views whose masses are cut: about 0.28 mm a pixel, as films are after `isotropic`.
MASS_ROWS = 1024
#: Side of a cluster tile in its windows: room to turn and move the window.
_ROOM = 1.5
#: A drawn view has these; as many find a place as the breast has room for.
MASSES = (LesionShape.SMOOTH_MASS, LesionShape.SPICULATED_MASS) * 2
CLUSTERS = (*(LesionShape.PUNCTATE_CLUSTER, LesionShape.PLEOMORPHIC_CLUSTER) * 2, LesionShape.SMOOTH_MASS)
#: Of the draws of `chances_of`, those without a mass.
EMPTY_SHARE = 0.2

#: Told after each view or film.
Tell = Callable[[float], None]


def patient_of(seed: int) -> str:
    """Who a drawn view belongs to."""
    return f"phantom-{seed}"


def mass_view(seed: int, *, rows: int = MASS_ROWS) -> PhantomView:
    """A drawn view with masses; every second one is a film."""
    return _view(seed, MASSES, rows=rows)


def cluster_view(seed: int, *, rows: int | None = None) -> PhantomView:
    """A drawn view with clusters of calcifications and a mass, at `CLUSTER_MM` a pixel; every second one is a film.

    Parameters
    ----------
    seed
        Which woman.
    rows
        Size for a small breast, tests; None is a full-size detector.
    """
    full = round(ROWS * SPACING_MM / CLUSTER_MM)
    return _view(seed, CLUSTERS, rows=rows or full, spacing_mm=CLUSTER_MM)


def mass_tiles(seeds: Sequence[int], *, rows: int = MASS_ROWS, tell: Tell | None = None) -> TileSet:
    """Tiles of drawn masses, and of one place without a mass in each view.

    Parameters
    ----------
    seeds
        Which women; one view of each is drawn.
    rows
        Of the views.
    tell
        Told the share done.
    """
    found: list[Tile] = []
    for index, seed in enumerate(seeds):
        view = mass_view(seed, rows=rows)
        image, patient = _bytes(view), patient_of(seed)
        rng = np.random.default_rng((seed, 30))
        for lesion in view.truth.lesions:
            label = PatchClass.MALIGNANT_MASS if lesion.is_malignant else PatchClass.BENIGN_MASS
            found.append(cut(image, lesion.box, label, patient, mask=lesion.mask.astype(np.uint8)))
        boxes = [lesion.box for lesion in view.truth.lesions]
        found += _empty(image, view.truth.breast, boxes, rng, patient)
        _tell(tell, index, len(seeds))
    return stack(found)


def box_tiles(films: Sequence[Film], *, seed: int, tell: Tell | None = None) -> TileSet:
    """Tiles of the masses of films with an ellipse inscribed in the box as the mask, and places without a mass.

    Parameters
    ----------
    films
        Of CBIS-DDSM.
    seed
        Of the places without a mass.
    tell
        Told the share done.
    """
    rng = np.random.default_rng(seed)
    found: list[Tile] = []
    for index, film in enumerate(films):
        image = isotropic(film)
        boxes = isotropic_boxes(film)
        for mass, box in zip(film.masses, boxes, strict=True):
            label = PatchClass.MALIGNANT_MASS if mass.is_malignant else PatchClass.BENIGN_MASS
            found.append(cut(image, box, label, film.key.patient, mask=ellipse(box, image.shape)))
        if not film.has_calcification:
            found += _empty(image, cv2.GaussianBlur(image, (0, 0), 4) > 40, boxes, rng, film.key.patient)
        _tell(tell, index, len(films))
    return stack(found)


def ellipse(box: Box, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The ellipse inscribed in a box: shape (rows, columns) as asked, uint8 0 or 1, a pixel by its centre."""
    mask = np.zeros(shape[:2], dtype=np.uint8)
    rows, columns = box.clipped(*mask.shape).slices()
    y, x = np.ogrid[rows, columns]
    row, col = box.centre
    away = ((y + 0.5 - row) / (box.height_px / 2)) ** 2 + ((x + 0.5 - col) / (box.width_px / 2)) ** 2
    mask[rows, columns] = away <= 1.0
    return mask


def cluster_tiles(
    seeds: Sequence[int], *, window_px: int, rows: int | None = None, tell: Tell | None = None
) -> TileSet:
    """Tiles at the phantom's own pixels: one near each drawn cluster, and as many elsewhere in the breast.

    A tile's box is a square of half a window in its middle, so that `PatchSpec` with a context of 2 cuts a window
    without resizing. Masks hold every cluster in the tile.

    Parameters
    ----------
    seeds
        Which women; one view of each is drawn.
    window_px
        Side of the windows that a net will see.
    rows
        Of the views, see `cluster_view`.
    tell
        Told the share done.
    """
    found: list[Tile] = []
    for index, seed in enumerate(seeds):
        view = cluster_view(seed, rows=rows)
        rng = np.random.default_rng((seed, 31))
        image, mask = _bytes(view), cluster_mask(view)
        for lesion in clusters_of(view):
            row, col = np.array(lesion.centre) + rng.uniform(-0.25, 0.25, 2) * window_px
            found.append(_native(image, mask, (row, col), window_px, lesion.is_malignant, seed))
            place = _place(view.truth.breast, [lesion.box], rng, side=window_px / 2)
            if place is not None:
                found.append(_native(image, mask, place.centre, window_px, None, seed))
        _tell(tell, index, len(seeds))
    return stack(found)


def clusters_of(view: PhantomView) -> tuple[TrueLesion, ...]:
    """The clusters of a drawn view."""
    return tuple(lesion for lesion in view.truth.lesions if lesion.shape in CLUSTERS[:-1])


def cluster_mask(view: PhantomView) -> NDArray[np.uint8]:
    """All clusters of a drawn view: shape (rows, columns), uint8 0 or 1."""
    mask = np.zeros(view.pixels.shape, dtype=np.uint8)
    for lesion in clusters_of(view):
        mask[lesion.box.slices()] |= lesion.region.inside
    return mask


def together(sets: Iterable[TileSet]) -> TileSet:
    """Several sets as one."""
    parts = list(sets)
    return TileSet(
        **{name: np.concatenate([getattr(one, name) for one in parts]) for name in TileSet.__dataclass_fields__}
    )


@dataclass(frozen=True, eq=False)
class ThreeClassBatches:
    """Batches whose targets say of each pixel whether it is background (0), benign (1) or malignant (2).

    Attributes
    ----------
    tiles
        What is drawn, and how it is changed.
    chances
        Shape (n,), float64 with sum 1: how often each tile is drawn, see `chances_of`; an epoch draws as many as there
        are. None draws each once.
    """

    tiles: TileBatches
    chances: NDArray[np.float64] | None = None

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self.tiles.steps

    def __call__(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch."""
        count = len(self.tiles.tiles.labels)
        order = rng.permutation(count) if self.chances is None else rng.choice(count, count, p=self.chances)
        for step in range(self.steps):
            yield self._batch(order[step * self.tiles.size : (step + 1) * self.tiles.size], self.tiles, rng)

    def _batch(self, rows: NDArray[np.int64], tiles: TileBatches, rng: np.random.Generator) -> Batch:
        drawn = [tiles.draw(int(row), rng) for row in rows]
        images = np.stack([image for image, _ in drawn])
        masks = np.stack([mask[0] for _, mask in drawn])
        return Batch(torch.from_numpy(images), torch.from_numpy(classes(masks, tiles.tiles.labels[rows])))


def chances_of(sets: Sequence[TileSet]) -> NDArray[np.float64]:
    """How often each tile of several sets is drawn, the sets' tiles one after the other.

    Every set is drawn as often as every other, and in it benign masses as often as malignant ones; places without a
    mass have `EMPTY_SHARE`. A set that lacks one of the three draws the others more often.

    Returns
    -------
    ndarray, shape (n,), float64
        With sum 1; all sets have at least one tile.
    """
    chances = []
    for tiles in sets:
        is_empty = tiles.labels == _CLASSES.index(PatchClass.BACKGROUND)
        is_malignant = tiles.labels == _CLASSES.index(PatchClass.MALIGNANT_MASS)
        share = np.zeros(len(tiles.labels))
        for rows, wanted in (
            (is_empty, EMPTY_SHARE),
            (is_malignant, (1 - EMPTY_SHARE) / 2),
            (~is_empty & ~is_malignant, (1 - EMPTY_SHARE) / 2),
        ):
            share[rows] = wanted / max(1, int(rows.sum()))
        chances.append(share / share.sum())
    return np.concatenate(chances) / len(chances)


def classes(masks: NDArray[np.floating], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lesion masks, shape (n, h, w), and the tiles' `PatchClass` indices, to classes 0, 1, 2 of the same shape."""
    values = np.where(labels == _CLASSES.index(PatchClass.MALIGNANT_MASS), 2, 1)
    return np.asarray((masks > 0.5) * values[:, None, None], dtype=np.int64)


_CLASSES = tuple(PatchClass)


def _view(seed: int, lesions: tuple[LesionShape, ...], *, rows: int, spacing_mm: float | None = None) -> PhantomView:
    return make_view(
        seed,
        view=(ViewPosition.CC, ViewPosition.MLO)[seed // 2 % 2],
        laterality=(Laterality.LEFT, Laterality.RIGHT)[seed // 4 % 2],
        rows=rows,
        columns=round(rows * COLUMNS / ROWS),
        spacing_mm=spacing_mm,
        is_film=bool(seed % 2),
        lesions=lesions,
    )


def _bytes(view: PhantomView) -> NDArray[np.uint8]:
    return np.asarray(view.pixels >> 8, dtype=np.uint8)


def _empty(
    image: NDArray[np.uint8], breast: NDArray[np.bool_], boxes: Sequence[Box], rng: np.random.Generator, patient: str
) -> list[Tile]:
    """One place of a mass's size that touches none, with an empty mask; nothing where there is no room."""
    side = float(rng.uniform(0.04, 0.12) * image.shape[0])
    place = _place(breast, boxes, rng, side=side)
    if place is None:
        return []
    return [cut(image, place, PatchClass.BACKGROUND, patient, mask=np.zeros(image.shape, np.uint8))]


def _place(breast: NDArray[np.bool_], boxes: Sequence[Box], rng: np.random.Generator, *, side: float) -> Box | None:
    """A random square with its centre in the breast that touches none of the boxes."""
    rows, columns = np.nonzero(breast[::8, ::8])
    for _ in range(20 if rows.size else 0):
        index = int(rng.integers(rows.size))
        place = Box.square(8.0 * rows[index], 8.0 * columns[index], side)
        if all(place.intersection(box).area_px == 0 for box in boxes):
            return place
    return None


def _native(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    centre: tuple[float, float],
    window_px: int,
    is_malignant: bool | None,
    seed: int,
) -> Tile:
    side = round(_ROOM * window_px)
    corner = [round(place - side / 2) for place in centre]
    # One call for pixels and mask: beyond the image both are 0.
    both = np.zeros((2, side, side), dtype=np.uint8)
    square = Box(corner[0], corner[1], corner[0] + side, corner[1] + side)
    rows, columns = square.clipped(*image.shape).slices()
    inside = (
        slice(rows.start - corner[0], rows.stop - corner[0]),
        slice(columns.start - corner[1], columns.stop - corner[1]),
    )
    both[(0, *inside)], both[(1, *inside)] = image[rows, columns], mask[rows, columns]
    label = {
        None: PatchClass.BACKGROUND,
        False: PatchClass.BENIGN_CALCIFICATION,
        True: PatchClass.MALIGNANT_CALCIFICATION,
    }[is_malignant]
    return Tile(both[0], Box.square(side / 2, side / 2, window_px / 2), label, patient_of(seed), both[1])


def _tell(tell: Tell | None, index: int, total: int) -> None:
    if tell is not None:
        tell((index + 1) / total)
