from __future__ import annotations

import numpy as np
import pytest

from mammoview.core.image import StoredImage, level_shapes
from mammoview.imaging import pyramid


def block_means(values: np.ndarray, side: int) -> np.ndarray:
    rows, columns = values.shape
    return values.reshape(rows // side, side, columns // side, side).mean(axis=(1, 3))


def test_levels_halve_until_they_are_small() -> None:
    assert level_shapes(4096, 3328) == ((4096, 3328), (2048, 1664), (1024, 832), (512, 416), (256, 208))
    assert level_shapes(257, 1) == ((257, 1), (129, 1))
    assert level_shapes(1, 1) == ((1, 1),)


def test_each_level_is_the_area_average() -> None:
    pixels = np.random.default_rng(1).integers(0, 65_536, (1024, 512), dtype=np.uint16)
    levels, padding = pyramid.build(StoredImage(pixels))
    assert padding == ()
    np.testing.assert_array_equal(levels[0], pixels)
    for k, level in enumerate(levels):
        assert level.dtype == np.uint16
        # Each halving rounds once, by at most a half.
        assert np.abs(level - block_means(pixels.astype(float), 2**k)).max() <= 0.5 * k


@pytest.mark.parametrize("shape", [(513, 600), (600, 513), (515, 1), (1, 700), (1025, 777)])
def test_odd_sizes_keep_every_pixel_in_its_place(shape) -> None:
    rows, columns = np.indices(shape)
    levels, _ = pyramid.build(StoredImage((rows * 20 + columns * 7).astype(np.uint16)))
    for k, level in enumerate(levels):
        # A ramp stays a ramp: pixel i of level k is centred on (i + 0.5)·2^k; the last ones cover less.
        inner = level[: shape[0] >> k, : shape[1] >> k]
        r, c = np.indices(inner.shape)
        expected = ((r + 0.5) * 2**k - 0.5) * 20 + ((c + 0.5) * 2**k - 0.5) * 7
        assert np.abs(inner - expected).max(initial=0) <= 0.5 * k + 1e-6
    assert levels[-1].shape == level_shapes(*shape)[-1]


def test_padding_stays_out_of_the_averages() -> None:
    random = np.random.default_rng(2)
    pixels = random.integers(1000, 4000, (1024, 1024), dtype=np.uint16)
    is_padding = random.random((1024, 1024)) < np.linspace(0, 1.2, 1024)[None, :]
    pixels[is_padding] = 60_000
    levels, padding = pyramid.build(StoredImage(pixels, padding=is_padding))
    assert len(padding) == len(levels)
    tissue = np.where(is_padding, 0.0, pixels)
    for k, (level, cover) in enumerate(zip(levels, padding, strict=True)):
        share = block_means(is_padding.astype(float), 2**k)
        assert cover.dtype == np.uint8
        assert np.abs(cover - 255 * share).max() <= 0.5 + 1e-3
        has_tissue = share < 1
        average = block_means(tissue, 2**k)[has_tissue] / (1 - share[has_tissue])
        assert np.abs(level[has_tissue] - average).max() <= 0.5 * k + 1e-2
        assert (level[~has_tissue] == 60_000).all()


def test_padding_at_an_odd_edge() -> None:
    pixels = np.full((603, 303), 500, np.uint16)
    is_padding = np.zeros(pixels.shape, bool)
    is_padding[601:, :] = is_padding[:, 301:] = True
    pixels[is_padding] = 9
    levels, padding = pyramid.build(StoredImage(pixels, padding=is_padding))
    assert (levels[1][:301, :151] == 500).all()
    assert padding[1][300, 0] == padding[1][0, 150] == 128
    assert padding[1][300, 150] == 191
    assert (padding[1][301, :] == 255).all()
    assert (padding[1][:300, :150] == 0).all()


def test_a_header_that_names_padding_which_no_pixel_has() -> None:
    levels = tuple(np.empty(shape, np.uint16) for shape in level_shapes(300, 300))
    padding = tuple(np.full(shape, 7, np.uint8) for shape in level_shapes(300, 300))
    pyramid.fill(StoredImage(np.ones((300, 300), np.uint16)), levels, padding)
    assert not any(level.any() for level in padding)
