"""What the wizard leaves to the viewer: its device, its reader's worklist, its patients' names."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_makers import write_site
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot
from reader_steps import Reader
from test_first_pages import choose_task, enter_table
from wizard_hand import Hand

from mammoview.session.events import AnalysisStarted, ResultsConcealed
from mammoview.session.tuning.project import Page
from mammoview.training.tuning.messages import SourceKind
from mammoview.training.tuning.run_messages import READ_CASES, RUN
from mammoview.ui.tuning.cases_page import CasesPage
from mammoview.ui.tuning.run_page import RunPage

pytestmark = pytest.mark.gui


def test_a_run_makes_way_while_images_are_analysed(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    hand.open()
    hand.begin("Yield")
    tuner = hand.desk._tuner
    assert tuner is not None
    asked: list[bool] = []
    monkeypatch.setattr(tuner, "make_way", lambda *, wanted: asked.append(wanted))
    hand.viewer.show_event(AnalysisStarted("1.2"))
    assert hand.desk.busy is None
    tuner._busy = RUN
    for event in (AnalysisStarted("1.3"), ResultsConcealed("1.2"), ResultsConcealed("1.3")):
        hand.viewer.show_event(event)
    hand.until(lambda: len(asked) == 3)
    tuner._busy = None
    assert asked == [True, True, False]


def test_signed_reads_need_a_reader(hand: Hand) -> None:
    hand.open()
    hand.begin("Signed")
    choose_task(hand)
    page = hand.page(CasesPage)
    page.form.kind.setCurrentIndex(page.form.kind.findData(SourceKind.WORKLIST))
    assert "BI-RADS" in page.about_text.text()
    assert not page.columns.isVisible()
    hand.click(page.read)
    hand.until(hand.window.problem.isVisible)
    assert "signed in" in hand.window.problem.text.text()
    assert not hand.is_done(Page.CASES)


def test_hidden_identities_are_hidden_here_too(hand: Hand, tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 2, views=("CC",))
    table.write_text(table.read_text() + "images/Doe.dcm,PAT9,L,CC,benign\n")
    hand.open()
    hand.begin("Hidden")
    choose_task(hand)
    page = enter_table(hand, table)
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    assert "Doe" in page.rejected.words(0)[2]
    assert page.columns.tabs.isVisibleTo(page.columns)
    hand.viewer.actions_by_id["identity"].trigger()
    assert "Doe" not in page.rejected.words(0)[2]
    assert not page.columns.tabs.isVisibleTo(page.columns)


def test_who_signs_out_leaves_no_patient_on_the_screen_and_work_goes_on(
    hand: Hand, tmp_path: Path, qtbot: QtBot
) -> None:
    reader = Reader(hand.viewer, qtbot)
    hand.viewer.activateWindow()
    reader.press("F4")
    reader.become("r1", "Dr One")
    hand.open()
    hand.begin("Left alone")
    choose_task(hand)
    table = write_site(tmp_path / "site", 12, views=("CC",))
    hand.click(enter_table(hand, table).read)
    question = QMessageBox(hand.page(CasesPage))
    question.show()
    hand.until(lambda: hand.desk.busy == READ_CASES or hand.is_done(Page.CASES))
    hand.viewer.actions_by_id["sign_out"].trigger()
    assert not hand.window.isVisible()
    assert not question.isVisible()
    hand.until(lambda: hand.is_done(Page.CASES))
    assert not hand.window.isVisible()
    hand.viewer.actions_by_id["fine_tune"].trigger()
    assert hand.window.isVisible()


def test_the_window_can_be_closed_and_comes_back(hand: Hand, qtbot: QtBot) -> None:
    window = hand.open()
    hand.begin("Closed")
    window.close()
    assert not window.isVisible()
    hand.viewer.actions_by_id["fine_tune"].trigger()
    assert hand.window is window
    assert window.isVisible()
    assert window.page is Page.TASK
    # Nothing of it can be begun before the pages in front of it are done.
    run = hand.page(RunPage)
    assert not any(button.isEnabled() for button in (run.start, run.pause, run.stop, run.take))
