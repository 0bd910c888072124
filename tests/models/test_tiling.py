"""Windows over a whole image, and what they say together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mammoview.core.geometry import Box
from mammoview.models.architectures import BCirUNetSizes
from mammoview.models.networks.bcir_unet import BCirUNet
from mammoview.models.preprocess import Equalise, PatchSpec, SlidingSpec, prepare_frame, prepare_patch, prepare_window
from mammoview.models.tiling import Blend, windows_of


def blended(whole: np.ndarray, *, size_px: int, overlap: float) -> np.ndarray:
    """What windows of a map say of it together, shape (channels, rows, columns)."""
    covered, windows = windows_of(*whole.shape[1:], size_px=size_px, overlap=overlap)
    padded = np.zeros((len(whole), *covered), np.float32)
    padded[:, : whole.shape[1], : whole.shape[2]] = whole
    blend = Blend((len(whole), *covered))
    for window in windows:
        blend.add(padded[(slice(None), *window)], window)
    return blend.mean()[:, : whole.shape[1], : whole.shape[2]]


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("shape", [(64, 64), (65, 63), (200, 130), (10, 300)])
def test_windows_give_back_a_constant_and_a_slope(overlap: float, shape: tuple[int, int]) -> None:
    row, col = np.mgrid[: shape[0], : shape[1]]
    maps = np.stack([np.full(shape, 0.7), 0.1 + row / 400 + col / 700]).astype(np.float32)
    assert blended(maps, size_px=64, overlap=overlap) == pytest.approx(maps, abs=1e-6)


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.5, 0.9])
def test_windows_cover_every_pixel_on_one_grid(overlap: float) -> None:
    (rows, columns), windows = windows_of(333, 96, size_px=96, overlap=overlap)
    seen = np.zeros((rows, columns), int)
    for window in windows:
        seen[window] += 1
    assert seen.min() >= 1
    assert (rows, columns) >= (333, 96)
    assert all(part.start % 16 == 0 for window in windows for part in window)
    assert len({window[0].start for window in windows}) == len(windows)


def test_the_middle_of_a_window_counts_most() -> None:
    blend = Blend((1, 32, 48))
    for value, start in ((0.0, 0), (1.0, 16)):
        blend.add(np.full((1, 32, 32), value, np.float32), (slice(0, 32), slice(start, start + 32)))
    across = blend.mean()[0, 16]
    assert across[:16].max() == 0
    assert across[32:].min() == 1
    assert (np.diff(across[16:32]) > 0).all()
    assert across[23] + across[24] == pytest.approx(1, abs=1e-6)


def test_where_no_window_lies_there_is_nothing() -> None:
    blend = Blend((1, 32, 64))
    blend.add(np.ones((1, 32, 32), np.float32), (slice(0, 32), slice(0, 32)))
    assert blend.mean()[0, :, 32:].max() == 0


def test_windows_are_one_pass_where_the_network_sees_no_further() -> None:
    """Of three windows of 384 along one axis the first alone covers 192 pixels, and its edge is out of their sight."""
    torch.manual_seed(0)
    network = BCirUNet(BCirUNetSizes(width=2)).eval()
    for weights in network.parameters():
        if weights.ndim > 1:
            # As large as training leaves them: what is far away counts, too.
            torch.nn.init.kaiming_normal_(weights)
    image = torch.rand(1, 1, 576, 32)
    (rows, columns), windows = windows_of(576, 32, size_px=384, overlap=0.5)
    assert (rows, columns) == (576, 384)
    padded = torch.nn.functional.pad(image, (0, columns - 32))
    blend = Blend((1, rows, columns))
    with torch.inference_mode():
        once = torch.sigmoid(network(padded))[0].numpy()
        for window in windows:
            blend.add(torch.sigmoid(network(padded[(..., *window)]))[0].numpy(), window)
    together = blend.mean()
    assert together[:, :192] == pytest.approx(once[:, :192], abs=1e-5)
    assert together[:, 384:] == pytest.approx(once[:, 384:], abs=1e-5)
    assert np.abs(together - once).max() > 1e-4, "between them it sees over an edge"


def breast_of(rows: int, columns: int) -> np.ndarray:
    mask = np.zeros((rows, columns), dtype=bool)
    mask[20:-20, 10:-30] = True
    return mask


def test_a_frame_has_the_pixel_size_of_the_windows() -> None:
    cleaned = np.full((240, 140), 30_000, np.uint16)
    spec = SlidingSpec(size_px=32, breast_px=50, mm_per_px=0.5)
    known, box = prepare_frame(cleaned, spec, breast=breast_of(240, 140), spacing_mm=(0.25, 0.2))
    assert box == Box(20, 10, 220, 110)
    assert known.shape == (100, 40)
    unknown, box = prepare_frame(cleaned, spec, breast=breast_of(240, 140))
    assert unknown.shape == (50, 25)
    by_breast = spec.model_copy(update={"mm_per_px": None})
    assert prepare_frame(cleaned, by_breast, breast=breast_of(240, 140), spacing_mm=(0.25, 0.2))[0].shape == (50, 25)
    assert unknown == pytest.approx(30_000)


def test_a_window_is_prepared_as_a_crop_is() -> None:
    cleaned = np.random.default_rng(0).integers(1, 65_535, (64, 64)).astype(np.uint16)
    for how in Equalise:
        patch = PatchSpec(size_px=64, context=1.0, equalise=how, mean=0.4, std=0.2, channels=3)
        spec = SlidingSpec.for_lesions(patch)
        assert (spec.size_px, spec.channels, spec.equalise, spec.mean, spec.std) == (64, 3, how, 0.4, 0.2)
        crop, _ = prepare_patch(cleaned, Box(0, 0, 64, 64), patch)
        assert prepare_window(cleaned.astype(np.float32), spec) == pytest.approx(crop, abs=1e-6)


def test_an_ordinary_lesion_is_as_large_in_a_window_as_in_a_crop() -> None:
    spec = SlidingSpec.for_lesions(PatchSpec(size_px=96, context=2.0), lesion_mm=15.0, breast_mm=160.0)
    assert spec.mm_per_px is not None
    assert 15.0 / spec.mm_per_px == pytest.approx(96 / 2.0)
    assert spec.breast_px * spec.mm_per_px == pytest.approx(160.0, rel=0.01)
