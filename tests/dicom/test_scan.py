from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.fileset import FileSet

from mammoview.core.errors import CancelledError
from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import TRUTH_MARKER, read_header, scan

Make = Callable[..., Path]


def codes(result) -> list[str]:
    return [problem.code for problem in result.problems]


def test_a_folder_becomes_one_study_with_paths_relative_to_it(make_mg: Make, tmp_path: Path) -> None:
    make_mg("a/one.dcm")
    make_mg("a/b/two.dcm", ImageLaterality="R")
    result = scan([tmp_path])
    (study,) = result.studies
    assert [image.label for image in study.images] == ["LCC", "RCC"]
    assert {image.relative_path for image in study.images} == {"a/one.dcm", str(Path("a/b/two.dcm"))}
    assert not result.problems


def test_two_patients_never_share_a_study(make_mg: Make, tmp_path: Path) -> None:
    make_mg("one.dcm")
    make_mg("two.dcm", PatientID="another")
    assert len(scan([tmp_path]).studies) == 2


def test_newest_study_comes_first(make_mg: Make, tmp_path: Path) -> None:
    make_mg("old.dcm", StudyInstanceUID="1.9", StudyDate="20240101")
    make_mg("new.dcm", StudyInstanceUID="1.8", StudyDate="20260101")
    assert [study.date for study in scan([tmp_path]).studies] == ["20260101", "20240101"]


def test_the_same_file_given_twice_is_read_once(make_mg: Make, tmp_path: Path) -> None:
    path = make_mg()
    result = scan([path, tmp_path])
    assert len(result.studies[0].images) == 1
    assert not result.problems


def test_a_copy_of_an_image_is_told(make_mg: Make, tmp_path: Path) -> None:
    path = make_mg("one.dcm")
    (tmp_path / "two.dcm").write_bytes(path.read_bytes())
    assert codes(scan([tmp_path])) == ["duplicate"]


def test_a_dicomdir_leads_to_its_images(make_mg: Make, tmp_path: Path) -> None:
    files = FileSet()
    for name in ("one.dcm", "two.dcm"):
        dataset = dcmread(make_mg(name))
        dataset.StudyTime, dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "120000", "1", 1, 1
        files.add(dataset)
    disc = tmp_path / "disc"
    files.write(disc)
    with warnings.catch_warnings():
        # pydicom leaves a folder of its own to the collector, which says so.
        warnings.simplefilter("ignore", ResourceWarning)
        del files
        gc.collect()
    result = scan([disc / "DICOMDIR"])
    assert len(result.studies[0].images) == 2
    assert not result.problems
    assert len(scan([disc]).studies[0].images) == 2


def test_a_dicomdir_may_not_lead_outside(make_mg: Make, tmp_path: Path) -> None:
    outside = make_mg("outside.dcm")
    record = Dataset()
    record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["..", outside.name]
    directory = dcmread(outside)
    del directory.PixelData
    directory.DirectoryRecordSequence = [record]
    (tmp_path / "disc").mkdir()
    directory.save_as(tmp_path / "disc" / "DICOMDIR")
    result = scan([tmp_path / "disc" / "DICOMDIR"])
    assert not result.studies
    assert codes(result) == ["input"]


def damaged(make_mg: Make, folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.dcm"
    whole = make_mg("whole.dcm", pixels=np.zeros((64, 64), np.uint16)).read_bytes()
    (folder / "whole.dcm").unlink()
    content = {
        "empty": b"",
        "text": b"not an image at all " * 20,
        "cut": whole[:-4000],
        "cut in the header": whole[:300],
        "garbage header": whole[:140] + bytes(range(256)) * 4,
    }
    path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "cut in the header", "garbage header"])
def test_a_damaged_file_costs_one_message_and_no_other_file(make_mg: Make, tmp_path: Path, kind: str) -> None:
    path = damaged(make_mg, tmp_path, kind)
    make_mg("good.dcm")
    result = scan([tmp_path])
    assert len(result.studies) == 1
    (problem,) = result.problems
    assert problem.path == str(path)
    assert str(path) in problem.message
    assert problem.hint


def test_an_object_without_pixels_is_told(make_mg: Make) -> None:
    assert codes(scan([make_mg(PixelData=None)])) == ["no_pixels"]


def test_a_claimed_size_that_the_file_cannot_hold_is_refused(make_mg: Make) -> None:
    result = scan([make_mg(Rows=60_000, Columns=60_000)])
    assert codes(result) == ["truncated"]
    assert "claims" in result.problems[0].message


def test_an_empty_folder_and_a_missing_path_are_told(tmp_path: Path) -> None:
    assert codes(scan([tmp_path, tmp_path / "nowhere"])) == ["empty_folder", "unreadable"]


def test_a_file_without_permission_is_told(make_mg: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, whom no permission stops: the refusal is made by hand.
    path = make_mg()
    opened = Path.open

    def refuse(self: Path, *args, **kwargs):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    assert codes(scan([path])) == ["unreadable"]


def test_a_folder_of_truth_is_passed_over(make_mg: Make, tmp_path: Path) -> None:
    make_mg("one.dcm")
    make_mg("truth/mask.dcm")
    (tmp_path / "truth" / TRUTH_MARKER).touch()
    assert len(scan([tmp_path]).studies[0].images) == 1


def test_links_in_a_circle_end(make_mg: Make, tmp_path: Path) -> None:
    make_mg("folder/one.dcm")
    (tmp_path / "folder" / "again").symlink_to(tmp_path)
    assert len(scan([tmp_path]).studies[0].images) == 1


def test_progress_is_told_and_cancel_is_obeyed(make_mg: Make) -> None:
    told: list[float] = []
    path = make_mg()
    scan([path], lambda fraction, text: told.append(fraction))
    assert told == [0.0, 1.0]
    with pytest.raises(CancelledError):
        scan([path], cancel=lambda: True)


@pytest.mark.meets("MG-A07")
def test_what_was_inferred_is_logged_without_names(
    make_mg: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mg("told.dcm", SOPInstanceUID="1.2.1")
    make_mg("fallback.dcm", SOPInstanceUID="1.2.2", ViewCodeSequence=None, ViewPosition="MLO")
    # The program's own set-up of its log, in another test, may have cut it off from the root.
    monkeypatch.setattr(logging.getLogger("mammoview"), "propagate", True)
    with caplog.at_level(logging.INFO, logger="mammoview"):
        scan([tmp_path])
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("image ")]
    assert len(said) == 1
    assert said[0].endswith(": view MLO from View Position (0018,5101)")
    assert "1.2.2" not in caplog.text
    assert "Test^Patient" not in caplog.text


@pytest.mark.meets("MG-A07")
def test_a_dicom_files_name_is_no_evidence(make_mg: Make, tmp_path: Path) -> None:
    make_mg("case7_RMLO.dcm", ViewCodeSequence=None, ImageLaterality=None)
    ((image,),) = (study.images for study in scan([tmp_path]).studies)
    assert (image.view, image.laterality, image.label, image.inferred) == (None, None, "??", ())


@pytest.mark.meets("MG-A07", "MG-K01")
def test_pictures_hang_by_their_names(tmp_path: Path) -> None:
    for name in ("case7_RCC.png", "case7_L-MLO.png", "case8_LEFT_CC.png", "portrait.png"):
        Image.fromarray(np.full((8, 6), len(name), np.uint8)).save(tmp_path / name)
    studies = {study.patient_id: study for study in scan([tmp_path]).studies}
    assert set(studies) == {"case7", "case8", "portrait.png"}
    by_label = {image.label: image for image in studies["case7"].images}
    assert set(by_label) == {"RCC", "LMLO"}
    assert by_label["RCC"].laterality is Laterality.RIGHT
    assert by_label["LMLO"].view is ViewPosition.MLO
    assert {entry.source for entry in by_label["RCC"].inferred} == {"file name"}


@pytest.mark.data
def test_real_folders_open(data: Path) -> None:
    (study,) = scan([data / "fixtures" / "ffdm_4view"]).studies
    assert [image.label for image in study.images] == ["LCC", "LMLO", "RCC", "RMLO"]
    result = scan([data / "fixtures" / "dicom"])
    assert [image.label for study in result.studies for image in study.images] == ["RMLO", "LCC"]
    assert not result.problems or codes(result) == ["not_an_image"] * len(result.problems)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_the_mask_of_one_lesion_is_no_broken_picture(tmp_path: Path, mode: str) -> None:
    """All but empty, at the size of a mammogram: a few kilobytes hold it."""
    mask = Image.new(mode, (3328, 4096))
    mask.paste(255, (900, 1800, 1000, 1900))
    mask.save(tmp_path / "mask.png")
    assert (tmp_path / "mask.png").stat().st_size < 20_000
    header = read_header(tmp_path / "mask.png")
    assert (header.rows, header.columns) == (4096, 3328)
    assert decode(header).pixels.astype(bool).sum() == 100 * 100
