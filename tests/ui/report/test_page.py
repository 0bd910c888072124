"""The report page: typing, remarks, signing, amending, other readers, earlier reports, files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QInputDialog, QMainWindow, QMessageBox
from pytestqt.qtbot import QtBot

from mammoview.core.errors import OutputError
from mammoview.core.image import DisplayImage
from mammoview.core.reading import Assessment, Density, DensityRead, FindingType, ReaderFinding, Recommendation
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.values import Draft, SectionName
from mammoview.report.breast_report.writing import read_report
from mammoview.session.events import PixelsReady
from mammoview.session.reading import changes
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui.bridge import Background
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.reading.sign_off import SignOff
from mammoview.ui.reading.standing import state_lines
from mammoview.ui.report.page import ReportPage
from mammoview.ui.report.sections import TYPED_MS
from mammoview.ui.report.viewer import ReportViewer

sys.path.insert(0, str(Path(__file__).parents[1] / "reading"))

from reading_case import FakeSession, case_of, close, open_case, reading_desk, wait_until
from reading_makers import import_study, normal, study_of

RIGHT = Laterality.RIGHT
Make = Callable[[ReadingDesk], ReportPage]
NAME = "Doe"


@pytest.fixture
def worklist(tmp_path: Path) -> Worklist:
    return open_worklist(tmp_path / "worklist.db")[0]


@pytest.fixture
def desk(qapp: object, worklist: Worklist) -> Iterator[ReadingDesk]:
    made = reading_desk(worklist)
    yield made
    close(made)


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    made.resize(320, 700)
    return made


@pytest.fixture
def page(desk: ReadingDesk, background: Background, window: QMainWindow) -> ReportPage:
    made = ReportPage(desk, SignOff(desk, desk), background, window)
    window.setCentralWidget(made)
    window.show()
    return made


def mass(desk: ReadingDesk, label: str = "RCC") -> ReaderFinding:
    image = next(one for one in case_of(desk).draft.exam.images if one.label == label)
    square = ((400.0, 300.0), (400.0, 420.0), (520.0, 420.0), (520.0, 300.0))
    return ReaderFinding("m1", image.id, RIGHT, ViewPosition.CC, FindingType.MASS, square, size_mm=12.0)


def describe(desk: ReadingDesk) -> None:
    finding = mass(desk)

    def described(draft: Draft) -> Draft:
        draft = changes.assess(normal(draft), RIGHT, Assessment.LOW_SUSPICION)
        draft = changes.recommend(draft, RIGHT, (Recommendation.CORE_BIOPSY,))
        return changes.add_finding(draft, finding)

    desk.change(described)


def text(desk: ReadingDesk, name: SectionName) -> str:
    section = case_of(desk).draft.section(name)
    assert section is not None
    return section.text


def sign(desk: ReadingDesk) -> None:
    if not case_of(desk).is_committed:
        desk.commit()
        wait_until(lambda: case_of(desk).is_committed)
    desk.sign()
    wait_until(lambda: case_of(desk).is_read_only)


def type_in(page: ReportPage, qtbot: QtBot, name: SectionName, words: str) -> None:
    field = page.sections.fields[name].text
    field.setFocus()
    field.moveCursor(field.textCursor().MoveOperation.End)
    qtbot.keyClicks(field, words)


def test_without_a_case_the_page_says_so(page: ReportPage) -> None:
    assert page.empty.isVisibleTo(page)
    assert not page.sign.isVisibleTo(page)


def test_what_is_typed_is_stored_a_moment_later(page: ReportPage, desk: ReadingDesk, qtbot: QtBot) -> None:
    open_case(desk)
    desk.change(normal)
    name = SectionName.IMPRESSION
    before = text(desk, name)
    type_in(page, qtbot, name, " Seen twice.")
    assert text(desk, name) == before
    qtbot.wait(TYPED_MS + 100)
    assert text(desk, name) == f"{before} Seen twice."
    field = page.sections.fields[name]
    assert field.tag.text() == "edited"
    assert field.text.textCursor().atEnd()
    wait_until(lambda: desk.is_stored)


@pytest.mark.parametrize("leave", ["commit", "next", "close"])
def test_nothing_typed_is_lost_when_the_case_goes_on(
    page: ReportPage, desk: ReadingDesk, worklist: Worklist, qtbot: QtBot, leave: str
) -> None:
    open_case(desk)
    desk.change(normal)
    type_in(page, qtbot, SectionName.IMPRESSION, " Typed at the last moment.")
    if leave == "commit":
        desk.commit()
        wait_until(lambda: case_of(desk).is_committed)
    elif leave == "next":
        desk.next_case()
        wait_until(lambda: desk.case is not None and desk.case.study == 2)
        assert "last moment" not in text(desk, SectionName.IMPRESSION)
    else:
        desk.close_case()
    open_case(desk, 1)
    assert "Typed at the last moment." in text(desk, SectionName.IMPRESSION)
    assert "Typed at the last moment." in page.sections.fields[SectionName.IMPRESSION].text.toPlainText()


def test_an_outdated_text_is_told_and_written_anew_when_asked(
    page: ReportPage, desk: ReadingDesk, qtbot: QtBot
) -> None:
    open_case(desk)
    desk.change(normal)
    type_in(page, qtbot, SectionName.RIGHT, " Checked.")
    page.sections.flush()
    describe(desk)
    field = page.sections.fields[SectionName.RIGHT]
    assert "Checked." in field.text.toPlainText()
    assert field.tag.text() == "out of date"
    row = next(row for row in page.remarks.rows if row.remark.code == "outdated_text")
    row.go.click()
    assert page.focusWidget() is field.text
    field.renew.click()
    assert "Checked." not in field.text.toPlainText()
    assert "mass" in field.text.toPlainText().lower()
    assert field.tag.text() == ""


def test_remarks_put_what_blocks_first_and_lead_to_their_place(page: ReportPage, desk: ReadingDesk) -> None:
    places: list[object] = []
    lesions: list[object] = []
    page.place_wanted.connect(places.append)
    page.lesion_wanted.connect(lesions.append)
    open_case(desk)
    describe(desk)
    desk.change(lambda draft: changes.set_density(draft, None))
    blocking = [row.remark.blocks for row in page.remarks.rows]
    assert blocking[0]
    assert blocking == sorted(blocking, reverse=True)
    assert "in the way" in page.remarks.title.text()
    next(row for row in page.remarks.rows if row.remark.code == "density").go.click()
    next(row for row in page.remarks.rows if row.remark.code == "descriptors").go.click()
    assert [place.kind.value for place in places] == ["decision", "findings"]  # type: ignore[attr-defined]
    assert [one.name for one in lesions] == ["R1"]  # type: ignore[attr-defined]


def test_enter_confirms_a_signature_and_nothing_else_hears_it(
    page: ReportPage, desk: ReadingDesk, window: QMainWindow, qtbot: QtBot
) -> None:
    heard: list[bool] = []
    enlarge = QAction("enlarge", window)
    enlarge.setShortcut(QKeySequence("Return"))
    enlarge.triggered.connect(lambda: heard.append(True))
    window.addAction(enlarge)
    open_case(desk)
    desk.change(normal)
    assert not page.sign.isEnabled()
    desk.commit()
    wait_until(lambda: case_of(desk).is_committed)
    qtbot.mouseClick(page.sign, Qt.MouseButton.LeftButton)
    assert "Before you sign" in page.note.text()
    assert not case_of(desk).is_signed
    qtbot.keyClick(page.sign, Qt.Key.Key_Return)
    wait_until(lambda: case_of(desk).is_signed)
    assert heard == []
    assert page.status.text().startswith("Signed by Dr A")
    assert not page.sign.isVisibleTo(page)
    assert all(field.text.isReadOnly() for field in page.sections.fields.values())


def test_a_signed_report_is_amended_with_a_reason_and_the_old_one_can_be_read(
    page: ReportPage, desk: ReadingDesk, window: QMainWindow, qtbot: QtBot
) -> None:
    open_case(desk)
    desk.change(normal)
    sign(desk)
    page.amend.click()
    asking = window.findChild(QInputDialog)
    assert asking is not None
    asking.setTextValue("The sides were confused.")
    asking.accept()
    wait_until(lambda: case_of(desk).is_amending)
    assert "version 2" in page.status.text()
    assert "sides were confused" in page.status.text()
    type_in(page, qtbot, SectionName.IMPRESSION, " Corrected.")
    page.sign.click()
    assert not case_of(desk).is_read_only
    page.sign.click()
    wait_until(lambda: case_of(desk).is_read_only)
    signed = case_of(desk).signed
    assert signed is not None
    assert signed.version == 2
    assert any("Corrected." in section.text for section in signed.content.sections)
    assert [button.text().split(",")[0] for button in page.versions] == ["Version 1"]
    page.versions[0].click()
    viewer = window.findChild(ReportViewer)
    assert viewer is not None
    assert "Corrected." not in viewer.text.toPlainText()
    assert viewer.text.isReadOnly()
    viewer.close()


def test_an_amendment_without_a_reason_is_refused(page: ReportPage, desk: ReadingDesk, window: QMainWindow) -> None:
    open_case(desk)
    desk.change(normal)
    sign(desk)
    page.amend.click()
    asking = window.findChild(QInputDialog)
    assert asking is not None
    asking.accept()
    wait_until(lambda: any("reason" in one.problem.message for one in desk.session.messages.history))
    assert not case_of(desk).is_amending


def test_key_images_come_beside_the_lesions_when_their_pixels_do(
    page: ReportPage, desk: ReadingDesk, qtbot: QtBot
) -> None:
    open_case(desk)
    describe(desk)
    session = desk.session
    assert isinstance(session, FakeSession)
    image_id = mass(desk).image_id
    assert session.requested == [image_id]
    (row,) = page.lesions.rows
    assert row.lesion.name == "R1"
    assert row.pictures.count() <= 1
    ramp = np.tile(np.arange(800, dtype=np.uint16) * 5, (1000, 1))
    session.pixels[image_id] = DisplayImage(image_id, (ramp,))
    page.pictures.hear(PixelsReady(session.pixels[image_id], chest_wall=None))
    wait_until(lambda: bool(page.pictures.images))
    (picture,) = page.pictures.images
    assert picture.names == ("R1",)
    label = row.pictures.itemAt(0).widget()
    tall = label.pixmap().height() / label.pixmap().width()
    page.set_identity(is_shown=False)
    label = row.pictures.itemAt(0).widget()
    assert label.pixmap().height() / label.pixmap().width() < tall, "the band with the name is cut off"


def test_identity_is_hidden_on_the_page_and_in_other_reports(
    page: ReportPage, desk: ReadingDesk, window: QMainWindow
) -> None:
    open_case(desk)
    assert NAME in page.patient.text()
    page.set_identity(is_shown=False)
    assert NAME not in page.patient.text()
    assert "P1" not in page.patient.text()
    desk.change(normal)
    sign(desk)
    desk.amend("Again.")
    wait_until(lambda: case_of(desk).is_amending)
    page.versions[0].click()
    viewer = window.findChild(ReportViewer)
    assert viewer is not None
    assert NAME not in viewer.text.toPlainText()
    page.set_identity(is_shown=True)
    assert NAME in viewer.text.toPlainText()
    viewer.close()


def test_the_ai_is_named_with_version_and_hash_after_the_reveal_only(page: ReportPage, desk: ReadingDesk) -> None:
    open_case(desk)
    desk.change(normal)
    assert "m1" not in page.ai.text()
    desk.commit()
    desk_reveal(desk)
    assert "m1 1 (patch, abababababababab…)" in page.ai.text()
    assert "Intended use" in page.ai.text()


def desk_reveal(desk: ReadingDesk) -> None:
    wait_until(lambda: case_of(desk).is_committed)
    desk.reveal()
    wait_until(lambda: case_of(desk).is_revealed)


def test_export_asks_before_it_replaces_and_is_logged(
    page: ReportPage, desk: ReadingDesk, worklist: Worklist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, exported = tmp_path / "out", list[str]()
    page.exporter.exported.connect(exported.append)
    open_case(desk)
    desk.change(normal)
    page.export.click()
    dialog = page.exporter.dialog
    assert dialog is not None
    assert not dialog.json.isEnabled()
    dialog.folder.setText(str(out))
    dialog.accept()
    wait_until(lambda: exported == [str(out)])
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json", "report.pdf"]
    assert isinstance(read_report(out).written, Draft)
    sign(desk)
    answers: list[QMessageBox.StandardButton] = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    asked: list[bool] = []

    def question(*_args: object) -> QMessageBox.StandardButton:
        asked.append(True)
        return answers[len(asked) - 1]

    monkeypatch.setattr(QMessageBox, "question", question)
    for expected in (1, 2):
        page.export.click()
        dialog = page.exporter.dialog
        assert dialog is not None
        dialog.folder.setText(str(out))
        dialog.pdf.setChecked(False)
        dialog.accept()
        wait_until(lambda expected=expected: len(asked) == expected)
    wait_until(lambda: len(exported) == 2)
    assert not isinstance(read_report(out).written, Draft)
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json"]
    with worklist._database.read() as connection:
        rows = connection.execute("SELECT detail FROM audit WHERE event = 'export' ORDER BY rowid").fetchall()
    assert ["draft json html pdf" in rows[0][0], "report json html" in rows[1][0], len(rows)] == [True, True, 2]


def test_a_full_disk_gives_one_message_and_loses_nothing(
    page: ReportPage, desk: ReadingDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_case(desk)
    desk.change(normal)
    wait_until(lambda: desk.is_stored)
    before = case_of(desk)

    def full(*_args: object, **_more: object) -> Path:
        raise OutputError("The disk is full.", "Make room.")

    monkeypatch.setattr("mammoview.ui.report.export.write_report", full)
    page.exporter.write(1, tmp_path / "out", before.draft, (), forms=())
    wait_until(lambda: bool(desk.session.messages.history))
    assert [one.problem.message for one in desk.session.messages.history] == ["The disk is full."]
    assert case_of(desk) == before


def test_print_opens_the_pdf(page: ReportPage, desk: ReadingDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def open_url(url: QUrl) -> bool:
        opened.append(Path(url.toLocalFile()))
        return opened[-1].read_bytes().startswith(b"%PDF")

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    open_case(desk)
    page.print_out.click()
    wait_until(lambda: bool(opened))
    assert opened[0].name == "report.pdf"


def test_without_a_viewer_printing_says_so_and_old_pages_go(
    page: ReportPage, desk: ReadingDesk, isolated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: False)
    old = isolated_home / "print-left"
    old.mkdir()
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    open_case(desk)
    page.print_out.click()
    wait_until(lambda: bool(desk.session.messages.history))
    assert "No program here opens a PDF" in desk.session.messages.history[0].problem.message
    assert not old.exists()


def test_an_earlier_signed_report_can_be_read_beside(
    qapp: object, worklist: Worklist, desk: ReadingDesk, page: ReportPage, window: QMainWindow
) -> None:
    first = case_study(desk, 1)
    prior = replace(study_of(9, "20220501"), patient_id=first.patient_id, patient_name=first.patient_name)
    import_study(worklist, prior)
    session = desk.session
    assert isinstance(session, FakeSession)
    session.files[prior.uid] = prior
    open_case(desk, 4)
    desk.change(normal)
    sign(desk)
    open_case(desk, 1)
    wait_until(lambda: bool(page.versions))
    assert page.versions[0].text() == "Exam of 2022-05-01"
    page.versions[0].click()
    viewer = window.findChild(ReportViewer)
    assert viewer is not None
    assert "2022-05-01" in viewer.text.toPlainText()
    viewer.close()


def case_study(desk: ReadingDesk, number: int):  # type: ignore[no-untyped-def]
    session = desk.session
    assert isinstance(session, FakeSession)
    return session.files[f"1.2.{number}"]


def read_by(worklist: Worklist, reader: str, category: Assessment) -> None:
    """Another reader reads case 1 and signs."""
    desk = reading_desk(worklist, reader=reader)
    open_case(desk, 1)
    desk.change(lambda draft: changes.assess(normal(draft), RIGHT, category))
    if category is not Assessment.NEGATIVE:
        desk.change(lambda draft: changes.recommend(draft, RIGHT, (Recommendation.ULTRASOUND,)))
    desk.change(lambda draft: changes.set_density(draft, DensityRead(Density.FATTY)))
    sign(desk)
    desk.close_case()
    wait_until(lambda: desk.is_stored)
    desk.sign_out()
    desk.session.marks.close()


@pytest.fixture
def double(desk: ReadingDesk, worklist: Worklist) -> None:
    assert desk.seat is not None
    worklist.protocols.change(desk.seat, Protocol(reading=ReadingMode.DOUBLE))


@pytest.mark.usefixtures("double")
def test_the_other_reader_is_hidden_until_both_have_signed(
    page: ReportPage, desk: ReadingDesk, worklist: Worklist
) -> None:
    read_by(worklist, "b", Assessment.INCOMPLETE)
    open_case(desk)
    assert page.others.told.text() == "The other reader's decision is shown after you have signed."
    assert page.others.cells == []
    desk.change(normal)
    sign(desk)
    told = page.others.told.text()
    assert "Right breast, recall: first reader recall, second reader no recall" in told
    cells = [cell.text() for cell in page.others.cells]
    assert "First reader (b)" in cells
    assert "BI-RADS 0, recall, ultrasound" in cells


@pytest.mark.usefixtures("double")
def test_the_arbiter_sees_both_decisions_side_by_side(page: ReportPage, desk: ReadingDesk, worklist: Worklist) -> None:
    read_by(worklist, "b", Assessment.INCOMPLETE)
    read_by(worklist, "c", Assessment.NEGATIVE)
    case = open_case(desk)
    assert case.reading is not None
    assert case.reading.place == 3
    assert state_lines(case)[0] == "The readers disagree: both decisions are in the report."
    assert "Right breast, category: first reader BI-RADS 0, second reader BI-RADS 1" in page.others.told.text()
    cells = [cell.text() for cell in page.others.cells]
    assert [text for text in cells if "reader (" in text] == ["First reader (b)", "Second reader (c)"]


def test_in_a_reader_study_nobody_sees_another(page: ReportPage, desk: ReadingDesk, worklist: Worklist) -> None:
    assert desk.seat is not None
    worklist.protocols.change(desk.seat, Protocol(reading=ReadingMode.READER_STUDY))
    read_by(worklist, "b", Assessment.INCOMPLETE)
    open_case(desk)
    assert "reader study" in page.others.told.text()
    assert page.others.cells == []


def test_nothing_is_cut_off_in_the_narrow_dock(page: ReportPage, desk: ReadingDesk, qtbot: QtBot) -> None:
    open_case(desk)
    describe(desk)
    desk.change(lambda draft: changes.write_section(draft, SectionName.LEFT, "word " * 80))
    qtbot.wait(50)
    assert page.minimumSizeHint().width() <= 310
    assert page.inner.minimumSizeHint().width() <= page.area.viewport().width()
    for field in page.sections.fields.values():
        text = field.text
        if field.isVisibleTo(page):
            assert text.verticalScrollBar().maximum() == 0, field.name


def test_who_only_looks_sees_no_report_that_is_not_signed(
    page: ReportPage, desk: ReadingDesk, worklist: Worklist
) -> None:
    worklist.readers.add("z", "Dr Z")
    open_case(desk)
    desk.close_case()
    wait_until(lambda: desk.is_stored)
    desk.sign_out()
    desk.sign_in("z")
    wait_until(lambda: desk.seat is not None)
    assert open_case(desk).reading is None
    assert page.empty.isVisibleTo(page)
    assert "Read by others" in page.empty.text()
    assert not page.export.isVisibleTo(page)


def test_what_was_typed_just_before_the_window_closed_is_kept(
    page: ReportPage, desk: ReadingDesk, worklist: Worklist, qtbot: QtBot
) -> None:
    open_case(desk)
    desk.change(normal)
    type_in(page, qtbot, SectionName.IMPRESSION, " The last words.")
    path = worklist.path
    desk.close()
    again, _ = open_worklist(path)
    seat = again.readers.sign_in("a")
    (stored,) = again.documents.visible(seat, 1, kind="report")
    again.close()
    assert "The last words." in stored.content


def test_others_read_what_was_signed(page: ReportPage, desk: ReadingDesk, worklist: Worklist) -> None:
    read_by(worklist, "b", Assessment.NEGATIVE)
    assert open_case(desk).reading is None
    assert page.status.text().startswith("Signed by Dr B")
    assert page.export.isVisibleTo(page)
    assert not page.amend.isVisibleTo(page)
    assert not page.sign.isVisibleTo(page)
    assert all(field.text.isReadOnly() for field in page.sections.fields.values())
