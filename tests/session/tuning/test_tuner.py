"""The tuner runs a project in a real child: live epochs, a kill, a pause, reading first, and the pages it finishes."""

from __future__ import annotations

import importlib.util
import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from mammoview.core.errors import Problem
from mammoview.models import registry
from mammoview.session.jobs import Crew, Order
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.project import OpenProject, Page, Plan, Project, new_project
from mammoview.session.tuning.tuner import (
    JobEnded,
    Tuner,
    TunerEvent,
    epochs_so_far,
    plan_request,
    tuning_crew,
)
from mammoview.training.judging.site_verdict import SiteVerdict
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.run_messages import EpochTold, Notice, NoticeKind, PlanReport, PublishReport, RunReport

PATIENCE_S = 120.0


def _load() -> ModuleType:
    path = Path(__file__).parents[2] / "training" / "tuning" / "made_up_site.py"
    spec = importlib.util.spec_from_file_location("made_up_site", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Watching:
    """Collects events, and waits for one."""

    def __init__(self) -> None:
        self.queue: queue.Queue[TunerEvent] = queue.Queue()
        self.seen: list[TunerEvent] = []

    def __call__(self, event: TunerEvent) -> None:
        self.queue.put(event)

    def until(self, wanted: Callable[[TunerEvent], bool]) -> TunerEvent:
        end = time.monotonic() + PATIENCE_S
        while True:
            event = self.queue.get(timeout=max(0.1, end - time.monotonic()))
            self.seen.append(event)
            if wanted(event):
                return event

    def ended(self) -> JobEnded:
        event = self.until(lambda event: isinstance(event, JobEnded))
        assert isinstance(event, JobEnded)
        return event

    @property
    def epochs(self) -> list[int]:
        return [event.epoch for event in self.seen if isinstance(event, EpochTold)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAMMOVIEW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def project(home: Path, tmp_path: Path) -> Iterator[tuple[OpenProject, Project]]:
    """A project whose cases and split are there, with an installed parent."""
    made_up = _load()
    parent = registry.install(made_up.write_parent(tmp_path / "parent", TuneTask.SEGMENT).folder)
    opened, project = new_project("Tuner", task=TuneTask.SEGMENT, parent=parent.key)
    made_up.write_site(opened.path)
    (opened.path / "audit.json").write_text("{}", encoding="utf-8")
    project = opened.save(replace(project, plan=Plan(device="cpu", batch_size=4, epochs=6)))
    yield opened, project
    opened.close()


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = tuning_crew()
    yield crew
    crew.close()


@pytest.mark.slow
def test_a_project_goes_through_its_pages_in_a_child(project: tuple[OpenProject, Project], crew: Crew) -> None:
    opened, chosen = project
    told = Watching()
    tuner = Tuner(opened, chosen, crew, told)
    tuner.plan(is_measured=False)
    with pytest.raises(TuningError, match="at work already"):
        tuner.run()
    assert isinstance(told.ended().result, PlanReport)
    tuner.run()
    assert isinstance(told.ended().result, RunReport)
    assert told.epochs == [1, 2, 3, 4, 5, 6]
    assert [one.epoch for one in epochs_so_far(opened)] == [1, 2, 3, 4, 5, 6]
    assert epochs_so_far(opened)[0].measure == "dice"
    tuner.judge()
    assert isinstance(told.ended().result, SiteVerdict)
    tuner.publish()
    report = told.ended().result
    assert isinstance(report, PublishReport)
    assert registry.find(report.key).manifest.task == "segmentation"
    assert tuner.busy is None
    for page in (Page.PLAN, Page.RUN, Page.VERDICT, Page.PUBLISH):
        assert opened.is_finished(page, tuner.project), page


@pytest.mark.slow
def test_a_killed_child_goes_on_and_a_paused_one_waits(project: tuple[OpenProject, Project], crew: Crew) -> None:
    opened, chosen = project
    told = Watching()
    tuner = Tuner(opened, chosen, crew, told)
    tuner.plan(is_measured=False)
    assert told.ended().problem is None
    tuner.run()
    told.until(lambda event: isinstance(event, EpochTold) and event.epoch == 2)
    (child,) = crew.pids
    os.kill(child, signal.SIGKILL)
    told.until(lambda event: isinstance(event, Problem))
    told.until(lambda event: isinstance(event, Notice) and event.kind is NoticeKind.RESUMED)
    tuner.make_way(wanted=True)
    told.until(lambda event: isinstance(event, Notice) and event.kind is NoticeKind.YIELDED)
    tuner.pause(wanted=True)
    tuner.make_way(wanted=False)
    told.until(lambda event: isinstance(event, Notice) and event.kind is NoticeKind.PAUSED)
    tuner.cancel()
    ended = told.ended()
    assert ended.is_cancelled
    assert tuner.busy is None
    assert not opened.is_finished(Page.RUN, tuner.project)
    # As after a reboot: another tuner, and what an earlier one left paused does not hold it.
    again = Watching()
    tuner = Tuner(opened, tuner.project, crew, again)
    tuner.run()
    assert isinstance(again.ended().result, RunReport)
    assert [one.epoch for one in epochs_so_far(opened)] == [1, 2, 3, 4, 5, 6]
    assert again.epochs == list(range(again.epochs[0], 7))


def test_a_failed_job_says_why_and_leaves_the_page_open(project: tuple[OpenProject, Project], crew: Crew) -> None:
    opened, chosen = project
    told = Watching()
    tuner = Tuner(opened, chosen, crew, told)
    tuner.judge()
    ended = told.ended()
    assert ended.problem is not None
    assert "Nothing has been trained" in ended.problem.message
    assert not opened.is_finished(Page.VERDICT, tuner.project)


class Waiting(Crew):
    """Takes orders, and does none of them."""

    def __init__(self) -> None:
        super().__init__("nobody:main", size=1, name="tuner")
        self.orders: list[Order] = []

    def submit(self, order: Order) -> None:
        self.orders.append(order)


def test_a_run_is_begun_anew_once_with_all_that_stood_on_it(project: tuple[OpenProject, Project]) -> None:
    opened, chosen = project
    run = opened.path / "run"
    (run / "package").mkdir(parents=True)
    old = ("checkpoint.pt", "best.pt", "inputs.json", "log.jsonl", "skipped.json", "samples-0001.npz", "package/x")
    for name in (*old, "site-1.rows", "pause"):
        (run / name).touch()
    opened.put("verdict.json", "{}")
    stamps = dict.fromkeys((Page.PLAN, Page.RUN, Page.VERDICT, Page.PUBLISH), "as before")
    crew = Waiting()
    tuner = Tuner(opened, replace(chosen, stamps=stamps), crew, lambda _: None)
    tuner.run(is_anew=True)
    assert {path.name for path in run.iterdir()} == {"site-1.rows"}
    assert set(opened.load().stamps) == {Page.PLAN}
    assert not opened.file("verdict.json").exists()
    # A child that dies is given the same job again, and goes on with what it had done.
    (run / "checkpoint.pt").touch()
    (order,) = crew.orders
    assert order.make_payload() == order.make_payload()
    assert (run / "checkpoint.pt").exists()


def test_a_project_without_a_task_or_a_model_is_told(project: tuple[OpenProject, Project]) -> None:
    opened, chosen = project
    with pytest.raises(TuningError, match="No task"):
        plan_request(opened, replace(chosen, task=None))
    with pytest.raises(TuningError, match="No model"):
        plan_request(opened, replace(chosen, parent=""))
    assert epochs_so_far(opened) == ()
