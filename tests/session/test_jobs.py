from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammoview.core.errors import TruncatedError
from mammoview.core.jobs import JobDone, JobFailed, JobPartial, JobProgress
from mammoview.session.child import log_file
from mammoview.session.jobs import Crew, JobRetried, Order

END = (JobDone, JobFailed)


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew("fake_children:main", size=1, name="helper")
    yield crew
    crew.close()


def order(kind, ear, payload=None, *, key="k", fingerprint="", priority=(), subject="/some/file"):
    return Order(key, kind, subject, lambda: payload, ear, priority=priority, fingerprint=fingerprint)


def another(ear):
    return type(ear)()


def ended(what) -> bool:
    return isinstance(what, END)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(is_so, timeout_s=30.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def test_reports_come_in_order_and_the_end_comes_once(crew, ear) -> None:
    crew.submit(order("talk", ear))
    ear.wait(ended)
    assert [type(report) for report in ear.heard] == [JobProgress, JobPartial, JobDone]
    assert (ear.heard[0].fraction, ear.heard[1].value, ear.heard[2].value) == (0.25, "something early", "all")
    log = log_file("helper").read_text()
    assert "said on standard output" in log
    assert "said on standard error" in log


def test_an_error_names_the_file(crew, ear) -> None:
    crew.submit(order("fail", ear, subject="/a/b.dcm"))
    report = ear.wait(ended)
    assert isinstance(report, JobFailed)
    assert not report.is_cancelled
    assert (report.problem.path, report.problem.code, report.problem.message) == ("/a/b.dcm", "decode", "No such luck.")


def test_a_payload_that_cannot_be_made_fails_the_job_without_a_child(crew, ear) -> None:
    def refuse() -> object:
        raise TruncatedError("Too short.", "Export again.")

    crew.submit(Order("k", "echo", "/a", refuse, ear))
    assert ear.wait(ended).problem.code == "truncated"
    next_ear = another(ear)
    crew.submit(order("echo", next_ear, 3))
    assert next_ear.wait(ended).value[0] == 3


def test_kill_9_from_outside_is_told_and_the_job_tried_again(crew, ear) -> None:
    crew.submit(order("slow", ear, subject="/a/b.dcm"))
    ear.wait(JobProgress)
    os.kill(crew.pids[0], signal.SIGKILL)
    retried = ear.wait(JobRetried)
    assert retried.problem.path == "/a/b.dcm"
    assert retried.problem.code == "worker_died"
    assert "begun" in retried.problem.message
    ear.wait(JobProgress, count=2)
    crew.cancel()
    assert ear.wait(ended).is_cancelled


def test_a_job_survives_one_death(crew, ear, tmp_path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("1")
    crew.submit(order("die", ear, deaths))
    assert ear.wait(ended).value == "survived"
    assert len(ear.of(JobRetried)) == 1


def test_the_second_death_is_the_end_of_the_job_but_not_of_the_crew(crew, ear, tmp_path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("1\n2\n3")
    crew.submit(order("die", ear, deaths, subject="/a/b.dcm"))
    report = ear.wait(ended)
    assert isinstance(report, JobFailed)
    assert report.problem.code == "worker_died"
    assert report.problem.path == "/a/b.dcm"
    assert deaths.read_text() == "3", "tried exactly twice"
    next_ear = another(ear)
    crew.submit(order("echo", next_ear, "on we go"))
    assert next_ear.wait(ended).value[0] == "on we go"


def test_the_others_go_on_while_one_dies(ear, tmp_path) -> None:
    crew = Crew("fake_children:main", size=2, name="helper")
    deaths = tmp_path / "deaths"
    deaths.write_text("1\n2")
    ears = [another(ear) for _ in range(6)]
    crew.submit(order("die", ear, deaths, key="bad"))
    for index, one in enumerate(ears):
        crew.submit(order("echo", one, index, key=str(index)))
    assert [one.wait(ended).value[0] for one in ears] == list(range(6))
    assert ear.wait(ended).problem.code == "worker_died"
    crew.close()


def test_a_child_that_dies_idle_is_replaced_for_the_next_job(crew, ear) -> None:
    crew.submit(order("echo", ear, 1))
    pid = ear.wait(ended).value[1]
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pid))
    next_ear = another(ear)
    crew.submit(order("echo", next_ear, 2))
    value = next_ear.wait(ended).value
    assert value[0] == 2
    assert value[1] != pid


def test_a_child_that_cannot_start_fails_the_job_and_does_not_spin(ear) -> None:
    crew = Crew("no_such_module:main", size=1, name="helper")
    crew.start()
    crew.submit(order("echo", ear))
    assert ear.wait(ended).problem.code == "worker_died"
    assert "ModuleNotFoundError" in log_file("helper").read_text()
    time.sleep(1.0)
    starts = log_file("helper").read_text().count("ModuleNotFoundError")
    time.sleep(1.0)
    assert log_file("helper").read_text().count("ModuleNotFoundError") == starts
    crew.close()


def test_a_system_that_gives_no_process_fails_the_job(crew, ear, monkeypatch) -> None:
    def refuse(_: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr("multiprocessing.context.SpawnProcess.start", refuse)
        crew.submit(order("echo", ear, 1))
        report = ear.wait(ended)
    assert report.problem.code == "worker_died"
    assert "temporarily" in report.problem.message
    next_ear = another(ear)
    crew.submit(order("echo", next_ear, 2))
    assert next_ear.wait(ended).value[0] == 2


def test_children_start_when_there_is_work_for_them(ear) -> None:
    crew = Crew("fake_children:main", size=3, name="helper")
    crew.start()
    assert wait_until(lambda: len(crew.pids) == 1)
    for key in "ab":
        crew.submit(order("slow", ear, key=key))
    ear.wait(JobProgress, count=2)
    assert len(crew.pids) == 2
    crew.close()


def test_cancel_what_runs_and_what_waits(crew, ear) -> None:
    waiting = another(ear)
    crew.submit(order("slow", ear, key="a"))
    crew.submit(order("echo", waiting, key="b"))
    ear.wait(JobProgress)
    crew.cancel(["b"])
    assert waiting.wait(ended).is_cancelled
    assert not ear.of(JobFailed)
    crew.cancel()
    assert ear.wait(ended).is_cancelled


def test_a_child_deaf_to_cancel_is_killed(crew, ear, monkeypatch) -> None:
    monkeypatch.setattr("mammoview.session.jobs._CANCEL_PATIENCE_S", 0.3)
    crew.submit(order("deaf", ear))
    ear.wait(JobProgress)
    crew.cancel()
    assert ear.wait(ended).is_cancelled
    assert not ear.of(JobRetried), "nobody is told of a death that was wished"
    next_ear = another(ear)
    crew.submit(order("echo", next_ear, 1))
    assert next_ear.wait(ended).value[0] == 1


def test_newest_wins_per_key_and_nothing_of_the_older_is_heard(crew, ear) -> None:
    running, waiting, newest = ear, another(ear), another(ear)
    crew.submit(order("slow", running, fingerprint="1"))
    running.wait(JobProgress)
    crew.submit(order("echo", waiting, 2, fingerprint="2"))
    crew.submit(order("echo", newest, 3, fingerprint="3"))
    assert newest.wait(ended).value[0] == 3
    assert running.wait(ended).is_cancelled
    assert waiting.wait(ended).is_cancelled
    assert len(waiting.heard) == 1


def test_the_same_work_is_not_done_twice(crew, ear) -> None:
    blocker, first, again = (another(ear) for _ in range(3))
    crew.submit(order("slow", blocker, key="blocker"))
    blocker.wait(JobProgress)
    crew.submit(order("echo", first, 1, fingerprint="same", priority=(5,)))
    crew.submit(order("slow", again, fingerprint="same", priority=(1,)))
    assert again.wait(ended).is_cancelled
    crew.cancel(["blocker"])
    assert first.wait(ended).value[0] == 1


def test_the_same_work_asked_again_moves_forwards(crew, ear) -> None:
    blocker = another(ear)
    crew.submit(order("slow", blocker, key="blocker"))
    blocker.wait(JobProgress)
    crew.submit(order("echo", ear, "a", key="a", priority=(5,)))
    crew.submit(order("echo", ear, "b", key="b", priority=(3,)))
    crew.submit(order("echo", another(ear), "a", key="a", priority=(1,)))
    crew.cancel(["blocker"])
    ear.wait(ended, count=2)
    assert [report.value[0] for report in ear.heard] == ["a", "b"]


def test_smaller_priority_goes_first(crew, ear) -> None:
    blocker = another(ear)
    crew.submit(order("slow", blocker, key="blocker"))
    blocker.wait(JobProgress)
    for name, priority in (("c", (1, -1)), ("b", (0, -1)), ("d", (1, 0)), ("a", (0, -2))):
        crew.submit(order("echo", ear, name, key=name, priority=priority))
    crew.cancel(["blocker"])
    ear.wait(ended, count=4)
    assert [report.value[0] for report in ear.heard] == ["a", "b", "c", "d"]


def test_close_ends_children_and_answers_everybody(ear) -> None:
    crew = Crew("fake_children:main", size=2, name="helper")
    ears = [another(ear) for _ in range(4)]
    for index, one in enumerate(ears):
        crew.submit(order("deaf", one, key=str(index)))
    ears[0].wait(JobProgress)
    ears[1].wait(JobProgress)
    pids = crew.pids
    assert len(pids) == 2
    begin = time.monotonic()
    crew.close()
    crew.close()
    assert time.monotonic() - begin < 10.0, "a child that sleeps for minutes was waited for"
    assert all(one.wait(ended).is_cancelled for one in ears)
    assert not any(is_alive(pid) for pid in pids)


def test_close_can_wait_for_what_runs(crew, ear) -> None:
    crew.submit(order("talk", ear))
    # What only waits is cancelled, so it has to run first.
    ear.wait(JobProgress)
    crew.close(patience_s=20.0)
    assert isinstance(ear.heard[-1], JobDone)


PARENT = """
import sys, time
from mammoview.session.jobs import Crew, Order
if __name__ == "__main__":
    crew = Crew("fake_children:main", size=2, name="helper")
    started = []
    for key in "ab":
        crew.submit(Order(key, "deaf", "", lambda: None, started.append))
    while len(started) < 2:
        time.sleep(0.01)
    print(*crew.pids, flush=True)
    if sys.argv[1] == "stay":
        time.sleep(600)
"""


@pytest.mark.parametrize("end", ["killed", "exits"])
def test_no_child_outlives_its_parent(tmp_path, end) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(
        [sys.executable, str(script), "stay" if end == "killed" else "go"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        if end == "killed":
            parent.kill()
        _, errors = parent.communicate(timeout=60)
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids))
    assert not errors
