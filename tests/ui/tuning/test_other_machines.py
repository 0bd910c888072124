"""A training on other machines, by the command that the plan writes, and the model that leaves for another site."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from test_last_pages import come_to_the_plan
from wizard_hand import Hand

from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.session.tuning.project import Page, find_project
from mammoview.ui.tuning.plan_page import PlanPage
from mammoview.ui.tuning.publish_page import PublishPage
from mammoview.ui.tuning.run_page import RunPage
from mammoview.ui.tuning.verdict_page import VerdictPage

pytestmark = [pytest.mark.gui, pytest.mark.slow]


def by_hand(command: str) -> None:
    """Run a ``cd … && torchrun …`` as a person does who has processors alone."""
    place, _, words = command.partition(" && ")
    torchrun, *rest = shlex.split(words.replace("--device cuda", "--device cpu"))
    assert torchrun == "torchrun"
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *rest],
        cwd=shlex.split(place)[1],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_plans_command_trains_and_its_result_is_taken_and_exported(
    hand: Hand, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_to_the_plan(hand, site, epochs=1, devices=2)
    by_hand(hand.page(PlanPage).texts["Several GPUs"].toPlainText())
    hand.go(Page.RUN)
    run = hand.page(RunPage)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    hand.click(run.take)
    hand.until(hand.window.problem.isVisible)
    assert "no finished package" in hand.window.problem.text.text()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(find_project("Made up").path / "run"))
    hand.click(run.take)
    hand.until(lambda: hand.is_done(Page.RUN))
    hand.until(lambda: [one.epoch for one in run.curves.epochs] == [1])
    hand.go(Page.VERDICT)
    hand.click(hand.page(VerdictPage).start)
    hand.until(lambda: hand.is_done(Page.VERDICT))
    hand.go(Page.PUBLISH)
    publish = hand.page(PublishPage)
    hand.click(publish.publish)
    hand.until(lambda: hand.is_done(Page.PUBLISH))
    key = hand.desk.standing.package if hand.desk.standing is not None else ""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "ours.mvmodel"), ""))
    hand.click(publish.export)
    hand.until(lambda: "Written" in publish.state.text())
    # Another site, which has only what comes with the program.
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "elsewhere"))
    assert key not in {info.key for info in registry.packages()}
    registry.activate(registry.install(tmp_path / "ours.mvmodel"))
    assert [info.key for info in registry.active(Task.SEGMENTATION)] == [key]
