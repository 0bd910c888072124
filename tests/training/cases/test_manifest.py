"""A site's table: what is read, and every fault named at once."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mammoview.core.errors import CancelledError, InputError
from mammoview.core.findings import LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.study import Laterality, ViewPosition
from mammoview.training.cases.case import Case, MarkedLesion, boxed, labelled, outline_mask, outlined
from mammoview.training.cases.cells import read_boxes, read_date, read_label, write_box
from mammoview.training.cases.manifest import ManifestError, check_rows, manifest_rows, read_manifest, write_manifest

HEAD = "path,patient,laterality,view,label,boxes,mask,study_date\n"


def picture(path: Path, seed: int, shape: tuple[int, int] = (60, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8))
    return path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for number, name in enumerate(("a.png", "b.png", "c.tif", "p7_R_MLO.png")):
        picture(tmp_path / "images" / name, number)
    picture(tmp_path / "mask.png", 9)
    picture(tmp_path / "small.png", 10, (30, 20))
    return tmp_path


def table(site: Path, text: str, head: str = HEAD) -> Path:
    path = site / "cases.csv"
    path.write_text(head + text, encoding="utf-8")
    return path


def test_a_table_becomes_cases(site: Path) -> None:
    rows = (
        "images/a.png,1,L,CC,malignant,10 5 30 25 mass malignant; 40 1 50 9.5 calcification,mask.png,2024-05-31\n"
        "\n"
        "images/b.png,1,right,mlo,BENIGN_WITHOUT_CALLBACK,,,\n"
        "images/c.tif,2,L,ML,unknown,,small.png,202401\n"
        "images/p7_R_MLO.png,3,,,BI-RADS 4b,,,\n"
    )
    found = read_manifest(table(site, rows))
    first, second, third, fourth = found.cases
    assert first == Case(
        site / "images/a.png",
        "1",
        Laterality.LEFT,
        ViewPosition.CC,
        True,
        (
            MarkedLesion(Box(10, 5, 30, 25), LesionKind.MASS, True),
            MarkedLesion(Box(40, 1, 50, 9.5), LesionKind.CALCIFICATION),
        ),
        site / "mask.png",
        datetime.date(2024, 5, 31),
    )
    assert (second.laterality, second.view, second.is_malignant) == (Laterality.RIGHT, ViewPosition.MLO, False)
    assert (third.is_malignant, third.study_date) == (None, datetime.date(2024, 1, 1))
    # Side and view from the file's name, the label from BI-RADS.
    assert (fourth.laterality, fourth.view, fourth.is_malignant) == (Laterality.RIGHT, ViewPosition.MLO, True)
    assert found.unlabelled == 1
    (warning,) = found.warnings
    assert "Line 5: the mask has 30 × 20 pixels, the image 60 × 40" in warning
    assert labelled(found.cases) == (first, second, fourth)
    assert boxed(found.cases) == (first,)
    assert outlined(found.cases) == (first, third)


def test_every_bad_row_is_listed_with_line_and_column(site: Path) -> None:
    rows = (
        "images/none.png,1,L,CC,benign,,,\n"  # 2
        "images/a.png,,X,CC,perhaps,,,\n"  # 3: three faults
        "images/b.png,1,L,AP,0,,,\n"  # 4
        "images/b.png,2,R,CC,0,,,\n"  # 5: a duplicate
        "images/c.tif,2,,,1,5 5 4 9,absent.png,31.5.2024\n"  # 6: five faults
        "images/p7_R_MLO.png,3,,,1,0 0 41 61 mass,,\n"  # 7: beyond the image
        ",4,L,CC,1,,,\n"  # 8
    )
    with pytest.raises(ManifestError) as caught:
        read_manifest(table(site, rows))
    faults = {(problem.line, problem.column) for problem in caught.value.problems}
    assert faults == {
        (2, "path"),
        (3, "patient"),
        (3, "laterality"),
        (3, "label"),
        (4, "view"),
        (5, "path"),
        (6, "laterality"),
        (6, "view"),
        (6, "boxes"),
        (6, "mask"),
        (6, "study_date"),
        (7, "boxes"),
        (8, "path"),
    }
    message = str(caught.value)
    assert "7 bad rows" in message
    assert "line 5, path: the image is the same as in line 4. Name each image once." in message
    assert "“perhaps” is no label" in message
    assert all(problem.hint and problem.message for problem in caught.value.problems)


def test_of_two_labels_of_one_image_neither_is_believed(site: Path) -> None:
    rows = (
        "images/a.png,1,L,CC,benign,,,\nimages/b.png,1,R,CC,benign,,,\nimages/a.png,1,L,CC,malignant,,,\n"
        "images/b.png,1,R,CC,unknown,,,\n"
    )
    checked = check_rows(manifest_rows(table(site, rows))[1], site)
    assert [case.path.name for case in checked.cases] == ["b.png"]
    assert {(problem.line, problem.column) for problem in checked.problems} == {
        (2, "label"), (4, "label"), (5, "path"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["1 2 3 mass", "1 2 3 x", "5 5 5 9", "9 5 3 9", "nan 1 2 3", "1 1 9 9 lump", "1 1 9 9 mass perhaps"],
)
def test_a_box_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="“"):
        read_boxes(text)


def test_a_box_is_written_as_it_is_read() -> None:
    lesions = (
        MarkedLesion(Box(1.25, 2, 1003.5, 4), LesionKind.MASS, False),
        MarkedLesion(Box(0, 0, 1, 1), None, True),
        MarkedLesion(Box(0, 0, 1, 1)),
    )
    assert read_boxes("; ".join(write_box(lesion) for lesion in lesions)) == lesions


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Malignant", True),
        ("1", True),
        (" benign ", False),
        ("0", False),
        ("normal", False),
        ("", None),
        ("N/A", None),
        ("BI-RADS 2", False),
        ("birads_3", None),
        ("BI-RADS 5", True),
        ("Bi-Rads: 4c", True),
    ],
)
def test_labels_in_the_words_of_sites(word: str, label: bool | None) -> None:
    assert read_label(word) is label


@pytest.mark.parametrize("word", ["2", "4", "BI-RADS 7", "malignent"])
def test_a_word_that_is_no_label_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_label(word)


@pytest.mark.parametrize("text", ["2024-13-01", "31.05.2024", "24-05-31", "2024"])
def test_a_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011, the message is Python's own
        read_date(text)


def test_semicolons_capitals_and_a_byte_order_mark_are_read(site: Path) -> None:
    path = site / "cases.csv"
    text = "Patient;Path;View;Laterality;Label;Note\r\n1;images/a.png;CC;L;1;seen\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    found = read_manifest(path)
    assert found.cases[0].patient == "1"
    assert found.warnings == ("The column “note” is not used.",)


def test_a_file_that_contradicts_the_table_is_told(site: Path) -> None:
    found = read_manifest(table(site, "images/p7_R_MLO.png,3,L,MLO,0,,,\n"))
    assert found.cases[0].laterality is Laterality.LEFT
    assert "the file says R, the table L" in found.warnings[0]


@pytest.mark.parametrize(
    ("head", "rows", "said"),
    [
        ("path,patient,laterality,view\n", "a.png,1,L,CC\n", "lacks the column label"),
        ("path;label\n", "a.png;1\n", "lacks the columns patient, laterality, view"),
        (HEAD, "\n", "has no rows"),
        ("", "", "lacks the columns"),
    ],
)
def test_a_table_that_is_none_is_refused(site: Path, head: str, rows: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_manifest(table(site, rows, head))


def test_files_that_are_no_text_are_refused(site: Path) -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        read_manifest(site / "mask.png")
    with pytest.raises(InputError, match="cannot be read"):
        read_manifest(site / "absent.csv")


def test_checking_tells_how_far_it_is_and_stops_when_asked(site: Path) -> None:
    path = table(site, "images/a.png,1,L,CC,0,,,\nimages/b.png,1,R,CC,0,,,\n")
    told: list[float] = []
    read_manifest(path, progress=lambda fraction, text: told.append(fraction))
    assert told == [0.5, 1.0]
    with pytest.raises(CancelledError):
        read_manifest(path, cancel=lambda: True)


def test_a_written_table_comes_back(site: Path) -> None:
    path = table(site, "images/a.png,1,L,CC,1,10 5 30 25 mass 0,mask.png,2024-05-31\nimages/b.png,1,R,CC,,,,\n")
    cases = read_manifest(path).cases
    cases = (replace(cases[0], true_size=(120, 60)), cases[1])
    write_manifest(cases, site / "again.csv")
    assert read_manifest(site / "again.csv").cases == cases
    assert "\nimages/a.png,1,L,CC,malignant," in (site / "again.csv").read_text(encoding="utf-8")


def test_contours_are_written_as_masks(site: Path) -> None:
    contour = ((10.0, 5.0), (10.0, 25.0), (30.0, 25.0), (30.0, 5.0))
    lesion = MarkedLesion(Box(10, 5, 30, 25), LesionKind.MASS, contour=contour)
    case = Case(site / "images/a.png", "1", Laterality.LEFT, ViewPosition.CC, True, (lesion,))
    write_manifest([case], site / "again.csv")
    (again,) = read_manifest(site / "again.csv").cases
    assert again.mask == site / "masks" / "000001.png"
    written = cv2.imread(str(again.mask), cv2.IMREAD_GRAYSCALE) > 127
    np.testing.assert_array_equal(written, outline_mask(case.lesions, (60, 40)))
    assert 20 * 20 <= np.count_nonzero(written) <= 21 * 21


def test_a_lesion_without_a_label_has_that_of_its_image() -> None:
    plain = MarkedLesion(Box(0, 0, 1, 1), LesionKind.MASS)
    case = Case(Path("a.png"), "1", Laterality.LEFT, ViewPosition.CC, True, (plain,))
    assert case.class_of(plain) is PatchClass.MALIGNANT_MASS
    assert case.class_of(replace(plain, is_malignant=False)) is PatchClass.BENIGN_MASS
    assert case.class_of(replace(plain, kind=LesionKind.CALCIFICATION)) is PatchClass.MALIGNANT_CALCIFICATION
    assert case.class_of(replace(plain, kind=None)) is None
    assert replace(case, is_malignant=None).class_of(plain) is None
    assert case.breast == "1_L"
