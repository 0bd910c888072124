"""CBIS-DDSM in the layout of The Cancer Imaging Archive, as a miniature."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset

from mammoview.core.errors import CancelledError, InputError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.progress import never_cancel, no_progress
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.case import Case, boxed, outline_mask, outlined
from mammoview.training.cases.importers import IMPORTERS, open_data
from mammoview.training.cases.importers.imported import Imported
from mammoview.training.cases.manifest import read_manifest, write_manifest
from mammoview.training.tuning.case_reading import read_cases
from mammoview.training.tuning.messages import CaseSource, CasesRequest, SourceKind

LEFT, RIGHT, CC, MLO = Laterality.LEFT, Laterality.RIGHT, ViewPosition.CC, ViewPosition.MLO
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ROOT_UID = "1.3.6.1.4.1.9590.100.1.2"
SHAPE = (240, 160)
#: (row, column) corners of the masks, as slices: of the first and the second abnormality of a film.
FIRST, SECOND = np.s_[40:80, 30:60], np.s_[120:200, 90:120]
# The tables do not agree on the order of their columns, nor on how the density is spelled.
MASS = [
    "patient_id",
    "breast_density",
    "left or right breast",
    "image view",
    "abnormality id",
    "abnormality type",
    "mass shape",
    "mass margins",
    "assessment",
    "pathology",
    "subtlety",
    "image file path",
    "cropped image file path",
    "ROI mask file path",
]
CALC = [
    "patient_id",
    "breast density",
    "left or right breast",
    "image view",
    "abnormality id",
    "abnormality type",
    "calc type",
    "calc distribution",
    "assessment",
    "pathology",
    "subtlety",
    "image file path",
    "cropped image file path",
    "ROI mask file path",
]


def capture(path: Path, pixels: NDArray[np.uint16] | NDArray[np.uint8], description: str) -> None:
    """A Secondary Capture of modality MG without spacing or view position, as the archive has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = SECONDARY_CAPTURE
    number = int.from_bytes(str(path).encode()) % 10**30
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = f"{ROOT_UID}.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{ROOT_UID}.1{number}", f"{ROOT_UID}.2{number}"
    dataset.Modality, dataset.BodyPartExamined, dataset.SeriesDescription = "MG", "BREAST", description
    dataset.PatientID = dataset.PatientName = path.parents[2].name
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.add_new("PixelData", "OW", pixels.tobytes())
    dataset.save_as(path, enforce_file_format=True)


def film(root: Path, name: str, shape: tuple[int, int] = SHAPE, file: str = "1-1.dcm") -> Path:
    path = root / "CBIS-DDSM" / name / "07-20-2016-DDSM-NA-74994" / "1.000000-full mammogram images-24515" / file
    capture(path, np.random.default_rng(len(name)).integers(0, 60000, shape).astype(np.uint16), "full mammogram images")
    return path


def abnormality(
    root: Path, name: str, place: tuple[slice, slice], shape: tuple[int, int] = SHAPE, *, mask_first: bool = True
) -> None:
    """A crop and a mask in one series, in either order; both are described as masks."""
    mask = np.zeros(shape, dtype=np.uint8)
    mask[place] = 255
    crop = np.random.default_rng(1).integers(0, 60000, (44, 34)).astype(np.uint16)
    series = root / "CBIS-DDSM" / name / "07-20-2016-DDSM-NA-30104" / "1.000000-ROI mask images-18515"
    names = ("1-1.dcm", "1-2.dcm") if mask_first else ("1-2.dcm", "1-1.dcm")
    capture(series / names[0], mask, "ROI mask images")
    capture(series / names[1], crop, "ROI mask images")


def row(folder: str, number: int, pathology: str, density: str = "3") -> dict[str, str]:
    """A row whose paths name the folder rightly and nothing else."""
    kind, place = folder.split("_P_")
    patient, side, view = place.split("_")
    uids = f"{ROOT_UID}.4/{ROOT_UID}.5"
    return {
        "patient_id": f"P_{patient}",
        "breast_density": density,
        "breast density": density,
        "left or right breast": side,
        "image view": view,
        "abnormality id": str(number),
        "abnormality type": "mass" if kind.startswith("Mass") else "calcification",
        "assessment": "4",
        "pathology": pathology,
        "subtlety": "4",
        "image file path": f"{folder}/{uids}/000000.dcm",
        "cropped image file path": f"{folder}_{number}/{uids}/000000.dcm",
        # Cells of the archive end in a line break.
        "ROI mask file path": f"{folder}_{number}/{uids}/000001.dcm\n",
    }


def table(path: Path, columns: list[str], *rows: Mapping[str, str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


MASS_CC, MASS_MLO = "Mass-Training_P_00041_LEFT_CC", "Mass-Test_P_00009_RIGHT_MLO"
CALC_CC, CALC_MLO = "Calc-Test_P_00041_LEFT_CC", "Calc-Test_P_00041_RIGHT_MLO"


@pytest.fixture
def cbis(tmp_path: Path) -> Path:
    """Two patients: two masses on one film, which lies among the calcifications again; crop and mask swapped once."""
    root = tmp_path / "manifest-1"
    film(root, MASS_CC)
    abnormality(root, f"{MASS_CC}_1", FIRST)
    abnormality(root, f"{MASS_CC}_2", SECOND, mask_first=False)
    film(root, MASS_MLO, file="000000.dcm")
    abnormality(root, f"{MASS_MLO}_1", FIRST)
    film(root, CALC_CC)
    abnormality(root, f"{CALC_CC}_1", np.s_[100:110, 10:20])
    film(root, CALC_MLO)
    abnormality(root, f"{CALC_MLO}_1", FIRST)
    table(
        root / "mass_case_description_train_set.csv",
        MASS,
        row(MASS_CC, 1, "BENIGN"),
        row(MASS_CC, 2, "BENIGN_WITHOUT_CALLBACK"),
    )
    table(root / "mass_case_description_test_set.csv", MASS, row(MASS_MLO, 1, "BENIGN", density="2"))
    table(
        root / "calc_case_description_test_set.csv",
        CALC,
        row(CALC_CC, 1, "MALIGNANT"),
        row(CALC_MLO, 1, "BENIGN", density="0"),
    )
    return root


def imported(root: Path) -> Imported:
    return IMPORTERS["cbis_tcia"](root)


def by_view(cases: tuple[Case, ...]) -> dict[tuple[str, Laterality, ViewPosition], Case]:
    return {(case.patient, case.laterality, case.view): case for case in cases}


def test_tables_and_folders_become_cases(cbis: Path) -> None:
    found = imported(cbis)
    assert found.problems == ()
    cases = by_view(found.cases)
    assert cases.keys() == {("00041", LEFT, CC), ("00041", RIGHT, MLO), ("00009", RIGHT, MLO)}
    assert len(found.cases) == len(boxed(found.cases)) == len(outlined(found.cases)) == 3
    assert cases["00009", RIGHT, MLO].is_malignant is False
    assert [cases[key].density for key in sorted(cases, key=str)] == ["B", "C", ""]


def test_a_film_among_masses_and_calcifications_is_one_case_with_the_marks_of_both(cbis: Path) -> None:
    case = by_view(imported(cbis).cases)["00041", LEFT, CC]
    assert MASS_CC in case.path.parts
    assert case.is_malignant is True
    assert [case.class_of(lesion) for lesion in case.lesions] == [
        PatchClass.BENIGN_MASS,
        PatchClass.BENIGN_MASS,
        PatchClass.MALIGNANT_CALCIFICATION,
    ]


def test_the_mask_is_told_from_the_crop_by_its_shape(cbis: Path) -> None:
    """The second abnormality's mask is the second file, and the table says otherwise."""
    case = by_view(imported(cbis).cases)["00041", LEFT, CC]
    for lesion, place in zip(case.lesions, (FIRST, SECOND), strict=False):
        expected = np.zeros(SHAPE, dtype=bool)
        expected[place] = True
        np.testing.assert_array_equal(outline_mask([lesion], SHAPE), expected)
        assert abs(lesion.box.row0 - place[0].start) <= 1
        assert abs(lesion.box.col1 - place[1].stop) <= 1


@pytest.mark.parametrize("shape", [(241, 161), (209, 139)])
def test_a_mask_of_another_size_is_stretched(cbis: Path, shape: tuple[int, int]) -> None:
    scale = shape[0] / SHAPE[0]
    rows, columns = (slice(round(side.start * scale), round(side.stop * scale)) for side in SECOND)
    shutil.rmtree(cbis / "CBIS-DDSM" / f"{MASS_CC}_2")
    abnormality(cbis, f"{MASS_CC}_2", (rows, columns), shape)
    _, second, _ = by_view(imported(cbis).cases)["00041", LEFT, CC].lesions
    expected = np.zeros(SHAPE, dtype=bool)
    expected[SECOND] = True
    drawn = outline_mask([second], SHAPE)
    assert 2 * np.count_nonzero(drawn & expected) / (np.count_nonzero(drawn) + expected.sum()) > 0.95


def test_a_mask_of_other_proportions_marks_nothing(cbis: Path) -> None:
    shutil.rmtree(cbis / "CBIS-DDSM" / f"{MASS_CC}_2")
    abnormality(cbis, f"{MASS_CC}_2", FIRST, (240, 150))
    found = imported(cbis)
    assert len(by_view(found.cases)["00041", LEFT, CC].lesions) == 2
    (problem,) = found.problems
    assert (problem.line, problem.table) == (3, "mass_case_description_train_set.csv")
    assert "no mask that fits" in problem.message


def test_an_empty_or_damaged_mask_is_told(cbis: Path) -> None:
    shutil.rmtree(cbis / "CBIS-DDSM" / f"{MASS_CC}_2")
    abnormality(cbis, f"{MASS_CC}_2", np.s_[0:0, 0:0])
    (mask,) = (cbis / "CBIS-DDSM" / f"{MASS_MLO}_1").rglob("1-1.dcm")
    mask.write_bytes(mask.read_bytes()[:900])
    found = imported(cbis)
    assert len(found.cases) == 3
    said = {problem.table: problem.message for problem in found.problems}
    assert "is empty" in said["mass_case_description_train_set.csv"]
    assert "no mask that fits" in said["mass_case_description_test_set.csv"]


def test_a_missing_film_leaves_its_rows_out(cbis: Path) -> None:
    shutil.rmtree(cbis / "CBIS-DDSM" / MASS_MLO)
    found = imported(cbis)
    assert [case.patient for case in found.cases] == ["00041", "00041"]
    (problem,) = found.problems
    assert problem.line == 2
    assert f"below a folder {MASS_MLO}" in problem.message


def test_a_film_that_lies_only_among_calcifications_is_taken_from_there(cbis: Path) -> None:
    shutil.rmtree(cbis / "CBIS-DDSM" / MASS_CC)
    case = by_view(imported(cbis).cases)["00041", LEFT, CC]
    assert CALC_CC in case.path.parts
    assert len(case.lesions) == 3


def test_films_and_masks_may_be_unpacked_beside_each_other(cbis: Path) -> None:
    other = cbis / "Mass-Training ROI and Cropped Images"
    other.mkdir()
    for number in (1, 2):
        shutil.move(cbis / "CBIS-DDSM" / f"{MASS_CC}_{number}", other)
    assert imported(cbis).problems == ()


def test_a_row_that_contradicts_its_paths_is_left_out(cbis: Path) -> None:
    path = cbis / "mass_case_description_test_set.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",RIGHT,MLO", ",LEFT,MLO"), encoding="utf-8")
    found = imported(cbis)
    assert len(found.cases) == 2
    assert "another patient, side or view" in found.problems[0].message


def test_a_film_with_an_unknown_pathology_is_not_called_benign(cbis: Path) -> None:
    path = cbis / "mass_case_description_train_set.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("BENIGN_WITHOUT_CALLBACK", "PENDING"), encoding="utf-8")
    (cbis / "calc_case_description_test_set.csv").unlink()
    found = imported(cbis)
    case = by_view(found.cases)["00041", LEFT, CC]
    assert case.is_malignant is None
    assert [(lesion.kind, lesion.is_malignant) for lesion in case.lesions] == [(LesionKind.MASS, False)]
    assert "no pathology" in found.problems[0].message


def test_folders_without_tables_or_tables_without_folders_say_what_to_do(cbis: Path) -> None:
    bare = cbis.parent / "bare"
    shutil.copytree(cbis / "CBIS-DDSM", bare / "CBIS-DDSM")
    for place in (bare, bare / "CBIS-DDSM"):
        with pytest.raises(InputError, match="lacks the tables of CBIS-DDSM") as caught:
            open_data(place)
        assert "mass_case_description_train_set.csv" in caught.value.hint
    shutil.rmtree(cbis / "CBIS-DDSM")
    with pytest.raises(InputError, match="holds no mammogram that the tables of CBIS-DDSM name"):
        open_data(cbis)


def test_reading_tells_how_far_it_is_and_stops_when_asked(cbis: Path) -> None:
    told: list[tuple[float, str]] = []
    IMPORTERS["cbis_tcia"](cbis, progress=lambda fraction, text: told.append((fraction, text)))
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[-1] == (1.0, "Reading the masks of mammogram 3 of 3")
    seen: list[str] = []
    with pytest.raises(CancelledError):
        IMPORTERS["cbis_tcia"](
            cbis, progress=lambda _, text: seen.append(text), cancel=lambda: any("mammogram 1" in text for text in seen)
        )
    assert not any("mammogram 2" in text for text in seen)


def test_cases_become_a_table_that_can_be_read_back(cbis: Path, tmp_path: Path) -> None:
    cases = imported(cbis).cases
    write_manifest(cases, tmp_path / "cases.csv")
    again = read_manifest(tmp_path / "cases.csv").cases
    assert [(case.patient, case.view, case.is_malignant) for case in again] == [
        (case.patient, case.view, case.is_malignant) for case in cases
    ]
    assert all(case.mask is not None for case in again)


@pytest.mark.parametrize("is_copied", [False, True])
def test_the_wizard_reads_it_and_lists_what_was_left_out(cbis: Path, tmp_path: Path, is_copied: bool) -> None:
    shutil.rmtree(cbis / "CBIS-DDSM" / MASS_MLO)
    project = tmp_path / "project"
    project.mkdir()
    source = CaseSource(kind=SourceKind.COLLECTION, path=str(cbis), is_copied=is_copied)
    report = read_cases(CasesRequest(str(project), source), no_progress, never_cancel, lambda _: None)
    assert (report.images, report.patients, report.outlined) == (2, 1, 2)
    (rejected,) = report.rejected
    assert rejected.place == ("2", "mass_case_description_test_set.csv")
    assert MASS_MLO in rejected.message


def test_the_command_line_is_told_what_was_left_out(cbis: Path) -> None:
    assert open_data(cbis).warnings == ()
    shutil.rmtree(cbis / "CBIS-DDSM" / MASS_MLO)
    (warning,) = open_data(cbis).warnings
    assert "could not be used whole: 1." in warning


def test_cancelled_writing_leaves_the_last_table_and_its_masks(cbis: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    request = CasesRequest(str(project), CaseSource(kind=SourceKind.COLLECTION, path=str(cbis)))
    told: list[tuple[float, str]] = []
    read_cases(request, lambda fraction, text: told.append((fraction, text)), never_cancel, lambda _: None)
    assert told[-1] == (1.0, "Writing row 3 of 3")
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert len([path for path in before if path.suffix == ".png"]) == 3
    for number in (1, 2):
        shutil.rmtree(cbis / "CBIS-DDSM" / f"{MASS_CC}_{number}")
        abnormality(cbis, f"{MASS_CC}_{number}", np.s_[5:25, 5:25])
    seen: list[str] = []
    with pytest.raises(CancelledError):
        read_cases(request, lambda _, text: seen.append(text), lambda: "Writing row 2 of 3" in seen, lambda _: None)
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before
    read_cases(request, no_progress, never_cancel, lambda _: None)
    assert {path for path in project.rglob("*") if path.is_file()} == before.keys()
    assert any(path.read_bytes() != old for path, old in before.items() if path.suffix == ".png")
