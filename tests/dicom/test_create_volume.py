"""Written volumes are valid: `dciodvfy` finds no error, also under the IHE profile for tomosynthesis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from volumes import errors_of, image_header, make_frames, written

from mammoview.core.errors import OutputError
from mammoview.core.study import Laterality, ViewPosition, VoiFunction, VoiLut, VoiWindow
from mammoview.core.volume import SliceKind
from mammoview.dicom.create_volume import NewVolume, VolumeSyntax, write_volume


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML])
@pytest.mark.parametrize("side", list(Laterality))
def test_dciodvfy_finds_no_error(tmp_path: Path, view: ViewPosition, side: Laterality) -> None:
    path = tmp_path / "volume.dcm"
    written(path, image=image_header(view, side))
    assert errors_of(path) == []
    assert errors_of(path, "-profile", "IHEDBT") == []


@pytest.mark.parametrize("syntax", list(VolumeSyntax))
def test_every_syntax_is_valid_and_lossless(tmp_path: Path, syntax: VolumeSyntax) -> None:
    path = tmp_path / "volume.dcm"
    frames = written(path, syntax=syntax)
    assert errors_of(path, "-profile", "IHEDBT") == []
    np.testing.assert_array_equal(dcmread(path).pixel_array, np.stack(frames))


@pytest.mark.parametrize("kind", [SliceKind.THIN, SliceKind.SLAB, SliceKind.GENERATED_2D])
def test_every_kind_is_valid_under_the_profile(tmp_path: Path, kind: SliceKind) -> None:
    path = tmp_path / "volume.dcm"
    written(path, 1 if kind is SliceKind.GENERATED_2D else 3, kind=kind)
    assert errors_of(path, "-profile", "IHEDBT") == []


def test_windows_and_tables_of_single_frames_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "volume.dcm"
    windows = tuple((VoiWindow(100.0 * (k + 1), 50.0, VoiFunction.SIGMOID, f"W{k}"),) for k in range(3))
    written(path, 3, frame_windows=windows)
    assert errors_of(path, "-profile", "IHEDBT") == []
    tables = tuple(VoiLut(0, 16, (np.arange(1024) * 64 // (k + 1)).astype("<u2").tobytes(), f"T{k}") for k in range(3))
    written(path, 3, frame_luts=tables)
    assert errors_of(path) == []


def test_dciodvfy_is_asked_in_earnest(tmp_path: Path) -> None:
    path = tmp_path / "broken.dcm"
    written(path)
    dataset = dcmread(path)
    del dataset.SharedFunctionalGroupsSequence[0].FrameAnatomySequence
    dataset.save_as(path)
    assert errors_of(path)


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        written(tmp_path / name, syntax=VolumeSyntax.JPEG_LS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    header = NewVolume(image_header(), (0.0, 1.0))
    with pytest.raises(ValueError, match="2 heights for 3 frames"):
        write_volume(tmp_path / "x", make_frames(3), header)
    with pytest.raises(ValueError, match="frame 1 need more than 10 bits"):
        write_volume(tmp_path / "x", [make_frames(1)[0], np.full((4, 4), 1024, np.uint16)], header)
    with pytest.raises(OutputError, match="cannot be written"):
        write_volume(tmp_path / "absent" / "x", make_frames(2), replace(header))
