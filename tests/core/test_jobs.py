from __future__ import annotations

import threading
from multiprocessing import Pipe

import pytest

from mammoview.core.errors import DecodeError
from mammoview.core.jobs import CancelJob, Job, JobDone, JobFailed, JobPartial, JobProgress, serve
from mammoview.core.progress import SubProgress, never_cancel, no_progress, stop_if_cancelled


def double(payload, progress, cancel, partial):
    progress(0.5, "half")
    partial(payload)
    return payload * 2


def fail(payload, progress, cancel, partial):
    raise DecodeError("The file is damaged.", "Copy it again.")


def until_cancelled(payload, progress, cancel, partial):
    partial("started")
    while True:
        stop_if_cancelled(cancel)


@pytest.fixture
def child():
    ours, theirs = Pipe()
    thread = threading.Thread(target=serve, args=(theirs, {"double": double, "fail": fail, "wait": until_cancelled}))
    thread.start()
    yield ours
    ours.send(None)
    thread.join(5)
    assert not thread.is_alive()


def test_a_job_tells_its_progress_and_its_result(child) -> None:
    child.send(Job(1, "double", 21))
    assert [child.recv() for _ in range(3)] == [JobProgress(1, 0.5, "half"), JobPartial(1, 21), JobDone(1, 42)]


def test_an_error_is_told_and_the_next_job_runs(child) -> None:
    child.send(Job(1, "fail", None))
    failed = child.recv()
    assert isinstance(failed, JobFailed)
    assert failed.problem.hint == "Copy it again."
    assert not failed.is_cancelled
    child.send(Job(2, "double", 1))
    assert [child.recv() for _ in range(3)][-1] == JobDone(2, 2)


def test_a_cancelled_job_ends_and_says_so(child) -> None:
    child.send(Job(1, "wait", None))
    assert child.recv() == JobPartial(1, "started")
    child.send(CancelJob(1))
    assert child.recv().is_cancelled


def test_a_closed_connection_ends_the_child() -> None:
    ours, theirs = Pipe()
    thread = threading.Thread(target=serve, args=(theirs, {}))
    thread.start()
    ours.close()
    thread.join(5)
    assert not thread.is_alive()


def test_a_share_of_progress_is_clamped() -> None:
    told: list[float] = []
    share = SubProgress(lambda fraction, text: told.append(fraction), 0.2, 0.6)
    for fraction in (-1, 0.5, 2):
        share(fraction, "")
    assert told == pytest.approx([0.2, 0.4, 0.6])
    no_progress(0, "")
    assert not never_cancel()


def test_the_log_of_a_failed_job_names_no_file(caplog) -> None:
    caplog.set_level("DEBUG")
    ours, theirs = Pipe()

    def fail(payload, progress, cancel, partial):
        raise DecodeError("/archive/Doe^Jane/1.dcm is damaged.", "Export it again.")

    ours.send(Job(7, "fail", None))
    ours.send(None)
    serve(theirs, {"fail": fail})
    told = ours.recv()
    assert isinstance(told, JobFailed)
    assert "Doe" in told.problem.message, "the user is told"
    assert "job 7 failed: decode" in caplog.text
    assert "Doe" not in caplog.text
