"""The job that reads cases: from each source to the project's table, rejected rows told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from case_makers import write_dicom, write_site

from mammoview.core.errors import CancelledError, InputError, OutputError
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.scan import read_header
from mammoview.training.cases.manifest import read_manifest
from mammoview.training.tuning.case_reading import read_cases
from mammoview.training.tuning.files import Files
from mammoview.training.tuning.messages import (
    CaseSource,
    CasesReport,
    CasesRequest,
    DateRule,
    ReadImage,
    ReadLesion,
    SourceKind,
)


def ran(folder: Path, source: CaseSource, **rest: object) -> CasesReport:
    folder.mkdir(exist_ok=True)
    request = CasesRequest(str(folder), source, **rest)  # type: ignore[arg-type]
    return read_cases(request, no_progress, never_cancel, lambda value: None)


def table_source(path: Path, **rest: object) -> CaseSource:
    return CaseSource(SourceKind.TABLE, str(path), **rest)  # type: ignore[arg-type]


def test_table_becomes_cases_and_bad_rows_are_told(tmp_path: Path) -> None:
    table = write_site(tmp_path / "site")
    with table.open("a") as file:
        file.write("images/0-L-CC.dcm,PAT0,L,CC,benign\nimages/absent.dcm,PAT9,L,CC,benign\n")
        file.write("images/1-L-CC.dcm,PAT1,Q,CC,perhaps\n")
    (tmp_path / "site" / "images" / "3-R-MLO.dcm").write_bytes(b"")
    report = ran(tmp_path / "project", table_source(table))
    assert (report.images, report.patients, report.labelled, report.boxed) == (15, 4, 15, 0)
    assert [row.line for row in report.rejected] == [17, 18, 19, 20, 20, 20]
    assert {row.column for row in report.rejected[:3]} == {"path"}
    assert {row.column for row in report.rejected[3:]} == {"path", "laterality", "label"}
    found = read_manifest(tmp_path / "project" / "cases.csv")
    assert len(found.cases) == 15
    assert sum(case.is_malignant is True for case in found.cases) == 4
    stored = json.loads((tmp_path / "project" / "cases.json").read_text())
    assert len(stored["rejected"]) == 6


def test_copies_are_of_nobody_and_stand_in_the_table(tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 2)
    assert cv2.imwrite(str(tmp_path / "site" / "m.png"), np.full((240, 180), 255, np.uint8))
    lines = table.read_text().splitlines()
    lines = [lines[0] + ",mask", lines[1] + ",m.png", *lines[2:]]
    table.write_text("\n".join(lines) + "\n")
    project = tmp_path / "project"
    stale = project / "images" / "old" / "old.dcm"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of an earlier choice")
    report = ran(project, table_source(table, is_copied=True, dates=DateRule.KEEP))
    assert not stale.exists()
    shutil.rmtree(tmp_path / "site")
    cases = read_manifest(project / "cases.csv").cases
    assert len(cases) == report.images == 8
    assert {case.patient for case in cases} == {read_header(case.path).patient_id for case in cases}
    assert not any("PAT" in case.patient or "PAT" in str(case.path.relative_to(project)) for case in cases)
    assert cases[0].mask is not None
    assert cases[0].mask.is_relative_to(project)
    assert str(cases[0].study_date) == "2024-03-15"
    by_tag = {(change.tag, change.action): change.images for change in report.changes}
    assert by_tag["(0010,0010)", "new name"] == 8


def test_the_same_patient_has_the_same_name_in_every_project(tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 2)
    names = []
    for project in ("one", "two"):
        ran(tmp_path / project, table_source(table, is_copied=True))
        names.append({case.patient for case in read_manifest(tmp_path / project / "cases.csv").cases})
    assert names[0] == names[1]


def test_full_disk_is_told_before_anything_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = write_site(tmp_path / "site", 2)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(OutputError, match="GiB"):
        ran(tmp_path / "project", table_source(table, is_copied=True))
    assert list((tmp_path / "project").iterdir()) == []


def test_cancelled_reading_leaves_the_last_table(tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 1)
    ran(tmp_path / "project", table_source(table))
    before = (tmp_path / "project" / "cases.csv").read_bytes()
    request = CasesRequest(str(tmp_path / "project"), table_source(table, is_copied=True))
    asked = iter([False] * 10 + [True] * 100)
    with pytest.raises(CancelledError):
        read_cases(request, no_progress, lambda: next(asked), lambda value: None)
    assert (tmp_path / "project" / "cases.csv").read_bytes() == before


def test_table_of_nothing_but_bad_rows_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,patient,laterality,view,label\nx.dcm,1,L,CC,benign\n")
    with pytest.raises(InputError, match="no file called"):
        ran(tmp_path / "project", table_source(tmp_path / "t.csv"))


def test_signed_reads_become_boxes_outlines_and_labels(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm")
    contour = ((40.0, 30.0), (40.0, 60.0), (80.0, 60.0), (80.0, 30.0))
    sides = (Laterality.LEFT, ViewPosition.CC)
    image = ReadImage(str(path), "P", *sides, True, (ReadLesion(contour, "mass"),), "20240315", "B")
    gone = ReadImage(str(tmp_path / "gone.dcm"), "P", *sides, False)
    report = ran(tmp_path / "project", CaseSource(SourceKind.WORKLIST), read=(image, image, gone))
    assert (report.images, report.labelled, report.boxed, report.outlined) == (1, 1, 1, 1)
    assert [row.line for row in report.rejected] == [2, 3]
    (case,) = read_manifest(tmp_path / "project" / "cases.csv").cases
    assert case.density == "B"
    assert case.mask is not None
    mask = cv2.imread(str(case.mask), cv2.IMREAD_UNCHANGED)
    assert mask[60, 45] == 255
    assert mask[20, 45] == 0
    assert case.lesions[0].box.area_px == 1200
    assert (report.ai_outlines, report.notes) == (0, ())


def test_outlines_that_a_model_drew_are_counted_and_told(tmp_path: Path) -> None:
    contour = ((40.0, 30.0), (40.0, 60.0), (80.0, 60.0), (80.0, 30.0))
    by_ai, by_hand = ReadLesion(contour, "mass", is_outlined_by_ai=True), ReadLesion(contour, "mass")
    sides = (Laterality.LEFT, ViewPosition.CC)
    path = str(write_dicom(tmp_path / "a.dcm"))
    twice = ReadImage(path, "P", *sides, True, (by_ai, by_hand))
    report = ran(
        tmp_path / "project", CaseSource(SourceKind.WORKLIST), read=(twice, twice), notes=("Two studies were hidden.",)
    )
    assert report.ai_outlines == 1
    assert report.notes[0] == "Two studies were hidden."
    assert "drew 1 of the outlines" in report.notes[1]
    assert Files(tmp_path / "project").ai_outlines() == 1


@pytest.mark.data
def test_public_collection_becomes_cases(data: Path, tmp_path: Path) -> None:
    report = ran(tmp_path / "project", CaseSource(SourceKind.COLLECTION, str(data / "cdd_cesm")))
    assert (report.images, report.outlined, report.rejected) == (270, 270, ())


def test_folder_of_no_known_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="CBIS-DDSM"):
        ran(tmp_path / "project", CaseSource(SourceKind.COLLECTION, str(tmp_path)))
