"""Images that break while a net learns: passed over, remembered, and the same from then on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import InputError
from mammoview.training.cases.augment import Ranges
from mammoview.training.cases.lost import Lost
from mammoview.training.cases.samples import ImageBatches, ImageSet
from mammoview.training.cases.stored import open_images, store_images

COUNT, ROWS, COLUMNS = 7, 12, 10


@pytest.fixture
def stored(tmp_path: Path) -> ImageSet:
    rng = np.random.default_rng(0)
    names = np.array([f"p{number}" for number in range(COUNT)])
    pixels = rng.normal(size=(COUNT, ROWS, COLUMNS)).astype(np.float16)
    labels = np.arange(COUNT, dtype=np.int64) % 2
    store_images(ImageSet(pixels, labels, names, names, names, names=names), tmp_path / "images.npz")
    return open_images(tmp_path / "images.npz")


def damage(images: ImageSet, row: int) -> None:
    path = images.pixels.path  # type: ignore[attr-defined]
    with path.open("r+b") as file:
        file.seek(row * ROWS * COLUMNS * 2 + 5)
        file.write(b"????")


def seen(batches: ImageBatches, seed: int) -> list[np.ndarray]:
    return [batch.images.numpy() for batch in batches(np.random.default_rng(seed))]  # type: ignore[operator]


def test_rows_on_disk_read_like_an_array(stored: ImageSet) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(COUNT, ROWS, COLUMNS)).astype(np.float16)
    np.testing.assert_array_equal(stored.pixels[:], pixels)
    some = stored.select(stored.labels == 1)
    assert some.pixels.shape == (3, ROWS, COLUMNS)
    np.testing.assert_array_equal(some.pixels[2], pixels[5])


def test_a_row_that_was_changed_or_cut_off_is_refused(stored: ImageSet) -> None:
    damage(stored, 2)
    with pytest.raises(InputError, match="prepared image 3 is damaged"):
        stored.pixels[2]
    path = stored.pixels.path  # type: ignore[attr-defined]
    path.write_bytes(path.read_bytes()[: ROWS * COLUMNS * 2 * 4 + 7])
    assert stored.pixels[3].shape == (ROWS, COLUMNS)
    with pytest.raises(InputError, match="damaged"):
        stored.pixels[4]


def test_a_damaged_image_is_passed_over_counted_and_told_once(stored: ImageSet, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    lost = Lost(tmp_path, lambda name, reason: told.append((name, reason)))
    batches = ImageBatches(stored, 3, Ranges(), lost=lost)
    assert sum(len(batch) for batch in seen(batches, 1)) == 6
    damage(stored, 4)
    later = [sum(len(batch) for batch in seen(batches, seed)) for seed in (1, 2, 3)]
    assert all(count in (5, 6) for count in later)
    assert [name for name, _ in told] == ["p4"]
    assert len(lost) == 1
    assert sum(len(batch.labels if hasattr(batch, "labels") else batch.targets) for batch in batches.still()) == 6
    assert list(batches.patients) == ["p0", "p1", "p2", "p3", "p5", "p6"]


def test_an_epoch_is_the_same_whether_the_image_breaks_in_it_or_was_lost_before(
    stored: ImageSet, tmp_path: Path
) -> None:
    damage(stored, 4)
    breaks = ImageBatches(stored, 3, Ranges(), lost=Lost(tmp_path))
    first = seen(breaks, 1)
    # A run that goes on reads from its folder what was lost.
    again = seen(ImageBatches(stored, 3, Ranges(), lost=Lost(tmp_path)), 1)
    assert len(first) == len(again)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_without_a_list_a_damaged_image_ends_the_run(stored: ImageSet) -> None:
    damage(stored, 4)
    with pytest.raises(InputError):
        list(ImageBatches(stored, 3, Ranges()).still())
