"""The audit: each planted fault is found, nothing is found where nothing is, results come as they are known."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from case_makers import breast, write_dicom
from pydicom import dcmread
from pydicom.encaps import encapsulate

from mammoview.core.errors import CancelledError, InputError, ModelPackageError
from mammoview.core.image import StoredImage
from mammoview.core.progress import never_cancel, no_progress
from mammoview.dicom.pixels import decode
from mammoview.dicom.scan import read_header
from mammoview.training.tuning.audit import audit
from mammoview.training.tuning.audit_messages import (
    AUDIT,
    AuditReport,
    AuditRequest,
    ImageLook,
    Remark,
    RemarkKind,
    Severity,
    TableAudit,
    read_report,
)
from mammoview.training.tuning.expected import auc_error, expected_auc, expected_dice
from mammoview.training.tuning.files import CASES_REPORT
from mammoview.training.tuning.looks import Look, look_at
from mammoview.training.tuning.messages import CasesReport, RejectedRow, TuneTask
from mammoview.training.tuning.near import FINE, Doubles

HEAD = "path,patient,laterality,view,label,boxes,study_date,density\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two patients with four different images each."""
    folder = tmp_path / "project"
    rows = []
    for patient in "AB":
        for number, (side, view) in enumerate((s, v) for s in "LR" for v in ("CC", "MLO")):
            name = f"{patient}-{side}-{view}.dcm"
            seed = 10 * ord(patient) + number
            write_dicom(folder / name, patient=f"ID-{patient}", side=side, view=view, seed=seed)
            label = "malignant" if patient == "B" else "benign"
            rows.append(f"{name},{patient},{side},{view},{label},,2024-03-15,B")
    write_rows(folder, rows)
    return folder


def write_rows(folder: Path, rows: list[str]) -> None:
    (folder / "cases.csv").write_text(HEAD + "\n".join(rows) + "\n")


def rows_of(folder: Path) -> list[str]:
    return (folder / "cases.csv").read_text().splitlines()[1:]


def ran(folder: Path, **rest: object) -> tuple[AuditReport, list[object]]:
    told: list[object] = []
    request = AuditRequest(str(folder), **rest)  # type: ignore[arg-type]
    return audit(request, no_progress, never_cancel, told.append), told


def remarks(report: AuditReport, kind: RemarkKind) -> list[Remark]:
    return [remark for remark in report.remarks if remark.kind is kind]


def test_clean_cases_have_counts_and_no_remarks_but_their_number(project: Path) -> None:
    report, _ = ran(project, task=TuneTask.IMAGE)
    assert {remark.kind for remark in report.remarks} == {RemarkKind.TOO_FEW}
    counts = {
        tally.attribute: {count.value: (count.images, count.patients, count.malignant) for count in tally.counts}
        for tally in report.table.tallies
    }
    assert counts == {
        "label": {"benign": (4, 1, 0), "malignant": (4, 1, 4)},
        "view": {"CC": (4, 2, 2), "MLO": (4, 2, 2)},
        "laterality": {"L": (4, 2, 2), "R": (4, 2, 2)},
        "density": {"B": (8, 2, 4)},
        "marks": {"none": (8, 2, 4)},
        "vendor": {"ACME": (8, 2, 4)},
        "year": {"2024": (8, 2, 4)},
    }
    assert report.looked_at == 8
    assert read_report(project / AUDIT) == report


def test_rows_that_were_refused_before_are_told_with_their_reason(project: Path) -> None:
    refused = RejectedRow(9, "path", "there is no such file.", "Correct the path.")
    cases = CasesReport(images=8, patients=2, labelled=8, boxed=0, outlined=0, rejected=(refused,))
    (project / CASES_REPORT).write_text(json.dumps(asdict(cases)), encoding="utf-8")
    report, told = ran(project, reads_pixels=False)
    assert (report.table.refused, report.table.rejected, report.table.images) == ((refused,), (), 8)
    assert told[0].refused == (refused,)  # type: ignore[attr-defined]
    assert read_report(project / AUDIT) == report
    (project / CASES_REPORT).write_text("{", encoding="utf-8")
    assert ran(project, reads_pixels=False)[0].table.refused == ()


def test_results_come_as_they_are_known(project: Path) -> None:
    _, told = ran(project)
    assert isinstance(told[0], TableAudit)
    looks = [value for value in told if isinstance(value, ImageLook)]
    assert [look.image for look in looks] == list(range(8))
    assert all(look.thumbnail.startswith(b"\xff\xd8") for look in looks)
    assert len(list((project / "thumbs").glob("*.jpg"))) == 8
    # All of the table comes before any of the pixels.
    assert [isinstance(value, TableAudit) for value in told] == [True] + [False] * 8


def test_table_alone_reads_no_pixels(project: Path) -> None:
    for name in ("A-L-CC.dcm", "B-R-MLO.dcm"):
        path = project / name
        dataset = dcmread(path)
        dataset.PixelData = dataset.PixelData[:100]
        dataset.save_as(path)
    report, told = ran(project, reads_pixels=False)
    assert report.looked_at == 0
    assert not any(isinstance(value, ImageLook) for value in told)


def test_same_and_nearly_same_pictures_are_found_across_patients(project: Path) -> None:
    pixels = breast(10 * ord("A"), "L")
    write_dicom(project / "again.dcm", patient="ID-C", pixels=pixels, seed=901)
    smaller = cv2.resize(pixels, (150, 200), interpolation=cv2.INTER_AREA)
    brighter = np.ascontiguousarray(
        np.minimum(4095, smaller.astype(np.float64) ** 0.9 * 2.0).astype(np.uint16)[:, ::-1]
    )
    write_dicom(project / "export.dcm", patient="ID-D", side="R", pixels=brighter, seed=902)
    rows = [*rows_of(project), "again.dcm,C,L,CC,malignant,,,", "export.dcm,D,R,CC,benign,,,"]
    write_rows(project, rows)
    report, _ = ran(project)
    labels = {remark.images: remark.text for remark in remarks(report, RemarkKind.LABELS)}
    assert labels.keys() == {(0, 8), (8, 9)}
    assert labels[0, 8].startswith("The same pixels under two patients, A and C.")
    assert "malignant, the other benign" in labels[0, 8]
    assert [remark.images for remark in remarks(report, RemarkKind.NEAR_DUPLICATE)] == [(0, 9)]
    assert report.same_person == (("A", "C", "D"),)


def test_one_patient_id_under_two_names_is_one_person(project: Path) -> None:
    write_dicom(project / "more.dcm", patient="ID-A", seed=77)
    write_rows(project, [*rows_of(project), "more.dcm,A2,L,CC,benign,,,"])
    report, _ = ran(project)
    assert report.same_person == (("A", "A2"),)
    assert len(remarks(report, RemarkKind.SAME_PERSON)) == 1
    (project / "split.csv").write_text("patient,set\nA,training\nA2,validation\nB,test\n")
    report, _ = ran(project)
    (leak,) = remarks(report, RemarkKind.SPLIT_LEAK)
    assert leak.severity is Severity.STOP
    assert report.has_stops


def test_side_against_the_pixels_and_against_the_header(project: Path) -> None:
    write_dicom(project / "turned.dcm", patient="ID-E", side="R", pixels=breast(55, "L"))
    write_dicom(project / "other.dcm", patient="ID-F", side="L", pixels=breast(56, "L"))
    write_rows(project, [*rows_of(project), "turned.dcm,E,R,CC,benign,,,", "other.dcm,F,R,CC,benign,,,"])
    report, _ = ran(project)
    found = [(remark.images, "header" in remark.text) for remark in remarks(report, RemarkKind.LATERALITY)]
    assert sorted(found) == [((8,), False), ((9,), False), ((9,), True)]


def test_burned_in_text_is_found_in_pixels_and_header(project: Path) -> None:
    pixels = breast(61, shape=(480, 400))
    letters = np.zeros(pixels.shape, np.uint8)
    cv2.putText(letters, "DOE JANE 1960", (120, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    pixels[letters > 128] = 4000
    write_dicom(project / "text.dcm", patient="ID-G", pixels=pixels)
    write_dicom(project / "said.dcm", patient="ID-H", seed=62, BurnedInAnnotation="YES")
    write_rows(project, [*rows_of(project), "text.dcm,G,L,CC,benign,,,", "said.dcm,H,L,CC,benign,,,"])
    report, _ = ran(project)
    assert sorted(remark.images for remark in remarks(report, RemarkKind.BURNED_IN)) == [(8,), (9,)]


def test_labels_that_contradict_each_other(project: Path) -> None:
    rows = rows_of(project)
    rows[0] = "A-L-CC.dcm,A,L,CC,malignant,,2024-03-15,B"
    rows[2] = "A-R-CC.dcm,A,R,CC,benign,50 10 90 40 mass malignant,2024-03-15,B"
    write_rows(project, rows)
    report, _ = ran(project, reads_pixels=False)
    assert sorted((remark.severity, remark.images) for remark in remarks(report, RemarkKind.LABELS)) == [
        (Severity.NOTE, (0, 1)),
        (Severity.WARNING, (2,)),
    ]


def test_what_the_model_does_not_take_is_told_once_for_each_reason(project: Path) -> None:
    write_dicom(project / "ml.dcm", patient="ID-I", view="ML", seed=71)
    write_rows(project, [*rows_of(project), "ml.dcm,I,L,ML,benign,,,"])
    report, _ = ran(project, reads_pixels=False, parent="cbis-whole-image-1")
    (remark,) = remarks(report, RemarkKind.CONTRACT)
    assert remark.images == (8,)
    assert "ML views are not scored" in remark.text
    with pytest.raises(ModelPackageError):
        ran(project, parent="no-such-model")


def test_row_whose_image_is_gone_is_rejected_and_others_keep_their_places(project: Path) -> None:
    (project / "A-L-CC.dcm").unlink()
    dataset = dcmread(project / "A-L-MLO.dcm")
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.70"
    dataset.PixelData = encapsulate([b"no picture"])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(project / "A-L-MLO.dcm")
    report, told = ran(project)
    assert [(row.line, row.column) for row in report.table.rejected] == [(2, "path")]
    (broken,) = remarks(report, RemarkKind.UNREADABLE)
    assert broken.images == (1,)
    assert sorted(value.image for value in told if isinstance(value, ImageLook)) == [1, 2, 3, 4, 5, 6, 7]


def test_task_that_no_case_serves_stops(project: Path) -> None:
    report, _ = ran(project, task=TuneTask.SEGMENT, reads_pixels=False)
    assert report.has_stops
    assert "8 of 8 images lack outlines" in " ".join(remark.text for remark in report.remarks)


def test_audit_can_be_cancelled_and_needs_cases(project: Path, tmp_path: Path) -> None:
    asked = iter([False] * 3 + [True] * 9)
    with pytest.raises(CancelledError):
        audit(AuditRequest(str(project)), no_progress, lambda: next(asked), lambda value: None)
    assert not (project / AUDIT).exists()
    with pytest.raises(InputError):
        ran(tmp_path)


def test_hanley_and_mcneil_as_in_their_paper() -> None:
    # Hanley and McNeil 1982, table II: AUC 0.893 with 51 abnormal and 58 normal images: standard error 0.032.
    assert auc_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.0015)


def test_expected_interval_agrees_with_simulated_scores() -> None:
    rng = np.random.default_rng(3)
    positives, negatives = 40, 60
    # Two normal distributions this far apart have an area of 0.80.
    from mammoview.training.judging.metrics import auc

    labels = np.repeat([True, False], [positives, negatives])
    areas = [
        auc(labels, np.concatenate([rng.normal(1.1902, 1, positives), rng.normal(0, 1, negatives)]))
        for _ in range(2000)
    ]
    told = expected_auc(positives, negatives, None)
    low, high = np.percentile(areas, (2.5, 97.5))
    assert told.width == pytest.approx(high - low, abs=0.02)


def test_too_few_for_any_interval_is_said() -> None:
    for few in (1, 5):
        assert expected_auc(few, 30, None).width is None
        assert expected_dice(few, None).width is None
        assert "too small for any interval" in expected_auc(few, 30, None).sentence
    assert expected_auc(6, 30, None).width is not None
    wide, narrow = expected_dice(6, None), expected_dice(60, None)
    assert wide.width is not None
    assert narrow.width is not None
    assert wide.width == pytest.approx(narrow.width * 10**0.5)


def real(path: Path, change: str = "") -> Look:
    image = read_header(path)
    pixels = decode(image).pixels.astype(np.uint8)
    rows, columns = pixels.shape
    changed = {
        "": lambda: pixels,
        "jpeg": lambda: cv2.imdecode(cv2.imencode(".jpg", pixels, [1, 40])[1], cv2.IMREAD_GRAYSCALE),
        "half": lambda: cv2.resize(pixels, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA),
        "mirrored": lambda: np.ascontiguousarray(pixels[:, ::-1]),
        "inverse": lambda: 255 - pixels,
    }[change]()
    gray = replace(image.grayscale, is_inverse=change == "inverse")
    header = replace(image, rows=changed.shape[0], columns=changed.shape[1], grayscale=gray)
    return look_at(header, StoredImage(changed.astype(np.uint16), 0, None))


@pytest.mark.data
def test_real_exports_of_one_image_are_known_and_different_women_are_not(data: Path) -> None:
    paths = sorted((data / "cdd_cesm" / "images").glob("*_CC.jpg"))[:40]
    doubles = Doubles(len(paths) + 8)
    found = [double for place, path in enumerate(paths) for double in doubles.take(place, real(path))]
    assert found == []
    for number, change in enumerate(("jpeg", "half", "mirrored", "inverse")):
        pairs = doubles.take(len(paths) + number, real(paths[7], change))
        assert 7 in [pair.other for pair in pairs], change
        assert all(pair.likeness >= FINE for pair in pairs)


@pytest.mark.data
def test_real_labels_are_seen_and_a_clean_image_is_clean(data: Path) -> None:
    folder = data / "fixtures" / "density_jpg"
    seen = {path.name: real(path).characters for path in folder.rglob("*.jpg")}
    assert seen["sample_D1.jpg"] == 0
    assert sum(count >= 8 for count in seen.values()) == 15
