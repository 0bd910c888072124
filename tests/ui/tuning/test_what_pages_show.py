"""What the pages make of values that the made-up site does not give: bands, subgroups, stops, other machines, reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from case_makers import write_dicom, write_site
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from reader_steps import Reader, read_and_sign
from test_first_pages import choose_task, enter_table, shot
from wizard_hand import Hand

from mammoview.session.demo import write_phantom
from mammoview.session.tuning.project import Page, Project, projects
from mammoview.session.tuning.standing import Standing
from mammoview.training.judging.sentence import Change, Interval, sentence_of
from mammoview.training.judging.site_verdict import GRID, PartChange, Roc, Side, SiteVerdict
from mammoview.training.tuning.audit_messages import Remark, RemarkKind, Severity
from mammoview.training.tuning.messages import SourceKind
from mammoview.training.tuning.run_messages import EpochTold, Notice, NoticeKind, SamplesTold
from mammoview.ui.tuning.audit_page import AuditPage
from mammoview.ui.tuning.cases_page import CasesPage
from mammoview.ui.tuning.remark_tree import RemarkTree
from mammoview.ui.tuning.run_page import RunPage
from mammoview.ui.tuning.verdict_page import VerdictPage

pytestmark = pytest.mark.gui


def classified() -> SiteVerdict:
    change = Change(
        "AUC", Interval(0.7, 0.6, 0.8), Interval(0.8, 0.7, 0.9), Interval(0.1, 0.02, 0.2), 0.03, 0.04, 90, 45
    )
    band = tuple(np.sqrt(GRID))

    def side(key: str, ece: float) -> Side:
        roc = Roc(GRID, band, tuple(0.8 * value for value in band), tuple(min(1.0, 1.1 * value) for value in band))
        return Side(key, 1.0, 1.4, ece, ece / 2, Interval(0.7, 0.5, 0.9), Interval(0.9, 0.8, 0.95), roc)

    return SiteVerdict(
        "image",
        sentence_of(change),
        change.outcome,
        change,
        side("old@1", 0.1),
        side("new@1", 0.08),
        (PartChange("view", "MLO", change),),
        half_patients=22,
    )


def test_a_classifiers_verdict_has_bands_and_tests(hand: Hand) -> None:
    hand.open()
    hand.begin("Bands")
    page = hand.page(VerdictPage)
    standing = Standing(Project("Bands"), Path(), frozenset(Page), Page.PUBLISH, verdict=classified())
    hand.window.stack.setCurrentWidget(page)
    page.show_standing(standing)
    assert page.sentence.text().startswith("The new model is better")
    assert page.roc.isVisible()
    bands = [item for item in page.roc.getPlotItem().items if isinstance(item, pg.FillBetweenItem)]
    assert len(bands) == 2
    rows = {page.numbers.words(row)[0]: page.numbers.words(row)[2] for row in range(page.numbers.rowCount())}
    assert rows["p, paired DeLong test"] == "0.040"
    assert rows["Sensitivity at the operating point"] == "0.700 (0.500 to 0.900)"
    assert rows["Calibration error with it, on the other half"] == "0.040"
    assert page.subgroups.words(0) == ("view MLO", "45", "0.700", "0.800", "+0.100 (+0.020 to +0.200)")
    # A page that was large once is no longer than its place when it is small again.
    hand.window.resize(1366, 1400)
    hand.until(lambda: page.roc.height() > 1000)
    assert page.roc.sizeHint().height() < 200
    hand.window.resize(1366, 768)
    shot(hand, "7-verdict-classifier")


def test_epochs_notices_and_scores_are_shown_as_they_come(hand: Hand) -> None:
    hand.open()
    hand.begin("Live")
    page = hand.page(RunPage)
    hand.window.stack.setCurrentWidget(page)
    images = np.random.default_rng(1).integers(0, 255, (3, 40, 30)).astype(np.uint8)
    for epoch in (1, 2, 3):
        told = SamplesTold(images, np.array([0, 1, 0]), np.array([0.1, 0.5 + epoch / 10, 0.3]))
        hand.desk.heard.emit(EpochTold(epoch, 9, "top", 1 / epoch, 1e-3, 2.0, "auc", 0.7, 0.6, 0.8, 12.0, told))
    hand.desk.heard.emit(Notice(NoticeKind.SKIPPED, "1 image cannot be read and is skipped.", 1))
    hand.desk.heard.emit(Notice(NoticeKind.BATCH_HALVED, "The device is out of memory: batches of 2 × 4.", 2))
    assert page.samples.texts == ("0.10", "0.80", "0.30")
    assert any(isinstance(item, pg.FillBetweenItem) for item in page.curves.measure.getPlotItem().items)
    assert page.curves.measure.getAxis("left").labelText == "AUC"
    assert "batches of 2" in page.notices.words(0)[1]
    assert "AUC 0.700 (95 % interval 0.600 to 0.800)" in page.state.text()
    shot(hand, "6-run-classifier")


def test_signed_reads_become_cases_and_unsigned_ones_do_not(hand: Hand, tmp_path: Path, qtbot: QtBot) -> None:
    for seed in range(2):
        write_phantom(tmp_path / "studies", seed=seed, rows=320, columns=260)
    reader = Reader(hand.viewer, qtbot)
    hand.viewer.activateWindow()
    reader.press("F4")
    hand.open()
    hand.begin("Reads")
    choose_task(hand)
    page = hand.page(CasesPage)
    page.form.kind.setCurrentIndex(page.form.kind.findData(SourceKind.WORKLIST))
    hand.click(page.read)
    hand.until(hand.window.problem.isVisible)
    assert "Nobody is signed in" in hand.window.problem.text.text()
    reader.become("r1", "Dr One")
    hand.viewer.desk.worklist.import_paths([tmp_path / "studies"])
    reader.wait(lambda: len(hand.viewer.desk.worklist.list.model.order) == 2)
    hand.click(page.read)
    hand.until(lambda: "No study of the worklist is signed" in hand.window.problem.text.text())
    hand.viewer.activateWindow()
    hand.until(hand.viewer.isActiveWindow)
    for row, category in enumerate(("Num+2", "")):
        hand.viewer.desk.reading.open_case(hand.viewer.desk.worklist.list.model.order[row])
        reader.wait(lambda: reader.is_shown() and not reader.case.is_signed)
        if category:
            read_and_sign(reader, category, is_open=True)
        else:
            reader.press("Num+2")
            reader.wait(lambda: reader.reading.is_stored)
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    assert page.summary.text().startswith("4 images of 1 patient: 4 with a label")
    shot(hand, "2-cases-signed")


def test_a_stop_holds_the_next_page_and_a_remark_shows_its_pictures(hand: Hand, tmp_path: Path, qtbot: QtBot) -> None:
    table = write_site(tmp_path / "site", 2, views=("CC",))
    double = table.parent / "images" / "double.dcm"
    write_dicom(double, patient="PAT7", side="L", view="CC", seed=1)
    table.write_text(table.read_text() + "images/double.dcm,PAT7,L,CC,benign\n")
    hand.open()
    hand.begin("Stops")
    choose_task(hand)
    hand.click(enter_table(hand, table).read)
    hand.until(lambda: hand.is_done(Page.CASES))
    hand.go(Page.AUDIT)
    page = hand.page(AuditPage)
    hand.click(page.start)
    hand.until(lambda: "must be put right" in page.summary.text())
    hand.idle()
    assert not hand.is_done(Page.AUDIT)
    row = next(row for row in page.remarks.rows if row.key[1] is RemarkKind.EXACT_DUPLICATE)
    page.remarks.choose(row.key)
    assert len(page.thumbs.shown) == 2
    assert "PAT7" in row.patients
    page.all_images.click()
    assert len(page.thumbs.shown) == 5
    assert page.thumbs.item(4).text() == "Row 6"
    middle = page.thumbs.visualItemRect(page.thumbs.item(4)).center()
    qtbot.mouseClick(page.thumbs.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    hand.until(lambda: hand.session.studies)
    assert hand.session.studies[0].images[0].patient_id == "PAT7"


def test_remarks_of_a_kind_are_one_row_that_opens(qtbot: QtBot) -> None:
    mirrored = [
        Remark(RemarkKind.LATERALITY, Severity.WARNING, f"Image {place} is mirrored.", (place,), (f"PAT{place // 2}",))
        for place in range(1, 321)
    ]
    few = Remark(RemarkKind.TOO_FEW, Severity.STOP, "There are too few.")
    tree = RemarkTree()
    qtbot.addWidget(tree)
    tree.show_remarks([*mirrored[:300], few], is_identity_shown=True)
    assert [row.text for row in tree.rows] == ["There are too few.", "300 remarks, 300 images"]
    top = tree.topLevelItem(1)
    assert top is not None
    assert (top.text(1), top.text(3), top.childCount()) == ("side against the pixels", "151 patients", 0)
    top.setExpanded(True)
    assert top.childCount() == 300
    tree.choose((Severity.WARNING, RemarkKind.LATERALITY, 6))
    # More come while the page is looked at: what is open and chosen stays.
    with qtbot.assertNotEmitted(tree.itemSelectionChanged):
        tree.show_remarks([few, *mirrored], is_identity_shown=True)
    top = tree.topLevelItem(1)
    assert top is not None
    assert (top.isExpanded(), top.childCount()) == (True, 320)
    assert tree.chosen is not None
    assert (tree.chosen.text, tree.chosen.images) == ("Image 7 is mirrored.", (7,))
    tree.show_remarks([few, *mirrored], is_identity_shown=False)
    assert tree.chosen.text == "••• (1 image)"
    child = tree.topLevelItem(1).child(6)  # type: ignore[union-attr]
    assert (child.text(3), child.toolTip(3)) == ("1 patient", "")


def test_a_project_is_deleted_only_when_that_is_confirmed(hand: Hand, qtbot: QtBot) -> None:
    hand.open()
    hand.begin("Gone")
    hand.click(hand.window.all_projects)
    hand.until(lambda: hand.chooser.chosen == "Gone")
    hand.answer("Cancel")
    hand.click(hand.chooser.drop)
    assert projects() == ("Gone",)
    hand.answer("Delete")
    hand.click(hand.chooser.drop)
    hand.until(lambda: projects() == ())
    hand.until(lambda: hand.chooser.table.rowCount() == 0)
