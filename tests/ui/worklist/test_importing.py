"""Imports as a reader sees them: begun by the menu or a drop, counted, cancelled, told of at the end, gone on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from worklist_window import SECONDS, ask, patients, sign_in

from mammoview.core.study import Laterality, ViewPosition
from mammoview.dicom.create import NewMammogram, make_uid, write_mammogram
from mammoview.session.worklist.importer import ImportEnded, ImportProgress
from mammoview.ui.hiding import HIDDEN_PATH
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.worklist.importing import RefusedDialog
from mammoview.ui.worklist.words import ended_text, progress_text

pytestmark = pytest.mark.gui
CASES = 3


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three patients with two views each, one of them twice, and a text with the ending of an image."""
    folder = tmp_path / "archive"
    pixels = np.zeros((32, 24), np.uint16)
    for number in range(CASES):
        (folder / str(number)).mkdir(parents=True)
        for side in Laterality:
            header = NewMammogram(
                sop_uid=make_uid("import", number, side),
                series_uid=make_uid("import", number, "series"),
                study_uid=make_uid("import", number),
                view=ViewPosition.CC,
                laterality=side,
                spacing_mm=(0.07, 0.07),
                patient_id=f"NEW{number}",
                patient_name=f"NEW^PATIENT{number}",
                birth_date="19500101",
                age_years=60,
                study_date=f"2025010{number + 1}",
                study_time="120000",
                windows=(),
                instance_number=1,
                padding=None,
            )
            write_mammogram(folder / str(number) / f"{side}.dcm", pixels, header)
    (folder / "again.dcm").write_bytes((folder / "0" / "L.dcm").read_bytes())
    (folder / "Doe_Jane.dcm").write_text("no image")
    return folder


def test_a_folder_is_imported_and_told_of(
    window: MainWindow, archive: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = window.desk.worklist
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(archive))
    with qtbot.waitSignal(page.importer.ended, timeout=SECONDS):
        window.actions_by_id["import_folder"].trigger()
        assert page.importer.strip.isVisible()
        assert page.importer.strip.button("Cancel").isVisible()
    qtbot.waitUntil(lambda: "New, Patient2" in [name.title() for name in patients(window)], timeout=SECONDS)
    assert page.list.model.rowCount() == 33
    text = page.importer.strip.text.text()
    assert "6 images new" in text
    assert "1 image listed already" in text
    assert "1 file cannot be used" in text

    # Details name the file, unless identities are hidden.
    page.importer.strip.button("Details").click()
    (dialog,) = window.findChildren(RefusedDialog)
    assert "Doe_Jane.dcm" in dialog.table.item(0, 1).text()
    window.actions_by_id["identity"].trigger()
    assert not dialog.isVisible(), "no name stays on the screen"
    page.importer.show_details()
    dialog = window.findChildren(RefusedDialog)[-1]
    assert dialog.table.item(0, 1).text() == HIDDEN_PATH
    dialog.close()
    page.importer.strip.button("Close").click()
    assert not page.importer.strip.isVisible()


def test_a_drop_on_the_list_imports_and_opens_nothing(window: MainWindow, archive: Path, qtbot: QtBot) -> None:
    page = window.desk.worklist
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(archive / "1"))])
    drop = QDropEvent(
        QPointF(200, 200),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(page.importer.ended, timeout=SECONDS):
        page.dropEvent(drop)
    qtbot.waitUntil(lambda: page.list.model.rowCount() == 31, timeout=SECONDS)
    assert not window.desk.session.studies


def test_a_second_import_waits_for_the_first(window: MainWindow, archive: Path, qtbot: QtBot) -> None:
    page = window.desk.worklist
    ended: list[object] = []
    page.importer.ended.connect(ended.append)
    page.import_paths([archive / "0"])
    page.import_paths([archive / "1"])
    qtbot.waitUntil(lambda: len(ended) == 2, timeout=SECONDS)
    qtbot.waitUntil(lambda: page.list.model.rowCount() == 32, timeout=SECONDS)


def test_a_cancelled_import_is_offered_again(
    window: MainWindow, open_window: Callable[[], MainWindow], archive: Path, qtbot: QtBot
) -> None:
    page = window.desk.worklist
    with qtbot.waitSignal(page.importer.ended, timeout=SECONDS) as told:
        page.import_paths([archive])
        page.importer.strip.button("Cancel").click()
    assert told.args[0].is_cancelled
    assert "stopped" in page.importer.strip.text.text()
    window.close()
    window.desk.reading.close()

    again = open_window()
    sign_in(again, qtbot, "R1")
    strip = again.desk.worklist.importer.strip
    qtbot.waitUntil(strip.isVisible, timeout=SECONDS)
    assert "not finished" in strip.text.text()
    with qtbot.waitSignal(again.desk.worklist.importer.ended, timeout=SECONDS):
        strip.button("Go on").click()
    qtbot.waitUntil(lambda: again.desk.worklist.list.model.rowCount() == 33, timeout=SECONDS)
    left: list[object] = []
    worklist = again.desk.reading.worklist
    assert worklist is not None
    again.desk.reading.do(worklist.ingest.unfinished, left.append)
    qtbot.waitUntil(lambda: bool(left), timeout=SECONDS)
    assert left == [()]


def test_an_unfinished_import_can_be_forgotten(
    window: MainWindow, open_window: Callable[[], MainWindow], qtbot: QtBot
) -> None:
    ask(window, qtbot, lambda worklist: worklist.ingest.begin(["/nowhere"]))
    window.actions_by_id["sign_out"].trigger()
    sign_in(window, qtbot, "R1")
    strip = window.desk.worklist.importer.strip
    qtbot.waitUntil(strip.isVisible, timeout=SECONDS)
    strip.button("Forget").click()
    assert not strip.isVisible()
    left: list[object] = []
    window.desk.reading.ask(lambda worklist, _seat: worklist.ingest.unfinished(), left.append)
    qtbot.waitUntil(lambda: bool(left), timeout=SECONDS)
    assert left == [()]


def test_beside_the_images_the_status_line_tells_of_it(window: MainWindow, archive: Path, qtbot: QtBot) -> None:
    page = window.desk.worklist
    window.actions_by_id["worklist"].trigger()
    told: list[str] = []
    tell = window.desk.jobs.tell
    window.desk.jobs.tell = lambda job, text, *rest: (told.append(text), tell(job, text, *rest))  # type: ignore[method-assign]
    with qtbot.waitSignal(page.importer.ended, timeout=SECONDS):
        page.import_paths([archive])
    assert told
    assert told[0].startswith("Importing")
    assert not window.desk.jobs._jobs


def test_words() -> None:
    walking = ImportProgress(found=1200, done=100)
    assert progress_text(walking) == "Importing: 100 files read, 1\u202f200 found so far"
    reading = ImportProgress(found=1200, done=600, is_walking=False, seconds_left=42.0)
    assert progress_text(reading) == "Importing: 600 of 1\u202f200 files, about 40 s left"
    assert ended_text(ImportEnded(ImportProgress(is_walking=False))) == "Imported: no image found."
    known = ImportProgress(found=3, done=3, known=3, is_walking=False)
    assert ended_text(ImportEnded(known)) == "Imported: 3 files known and unchanged."
