"""The engine child, driven over a pipe as the session does."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mammoview.core.findings import ExamResult, ImageResult
from mammoview.core.jobs import CancelJob, Job, JobDone, JobFailed, JobPartial, JobProgress
from mammoview.dicom.scan import scan
from mammoview.pipeline.request import AnalysisRequest, EngineNote, SaliencyMethod
from mammoview.pipeline.worker import main


@pytest.fixture
def request_of(toy_models: Path, small_study: Path) -> AnalysisRequest:
    (study,) = scan([small_study]).studies
    return AnalysisRequest(study.images, study.uid, device="cpu", threads=1, saliency=SaliencyMethod.NONE)


@pytest.fixture
def engine() -> Iterator[Connection]:
    """A child as it is in the program: spawned, so that it imports for itself."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=main, args=(theirs,))
    child.start()
    theirs.close()
    yield ours
    ours.close()
    child.join(30)
    assert child.exitcode == 0, "the child ends when its parent closes the pipe"


def replies(engine: Connection) -> Iterator[object]:
    while True:
        assert engine.poll(120), "the engine is silent"
        message = engine.recv()
        yield message
        if isinstance(message, JobDone | JobFailed):
            return


@pytest.mark.slow
def test_the_child_analyses_keeps_its_models_and_can_be_cancelled(
    engine: Connection, request_of: AnalysisRequest
) -> None:
    engine.send(Job(1, "analyze", request_of))
    first = list(replies(engine))
    partial = [message.value for message in first if isinstance(message, JobPartial)]
    assert isinstance(partial[0], EngineNote)
    assert partial[0].device == "cpu"
    assert [one.image_id for one in partial if isinstance(one, ImageResult)] == [i.id for i in request_of.images]
    done = first[-1]
    assert isinstance(done, JobDone)
    assert isinstance(done.value, ExamResult)
    assert done.value.fingerprint == request_of.fingerprint

    engine.send(Job(2, "analyze", request_of))
    for message in replies(engine):
        if isinstance(message, JobProgress) and message.fraction > 0.3:
            engine.send(CancelJob(2))
    assert isinstance(message, JobFailed)
    assert message.is_cancelled

    engine.send(Job(3, "analyze", request_of))
    *_, last = replies(engine)
    assert isinstance(last, JobDone), "a cancelled job leaves the engine ready"
