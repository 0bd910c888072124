"""The panel that says what the modality should have sent."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from ui_study import make_mammogram

from mammoview.core.conformance import Conformance, Presence
from mammoview.core.study import Mammogram, SourceKind
from mammoview.dicom.profile import OBLIGATIONS
from mammoview.ui.dialogs.conformance import ConformanceDialog, as_text, entries, heading


def lacking(**states: Presence) -> Mammogram:
    letters = "".join(states.get(row.keyword, Presence.PRESENT) for row in OBLIGATIONS)
    wrong = tuple((name, "YES") for name, state in states.items() if state is Presence.WRONG)
    return make_mammogram(conformance=Conformance(letters, wrong), warnings=("The pixels carry burned-in text.",))


IMAGE = lacking(
    PixelPaddingValue=Presence.MISSING,
    OperatorsName=Presence.EMPTY,
    BurnedInAnnotation=Presence.WRONG,
    GantryID=Presence.NOT_NEEDED,
)


@pytest.mark.meets("MG-A08", "MG-A09")
def test_each_attribute_is_listed_with_its_state_and_what_is_done_instead(qtbot: QtBot) -> None:
    dialog = ConformanceDialog()
    qtbot.addWidget(dialog)
    dialog.show_image(IMAGE)
    assert dialog.table.rowCount() == len(OBLIGATIONS)
    cells = {
        dialog.table.item(row, 0).text(): [dialog.table.item(row, column).text() for column in (2, 3)]
        for row in range(dialog.table.rowCount())
    }
    assert cells["(0028,0120)"] == ["missing", "Air is estimated from the breast mask."]
    assert cells["(0008,1070)"][0] == "empty"
    assert cells["(0028,0301)"][0] == "wrong: YES"
    assert cells["(0018,1008)"] == ["not asked for", ""]
    assert cells["(0010,0020)"] == ["present", ""]
    assert f"{len(OBLIGATIONS) - 4} of {len(OBLIGATIONS) - 1}" in dialog.head.text()
    assert "burned-in" in dialog.head.text()
    dialog.only_lacking.setChecked(True)
    assert dialog.table.rowCount() == 3


@pytest.mark.meets("MG-A08")
def test_it_is_copied_as_text(qtbot: QtBot) -> None:
    dialog = ConformanceDialog()
    qtbot.addWidget(dialog)
    dialog.show_image(IMAGE)
    next(button for button in dialog.findChildren(QPushButton) if button.text() == "Copy as text").click()
    text = QGuiApplication.clipboard().text()
    assert text == as_text(IMAGE)
    assert "(0028,0120)\tPixel Padding Value\tmissing\tAir is estimated from the breast mask." in text.splitlines()


def test_what_the_list_does_not_apply_to_says_so() -> None:
    assert "picture" in heading(make_mammogram(kind=SourceKind.RASTER))
    assert "profile of its own" in heading(make_mammogram(conformance=None))
    assert "No image" in heading(None)
    assert entries(make_mammogram(conformance=None)) == ()


def test_the_list_needs_no_dicom_reader() -> None:
    code = "import sys, mammoview.ui.dialogs.conformance as c; sys.exit('pydicom' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
