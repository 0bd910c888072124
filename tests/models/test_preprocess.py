"""What networks see, and the way back to native pixels."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mammoview.core.geometry import Box
from mammoview.models.preprocess import (
    Crop,
    Equalise,
    ImageSpec,
    Orientation,
    PatchSpec,
    Preprocess,
    equalise,
    is_chest_wall_left,
    patch_box,
    prepare_image,
    prepare_patch,
)


def breast(rows: int = 200, columns: int = 160, *, side: str = "left") -> np.ndarray:
    """Half an ellipse at one edge."""
    row, col = np.mgrid[:rows, :columns] + 0.5
    mask = ((row - rows / 2) / (rows * 0.4)) ** 2 + (col / (columns * 0.7)) ** 2 < 1
    return mask if side == "left" else mask[:, ::-1].copy()


def spot(rows: int, columns: int, box: Box) -> np.ndarray:
    image = np.full((rows, columns), 1000, np.uint16)
    image[box.slices()] = 60_000
    return image


def weighted_centre(values: np.ndarray) -> tuple[float, float]:
    weights = values - values.min()
    row, col = np.mgrid[: values.shape[0], : values.shape[1]] + 0.5
    return float((row * weights).sum() / weights.sum()), float((col * weights).sum() / weights.sum())


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("crop", list(Crop))
@pytest.mark.parametrize("orient", list(Orientation))
def test_image_transform_leads_to_the_same_tissue_and_back(side: str, crop: Crop, orient: Orientation) -> None:
    mask = breast(side=side)
    lesion = Box(100, 30, 110, 42) if side == "left" else Box(100, 118, 110, 130)
    spec = ImageSpec(rows=96, columns=64, crop=crop, orient=orient)
    values, transform = prepare_image(spot(200, 160, lesion), spec, breast=mask)
    assert values.shape == (1, 96, 64)
    assert values.dtype == np.float32
    back = transform.inverse().apply([weighted_centre(values[0])])[0]
    np.testing.assert_allclose(back, lesion.centre, atol=0.05)
    points = np.random.default_rng(0).uniform(0, 160, (50, 2))
    np.testing.assert_allclose(transform.inverse().apply(transform.apply(points)), points, atol=1e-9)


def test_both_sides_look_alike_once_oriented() -> None:
    image = np.random.default_rng(1).integers(0, 65_535, (200, 160)).astype(np.uint16)
    spec = ImageSpec(rows=64, columns=64)
    left, _ = prepare_image(image, spec, breast=breast())
    right, _ = prepare_image(image[:, ::-1].copy(), spec, breast=breast(side="right"))
    np.testing.assert_array_equal(left, right)


def test_lost_aspect_and_frame_do_not_matter_when_cropped_to_the_breast() -> None:
    fine = np.zeros((400, 320), np.uint16)
    mask = breast(400, 320)
    row, col = np.mgrid[:400, :320]
    fine[mask] = (30_000 + 20_000 * np.sin(row / 40) * np.cos(col / 30))[mask].astype(np.uint16)
    squeezed = fine.reshape(200, 2, 320).mean(axis=1).astype(np.uint16)
    framed = np.pad(squeezed, ((20, 40), (0, 60)))
    spec = ImageSpec(rows=64, columns=64)
    first, _ = prepare_image(fine, spec, breast=mask)
    second, _ = prepare_image(framed, spec, breast=framed > 0)
    assert np.abs(first - second).mean() < 0.01


def test_image_without_breast_is_taken_whole_and_unmirrored() -> None:
    image = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    nothing = np.zeros(image.shape, bool)
    values, transform = prepare_image(image, ImageSpec(rows=64, columns=64), breast=nothing)
    np.testing.assert_allclose(values[0] * 65_535, image, atol=0.01)
    assert transform.apply_box(Box(0, 0, 64, 64)) == Box(0, 0, 64, 64)


def test_normalisation_and_channels() -> None:
    image = np.full((64, 64), 65_535, np.uint16)
    spec = ImageSpec(rows=32, columns=32, channels=3, mean=0.25, std=0.5)
    values, _ = prepare_image(image, spec, breast=np.ones((64, 64), bool))
    assert values.shape == (3, 32, 32)
    assert values.flags["C_CONTIGUOUS"]
    np.testing.assert_allclose(values, 1.5)


@pytest.mark.parametrize("side", ["left", "right"])
def test_chest_wall_is_where_the_breast_is_tall(side: str) -> None:
    assert is_chest_wall_left(breast(side=side)) is (side == "left")


@pytest.mark.parametrize("box", [Box(90, 60, 110, 84), Box(0, 0, 20, 30), Box(185, 150, 200, 160)])
@pytest.mark.parametrize("size_px", [32, 128])
def test_patch_transform_leads_to_the_lesion_and_back(box: Box, size_px: int) -> None:
    image = np.zeros((200, 160), np.uint16)
    image[box.slices()] = 50_000
    values, transform = prepare_patch(image, box, PatchSpec(size_px=size_px))
    assert values.shape == (1, size_px, size_px)
    back = transform.inverse().apply([weighted_centre(values[0])])[0]
    np.testing.assert_allclose(back, box.centre, atol=0.6)
    corners = transform.inverse().apply_box(Box(0, 0, size_px, size_px))
    assert corners.as_list() == patch_box(box, PatchSpec(size_px=size_px)).as_list()
    assert corners.height_px == pytest.approx(2 * max(box.height_px, box.width_px))


def test_patch_beyond_the_border_is_black_there() -> None:
    image = np.full((100, 100), 65_535, np.uint16)
    values, _ = prepare_patch(image, Box(0, 40, 32, 72), PatchSpec(size_px=64))
    np.testing.assert_array_equal(values[0, :16], 0)
    np.testing.assert_array_equal(values[0, 16:], 1)


def test_patch_of_an_empty_box_is_one_pixel() -> None:
    square = patch_box(Box(5, 5, 5, 5), PatchSpec(size_px=32))
    assert (square.height_px, square.width_px) == (1, 1)


def test_equalised_patch_does_not_depend_on_the_window() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(1, 30_000, (128, 128)).astype(np.uint16)
    brighter = (image * 2).astype(np.uint16)
    spec = PatchSpec(size_px=64, equalise=Equalise.HISTOGRAM)
    first, _ = prepare_patch(image, Box(40, 40, 80, 80), spec)
    second, _ = prepare_patch(brighter, Box(40, 40, 80, 80), spec)
    assert np.abs(first - second).max() < 0.02
    assert np.quantile(first, 0.5) == pytest.approx(0.5, abs=0.05)


def test_equalising_black_gives_black() -> None:
    np.testing.assert_array_equal(equalise(np.zeros((4, 4), np.float32)), 0)


def test_spec_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError):
        ImageSpec.model_validate({"rows": 64, "columns": 64, "sharpen": True})
    with pytest.raises(ValidationError, match="multiple of 32"):
        ImageSpec(rows=70, columns=64)
    with pytest.raises(ValidationError):
        Preprocess.model_validate({"image": {"rows": 64, "columns": 64, "std": 0}})


def test_standardised_patch_does_not_depend_on_the_window() -> None:
    rng = np.random.default_rng(3)
    dim = (5_000 + rng.integers(0, 10_000, (64, 64))).astype(np.uint16)
    bright = (dim.astype(np.uint32) * 3 + 700).astype(np.uint16)
    spec = PatchSpec(size_px=32, context=1.0, equalise=Equalise.STANDARD)
    box = Box(0, 0, 64, 64)
    np.testing.assert_allclose(prepare_patch(dim, box, spec)[0], prepare_patch(bright, box, spec)[0], atol=1e-3)


def test_standardised_black_stays_black() -> None:
    half = np.zeros((64, 64), np.uint16)
    half[:, 32:] = 30_000
    half[::2, 32:] = 34_000
    spec = PatchSpec(size_px=64, context=1.0, equalise=Equalise.STANDARD)
    values, _ = prepare_patch(half, Box(0, 0, 64, 64), spec)
    assert (values[0, :, :32] == 0).all()
    assert values[0, :, 32:].mean() == pytest.approx(0.5, abs=1e-3)
    assert not prepare_patch(np.zeros((64, 64), np.uint16), Box(0, 0, 64, 64), spec)[0].any()


def test_detail_finer_than_the_spec_is_averaged_away() -> None:
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 60_000).astype(np.uint16)
    spec = PatchSpec(size_px=64, context=1.0, finest_mm=0.2)
    box = Box(0, 0, 64, 64)
    assert prepare_patch(board, box, spec, spacing_mm=(0.1, 0.1))[0].std() < 0.01
    np.testing.assert_array_equal(
        prepare_patch(board, box, spec)[0], prepare_patch(board, box, spec, spacing_mm=(0.2, 0.2))[0]
    )
