"""Tiles around lesions and background places, all at the resolution of the stretched mammograms.

A native crop is so much sharper than an 800 × 800 mammogram that sharpness alone would tell the two apart. Every tile
therefore goes through the mammogram's grid: masses and background are cut from the mammogram itself, calcification
crops are area-averaged to the same 6.7 × 3.8 native pixels a cell and re-encoded as JPEG. Crops end 16 px beyond the
lesion, so that a square of twice the long side needs reflection; the same share of mass and background tiles is cut
short and reflected, and part of the calcification tiles lies wholly inside its crop, so that reflection tells nothing
about the class.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.training.cases.data import (
    CROP_MARGIN_PX,
    STRETCHED_PX,
    Film,
    Lesion,
    LesionDetails,
    MaskedImage,
    ViewKey,
    read_gray,
)
from mammoview.training.learning.described import answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: Native film pixels (about 45 µm) a pixel of a tile: about 0.25 mm.
NATIVE_PER_PX = 5.5
#: The same in millimetres.
MM_PER_PX = NATIVE_PER_PX * 0.045
#: Side of a stored tile, pixels.
TILE_PX = 192
#: Side of a tile, in long sides of its lesion.
TILE_SIDES = 3.0
#: Median size of the films, (rows, columns), native pixels; for crops whose film is not among the mammograms.
MEDIAN_FILM = (5338, 3026)
_CLASSES = tuple(PatchClass)


@dataclass(frozen=True, eq=False)
class TileSet:
    """Tiles with what is known of them; row i of every array belongs to tile i.

    Attributes
    ----------
    pixels
        Shape (n, `TILE_PX`, `TILE_PX`), uint8.
    masks
        Shape as ``pixels``, uint8 0 or 1, or shape (0,) where the tiles have no masks.
    boxes
        Shape (n, 4), float32: row0, col0, row1, col1 of the lesion in the tile.
    labels
        Shape (n,), int64: index into `PatchClass`.
    patients
        Shape (n,), str.
    answers
        Shape (n, questions), float32: what the readers wrote, see `described.QUESTIONS`; shape (0,) where nothing is
        known of any tile.
    lesions
        Shape (n,), str: which abnormality, the same for all its tiles; empty for background. Shape (0,) likewise.
    densities
        Shape (n,), str: ACR density 1 to 4, empty where unknown. Shape (0,) likewise.
    """

    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    answers: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    lesions: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype=np.str_))
    densities: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype=np.str_))

    def select(self, rows: NDArray[np.bool_]) -> TileSet:
        """The tiles where ``rows`` (shape (n,), bool) is true."""
        return TileSet(**{name: values[rows] if values.size else values for name, values in vars(self).items()})

    def save(self, path: Path) -> None:
        """Write an uncompressed ``.npz``."""
        np.savez(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> TileSet:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, eq=False)
class Tile:
    """One tile before it is stacked; see `TileSet`, whose rows these are."""

    pixels: NDArray[np.uint8]
    box: Box
    label: PatchClass
    patient: str
    mask: NDArray[np.uint8] | None = None
    lesion: Lesion | None = None


def patch_tiles(
    lesions: Sequence[Lesion],
    films: Sequence[Film],
    *,
    seed: int,
    background_per_film: int = 2,
    proposals: Mapping[ViewKey, Sequence[Box]] = MappingProxyType({}),
) -> TileSet:
    """Cut the five-class patch set.

    Parameters
    ----------
    lesions, films
        Indices of CBIS-DDSM; masses and background come from the films, calcifications from the crops.
    seed
        Of the background places, and of which tiles are reflected.
    background_per_film
        Background tiles from each film without calcifications; every other one is a hard negative: a proposal that
        touches no mass, or else the most blob-like of twelve places.
    proposals
        What the proposer of regions suggests on each film, in pixels of `isotropic`; see `proposals.film_proposals`.
    """
    rng = np.random.default_rng(seed)
    sides = np.array([_long_side(box) for film in films for box in isotropic_boxes(film)])
    found: list[Tile] = []
    for film in films:
        image = isotropic(film)
        boxes = isotropic_boxes(film)
        for mass, box in zip(film.masses, boxes, strict=True):
            label = PatchClass.MALIGNANT_MASS if mass.is_malignant else PatchClass.BENIGN_MASS
            tiles = (cut(image, box, label, film.key.patient), _cut_short(image, box, label, film.key.patient))
            found += [replace(tile, lesion=mass.lesion) for tile in tiles]
        if film.has_calcification:
            continue
        for turn in range(background_per_film):
            place = _hard_place(proposals.get(film.key, ()), boxes, rng) if turn % 2 else None
            if place is None:
                place = _background_place(image, boxes, rng, sides=sides, draws=12 if turn % 2 else 1)
            if place is not None:
                taken = _cut_short if rng.random() < 0.5 else cut
                found.append(taken(image, place, PatchClass.BACKGROUND, film.key.patient))
    for lesion in lesions:
        if lesion.kind is LesionKind.CALCIFICATION:
            found += [replace(tile, lesion=lesion) for tile in _calcification_tiles(lesion)]
    return stack(found)


def segmentation_tiles(images: Sequence[MaskedImage]) -> TileSet:
    """Cut a tile around every connected component of the CDD-CESM masks that can be a lesion.

    Left out are components with a long side below 10 or above 256 of 512 px, and those that fill less than a fifth of
    their box: arcs of thickened skin along the edge of the breast. The mask of a tile holds its own component only.
    """
    found = []
    for image in images:
        pixels = read_gray(image.path)
        mask = (read_gray(image.mask) > 127).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        for index in range(1, count):
            column, row, width, height, area = (int(value) for value in stats[index])
            if not 10 <= max(width, height) <= 256 or area < 0.2 * width * height:
                continue
            box = Box(row, column, row + height, column + width)
            own = (labels == index).astype(np.uint8)
            found.append(cut(pixels, box, PatchClass.BACKGROUND, image.key.patient, mask=own))
    return stack(found)


def isotropic(film: Film) -> NDArray[np.uint8]:
    """The film with its aspect restored, at `NATIVE_PER_PX`: shape (rows, columns), uint8."""
    rows, columns = (max(1, round(size / NATIVE_PER_PX)) for size in film.native_size)
    return _resize(read_gray(film.path), rows, columns)


def isotropic_boxes(film: Film) -> list[Box]:
    """The boxes of a film's masses in what `isotropic` gives."""
    down = film.native_size[0] / NATIVE_PER_PX / STRETCHED_PX
    across = film.native_size[1] / NATIVE_PER_PX / STRETCHED_PX
    boxes = (mass.box for mass in film.masses)
    return [Box(b.row0 * down, b.col0 * across, b.row1 * down, b.col1 * across) for b in boxes]


def _long_side(box: Box) -> float:
    return max(box.height_px, box.width_px)


def _resize(image: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """Area-average where the image shrinks, linear where it grows, axis by axis."""
    for size in ((image.shape[1], rows), (columns, rows)):
        shrinks = size[0] < image.shape[1] or size[1] < image.shape[0]
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
    return image


def _window(image: NDArray[np.uint8], square: Box, border: int) -> NDArray[np.uint8]:
    """The square of the image as `TILE_PX` × `TILE_PX`; beyond the image what ``border`` (an OpenCV constant) says."""
    scale = TILE_PX / square.height_px
    shrunk: NDArray[Any] = image
    if scale < 1.0:
        # warpAffine does not average: an image that shrinks is smoothed first.
        shrunk = cv2.GaussianBlur(image, (0, 0), 0.4 / scale)
    # Pixel centres lie at i + 0.5 here and at i in OpenCV.
    matrix = np.array(
        [
            [scale, 0, 0.5 * scale - 0.5 - square.col0 * scale],
            [0, scale, 0.5 * scale - 0.5 - square.row0 * scale],
        ]
    )
    flags = cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpAffine(shrunk, matrix, (TILE_PX, TILE_PX), flags=flags, borderMode=border), dtype=np.uint8
    )


def cut(
    image: NDArray[np.uint8],
    box: Box,
    label: PatchClass,
    patient: str,
    *,
    mask: NDArray[np.uint8] | None = None,
    border: int = cv2.BORDER_CONSTANT,
) -> Tile:
    """The square of `TILE_SIDES` long sides around a box.

    Parameters
    ----------
    image
        Shape (rows, columns), uint8.
    box
        The lesion.
    label, patient
        What and whose it is.
    mask
        Shape of the image, uint8 0 or 1.
    border
        What lies beyond the image, an OpenCV constant.
    """
    side = _long_side(box) * TILE_SIDES
    square = Box.square(*box.centre, side)
    scale = TILE_PX / side
    inner = Box.square(TILE_PX / 2, TILE_PX / 2, 0)
    half_rows, half_cols = box.height_px * scale / 2, box.width_px * scale / 2
    inner = Box(inner.row0 - half_rows, inner.col0 - half_cols, inner.row1 + half_rows, inner.col1 + half_cols)
    cut_mask = None if mask is None else (_window(mask * np.uint8(255), square, cv2.BORDER_CONSTANT) > 127)
    pixels = _window(image, square, border)
    return Tile(pixels, inner, label, patient, None if cut_mask is None else cut_mask.astype(np.uint8))


def _cut_short(image: NDArray[np.uint8], box: Box, label: PatchClass, patient: str) -> Tile:
    """As `cut`, but from the box and the margin of a CBIS-DDSM crop alone, continued by reflection."""
    margin = CROP_MARGIN_PX / NATIVE_PER_PX
    wide = Box(box.row0 - margin, box.col0 - margin, box.row1 + margin, box.col1 + margin).clipped(*image.shape)
    rows, cols = wide.slices()
    moved = Box(box.row0 - rows.start, box.col0 - cols.start, box.row1 - rows.start, box.col1 - cols.start)
    return cut(np.ascontiguousarray(image[rows, cols]), moved, label, patient, border=cv2.BORDER_REFLECT_101)


def as_on_film(native: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A crop at native resolution with no more detail than the stretched mammograms have.

    Parameters
    ----------
    native
        Shape (rows, columns), uint8, pixels of about 45 µm.

    Returns
    -------
    ndarray, shape (rows · 800 / film's rows, columns · 800 / film's columns), uint8
        On the mammograms' grid, of a film of `MEDIAN_FILM`, and once more a JPEG.
    """
    grid = [max(2, round(size * STRETCHED_PX / film)) for size, film in zip(native.shape, MEDIAN_FILM, strict=True)]
    coarse = _resize(native, grid[0], grid[1])
    is_encoded, encoded = cv2.imencode(".jpg", coarse, (cv2.IMWRITE_JPEG_QUALITY, 92))
    if not is_encoded:
        raise ValueError("OpenCV could not encode a JPEG in memory")
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _calcification_tiles(lesion: Lesion) -> list[Tile]:
    """The crop on the mammogram's grid: once reflected, and once wholly inside where the crop is large enough."""
    native = read_gray(lesion.crop)
    rows, columns = (max(2, round(size / NATIVE_PER_PX)) for size in native.shape)
    image = _resize(as_on_film(native), rows, columns)
    margin = CROP_MARGIN_PX / NATIVE_PER_PX
    box = Box(margin, margin, max(rows - margin, margin + 1), max(columns - margin, margin + 1))
    label = PatchClass.MALIGNANT_CALCIFICATION if lesion.is_malignant else PatchClass.BENIGN_CALCIFICATION
    tiles = [cut(image, box, label, lesion.key.patient, border=cv2.BORDER_REFLECT_101)]
    short = min(rows, columns)
    if short >= TILE_PX // 6:
        inside = Box.square(rows / 2, columns / 2, short / TILE_SIDES)
        tiles.append(cut(image, inside, label, lesion.key.patient, border=cv2.BORDER_REFLECT_101))
    return tiles


def _background_place(
    image: NDArray[np.uint8], masses: Sequence[Box], rng: np.random.Generator, *, sides: NDArray[np.float64], draws: int
) -> Box | None:
    """A square in the breast that touches no mass: of ``draws`` random ones, that with the brightest middle."""
    breast = cv2.erode((cv2.GaussianBlur(image, (0, 0), 4) > 40).astype(np.uint8), np.ones((15, 15), np.uint8))
    points = np.argwhere(breast)
    best, best_score = None, -np.inf
    for _ in range(draws * 4):
        if not len(points) or draws <= 0:
            break
        row, col = (float(value) for value in points[rng.integers(len(points))])
        place = Box.square(row, col, float(rng.choice(sides)))
        if any(place.intersection(mass).area_px > 0 for mass in masses):
            continue
        draws -= 1
        score = _blob_contrast(image, place)
        if score > best_score:
            best, best_score = place, score
    return best


def _hard_place(proposals: Sequence[Box], masses: Sequence[Box], rng: np.random.Generator) -> Box | None:
    """One of the proposals that touch no mass, as a square."""
    free = [place for place in proposals if all(place.intersection(mass).area_px == 0 for mass in masses)]
    if not free:
        return None
    chosen = free[rng.integers(len(free))]
    return Box.square(*chosen.centre, _long_side(chosen))


def _blob_contrast(image: NDArray[np.uint8], place: Box) -> float:
    """Mean inside the box less the mean of the square of twice its side."""
    inner = image[place.clipped(*image.shape).slices()]
    outer = image[Box.square(*place.centre, 2 * place.height_px).clipped(*image.shape).slices()]
    return float(inner.mean() - outer.mean()) if inner.size else -np.inf


def stack(tiles: Sequence[Tile]) -> TileSet:
    """Many tiles, at least one, as one set; either all have masks or none has."""
    boxes = [(tile.box.row0, tile.box.col0, tile.box.row1, tile.box.col1) for tile in tiles]
    masks = [tile.mask for tile in tiles if tile.mask is not None]
    return TileSet(
        pixels=np.stack([tile.pixels for tile in tiles]),
        masks=np.stack(masks) if masks else np.zeros(0, dtype=np.uint8),
        boxes=np.array(boxes, dtype=np.float32),
        labels=np.array([_CLASSES.index(tile.label) for tile in tiles], dtype=np.int64),
        patients=np.array([tile.patient for tile in tiles]),
        **(_written(tiles) if any(tile.lesion for tile in tiles) else {}),
    )


def _written(tiles: Sequence[Tile]) -> dict[str, NDArray[Any]]:
    """What is known of the tiles' lesions."""
    details = [LesionDetails() if tile.lesion is None else tile.lesion.details for tile in tiles]
    return {
        "answers": np.stack([answers(one) for one in details]),
        "lesions": np.array(["" if tile.lesion is None else _name(tile.lesion) for tile in tiles]),
        "densities": np.array(["" if one.density is None else str(one.density) for one in details]),
    }


def _name(lesion: Lesion) -> str:
    key = lesion.key
    return f"{key.patient}_{key.side.value}_{key.view.value}_{lesion.kind.value}_{lesion.number}"
