from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import TruncatedError, UnreadableError
from mammoview.core.image import level_shapes
from mammoview.core.study import Grayscale, Mammogram, SourceKind
from mammoview.session import blocks
from mammoview.session.blocks import Block, Layout, check_size, opened

SHM = Path("/dev/shm")
LAYOUT = Layout(700, 301, has_padding=True)


def names() -> set[str]:
    return {path.name for path in SHM.iterdir()}


def mammogram(path: Path, **more: object) -> Mammogram:
    fields: dict[str, object] = {"rows": 700, "columns": 301, "kind": SourceKind.DICOM} | more
    return Mammogram("1", str(path), grayscale=Grayscale(12, padding=(0, 0)), **fields)  # type: ignore[arg-type]


@pytest.fixture(params=["shared memory", "file"])
def block(request, monkeypatch, tmp_path) -> Block:
    if request.param == "file":
        monkeypatch.setattr(blocks, "_room_bytes", lambda: 64 * 2**10)
        monkeypatch.setattr(blocks.tempfile, "tempdir", str(tmp_path))
    return Block(LAYOUT)


def fill(block: Block) -> None:
    with opened(block.name, LAYOUT) as memory:
        levels, padding = LAYOUT.views(memory)
        for k, level in enumerate((*levels, *padding)):
            level[...] = k + 1
        del levels, padding, level


def test_what_the_child_writes_the_parent_reads(block, tmp_path) -> None:
    fill(block)
    levels, padding = block.take()
    assert block.name not in names(), "the name is gone as soon as the pixels are taken"
    assert not list(tmp_path.iterdir())
    shapes = level_shapes(700, 301)
    assert [level.shape for level in levels] == [level.shape for level in padding] == list(shapes)
    for k, level in enumerate((*levels, *padding)):
        assert (level == k + 1).all()


def test_one_small_view_keeps_the_memory_alive(block) -> None:
    fill(block)
    levels, padding = block.take()
    last = levels[1][3:5]
    del levels, padding, block
    gc.collect()
    np.testing.assert_array_equal(last, 2)


def test_the_memory_goes_with_the_last_view() -> None:
    def mapped() -> int:
        return sum("psm_" in line for line in Path("/proc/self/maps").read_text().splitlines())

    before = mapped()
    block = Block(LAYOUT)
    levels, padding = block.take()
    assert mapped() == before + 1
    del levels, padding
    assert mapped() == before


def test_a_block_that_nobody_takes_is_given_back(block, tmp_path) -> None:
    block.drop()
    block.drop()
    assert block.name not in names()
    assert not list(tmp_path.iterdir())


def test_taken_pixels_cannot_be_altered(block) -> None:
    levels, _ = block.take()
    with pytest.raises(ValueError, match="read-only"):
        levels[0][0, 0] = 1


def test_a_size_that_the_file_cannot_hold_is_refused_before_memory_is_taken(tmp_path) -> None:
    file = tmp_path / "a.dcm"
    file.write_bytes(bytes(100_000))
    check_size(mammogram(file, rows=2000, columns=2500))
    with pytest.raises(TruncatedError, match="50000 × 50000"):
        check_size(mammogram(file, rows=50_000, columns=50_000))
    with pytest.raises(TruncatedError):
        check_size(mammogram(file, rows=0))


def test_a_small_lie_and_a_well_packed_picture_pass(tmp_path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(bytes(28_000))
    check_size(mammogram(file, rows=1000, columns=1000))
    check_size(mammogram(file, rows=4096, columns=3328, kind=SourceKind.RASTER))


def test_a_file_that_is_gone_is_told(tmp_path) -> None:
    with pytest.raises(UnreadableError):
        check_size(mammogram(tmp_path / "gone"))
