"""Stages that need no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from mammoview.core.geometry import Box
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.imaging.outline import outline
from mammoview.pipeline.stages import Stopwatch, area_mm2, paste, prepare


def test_outline_goes_around_the_largest_part() -> None:
    mask = np.zeros((20, 30), dtype=bool)
    mask[4:10, 6:16] = True
    mask[15:17, 20:22] = True
    points = np.array(outline(mask))
    assert points.min(axis=0).tolist() == [4.5, 6.5], "centres of the border's pixels"
    assert points.max(axis=0).tolist() == [9.5, 15.5]
    assert outline(np.zeros((4, 4), dtype=bool)) == ()


def test_area_counts_pixels_of_any_shape() -> None:
    mask = np.zeros((10, 10), dtype=bool)
    mask[:4, :5] = True
    assert area_mm2(mask, (0.5, 0.25)) == pytest.approx(2.5)
    assert area_mm2(mask, None) is None


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(2, 3, 6, 8), (slice(2, 6), slice(3, 8))),
        (Box(-2, -3, 2, 2), (slice(0, 2), slice(0, 2))),
        (Box(7, 8, 12, 14), (slice(7, 10), slice(8, 12))),
    ],
    ids=["inside", "over the upper left corner", "over the lower right corner"],
)
def test_paste_lays_a_crop_where_it_was_cut(box: Box, inside: tuple[slice, slice]) -> None:
    whole = np.arange(120).reshape(10, 12) % 3 == 0
    rows, cols = box.slices()
    padded = np.zeros((40, 40), dtype=bool)
    padded[10:20, 10:22] = whole
    crop = padded[rows.start + 10 : rows.stop + 10, cols.start + 10 : cols.stop + 10]
    laid = paste(crop, box, 10, 12)
    expected = np.zeros_like(whole)
    expected[inside] = whole[inside]
    assert np.array_equal(laid, expected)


def test_paste_outside_the_image_is_empty() -> None:
    assert not paste(np.ones((3, 3), dtype=bool), Box(20, 20, 23, 23), 10, 12).any()


def test_stopwatch_adds_and_keeps_the_order() -> None:
    watch = Stopwatch()
    with watch.stage("decode"):
        pass
    watch.add("classify", 0.5)
    watch.add("classify", 0.25)
    assert [name for name, _ in watch.as_pairs()] == ["decode", "classify"]
    assert watch.seconds["classify"] == 0.75


@pytest.mark.meets("MG-E02")
@pytest.mark.parametrize("has_window", [True, False], ids=["the header's window", "a computed window"])
def test_the_networks_see_padding_black_and_nothing_else_of_it(
    fixtures_dir: Callable[[str], Path], tmp_path: Path, has_window: bool
) -> None:
    """Two files that differ in their padding's value alone: all that the networks get must be the same numbers."""
    made = []
    for padding in (0, 4095):
        dataset = pydicom.dcmread(fixtures_dir("padding") / "single.dcm")
        pixels = dataset.pixel_array.copy()
        is_padding = pixels == dataset.PixelPaddingValue
        assert 0.1 < is_padding.mean() < 0.9
        # No tissue may have either value.
        pixels = np.clip(pixels, 1, 4094)
        pixels[is_padding] = padding
        dataset.PixelPaddingValue = padding
        dataset.PixelData = pixels.tobytes()
        if not has_window:
            for keyword in ("WindowCenter", "WindowWidth", "VOILUTSequence"):
                dataset.pop(keyword, None)
        dataset.save_as(tmp_path / f"{padding}.dcm")
        header = read_header(tmp_path / f"{padding}.dcm")
        assert np.array_equal(decode(header).padding, is_padding)
        made.append(prepare(header, is_scored=True))
        assert not made[-1].shown[is_padding].any()
        assert not made[-1].cleaned[is_padding].any()
    low, high = made
    assert low.has_breast
    assert np.ptp(low.cleaned) > 10_000
    np.testing.assert_array_equal(low.shown, high.shown)
    np.testing.assert_array_equal(low.cleaned, high.cleaned)
    assert low.candidates == high.candidates
    assert low.suppression == high.suppression
