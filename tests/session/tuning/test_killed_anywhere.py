"""Killed with -9 at any step: the whole window, or its child alone. The project opens again and goes on."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from mammoview.core.errors import CancelledError, Problem
from mammoview.models import registry
from mammoview.session.jobs import Crew
from mammoview.session.tuning.project import Page, Plan, new_project, open_project
from mammoview.session.tuning.standing import standing_of
from mammoview.session.tuning.tuner import JobEnded, Tuner, TunerEvent, plan_request, run_request
from mammoview.training.tuning.messages import CaseSource, SourceKind, TuneTask
from mammoview.training.tuning.planning import plan
from mammoview.training.tuning.running import run

HERE = Path(__file__).parent
STEPS = {"read", "audit", "split", "plan", "run", "judge", "publish", "activate", "roll back"}


@pytest.fixture(scope="module")
def made_up() -> ModuleType:
    path = HERE.parents[1] / "training" / "tuning" / "made_up_site.py"
    spec = importlib.util.spec_from_file_location("made_up_site", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(made_up: ModuleType, tmp_path: Path) -> Path:
    """Cases, and a parent that knows none of them."""
    made_up.write_parent(tmp_path / "parent", TuneTask.SEGMENT)
    return Path(made_up.write_site(tmp_path / "site"))


@pytest.mark.slow
def test_a_window_that_is_killed_at_any_file_of_any_step_opens_again(site: Path, home: Path) -> None:
    """See ``kill_walk.py``, which looks at the project after each of its kills."""
    words = [sys.executable, str(HERE / "kill_walk.py"), str(site), str(site.parent / "parent")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    kills = json.loads(done.stdout)
    assert kills.keys() == STEPS
    assert min(kills.values()) >= 2


WINDOW = """
import queue
from mammoview.session.tuning.project import open_project
from mammoview.session.tuning.tuner import Tuner, tuning_crew
from mammoview.training.tuning.run_messages import EpochTold
opened, project = open_project("Window")
crew, events = tuning_crew(), queue.Queue()
Tuner(opened, project, crew, events.put).run()
while True:
    event = events.get()
    if isinstance(event, EpochTold):
        print(event.epoch, *crew.pids, flush=True)
"""


@pytest.mark.slow
def test_a_window_that_is_killed_in_a_run_takes_its_child_with_it(site: Path, made_up: ModuleType) -> None:
    parent = registry.install(site.parent / "parent")
    opened, project = new_project("Window", task=TuneTask.SEGMENT, parent=parent.key)
    with opened:
        made_up.write_site(opened.path)
        project = opened.save(replace(project, plan=Plan(device="cpu", batch_size=4, epochs=40)))
        plan(plan_request(opened, project, is_measured=False), lambda *_: None, lambda: False, lambda _: None)
    window = subprocess.Popen([sys.executable, "-c", WINDOW], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert window.stdout is not None
    epoch, child = map(int, window.stdout.readline().split())
    os.killpg(window.pid, signal.SIGKILL)
    window.wait()
    window.stdout.close()
    assert is_gone(child)
    opened, project = open_project("Window")
    with opened:
        assert opened.left_by is not None
        assert opened.left_by.pid == window.pid
        kept = len(standing_of(opened, project).epochs)
        assert epoch <= kept < 40
        told: list[object] = []
        asked = iter(range(1000))
        request = run_request(opened, project)
        with pytest.raises(CancelledError):
            run(request, lambda *_: None, lambda: len(told) > 2 and next(asked) > 8, told.append)
        assert len(standing_of(opened, project).epochs) > kept


def is_gone(pid: int) -> bool:
    """Whether a process ends within a while."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # One that nobody has buried yet is dead, too.
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        os.sched_yield()
    return False


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    """Its child kills itself once over each kind of job."""
    monkeypatch.syspath_prepend(HERE)
    made = Crew("dying_worker:main", size=1, name="tuner")
    yield made
    made.close()


def test_a_child_that_is_killed_over_a_job_is_started_again(
    site: Path, crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIED_FOLDER", str(tmp_path))
    parent = registry.install(site.parent / "parent")
    opened, project = new_project("Child", task=TuneTask.SEGMENT, parent=parent.key)
    with opened:
        source = CaseSource(SourceKind.TABLE, str(site / "cases.csv"), is_copied=True)
        project = opened.finish(Page.TASK, replace(project, source=source))
        events: queue.Queue[TunerEvent] = queue.Queue()
        tuner = Tuner(opened, project, crew, events.put)
        for kind, start in (
            ("read_cases", tuner.read_cases),
            ("audit", tuner.audit),
            ("split", lambda: tuner.split(is_sealed=True)),
        ):
            start()
            seen = [events.get(timeout=120)]
            while not isinstance(seen[-1], JobEnded):
                seen.append(events.get(timeout=120))
            assert seen[-1].problem is None
            assert (tmp_path / f"died-{kind}").exists()
            (told,) = [event for event in seen if isinstance(event, Problem)]
            assert "tried once more" in told.hint
        assert opened.reached(tuner.project) is Page.PLAN
