"""Writing results: all or nothing."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from mammoview.core.errors import CancelledError, OutputError, Problem, UsageError
from mammoview.core.findings import ExamResult, ImageResult, Provenance, Suppression
from mammoview.core.image import Mask
from mammoview.core.study import Grayscale, Mammogram, ScanResult, SourceKind, Study
from mammoview.report.build import ResultWriter, write_result

IMAGE = Mammogram(
    id="1.2.3",
    path="/nowhere/a.png",
    relative_path="a.png",
    kind=SourceKind.RASTER,
    rows=30,
    columns=20,
    grayscale=Grayscale(bits_stored=16),
    study_uid="study",
)
SHOWN = np.full((30, 20), 40_000, np.uint16)
RESULT = ImageResult("1.2.3", warnings=("Not scored.",))
EXAM = ExamResult("study", "f", Provenance("mammoview", "cpu", "onnx", (), "2026-01-01T00:00:00+0000", 1.5), (RESULT,))
SCAN = ScanResult(
    (Study("study", "P", "", "", (IMAGE,)),), (Problem("b.txt", "not_an_image", "b.txt is no image.", "Open others."),)
)


def test_an_image_without_anything_found_is_written(tmp_path: Path) -> None:
    written = write_result(tmp_path / "out", SCAN, [EXAM], pixels={"1.2.3": SHOWN})
    content = json.loads(written.read_text(encoding="utf-8"))
    (image,) = content["studies"][0]["images"]
    assert image["breast"] is image["cleaned"] is image["pectoral"] is image["saliency"] is None
    assert (written.parent / image["overlay"]).is_file()
    assert content["errors"] == [
        {"path": "b.txt", "code": "not_an_image", "message": "b.txt is no image.", "hint": "Open others."}
    ]


def test_suppressed_pixels_are_black_in_the_cleaned_copy(tmp_path: Path) -> None:
    import cv2

    breast = np.zeros((30, 20), dtype=bool)
    breast[:, :12] = True
    suppression = Suppression(Mask.from_array(breast), (), Mask.from_array(~breast), pectoral_reason="A CC view.")
    found = ImageResult("1.2.3", suppression=suppression)
    exam = ExamResult("study", "f", EXAM.provenance, (found,))
    written = write_result(tmp_path / "out", SCAN, [exam], pixels={"1.2.3": SHOWN})
    (image,) = json.loads(written.read_text(encoding="utf-8"))["studies"][0]["images"]
    cleaned = cv2.imread(str(written.parent / image["cleaned"]), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(cleaned, np.where(breast, SHOWN, 0))
    mask = cv2.imread(str(written.parent / image["breast"]["mask"]), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(mask > 0, breast)
    assert image["pectoral_reason"] == "A CC view."


def test_the_folder_holds_the_result_and_nothing_else(tmp_path: Path) -> None:
    write_result(tmp_path / "out", SCAN, [EXAM], pixels={"1.2.3": SHOWN})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["result.json", "result_files"]


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.txt").write_text("keep")
    write_result(tmp_path, SCAN, [EXAM], pixels={"1.2.3": SHOWN})
    write_result(tmp_path, SCAN, [EXAM], pixels={"1.2.3": SHOWN}, overwrite=True)
    assert (tmp_path / "images" / "mine.txt").read_text() == "keep"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        ResultWriter(tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError) as told:
        ResultWriter(tmp_path / "out")
    assert "permissions" in told.value.hint


def test_a_cancel_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_result(out, SCAN, [EXAM], pixels={"1.2.3": SHOWN})
    before = (out / "result.json").read_bytes()
    with pytest.raises(CancelledError):
        write_result(out, SCAN, [EXAM], pixels={"1.2.3": SHOWN}, overwrite=True, cancel=lambda: True)
    assert (out / "result.json").read_bytes() == before
    assert sorted(path.name for path in out.iterdir()) == ["result.json", "result_files"]


def test_a_disk_that_fills_at_the_last_file_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_result(out, SCAN, [EXAM], pixels={"1.2.3": SHOWN})
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError) as told:
        write_result(out, SCAN, [EXAM], pixels={"1.2.3": SHOWN}, overwrite=True)
    assert "space" in told.value.hint
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
