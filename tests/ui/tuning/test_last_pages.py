"""A run, its verdict and its package in the real window: the new model in use, and the old one after roll-back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from case_makers import write_dicom
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from test_first_pages import enter_table, shot
from wizard_hand import Hand

from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.pipeline.comparing import Side
from mammoview.session.comparing import BLIND
from mammoview.session.tuning.project import VERDICT, Page, open_project
from mammoview.training.judging.sentence import Interval, Outcome, sentence_of
from mammoview.training.judging.site_verdict import WorseCase, from_json, to_json
from mammoview.training.tuning.activations import read_record
from mammoview.training.tuning.messages import TuneTask
from mammoview.ui.tuning.audit_page import AuditPage
from mammoview.ui.tuning.plan_page import PlanPage
from mammoview.ui.tuning.publish_page import PublishPage
from mammoview.ui.tuning.run_page import RunPage
from mammoview.ui.tuning.split_page import SplitPage
from mammoview.ui.tuning.task_page import TaskPage
from mammoview.ui.tuning.verdict_page import VerdictPage

pytestmark = [pytest.mark.gui, pytest.mark.slow]


def come_to_the_plan(hand: Hand, table: Path, *, epochs: int = 3, devices: int = 1) -> None:
    hand.open()
    hand.begin("Made up")
    task = hand.page(TaskPage)
    task.tasks[TuneTask.SEGMENT].click()
    hand.until(lambda: task.table.rowCount() > 0)
    rows = [task.table.words(row)[0] for row in range(task.table.rowCount())]
    task.table.selectRow(next(place for place, key in enumerate(rows) if key.startswith("parent-")))
    shot(hand, "1-task")
    hand.click(task.keep)
    hand.until(lambda: hand.is_done(Page.TASK))
    hand.click(enter_table(hand, table).read)
    hand.until(lambda: hand.is_done(Page.CASES))
    hand.go(Page.AUDIT)
    hand.click(hand.page(AuditPage).start)
    hand.until(lambda: hand.is_done(Page.AUDIT))
    hand.go(Page.SPLIT)
    hand.answer("Seal")
    hand.click(hand.page(SplitPage).seal)
    hand.until(lambda: hand.is_done(Page.SPLIT))
    hand.go(Page.PLAN)
    plan = hand.page(PlanPage)
    plan.device.setCurrentText("cpu")
    plan.expert.setChecked(True)
    plan.batch.setValue(4)
    plan.epochs.setValue(epochs)
    plan.devices.setValue(devices)
    hand.click(plan.start)
    hand.until(lambda: hand.is_done(Page.PLAN))


def plant_worse(name: str, image: Path) -> None:
    """As if the new model were worse, on this image for one."""
    opened, project = open_project(name)
    with opened:
        verdict = from_json(opened.file(VERDICT).read_text(encoding="utf-8"))
        change = replace(verdict.change, difference=Interval(-0.2, -0.3, -0.1))
        worse = replace(verdict, change=change, outcome=Outcome.WORSE, sentence=sentence_of(change))
        worse = replace(worse, worse=(WorseCase(str(image), "PAT7", "outlined", 0.81, 0.42),))
        opened.put(VERDICT, to_json(worse))
        opened.finish(Page.PUBLISH, opened.finish(Page.VERDICT, project))


def train(hand: Hand) -> None:
    plan = hand.page(PlanPage)
    assert "epochs" in plan.cost.text()
    assert "mammoview" in plan.texts["This machine"].toPlainText()
    assert "[package]" in plan.texts["config.toml"].toPlainText()
    shot(hand, "5-plan")
    hand.go(Page.RUN)
    run = hand.page(RunPage)
    hand.click(run.start)
    hand.until(lambda: hand.desk.busy == "run")
    hand.until(lambda: run.curves.epochs)
    assert hand.wizard.notice.isVisibleTo(hand.viewer)
    shot(hand, "6-run-live")
    hand.until(lambda: hand.is_done(Page.RUN))
    hand.idle()
    assert [one.epoch for one in run.curves.epochs] == [1, 2, 3]
    assert run.samples.texts
    shot(hand, "6-run")


def judge(hand: Hand) -> None:
    hand.go(Page.VERDICT)
    verdict = hand.page(VerdictPage)
    hand.click(verdict.start)
    hand.until(lambda: hand.is_done(Page.VERDICT))
    assert "the new model" in verdict.sentence.text().lower()
    assert verdict.numbers.rowCount() > 3
    shot(hand, "7-verdict")


def open_the_worse_case(hand: Hand, qtbot: QtBot) -> None:
    verdict = hand.page(VerdictPage)
    hand.go(Page.VERDICT)
    assert "worse" in verdict.sentence.text()
    verdict.tabs.setCurrentWidget(verdict.worse)
    shot(hand, "7-verdict-worse")
    assert verdict.worse.words(0) == ("1.dcm", "PAT7", "outlined", "0.810", "0.420")
    middle = verdict.worse.visualItemRect(verdict.worse.item(0, 0)).center()
    qtbot.mouseClick(verdict.worse.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    hand.until(lambda: hand.session.studies)
    assert hand.session.studies[0].images[0].patient_id == "PAT7"
    hand.viewer.actions_by_id["identity"].trigger()
    assert "PAT7" not in verdict.worse.words(0)[1]
    assert "1.dcm" not in verdict.worse.words(0)[0]


def compare_side_by_side(hand: Hand, old: str, new: str) -> None:
    publish = hand.page(PublishPage)
    hand.click(publish.compare)
    comparing = hand.viewer.desk.comparing
    hand.until(lambda: comparing.window is not None and comparing.window.isVisible())
    window = comparing.window
    assert window is not None
    hand.until(lambda: comparing._so_far is not None and comparing._so_far.exams is not None)
    exams = comparing._so_far.exams
    assert (exams.old.models, exams.new.models) == ((old,), (new,))
    assert old in window.pair.headings[Side.OLD].text()
    assert new in window.pair.headings[Side.NEW].text()
    assert window.case_words.text() == "By the verdict outlined, 0.810 before and 0.420 after. Patient PAT7, 1.dcm"
    assert window.table.rowCount() == 1
    assert hand.session.selected is None, "the table of the viewer stays as it was"
    hand.session.veil.begin()
    hand.until(lambda: not window.isVisible())
    hand.viewer.desk.reading.signed_in.emit(None)
    assert not publish.compare.isEnabled()
    assert publish.compare.toolTip() == BLIND
    assert not hand.page(VerdictPage).compare.isEnabled()
    hand.session.veil.end()
    hand.viewer.desk.reading.signed_out.emit()
    hand.until(publish.compare.isEnabled)


def compare_the_open_case(hand: Hand) -> None:
    """From the Verdict page; who the patient is stays hidden."""
    hand.click(hand.page(VerdictPage).compare)
    window = hand.viewer.desk.comparing.window
    assert window is not None
    hand.until(lambda: window.isVisible() and window.table.rowCount() == 1 and window.start.text() == "Compare")
    assert "0.810 before" in window.case_words.text()
    assert not any(name in window.case_words.text() for name in ("PAT7", "1.dcm"))
    (pane, _) = window.pair.wall.panes
    assert not pane._annotation.is_identity_shown
    window.close()
    assert hand.session.selected is not None, "what the viewer shows is not let go"


def test_the_new_model_is_in_use_and_the_old_one_after_roll_back(
    hand: Hand, site: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    before = [info.key for info in registry.active(Task.SEGMENTATION)]
    come_to_the_plan(hand, site)
    train(hand)
    judge(hand)
    plan = hand.page(PlanPage)
    cost = plan.cost.text()
    assert "for each epoch" in cost
    assert "of memory" in cost
    hand.go(Page.PUBLISH)
    publish = hand.page(PublishPage)
    publish.title.setText("Tuned here")
    hand.click(publish.publish)
    hand.until(lambda: hand.is_done(Page.PUBLISH))
    hand.click(hand.window.all_projects)
    hand.until(lambda: hand.window.page is None and hand.chooser.table.rowCount() == 1)
    plant_worse("Made up", write_dicom(tmp_path / "worse" / "1.dcm", patient="PAT7"))
    hand.click(hand.chooser.resume)
    hand.until(lambda: hand.window.page is Page.PUBLISH)
    hand.until(lambda: publish.back.isEnabled() or "In use now" in publish.used.text())
    assert not publish.use.isEnabled()
    (parent,) = [info.key for info in registry.packages() if info.id.startswith("parent")]
    compare_side_by_side(hand, parent, publish._package)
    publish.reason.setText("It finds the small ones.")
    shot(hand, "8-publish")
    hand.click(publish.use)
    hand.until(lambda: publish.use.text() == "In use")
    (new,) = registry.active(Task.SEGMENTATION)
    assert new.manifest.name == "Tuned here"
    assert new.key not in before
    assert read_record()[-1].reason == "It finds the small ones."
    hand.click(publish.back)
    hand.until(lambda: publish.use.text() != "In use")
    assert [info.key for info in registry.active(Task.SEGMENTATION)] == before
    assert publish.record.rowCount() == 2
    open_the_worse_case(hand, qtbot)
    compare_the_open_case(hand)
    plan.cost.setText("")
    hand.go(Page.PLAN)
    hand.until(lambda: plan.cost.text() == cost)


def test_a_run_is_stopped_and_gone_on_with(hand: Hand, site: Path) -> None:
    # So many that it cannot end before it is stopped.
    come_to_the_plan(hand, site, epochs=60)
    hand.go(Page.RUN)
    run = hand.page(RunPage)
    hand.click(run.start)
    hand.until(lambda: run.curves.epochs)
    hand.click(run.pause)
    hand.until(lambda: run.pause.text() == "Go on")
    hand.click(run.stop)
    hand.idle()
    hand.until(lambda: run.start.text() == "Go on")
    assert len(run.curves.epochs) < 60
    hand.click(run.start)
    hand.until(lambda: hand.is_done(Page.RUN))
    assert [one.epoch for one in run.curves.epochs] == list(range(1, 61))
