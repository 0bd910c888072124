"""A project from its name to a sealed test set, in the real window."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from case_makers import write_site
from PySide6.QtWidgets import QApplication
from wizard_hand import Hand

from mammoview.session.tuning.project import Page, open_project
from mammoview.training.tuning.messages import SourceKind, TuneTask
from mammoview.ui import theme
from mammoview.ui.tuning.audit_page import AuditPage
from mammoview.ui.tuning.cases_page import CasesPage
from mammoview.ui.tuning.split_page import SplitPage
from mammoview.ui.tuning.task_page import TaskPage

pytestmark = pytest.mark.gui


def shot(hand: Hand, name: str) -> None:
    """Keep a picture, where WIZARD_SHOTS names a folder."""
    folder = os.environ.get("WIZARD_SHOTS")
    if folder:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, os.environ.get("WIZARD_CONTRAST", "normal"), int(os.environ.get("WIZARD_SCALE", "100")))
        hand.grab(Path(folder) / f"{name}.png")


def choose_task(hand: Hand, task: TuneTask = TuneTask.IMAGE) -> None:
    page = hand.page(TaskPage)
    page.tasks[task].click()
    hand.until(lambda: page.table.rowCount() > 0)
    hand.click(page.keep)
    hand.until(lambda: hand.is_done(Page.TASK))


def enter_table(hand: Hand, table: Path) -> CasesPage:
    page = hand.page(CasesPage)
    page.form.kind.setCurrentIndex(page.form.kind.findData(SourceKind.TABLE))
    page.form.path.setText(str(table))
    page.form.path.editingFinished.emit()
    hand.until(lambda: page.columns.understood.rowCount() > 0)
    return page


def audit(hand: Hand) -> None:
    hand.go(Page.AUDIT)
    page = hand.page(AuditPage)
    hand.click(page.start)
    hand.until(lambda: hand.is_done(Page.AUDIT))
    assert len(page.thumbs.shown) == 32
    # What the page before refused is listed here, too.
    assert page.rejected.words(0)[:3] == ("Cases", "34", "path")
    assert "none.dcm" in page.rejected.words(0)[3]
    assert page.tabs.tabText(2) == "Refused rows (1)"
    assert "Reading the cases refused 1 row." in page.summary.text()
    assert page.counts.rowCount() > 4
    assert "too small" in page.expected.text() or "wide" in page.expected.text()
    shot(hand, "3-audit")


def test_a_project_comes_to_a_sealed_test_set(hand: Hand, tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 16, views=("CC",))
    table.write_text(table.read_text() + "images/none.dcm,PAT9,L,CC,benign\n")
    hand.open()
    shot(hand, "0-projects")
    hand.begin("Made up")
    choose_task(hand)
    shot(hand, "1-task")
    assert hand.window.page is Page.CASES
    page = enter_table(hand, table)
    assert page.columns.fields["label"].currentText() == "label"
    page.form.copied.setChecked(True)
    shot(hand, "2-cases")
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    assert page.summary.text().startswith("32 images of 16 patients")
    assert page.rejected.rowCount() == 1
    assert "none.dcm" in page.rejected.words(0)[2]
    assert page.changes.rowCount() > 5
    shot(hand, "2-cases-read")
    audit(hand)
    hand.go(Page.SPLIT)
    split = hand.page(SplitPage)
    split.seed.setValue(7)
    hand.click(split.draw)
    hand.until(lambda: split.counts.rowCount() == 3)
    assert not hand.is_done(Page.SPLIT)
    hand.idle()
    hand.answer("Seal")
    hand.click(split.seal)
    hand.until(lambda: hand.is_done(Page.SPLIT))
    assert "seed 7" in split.state.text()
    assert not split.seed.isEnabled()
    shot(hand, "4-split")
    hand.idle()
    hand.click(hand.window.all_projects)
    hand.until(lambda: hand.window.page is None)
    split.forget()
    hand.click(hand.chooser.resume)
    hand.until(lambda: hand.window.page is Page.PLAN)
    hand.go(Page.SPLIT)
    # As it was drawn: patients, images, and patients by label; odd patients have a malignant breast.
    assert [split.counts.words(row)[1:] for row in range(3)] == [
        ("8", "16", "4", "4", "0"),
        ("4", "8", "2", "2", "0"),
        ("4", "8", "2", "2", "0"),
    ]
    assert "seed 7" in split.state.text()
    assert "SHA-256" in split.state.text()


def test_a_project_is_left_and_resumed(hand: Hand, tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 2, views=("CC",))
    hand.open()
    hand.begin("Left")
    choose_task(hand)
    page = enter_table(hand, table)
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    hand.idle()
    hand.click(hand.window.all_projects)
    hand.until(lambda: hand.window.page is None and hand.chooser.table.rowCount() == 1)
    assert hand.chooser.table.words(0) == ("Left", "Audit")
    opened, _ = open_project("Left")
    hand.click(hand.chooser.resume)
    hand.until(hand.window.problem.isVisible)
    assert "Another wizard works on" in hand.window.problem.text.text()
    opened.close()
    hand.until(lambda: hand.chooser.table.rowCount() == 1)
    hand.click(hand.chooser.resume)
    hand.until(lambda: hand.window.page is not None)
    assert hand.is_done(Page.CASES)
    assert page.source.path == str(table)


def test_a_reading_that_fails_shows_why_and_another_project_shows_nothing_of_it(hand: Hand, tmp_path: Path) -> None:
    table = write_site(tmp_path / "site", 1, views=("CC",))
    hand.open()
    hand.begin("First")
    choose_task(hand)
    page = enter_table(hand, table)
    page.form.copied.setChecked(True)
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    assert "burned into the pixels" in page.notes.text()
    hand.go(Page.AUDIT)
    audit = hand.page(AuditPage)
    hand.click(audit.start)
    hand.until(lambda: len(audit.thumbs.shown) == 2)
    hand.idle()
    hand.go(Page.CASES)
    table.write_text(table.read_text().replace("benign", "maybe"))
    hand.click(page.read)
    hand.until(hand.window.problem.isVisible)
    assert page.tabs.currentWidget() is page.rejected
    assert "“maybe”" in page.rejected.words(0)[2]
    # What was read before stays.
    assert page.summary.text().startswith("2 images")
    hand.idle()
    page.form.path.setText(str(tmp_path / "absent.csv"))
    page.form.path.editingFinished.emit()
    hand.until(lambda: "absent.csv cannot be read" in hand.window.problem.text.text())
    assert page.columns.understood.rowCount() == 0
    hand.click(page.read)
    hand.until(lambda: page.rejected.rowCount() == 0)
    hand.idle()
    hand.click(hand.window.all_projects)
    hand.until(lambda: hand.window.page is None)
    hand.begin("Second")
    assert page.form.path.text() == ""
    assert page.rejected.rowCount() == page.changes.rowCount() == page.columns.understood.rowCount() == 0
    assert audit.thumbs.shown == ()
    assert audit.remarks.topLevelItemCount() == audit.counts.rowCount() == 0
    assert audit.summary.text() == ""


def test_pages_ahead_cannot_be_gone_to_and_explain_themselves(hand: Hand) -> None:
    window = hand.open()
    hand.begin("New")
    rail = window.rail
    assert [rail.item(row).text().split()[-1] for row in range(8)] == [
        "Task", "Cases", "Audit", "Split", "Plan", "Run", "Verdict", "Publish",
    ]  # fmt: skip
    assert not rail.item(1).flags()
    for page in window.pages.values():
        assert page.introduction.text().count(". ") == 1
        assert page.introduction.text().endswith(".")


def test_a_model_of_a_newer_program_is_told(hand: Hand, home: Path) -> None:
    newer = home / "models" / "newer-1.0"
    newer.mkdir(parents=True)
    (newer / "manifest.json").write_text('{"schema_version": 99}')
    hand.open()
    hand.begin("Newer")
    choose_task(hand)
    assert "newer-1.0 was refused: it was made for a newer MammoView" in hand.page(TaskPage).refused.text()


def test_a_path_may_begin_at_home(hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    table = write_site(tmp_path / "films", 1, views=("CC",))
    hand.open()
    hand.begin("Home")
    choose_task(hand)
    page = enter_table(hand, Path("~/films/site.csv"))
    assert page.source.path == str(table)
    assert page.form.path.text() == "~/films/site.csv"
    hand.click(page.read)
    hand.until(lambda: hand.is_done(Page.CASES))
    page.form.path.setText("~other/site.csv")
    assert page.source.path == "~other/site.csv"


def test_a_name_that_will_not_do_is_told(hand: Hand) -> None:
    hand.open()
    hand.chooser.name.setText("a/b")
    hand.click(hand.chooser.make)
    hand.until(hand.window.problem.isVisible)
    assert "cannot be called" in hand.window.problem.text.text()
    assert hand.window.page is None
