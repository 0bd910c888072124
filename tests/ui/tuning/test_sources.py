"""Cases from a workbook in a site's own words, and from a public collection, in the real window."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from case_makers import write_dicom
from openpyxl import Workbook
from pydicom import dcmread
from PySide6.QtWidgets import QComboBox
from test_first_pages import choose_task, shot
from wizard_hand import Hand

from mammoview.session.tuning.project import Page, find_project
from mammoview.training.tuning.messages import SourceKind
from mammoview.ui.tuning.cases_page import CasesPage

pytestmark = pytest.mark.gui


def choose(box: QComboBox, text: str) -> None:
    """As a person chooses."""
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def test_a_workbook_in_other_words_is_mapped_and_its_copies_name_nobody(hand: Hand, tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = "Notes"
    book.active.append(["Export of our archive"])
    book.active.append(["see the other sheet"])
    sheet = book.create_sheet("Cases")
    sheet.append(["Foto", "Wer", "Welche Brust", "Aufnahme", "Ergebnis", "Wann"])
    for number, (side, words) in enumerate((("links", "bösartig"), ("rechts", "gutartig"))):
        write_dicom(
            tmp_path / f"{number}.dcm", side="LR"[number], seed=number, InstitutionName="St. Hilda",
            ReferringPhysicianName="House^Dr", OperatorsName="Op^E", ImageComments="seen Doe", StationName="MG7",
        )  # fmt: skip
        sheet.append([f"{number}.dcm", "MRN77", side, "CC", words, f"0{number + 1}.05.2024"])
    book.save(tmp_path / "site.xlsx")
    hand.open()
    hand.begin("Workbook")
    choose_task(hand)
    page = hand.page(CasesPage)
    page.form.kind.setCurrentIndex(page.form.kind.findData(SourceKind.TABLE))
    page.form.path.setText(str(tmp_path / "site.xlsx"))
    page.form.path.editingFinished.emit()
    hand.until(lambda: "No column names the image" in page.columns.missing.text())
    choose(page.form.sheet, "Cases")
    hand.until(lambda: page.columns.as_is.rowCount() == 2)
    for field, column in (("path", "Foto"), ("patient", "Wer")):
        choose(page.columns.fields[field], column)
        hand.until(lambda field=field: field in dict(page.columns.columns))
    hand.until(lambda: page.columns.missing.text() == "2 rows")
    shown = [page.columns.understood.words(row) for row in range(2)]
    assert shown[0] == ("0.dcm", "MRN77", "L", "CC", "malignant", "2024-05-01")
    assert shown[1] == ("1.dcm", "MRN77", "R", "CC", "benign", "2024-05-02")
    page.form.copied.setChecked(True)
    shot(hand, "2-cases-workbook")
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    removed = {page.changes.words(row)[1] for row in range(page.changes.rowCount())}
    assert {"PatientName", "PatientID", "InstitutionName", "OperatorsName", "ImageComments"} <= removed
    copies = list((find_project("Workbook").path / "images").rglob("*.dcm"))
    assert len(copies) == 2
    for copy in copies:
        said = str(dcmread(copy)) + str(copy)
        for word in ("MRN77", "PAT1", "Doe", "Hilda", "House", "Op^E", "MG7", "ACC-", "19600102", "20240"):
            assert word not in said


def test_a_public_collection_is_known_by_its_layout(hand: Hand, tmp_path: Path) -> None:
    root = tmp_path / "mias"
    root.mkdir()
    (root / "Info.txt").write_text("mdb001 G CIRC B 535 425 197\nmdb002 G CIRC M 522 280 69\n", encoding="utf-8")
    for number in (1, 2):
        pixels = np.random.default_rng(number).integers(0, 255, (1024, 1024)).astype(np.uint8)
        assert cv2.imwrite(str(root / f"mdb{number:03d}.pgm"), pixels)
    hand.open()
    hand.begin("Collection")
    choose_task(hand)
    page = hand.page(CasesPage)
    page.form.kind.setCurrentIndex(page.form.kind.findData(SourceKind.COLLECTION))
    for folder, told in (
        (tmp_path / "nowhere", "There is no folder"),
        (tmp_path, "like none of the known collections"),
    ):
        page.form.path.setText(str(folder))
        hand.click(page.read)
        hand.until(lambda told=told: told in hand.window.problem.text.text())
        hand.idle()
    page.form.path.setText(str(root))
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    assert page.summary.text().startswith("2 images of 1 patient: 2 with a label, 2 with boxes")
