"""Masks read from pictures, and how well two of them agree."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import InputError, NotAnImageError, UnreadableError
from mammoview.imaging.truth import agreement, find_mask, read_mask


def half(rows: int = 40, columns: int = 30) -> np.ndarray:
    mask = np.zeros((rows, columns), dtype=bool)
    mask[:, : columns // 2] = True
    return mask


@pytest.mark.parametrize("name", ["m.png", "m.tif", "m.bmp"])
def test_a_written_mask_comes_back(tmp_path: Path, name: str) -> None:
    cv2.imwrite(str(tmp_path / name), half().astype(np.uint8) * 255)
    assert np.array_equal(read_mask(tmp_path / name, 40, 30), half())


def test_sixteen_bits_colours_and_the_blur_of_jpeg(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), half().astype(np.uint16) * 65_535)
    red = np.zeros((40, 30, 3), np.uint8)
    red[half(), 2] = 255
    cv2.imwrite(str(tmp_path / "red.png"), red)
    for name in ("deep.png", "red.png"):
        assert np.array_equal(read_mask(tmp_path / name, 40, 30), half())
    cv2.imwrite(str(tmp_path / "m.jpg"), half().astype(np.uint8) * 255, [cv2.IMWRITE_JPEG_QUALITY, 60])
    raw = cv2.imread(str(tmp_path / "m.jpg"), cv2.IMREAD_GRAYSCALE)
    assert raw is not None
    assert len(np.unique(raw)) > 2
    assert np.array_equal(read_mask(tmp_path / "m.jpg", 40, 30), half())


def test_the_threshold_is_127(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "m.png"), np.array([[126, 127, 128, 255]], np.uint8))
    assert read_mask(tmp_path / "m.png", 1, 4).tolist() == [[False, False, True, True]]


def test_what_is_no_mask_of_the_image_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "m.png"), half().astype(np.uint8) * 255)
    with pytest.raises(InputError, match=r"m.png has 40 × 30 pixels, the image 30 × 40") as told:
        read_mask(tmp_path / "m.png", 30, 40)
    assert told.value.hint
    for content in (b"", b"no picture"):
        (tmp_path / "x.png").write_bytes(content)
        with pytest.raises(NotAnImageError):
            read_mask(tmp_path / "x.png", 40, 30)
    with pytest.raises(UnreadableError):
        read_mask(tmp_path / "absent.png", 40, 30)


def test_masks_are_found_by_the_image_name(tmp_path: Path) -> None:
    for name in ("a.txt", "a_mask.png", "b.jpg"):
        (tmp_path / name).touch()
    assert find_mask(tmp_path, ("a",)) == tmp_path / "a_mask.png"
    assert find_mask(tmp_path, ("x", "b")) == tmp_path / "b.jpg"
    assert find_mask(tmp_path, ("c",)) is None
    assert find_mask(tmp_path / "b.jpg", ("b",)) == tmp_path / "b.jpg"
    assert find_mask(tmp_path / "b.jpg", ("a",)) is None


def test_agreement_of_masks() -> None:
    whole, none = np.ones((40, 30), dtype=bool), np.zeros((40, 30), dtype=bool)
    assert (agreement(half(), whole).dice, agreement(half(), whole).iou) == (pytest.approx(2 / 3), 0.5)
    assert (agreement(whole, whole).dice, agreement(whole, none).dice) == (1.0, 0.0)
    assert agreement(none, none).dice is agreement(none, none).iou is None
