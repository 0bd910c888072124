"""Results of pictures leave as tables and masks that need no patient (MG-K04)."""

from __future__ import annotations

import csv
import gzip
import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.findings import ExamResult, ImageResult, Provenance, Suppression
from mammoview.core.image import Mask
from mammoview.core.study import Grayscale, Mammogram, ScanResult, SourceKind, Study
from mammoview.report.build import write_result

IMAGE = Mammogram(
    id="1.2.3",
    path="/nowhere/=1+1.png",
    relative_path="=1+1.png",
    kind=SourceKind.RASTER,
    rows=30,
    columns=20,
    grayscale=Grayscale(bits_stored=16),
    study_uid="study",
)
BREAST = np.zeros((30, 20), dtype=bool)
BREAST[4:9, :12] = True


def written(folder: Path, image: Mammogram) -> Path:
    suppression = Suppression(Mask.from_array(BREAST), (), Mask.from_array(~BREAST), pectoral_reason="A CC view.")
    found = ImageResult("1.2.3", suppression=suppression)
    exam = ExamResult("study", "f", Provenance("m", "cpu", "onnx", (), "2026-01-01T00:00:00+0000", 1.5), (found,))
    scan = ScanResult((Study("study", "P", "", "", (image,)),))
    shown = np.full((30, 20), 40_000, np.uint16)
    return write_result(folder / "out", scan, [exam], pixels={"1.2.3": shown}).parent


@pytest.mark.meets("MG-K04")
@pytest.mark.parametrize("spacing", [None, (0.07, 0.05)])
def test_masks_of_pictures_are_nifti_files(tmp_path: Path, spacing: tuple[float, float] | None) -> None:
    """Read back by the offsets of nifti1.h."""
    folder = written(tmp_path, replace(IMAGE, spacing_mm=spacing)) / "result_files"
    (path,) = folder.glob("*.nii.gz")
    data = gzip.decompress(path.read_bytes())
    assert struct.unpack_from("<i", data, 0) == (348,)
    assert data[344:348] == b"n+1\0"
    assert struct.unpack_from("<3h", data, 40) == (2, 20, 30)
    assert struct.unpack_from("<2h", data, 70) == (2, 8)
    steps = (0.05, 0.07) if spacing else (1.0, 1.0)
    assert struct.unpack_from("<2f", data, 80) == pytest.approx(steps)
    assert struct.unpack_from("<f", data, 108) == (352.0,)
    assert data[123] & 7 == (2 if spacing else 0)
    assert struct.unpack_from("<2h", data, 252) == (0, 0)
    assert data[348:352] == bytes(4)
    # The first axis runs fastest.
    voxels = np.frombuffer(data, np.uint8, offset=352).reshape((20, 30), order="F")
    np.testing.assert_array_equal(voxels.T, BREAST)


@pytest.mark.meets("MG-K04")
def test_a_table_has_a_row_for_each_image_and_no_formula(tmp_path: Path) -> None:
    folder = written(tmp_path, IMAGE)
    with (folder / "result_files" / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["path"] == "'=1+1.png"
    assert row["finding"] == ""
    assert len(json.loads((folder / "result.json").read_text(encoding="utf-8"))["studies"][0]["images"]) == 1


@pytest.mark.meets("MG-K04")
def test_no_dicom_object_is_made_of_a_picture(tmp_path: Path) -> None:
    files = [path for path in written(tmp_path, IMAGE).rglob("*") if path.is_file()]
    assert {"".join(path.suffixes) for path in files} == {".json", ".csv", ".png", ".nii.gz"}
    assert not any(path.read_bytes()[128:132] == b"DICM" for path in files)
