"""Drawn patches and images equal the plain formulas, and take the same random numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mammoview.core.geometry import Box
from mammoview.models.preprocess import PatchSpec, prepare_patch
from mammoview.training.cases.augment import Ranges
from mammoview.training.cases.samples import ImageBatches, ImageSet, TileBatches
from mammoview.training.cases.tiles import TILE_PX, TileSet

RANGES = Ranges()
#: One gray level of a tile, as a share of the whole range: where a sample lies at the edge between two of them.
LEVEL = 1 / 255


def plain_affine(rng: np.random.Generator, centre: tuple[float, float], jitter_px: float) -> NDArray[np.float64]:
    """Rotation, shear, flips and zoom about a centre, by matrices."""
    angle = np.deg2rad(rng.uniform(-RANGES.rotation_deg, RANGES.rotation_deg))
    shear = rng.uniform(-RANGES.shear_rad, RANGES.shear_rad)
    zoom = rng.uniform(1 - RANGES.zoom, 1 + RANGES.zoom)
    flips = rng.integers(0, 2, size=2) * -2 + 1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    slant = np.array([[1.0, -np.sin(shear)], [0.0, np.cos(shear)]])
    linear = turn @ slant @ np.diag(flips) * zoom
    middle = np.array(centre[::-1])
    shift = middle - linear @ middle + rng.uniform(-jitter_px, jitter_px, size=2)
    return np.column_stack((linear, shift))


def plain_patch(tiles: TileSet, row: int, spec: PatchSpec, rng: np.random.Generator) -> NDArray[np.float32]:
    """The whole tile is moved and changed, and a patch is cut from it as at inference."""
    box = Box(*(float(edge) for edge in tiles.boxes[row]))
    matrix = plain_affine(rng, box.centre, RANGES.jitter * max(box.height_px, box.width_px))
    moved = cv2.warpAffine(tiles.pixels[row], matrix, (TILE_PX, TILE_PX), borderMode=cv2.BORDER_REFLECT_101)
    sigma = rng.uniform(0, RANGES.blur_px)
    values = moved / 255.0
    if sigma > 0.2:
        values = cv2.GaussianBlur(values, (0, 0), sigma)
    gamma = np.exp(rng.uniform(-RANGES.gamma, RANGES.gamma))
    shift = rng.uniform(-RANGES.shift, RANGES.shift) / 255.0
    changed = np.where(moved > 0, np.clip(values**gamma + shift, 1 / 65_535, 1), 0)
    return prepare_patch(np.rint(changed * 65_535).astype(np.uint16), box, spec)[0]


def tiles(*, with_masks: bool = False) -> TileSet:
    """Noise of many scales with a black margin; lesions of several shapes, not all in the middle."""
    rng = np.random.default_rng(3)
    fields = [cv2.resize(rng.random((side, side)), (TILE_PX, TILE_PX)) for side in (6, 24, TILE_PX)]
    pixels = np.clip(sum(fields) * 90, 0, 255).astype(np.uint8)
    pixels[:, :20] = 0
    boxes = np.array([(64, 70, 128, 122), (40.5, 30, 90, 94), (100, 110, 170, 180), (80, 80, 81, 82)], np.float32)
    masks = np.zeros((len(boxes), TILE_PX, TILE_PX), np.uint8)
    for mask, (row0, col0, row1, col1) in zip(masks, boxes, strict=True):
        mask[int(row0) : int(row1), int(col0) : int((col0 + col1) / 2)] = 1
    return TileSet(
        pixels=np.stack([pixels] * len(boxes)),
        masks=masks if with_masks else np.zeros(0, np.uint8),
        boxes=boxes,
        labels=np.zeros(len(boxes), np.int64),
        patients=np.array(list("abcd")),
    )


@pytest.mark.parametrize(
    "spec",
    [
        PatchSpec(size_px=96, context=2.0),
        PatchSpec(size_px=160, context=2.0, channels=3),
        PatchSpec(size_px=96, context=4.0),
    ],
    ids=["shrunk", "enlarged", "beyond the tile"],
)
def test_a_patch_equals_that_of_the_whole_tile(spec: PatchSpec) -> None:
    some = tiles()
    ours, plain = np.random.default_rng(1), np.random.default_rng(1)
    batches = TileBatches(some, spec, 4, RANGES)
    apart = []
    for turn in range(60):
        drawn, _ = batches.draw(turn % 4, ours)
        expected = plain_patch(some, turn % 4, spec, plain)
        assert drawn.shape == expected.shape
        assert drawn.dtype == np.float32
        apart.append(np.abs(drawn - expected).ravel())
    assert ours.bit_generator.state == plain.bit_generator.state
    differences = np.concatenate(apart)
    assert differences.max() < 2 * LEVEL
    assert (differences > 2 / 65_535).mean() < 1e-2


def test_a_mask_equals_that_of_the_whole_tile() -> None:
    some = tiles(with_masks=True)
    spec = PatchSpec(size_px=64, context=2.0)
    ours, plain = np.random.default_rng(2), np.random.default_rng(2)
    for turn in range(3 * 20):
        row = turn % 3
        _, drawn = TileBatches(some, spec, 4, RANGES).draw(row, ours)
        box = Box(*(float(edge) for edge in some.boxes[row]))
        matrix = plain_affine(plain, box.centre, RANGES.jitter * max(box.height_px, box.width_px))
        plain.random(3)
        moved = cv2.warpAffine(some.masks[row] * np.uint8(255), matrix, (TILE_PX, TILE_PX))
        expected, _ = prepare_patch(moved.astype(np.uint16) * np.uint16(257), box, spec)
        # Sampled here, averaged there: they may part company along the outline alone.
        clear = np.abs(expected[0] - 0.5) > 0.49
        np.testing.assert_array_equal(drawn[0][clear], expected[0][clear] > 0.5)
        assert clear.mean() > 0.8


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_equals_the_plain_formula(channels: int) -> None:
    pixels = np.random.default_rng(0).normal(size=(2, 96, 64)).astype(np.float16)
    pixels[:, :, 40:] = -5
    names = np.array(["a", "b"])
    images = ImageSet(pixels, np.zeros(2, np.int64), names, names, names)
    ours, plain = np.random.default_rng(4), np.random.default_rng(4)
    for turn in range(20):
        drawn, _ = ImageBatches(images, 2, RANGES, channels).draw(turn % 2, ours)
        whole = pixels[turn % 2].astype(np.float32)
        matrix = plain_affine(plain, (48.0, 32.0), RANGES.jitter * 64)
        moved = cv2.warpAffine(whole, matrix, (64, 96), borderMode=cv2.BORDER_CONSTANT, borderValue=-5.0)
        contrast = np.exp(plain.uniform(-RANGES.gamma, RANGES.gamma))
        shift = plain.uniform(-RANGES.shift, RANGES.shift) / 50.0
        expected = np.where(moved > -5 + 1e-3, moved * contrast + shift, -5)
        assert drawn.shape == (channels, 96, 64)
        np.testing.assert_allclose(drawn, np.repeat(expected[None], channels, axis=0), atol=1e-4)
    assert ours.bit_generator.state == plain.bit_generator.state
