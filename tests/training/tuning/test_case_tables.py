"""A site's own table: read in any dialect, its columns guessed, its rows found as images."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from case_makers import write_dicom
from openpyxl import Workbook

from mammoview.core.errors import InputError
from mammoview.training.cases.site_tables import SiteTable, open_table
from mammoview.training.tuning.case_tables import guess_columns, preview_table, rows_of_table


def saved(path: Path, text: str, encoding: str = "utf-8") -> SiteTable:
    path.write_bytes(text.encode(encoding))
    return open_table(path)


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ","), ("utf-8", "|")]
)
def test_dialects_of_spreadsheets_are_one_table(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["Datei", "Größe", "Größe", ""], ["", "", "", ""], ["a.dcm", " 5", "6", "x"], ["b.dcm"]]
    table = saved(tmp_path / "t.csv", "\r\n".join(delimiter.join(row) for row in rows), encoding)
    assert table.columns == ("Datei", "Größe", "Größe (2)")
    assert table.rows == ((3, ("a.dcm", "5", "6")), (4, ("b.dcm", "", "")))
    assert ("Windows-1252" in table.note) is (encoding == "cp1252")


def test_workbook_reads_as_its_cells_look(tmp_path: Path) -> None:
    book = Workbook()
    book.active.title = "Cover"
    book.active.append(["nothing"])
    page = book.create_sheet("Cases")
    page.append(["file", "patient", "date", "malignant"])
    page.append(["a.dcm", 17.0, datetime.datetime(2024, 5, 31, 10, 0), True])
    page.append([None, None, None, None])
    page.append(["b.dcm", "018", datetime.date(2023, 1, 2), 0])
    book.save(tmp_path / "t.xlsx")
    table = open_table(tmp_path / "t.xlsx", "Cases")
    assert table.sheets == ("Cover", "Cases")
    assert table.rows == ((2, ("a.dcm", "17", "2024-05-31", "1")), (4, ("b.dcm", "018", "2023-01-02", "0")))
    with pytest.raises(InputError, match="no rows"):
        open_table(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match="no sheet"):
        open_table(tmp_path / "t.xlsx", "Other")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.xlsx", b"PK\x03\x04 cut off", "no Excel workbook"),
        ("t.xls", b"\xd0\xcf\x11\xe0", "old format"),
        ("t.csv", b"\n\n", "empty"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n', "no table"),
        ("absent.csv", None, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        open_table(tmp_path / name)


def test_columns_are_guessed_by_name_then_by_what_they_hold(tmp_path: Path) -> None:
    text = "Patienten-Nr.;Bilddatei;x1;x2;Histologie;Untersuchungsdatum\n7;a;rechts;MLO;bösartig;2024-01-31\n"
    table = saved(tmp_path / "t.csv", text)
    assert guess_columns(table) == {
        "patient": "Patienten-Nr.",
        "laterality": "x1",
        "view": "x2",
        "label": "Histologie",
        "study_date": "Untersuchungsdatum",
    }
    shown = preview_table(table, {"path": "Bilddatei"})
    assert shown.missing == ()
    assert shown.understood[0] == {
        "path": "a",
        "patient": "7",
        "laterality": "R",
        "view": "MLO",
        "label": "malignant",
        "study_date": "2024-01-31",
    }


def test_one_column_can_hold_side_and_view(tmp_path: Path) -> None:
    table = saved(tmp_path / "t.csv", "file,patient,hanging,label\na,1,RMLO,0\nb,1,L-CC,1\n")
    shown = preview_table(table)
    assert shown.mapping["view"] == shown.mapping["laterality"] == "hanging"
    assert [(row["laterality"], row["view"]) for row in shown.understood] == [("R", "MLO"), ("L", "CC")]


def test_preview_tells_what_each_label_word_would_mean(tmp_path: Path) -> None:
    table = saved(tmp_path / "t.csv", "file,patient,label\n" + "".join(f"{n},1,{w}\n" for n, w in enumerate("0010?q")))
    assert [(word.word, word.rows, word.meaning) for word in preview_table(table).words] == [
        ("0", 3, "benign"),
        ("1", 1, "malignant"),
        ("?", 1, "unknown"),
        ("q", 1, ""),
    ]


@pytest.mark.parametrize("name", ["BI-RADS", "class"])
def test_one_is_negative_where_the_column_holds_birads(tmp_path: Path, name: str) -> None:
    table = saved(tmp_path / "t.csv", f"file,patient,{name}\n" + "".join(f"{n},1,{w}\n" for n, w in enumerate("12345")))
    meanings = {word.word: word.meaning for word in preview_table(table).words}
    assert meanings == {"1": "benign", "2": "benign", "3": "unknown", "4": "malignant", "5": "malignant"}


@pytest.mark.parametrize(
    ("cells", "understood"),
    [
        (("03.04.2025", "2025-04-03 10:15"), ("2025-04-03", "2025-04-03")),
        # One cell tells how the others are meant.
        (("3/4/2025", "13/4/2025 08:00:00"), ("2025-04-03", "2025-04-13")),
        (("3/4/2025", "4/13/2025 8:00 AM"), ("2025-03-04", "2025-04-13")),
        # Nothing tells, or two cells contradict each other: what could be two days is none.
        (("3/4/2025", "5/5/2025"), ("3/4/2025", "2025-05-05")),
        (("3/4/2025", "13/4/2025", "4/13/2025"), ("3/4/2025", "13/4/2025", "4/13/2025")),
        (("31.02.2025", "soon"), ("31.02.2025", "soon")),
    ],
)
def test_dates_are_read_as_the_table_writes_them(
    tmp_path: Path, cells: tuple[str, ...], understood: tuple[str, ...]
) -> None:
    table = saved(tmp_path / "t.csv", "file,patient,label,date\n" + "".join(f"a,1,0,{cell}\n" for cell in cells))
    assert tuple(row["study_date"] for row in preview_table(table).understood) == understood


def test_table_says_what_it_lacks(tmp_path: Path) -> None:
    table = saved(tmp_path / "t.csv", "file,age\na,50\n")
    assert len(preview_table(table).missing) == 2
    with pytest.raises(InputError, match="cannot be read yet"):
        rows_of_table(table, None, tmp_path)
    with pytest.raises(InputError, match="no column “b”"):
        preview_table(table, {"label": "b"})
    with pytest.raises(InputError, match="no field"):
        preview_table(table, {"lable": "age"})


def test_files_are_found_by_path_by_name_and_by_stem(tmp_path: Path) -> None:
    for name in ("x/a.dcm", "y/b.dcm", "y/c.dcm", "z/c.dcm"):
        write_dicom(tmp_path / "images" / name)
    text = "file,patient,label\nx\\a.dcm,1,0\nB,1,0\nc.dcm,1,0\nd.dcm,1,0\n"
    rows, problems = rows_of_table(saved(tmp_path / "t.csv", text), None, tmp_path / "images")
    assert [(line, Path(row["path"]).name) for line, row in rows] == [(2, "a.dcm"), (3, "b.dcm")]
    assert [(problem.line, problem.message[:16]) for problem in problems] == [
        (4, "there are 2 file"),
        (5, "there is no file"),
    ]


def test_row_for_a_breast_labels_its_images(tmp_path: Path) -> None:
    images = tmp_path / "images"
    for side in "LR":
        for view in ("CC", "MLO"):
            write_dicom(images / f"{side}{view}.dcm", patient="A", side=side, view=view)
    write_dicom(images / "raw.dcm", patient="A", PresentationIntentType="FOR PROCESSING")
    write_dicom(images / "other.dcm", patient="A", study="2")
    write_dicom(images / "b.dcm", patient="B")
    (images / "note.txt").write_text("no image")
    text = (
        "accession,side,diagnosis\nACC-A-1,left,malignant\nACC-A-1,right,benign\n"
        "ACC-A-2,,malignant\nACC-X,,benign\nACC-B-1,,normal\n,,benign\n"
    )
    rows, problems = rows_of_table(saved(tmp_path / "t.csv", text), None, images)
    assert [(line, Path(row["path"]).name, row["label"], row["patient"], row["view"]) for line, row in rows] == [
        (2, "LCC.dcm", "malignant", "A", "CC"),
        (2, "LMLO.dcm", "malignant", "A", "MLO"),
        (3, "RCC.dcm", "benign", "A", "CC"),
        (3, "RMLO.dcm", "benign", "A", "MLO"),
        (6, "b.dcm", "benign", "B", "CC"),
    ]
    # A malignant study without a side; an accession number that nobody has; no key at all.
    assert [(problem.line, problem.column) for problem in problems] == [(4, "laterality"), (5, ""), (7, "")]
