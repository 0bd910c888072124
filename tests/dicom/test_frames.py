"""One frame is read without the others, from every syntax, and what is cut off is known before it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from volumes import written

from mammoview.core.errors import DecodeError, TruncatedError
from mammoview.core.study import Mammogram
from mammoview.dicom import frames as frames_module
from mammoview.dicom.create_volume import VolumeSyntax
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header, scan


def assert_frames(image: Mammogram, stored: list[np.ndarray]) -> None:
    assert image.volume is not None
    for position, number in enumerate(image.volume.stored):
        np.testing.assert_array_equal(decode(image, position).pixels, stored[number])


@pytest.mark.meets("MG-I08")
@pytest.mark.parametrize("has_table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("syntax", list(VolumeSyntax))
def test_each_frame_alone(tmp_path: Path, syntax: VolumeSyntax, has_table: bool) -> None:
    stored = written(tmp_path / "v.dcm", 5, syntax=syntax, has_offset_table=has_table)
    assert_frames(read_header(tmp_path / "v.dcm"), stored)


@pytest.mark.meets("MG-I08")
@pytest.mark.parametrize("syntax", [VolumeSyntax.NATIVE, VolumeSyntax.JPEG_LS])
def test_no_other_frame_is_read(tmp_path: Path, syntax: VolumeSyntax, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes of the other frames are overwritten: they play no part."""
    path = tmp_path / "v.dcm"
    stored = written(path, 4, syntax=syntax)
    image = read_header(path)
    with path.open("rb") as file:
        dataset = dcmread(file, stop_before_pixels=True)
        table = frames_module.frame_table(dataset, file, path.stat().st_size)
    assert table is not None
    content = bytearray(path.read_bytes())
    for number in (0, 1, 3):
        for start, length in table.spans[number]:
            content[start : start + length] = bytes(length)
    path.write_bytes(content)
    np.testing.assert_array_equal(decode(image, 2).pixels, stored[2])


def test_pieces_without_a_table_are_told_apart_by_their_markers(tmp_path: Path) -> None:
    path = tmp_path / "v.dcm"
    stored = written(path, 3, syntax=VolumeSyntax.JPEG_LS)
    dataset = dcmread(path)
    parts = list(generate_frames(dataset.PixelData, number_of_frames=3))
    dataset.PixelData = encapsulate(parts, fragments_per_frame=2, has_bot=False)
    dataset.save_as(path)
    assert_frames(read_header(path), stored)
    dataset.PixelData = encapsulate(parts, fragments_per_frame=2, has_bot=True)
    dataset.save_as(path)
    assert_frames(read_header(path), stored)


def test_an_extended_offset_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "v.dcm"
    stored = written(path, 3, syntax=VolumeSyntax.JPEG_LS)
    dataset = dcmread(path)
    parts = list(generate_frames(dataset.PixelData, number_of_frames=3))
    parts = [part + b"\0" * (len(part) % 2) for part in parts]
    offsets = np.cumsum([0, *(len(part) + 8 for part in parts[:-1])]).astype("<u8")
    dataset.ExtendedOffsetTable = offsets.tobytes()
    dataset.ExtendedOffsetTableLengths = np.array([len(part) for part in parts], "<u8").tobytes()
    dataset.PixelData = encapsulate(parts, has_bot=False)
    dataset.save_as(path)
    assert_frames(read_header(path), stored)


@pytest.mark.meets("MG-I08")
@pytest.mark.parametrize("has_table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("syntax", list(VolumeSyntax))
def test_the_frames_that_a_cut_off_file_holds_are_shown(tmp_path: Path, syntax: VolumeSyntax, has_table: bool) -> None:
    path = tmp_path / "v.dcm"
    heights = (5.0, 4.0, 3.0, 2.0, 1.0)
    stored = written(path, 5, heights=heights, syntax=syntax, has_offset_table=has_table)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - len(whole) // 8])
    image = read_header(path)
    assert image.volume is not None
    left = image.frames
    assert 1 <= left < 5
    assert image.volume.stored == tuple(reversed(range(left)))
    assert image.volume.depths_mm == tuple(float(k) for k in range(left))
    assert any(f"{left} of 5 frames" in said for said in image.volume.warnings)
    assert_frames(image, stored)


def test_a_file_cut_off_before_its_first_frame_is_one_clear_problem(tmp_path: Path) -> None:
    path = tmp_path / "v.dcm"
    written(path, 3, syntax=VolumeSyntax.JPEG_LS)
    content = path.read_bytes()
    with path.open("rb") as file:
        dcmread(file, stop_before_pixels=True)
        pixels = file.tell()
    path.write_bytes(content[: pixels + 40])
    (problem,) = scan([path]).problems
    assert problem.code == TruncatedError.code
    assert "first frame" in problem.message


def test_a_file_that_shrinks_after_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "v.dcm"
    written(path, 4)
    image = read_header(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 900])
    with pytest.raises(TruncatedError, match="ends before"):
        decode(image, 3)


def test_one_damaged_frame_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "v.dcm"
    stored = written(path, 3, syntax=VolumeSyntax.JPEG_2000)
    image = read_header(path)
    with path.open("rb") as file:
        table = frames_module.frame_table(dcmread(file, stop_before_pixels=True), file, path.stat().st_size)
    assert table is not None
    content = bytearray(path.read_bytes())
    start, length = table.spans[1][0]
    content[start : start + length] = bytes(length)
    path.write_bytes(content)
    with pytest.raises(DecodeError):
        decode(image, 1)
    np.testing.assert_array_equal(decode(image, 2).pixels, stored[2])


@pytest.mark.data
@pytest.mark.meets("MG-I08")
def test_the_hologic_header_holds_four_frames_and_describes_45(data: Path) -> None:
    image = read_header(data / "fixtures" / "dicom" / "hologic_bto_header_j2k.dcm")
    assert image.frames == 4
    assert any("describes 45 frames" in said and "holds 4" in said for said in image.warnings)
    seen = [decode(image, position).pixels for position in range(4)]
    assert all(frame.shape == (128, 128) and frame.max() > 0 for frame in seen)
    assert len({frame.tobytes() for frame in seen}) == 4
    # pydicom's own reading of the whole object, frame by frame.
    whole = dcmread(image.path)
    whole.NumberOfFrames = 4
    np.testing.assert_array_equal(np.stack(seen), whole.pixel_array)
