"""From a described finding to the signed and exported report, in the real window."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from mammoview.core.reading import (
    Assessment,
    Density,
    Descriptors,
    FindingType,
    MassDensity,
    MassMargin,
    MassShape,
    ReaderFinding,
    Recommendation,
)
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.values import SignedReport
from mammoview.report.breast_report.writing import read_report
from mammoview.session.demo import write_phantom
from mammoview.session.reading import changes
from mammoview.ui.mainwindow import MainWindow

sys.path.insert(0, str(Path(__file__).parents[1] / "reading"))

from reading_case import case_of, wait_until
from reading_window import reading_window

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study")
    write_phantom(made, seed=3, priors=0, rows=640, columns=512)
    return made


@pytest.fixture
def window(folder: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    with reading_window(folder, qtbot) as made:
        made.desk.reading.open_case(1)
        wait_until(lambda: made.desk.reading.case is not None)
        yield made


def describe(window: MainWindow) -> None:
    reading = window.desk.reading
    image = next(one for one in case_of(reading).draft.exam.images if one.label == "LCC")
    square = ((300.0, 200.0), (300.0, 260.0), (360.0, 260.0), (360.0, 200.0))
    words = Descriptors(MassShape.IRREGULAR, MassMargin.SPICULATED, MassDensity.HIGH)
    finding = ReaderFinding(
        "m1", image.id, Laterality.LEFT, ViewPosition.CC, FindingType.MASS, square, descriptors=words, size_mm=11.0
    )
    reading.change(lambda draft: changes.add_finding(draft, finding))
    panel = window.desk.decision
    panel.assess(Assessment.NEGATIVE)
    panel.set_focus(Laterality.LEFT)
    panel.assess(Assessment.HIGH_SUSPICION)
    reading.change(lambda draft: changes.recommend(draft, Laterality.LEFT, (Recommendation.CORE_BIOPSY,)))
    panel.set_focus(None)


def test_a_case_with_a_finding_is_written_signed_and_exported(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    desk, reading = window.desk, window.desk.reading
    describe(window)
    reading.commit()
    wait_until(lambda: case_of(reading).is_committed)
    # What stands in the way is told where it is, and leads to its place.
    reading.reveal()
    wait_until(lambda: case_of(reading).is_revealed)
    desk.sign_off.ask()
    assert desk.tabs.currentWidget() is desk.report
    assert "density" in desk.report.note.text()
    next(row for row in desk.report.remarks.rows if row.remark.code == "density").go.click()
    assert desk.tabs.currentWidget() is desk.reading_tab
    window.actions_by_id["show_report"].trigger()
    next(row for row in desk.report.remarks.rows if row.remark.code == "ai_unjudged").go.click()
    assert desk.tabs.currentWidget() is desk.findings.panel
    desk.decision.density.letters[Density.SCATTERED].click()
    # The measured density comes from the images themselves.
    wait_until(lambda: (read := case_of(reading).draft.density) is not None and read.percent is not None)
    window.actions_by_id["show_report"].trigger()
    wait_until(lambda: bool(desk.report.pictures.images))
    (picture,) = desk.report.pictures.images
    assert picture.names == ("L1",)
    # A click on the lesion brings it to the middle of its view.
    pane = next(one for one in desk.wall.panes if one.hung is not None and one.hung.image.label == "LCC")
    wait_until(lambda: pane.image is not None)
    desk.report.lesions.rows[0].clicked.emit()
    assert desk.findings.board.finding is not None
    assert desk.findings.board.finding.id == "m1"
    assert pane.placement.device_point(330.0, 230.0) == pytest.approx(
        (pane.device_size[0] / 2, pane.device_size[1] / 2), abs=2
    )
    desk.sign_off.ask()
    desk.sign_off.ask()
    wait_until(lambda: case_of(reading).is_signed)
    out = tmp_path / "out"
    window.actions_by_id["export_report"].trigger()
    dialog = desk.report.exporter.dialog
    assert dialog is not None
    dialog.folder.setText(str(out))
    dialog.accept()
    wait_until(lambda: desk.state_label.text() == f"Exported to {out}")
    stored = read_report(out)
    assert isinstance(stored.written, SignedReport)
    assert stored.written == case_of(reading).signed
    assert [one.names for one in stored.pictures] == [("L1",)]
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "Research software" in (out / "report.html").read_text(encoding="utf-8")
    names = json.dumps(sorted(path.name for path in out.rglob("*")))
    assert "PHANTOM" not in names.upper()


def test_hiding_who_the_patient_is_reaches_the_report(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_by_id["show_report"].trigger()
    assert "PHANTOM" in window.desk.report.patient.text()
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert "PHANTOM" not in window.desk.report.patient.text()
