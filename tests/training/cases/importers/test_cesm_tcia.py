"""CDD-CESM in the layout of The Cancer Imaging Archive, as a miniature."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from openpyxl import Workbook

from mammoview.core.errors import CancelledError, InputError
from mammoview.core.geometry import Box
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.case import Case, labelled, outline_mask, outlined
from mammoview.training.cases.importers import IMPORTERS, open_data
from mammoview.training.cases.importers.imported import Imported
from mammoview.training.cases.manifest import read_manifest, write_manifest
from mammoview.training.tuning.case_reading import read_cases
from mammoview.training.tuning.messages import CaseSource, CasesRequest, SourceKind, rows_of_all

LEFT, RIGHT, CC, MLO = Laterality.LEFT, Laterality.RIGHT, ViewPosition.CC, ViewPosition.MLO
LOW, SUBTRACTED = "Low energy images of CDD-CESM", "Subtracted images of CDD-CESM"
WORKBOOK, REGIONS = "Radiology-manual-annotations.xlsx", "Radiology_hand_drawn_segmentations_v2.csv"
SHAPE = (300, 200)
COLUMNS = (
    "Image_name",
    "Patient_ID",
    "Side",
    "Type",
    "Age",
    "Breast density (ACR)",
    "BIRADS",
    "Findings",
    "View",
    "Tags",
    "Machine",
    "Pathology Classification/ Follow up",
)
#: (name in the workbook, density, pathology); one ends in a space, as some do.
ROWS = (
    ("P1_L_DM_MLO", "C", "Malignant"),
    ("P1_L_CM_MLO", "_", "Malignant"),
    ("P1_R_DM_CC ", "C", "Normal"),
    ("P2_R_DM_MLO", "B", "Benign"),
    ("P2_R_CM_MLO", "_", "Benign"),
)
POLYGON = {"name": "polygon", "all_points_x": [40, 80, 80, 40], "all_points_y": [100, 100, 160, 160]}


def workbook(root: Path, rows: tuple[tuple[str, str, str], ...] = ROWS, name: str = WORKBOOK) -> None:
    """The sheet ``all`` behind another one."""
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "mass_description"
    first.append(("Image_name", "Mass shape"))
    first.append(("P1_L_DM_MLO", "Oval"))
    whole = book.create_sheet("all")
    whole.append(COLUMNS)
    for image, density, pathology in rows:
        patient, side, kind, view = image.strip().split("_")
        cells = (image, int(patient[1:]), side, {"CM": "CESM"}.get(kind, kind), 50, density, "4$2", "Mass", view, "", 1)
        whole.append((*cells, pathology))
    book.save(root / name)


def regions(root: Path, *shapes: tuple[str, object]) -> None:
    with (root / REGIONS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("#filename", "file_size", "region_count", "region_id", "region_shape_attributes"))
        for number, (name, shape) in enumerate(shapes):
            text = shape if isinstance(shape, str) else json.dumps(shape)
            writer.writerow((name, 1, len(shapes), number, text))


def pictures(root: Path, folder: str, kind: str) -> None:
    (root / folder).mkdir(parents=True)
    for seed, place in enumerate(("P1_L_{}_MLO", "P1_R_{}_CC", "P2_R_{}_MLO")):
        pixels = np.random.default_rng(seed).integers(0, 255, SHAPE).astype(np.uint8)
        assert cv2.imwrite(str(root / folder / f"{place.format(kind)}.jpg"), pixels)


@pytest.fixture
def cesm(tmp_path: Path) -> Path:
    """Two patients, three views; the malignant one has two regions, and its subtracted image one of its own."""
    root = tmp_path / "cesm"
    pictures(root, LOW, "DM")
    pictures(root, SUBTRACTED, "CM")
    workbook(root)
    regions(
        root,
        ("P1_L_DM_MLO.jpg", POLYGON),
        ("P1_L_DM_MLO .jpg", {"name": "circle", "cx": 150, "cy": 50, "r": 20}),
        ("P1_L_CM_MLO.jpg", {"name": "circle", "cx": 100, "cy": 250, "r": 30}),
        ("P2_R_DM_MLO.jpg", {"name": "point", "cx": 10, "cy": 10}),
        ("P1_R_DM_CC.jpg", {}),
    )
    return root


def imported(root: Path) -> Imported:
    return IMPORTERS["cesm_tcia"](root)


def named(found: Imported, name: str) -> Case:
    (case,) = (case for case in found.cases if case.path.stem == name)
    return case


def test_low_energy_images_become_cases(cesm: Path) -> None:
    found = imported(cesm)
    assert found.problems == ()
    assert open_data(cesm).cases == found.cases
    assert {case.path.parent.name for case in found.cases} == {LOW}
    assert [(case.patient, case.laterality, case.view, case.is_malignant, case.density) for case in found.cases] == [
        ("1", LEFT, MLO, True, "C"),
        ("1", RIGHT, CC, False, "C"),
        ("2", RIGHT, MLO, False, "B"),
    ]
    assert [case.path.stem for case in outlined(found.cases)] == ["P1_L_DM_MLO"]


def test_regions_become_outlines_of_their_own_image(cesm: Path) -> None:
    polygon, circle = named(imported(cesm), "P1_L_DM_MLO").lesions
    # x is the column.
    assert polygon.box == Box(100, 40, 160, 80)
    assert (polygon.kind, polygon.is_malignant) == (None, None)
    assert np.count_nonzero(outline_mask([circle], SHAPE)) == pytest.approx(math.pi * 20**2, rel=0.05)
    assert circle.box.centre == pytest.approx((50, 150))


@pytest.mark.parametrize(
    ("shape", "area", "box"),
    [
        ({"name": "rect", "x": 20, "y": 50, "width": 60, "height": 30}, 60 * 30, Box(50, 20, 80, 80)),
        ({"name": "polyline", "all_points_x": [10, 90, 10], "all_points_y": [10, 10, 90]}, 3200, Box(10, 10, 90, 90)),
        ({"name": "ellipse", "cx": 100, "cy": 150, "rx": 60, "ry": 20}, math.pi * 1200, Box(130, 40, 170, 160)),
        (
            {"name": "ellipse", "cx": 100, "cy": 150, "rx": 60, "ry": 20, "theta": math.pi / 2},
            math.pi * 1200,
            Box(90, 80, 210, 120),
        ),
        # Half of it lies beyond the edge.
        ({"name": "rect", "x": -30, "y": 50, "width": 60, "height": 30}, 30 * 30, Box(50, 0, 80, 30)),
    ],
)
def test_every_shape_of_the_annotator(cesm: Path, shape: dict[str, object], area: float, box: Box) -> None:
    regions(cesm, ("P2_R_DM_MLO.jpg", shape))
    (lesion,) = named(imported(cesm), "P2_R_DM_MLO").lesions
    assert np.count_nonzero(outline_mask([lesion], SHAPE)) == pytest.approx(area, rel=0.08)
    assert lesion.box.as_list() == pytest.approx(box.as_list(), abs=1)


def test_an_ellipse_turns_as_it_is_drawn(cesm: Path) -> None:
    """Turned by an eighth, from the x axis to the y axis: its long axis goes down to the right."""
    regions(
        cesm,
        ("P2_R_DM_MLO.jpg", {"name": "ellipse", "cx": 100, "cy": 150, "rx": 60, "ry": 10, "theta": math.pi / 4}),
    )
    mask = outline_mask(named(imported(cesm), "P2_R_DM_MLO").lesions, SHAPE)
    assert mask[150 + 35, 100 + 35]
    assert not mask[150 - 35, 100 + 35]
    assert np.count_nonzero(mask) == pytest.approx(math.pi * 600, rel=0.1)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("{", "makes no sense"),
        ({"name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [1, 2]}, "makes no sense"),
        ({"name": "cloud"}, "makes no sense"),
        ({"all_points_x": []}, "makes no sense"),
        ([1], "makes no sense"),
        ({"name": "rect", "x": 500, "y": 50, "width": 60, "height": 30}, "no area inside"),
    ],
)
def test_an_odd_region_is_told_and_the_image_stays(cesm: Path, shape: object, said: str) -> None:
    regions(cesm, ("P1_L_DM_MLO.jpg", POLYGON), ("P1_L_DM_MLO.jpg", shape))
    found = imported(cesm)
    assert len(named(found, "P1_L_DM_MLO").lesions) == 1
    (problem,) = found.problems
    assert (problem.table, problem.line) == (REGIONS, 3)
    assert said in problem.message


def test_rows_without_images_and_images_without_rows_are_left_out(cesm: Path) -> None:
    workbook(cesm, (*ROWS[:2], ("P7_L_DM_CC", "A", "Benign"), ("P1_X_DM_CC", "A", "Benign"), *ROWS[3:]))
    found = imported(cesm)
    assert [case.path.stem for case in found.cases] == ["P1_L_DM_MLO", "P2_R_DM_MLO"]
    said = {problem.line: problem.message for problem in found.problems}
    assert "P7_L_DM_CC is not in" in said[4]
    assert "does not follow the naming" in said[5]
    assert "No row names 1 of the images; the first is P1_R_DM_CC.jpg." in said[0]


def test_an_unknown_pathology_is_no_label(cesm: Path) -> None:
    workbook(cesm, (*ROWS[:3], ("P2_R_DM_MLO", "B", "see report")))
    found = imported(cesm)
    assert len(labelled(found.cases)) == 2
    assert "“see report” is no pathology" in found.problems[0].message


def test_two_rows_of_an_image_are_malignant_where_one_is(cesm: Path) -> None:
    workbook(cesm, (*ROWS, ("P2_R_DM_MLO", "B", "Malignant")))
    assert named(imported(cesm), "P2_R_DM_MLO").is_malignant is True


def test_a_damaged_image_is_left_out(cesm: Path) -> None:
    (cesm / LOW / "P1_R_DM_CC.jpg").write_bytes(b"")
    found = imported(cesm)
    assert len(found.cases) == 2
    assert "is empty" in found.problems[0].message


def test_the_package_may_be_unpacked_beside_the_tables(cesm: Path) -> None:
    inner = cesm / "PKG - CDD-CESM" / "CDD-CESM"
    inner.mkdir(parents=True)
    shutil.move(cesm / LOW, inner)
    (cesm / WORKBOOK).rename(cesm / "Radiology manual annotations.xlsx")
    assert len(imported(cesm).cases) == 3


@pytest.mark.parametrize("missing", [WORKBOOK, REGIONS, LOW])
def test_a_missing_part_is_named(cesm: Path, missing: str) -> None:
    place = cesm / missing
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(InputError, match="lacks") as caught:
        open_data(cesm)
    assert missing in caught.value.user_message
    assert "into one folder" in caught.value.hint


def test_a_workbook_of_other_columns_is_refused(cesm: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(("name", "class"))
    sheet.append(("P1_L_DM_MLO", "Benign"))
    book.save(cesm / WORKBOOK)
    with pytest.raises(InputError, match="lacks the column “Image_name”"):
        open_data(cesm)


def test_reading_tells_how_far_it_is_and_stops_when_asked(cesm: Path) -> None:
    told: list[str] = []
    with pytest.raises(CancelledError):
        IMPORTERS["cesm_tcia"](
            cesm, progress=lambda _, text: told.append(text), cancel=lambda: "Reading image 1 of 3" in told
        )
    assert told == ["Reading image 1 of 3"]


def test_cases_become_a_table_that_can_be_read_back(cesm: Path, tmp_path: Path) -> None:
    cases = imported(cesm).cases
    write_manifest(cases, tmp_path / "cases.csv")
    again = read_manifest(tmp_path / "cases.csv").cases
    assert [(case.patient, case.view, case.is_malignant, case.density) for case in again] == [
        (case.patient, case.view, case.is_malignant, case.density) for case in cases
    ]
    assert [case.mask is not None for case in again] == [True, False, False]


def test_the_wizard_reads_it_and_lists_what_was_left_out(cesm: Path, tmp_path: Path) -> None:
    workbook(cesm, (*ROWS, ("P7_L_DM_CC", "A", "Benign")))
    regions(cesm, *[("P1_L_DM_MLO.jpg", POLYGON)] * 5, ("P1_L_DM_MLO.jpg", "{"))
    project = tmp_path / "project"
    project.mkdir()
    source = CaseSource(kind=SourceKind.COLLECTION, path=str(cesm))
    report = read_cases(CasesRequest(str(project), source), no_progress, never_cancel, lambda _: None)
    assert (report.images, report.patients, report.labelled, report.outlined) == (3, 2, 3, 1)
    # Both stand in line 7, of two tables.
    assert sorted(row.place for row in report.rejected) == [("7", WORKBOOK), ("7", REGIONS)]
    assert rows_of_all(report.rejected) == 2
