"""Suppression as a whole: native pixels out, the image untouched, blank and tiny images survived."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.findings import ArtifactKind
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.phantom import make_view
from mammoview.imaging.suppress import clean, suppress
from mammoview.imaging.workcopy import reduce


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (1, 900), (300, 200)])
@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_blank_images_have_no_breast(shape: tuple[int, int], value: int) -> None:
    image = np.full(shape, value, dtype=np.uint16)
    found = suppress(image, view=ViewPosition.MLO, laterality=None)
    assert not found.breast.to_array().any()
    assert found.breast.to_array().shape == shape
    assert found.pectoral is None
    assert found.pectoral_reason
    assert np.array_equal(clean(image, found), image)


def test_noise_does_not_crash() -> None:
    image = np.random.default_rng(0).integers(0, 65_535, (40, 30), dtype=np.uint16)
    assert suppress(image, view=ViewPosition.MLO, laterality=Laterality.LEFT).breast.rows == 40


def test_the_image_is_left_as_it_was_and_the_copy_loses_only_what_was_suppressed() -> None:
    image = make_view(4, view=ViewPosition.CC, rows=700, columns=569, is_film=True)
    before = image.pixels.copy()
    found = suppress(image.pixels, view=ViewPosition.CC, laterality=Laterality.LEFT)
    cleaned = clean(image.pixels, found)
    assert np.array_equal(image.pixels, before)
    suppressed = found.suppressed.to_array()
    assert not cleaned[suppressed].any()
    assert np.array_equal(cleaned[~suppressed], before[~suppressed])
    assert not (found.suppressed.to_array() & found.breast.to_array()).any()


def test_boxes_are_in_native_pixels() -> None:
    image = np.zeros((2000, 1600), dtype=np.uint16)
    row, col = np.mgrid[:2000, :1600]
    image[((row - 1000) / 800.0) ** 2 + (col / 900.0) ** 2 < 1] = 30_000
    image[200:260, 1300:1500] = 60_000
    found = suppress(image, view=ViewPosition.CC, laterality=None)
    assert len(found.artifacts) == 1
    box = found.artifacts[0].box
    assert np.allclose([box.row0, box.col0, box.row1, box.col1], [200, 1300, 260, 1500], atol=8)
    assert found.artifacts[0].area_px == pytest.approx(60 * 200, rel=0.25)


def test_a_side_against_the_laterality_is_no_problem() -> None:
    image = make_view(5, view=ViewPosition.MLO, laterality=Laterality.RIGHT, rows=512, columns=416)
    with_truth = suppress(image.pixels, view=ViewPosition.MLO, laterality=Laterality.RIGHT)
    against = suppress(image.pixels, view=ViewPosition.MLO, laterality=Laterality.LEFT)
    assert with_truth == against


def test_padding_is_no_breast() -> None:
    image = make_view(6, view=ViewPosition.CC, rows=512, columns=416).pixels
    padding = np.zeros(image.shape, dtype=bool)
    padding[:, 300:] = True
    bright = image.copy()
    bright[padding] = 65_535
    found = suppress(bright, view=ViewPosition.CC, laterality=None, padding=padding)
    assert not found.breast.to_array()[:, 305:].any()
    assert found.artifacts == ()


def test_air_that_the_vendor_marked_as_padding_is_background() -> None:
    view = make_view(6, view=ViewPosition.CC, rows=1024, columns=832)
    air = view.pixels == 0
    assert air.mean() > 0.3
    marked = suppress(view.pixels, view=ViewPosition.CC, laterality=None, padding=air)
    breast, truth = marked.breast.to_array(), view.truth.breast
    assert 2 * (breast & truth).sum() / (breast.sum() + truth.sum()) > 0.95
    assert marked.artifacts == ()


def test_a_small_image_is_not_reduced_and_a_large_one_is() -> None:
    small = reduce(np.zeros((80, 60), dtype=np.uint16))
    assert small.values.shape == (80, 60)
    large = reduce(np.zeros((4096, 3328), dtype=np.uint16))
    assert large.values.shape == (800, 650)
    assert large.enlarge(np.ones((800, 650), dtype=bool)).shape == (4096, 3328)


@pytest.mark.data
def test_digital_exam(data: Path) -> None:
    for path in sorted((data / "fixtures" / "ffdm_4view").glob("*.png")):
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert gray is not None
        view = ViewPosition.MLO if "MLO" in path.stem else ViewPosition.CC
        found = suppress(gray.astype(np.uint16) * 257, view=view, laterality=None)
        breast = found.breast.to_array()
        assert 0.3 < breast.mean() < 0.7
        # The side letters stand in the upper right corner of all four.
        letters = [one for one in found.artifacts if one.kind is ArtifactKind.LETTER]
        assert any(one.box.col0 > 0.6 * gray.shape[1] and one.box.row0 < 0.1 * gray.shape[0] for one in letters)
        assert not breast[:200, -300:].any()
        assert (found.pectoral is not None) == (view is ViewPosition.MLO)


@pytest.mark.data
def test_film_mammograms_keep_their_masses(data: Path) -> None:
    """Every 200th CBIS mammogram; the whole set is measured by ``python -m bench.suppression cbis``."""
    import json

    described = json.loads((data / "cbis_ddsm" / "mass_boxes.coco.json").read_text())
    inside = total = 0
    for image in described["images"][::200]:
        path = data / "cbis_ddsm" / "mammograms" / image["file_name"]
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert gray is not None
        mask = suppress(gray.astype(np.uint16) * 257, view=None, laterality=None).breast.to_array()
        assert mask.mean() < 0.85
        for mark in described["annotations"]:
            if mark["image_id"] == image["id"]:
                left, top, width, height = (round(length) for length in mark["bbox"])
                part = mask[top : top + height, left : left + width]
                inside, total = inside + int(part.sum()), total + part.size
    assert inside > 0.97 * total
