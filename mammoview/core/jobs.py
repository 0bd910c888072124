"""What a supervised child process and its parent say to each other, and the child's loop.

The parent's side (starting, watching, retrying) is `mammoview.session.jobs`; both layers of children, the decoders and
the engine, lie below it and share this page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from mammoview.core.errors import CancelledError, MammoViewError, Problem
from mammoview.core.progress import Cancel, Progress

_log = logging.getLogger(__name__)

#: Does one kind of job: ``handle(payload, progress, cancel, partial)`` returns the result. ``partial`` sends a value
#: before the end. Payload, partial values and result are frozen values that can be pickled.
Handler = Callable[[Any, Progress, Cancel, Callable[[object], None]], object]


@dataclass(frozen=True)
class Job:
    """Work for a child: ``kind`` names the handler."""

    id: int
    kind: str
    payload: object


@dataclass(frozen=True)
class CancelJob:
    """The parent no longer wants the job."""

    id: int


@dataclass(frozen=True)
class JobProgress:
    """How far the job is."""

    id: int
    fraction: float
    text: str


@dataclass(frozen=True)
class JobPartial:
    """A value before the end."""

    id: int
    value: object


@dataclass(frozen=True)
class JobDone:
    """The result."""

    id: int
    value: object


@dataclass(frozen=True)
class JobFailed:
    """The job ended with an error that the user can read. ``is_cancelled`` when it was the user's wish."""

    id: int
    problem: Problem
    is_cancelled: bool = False


def serve(connection: Connection, handlers: Mapping[str, Handler]) -> None:
    """Do jobs from ``connection`` one at a time until the parent closes it or sends None."""
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        if message is None:
            return
        if isinstance(message, Job):
            _do(connection, message, handlers[message.kind])


def _do(connection: Connection, job: Job, handle: Handler) -> None:
    is_cancelled = False

    def progress(fraction: float, text: str) -> None:
        connection.send(JobProgress(job.id, fraction, text))

    def cancel() -> bool:
        nonlocal is_cancelled
        while not is_cancelled and connection.poll():
            message = connection.recv()
            # While a job runs, the parent sends nothing but the wish to cancel it, or None to end.
            is_cancelled = message is None or (isinstance(message, CancelJob) and message.id == job.id)
        return is_cancelled

    def partial(value: object) -> None:
        connection.send(JobPartial(job.id, value))

    try:
        result = handle(job.payload, progress, cancel, partial)
    except CancelledError as error:
        connection.send(JobFailed(job.id, Problem.from_error(error), is_cancelled=True))
    except MammoViewError as error:
        # The message names the file, which may be called like its patient: the log gets the code only.
        _log.info("job %d failed: %s", job.id, error.code)
        connection.send(JobFailed(job.id, Problem.from_error(error)))
    else:
        connection.send(JobDone(job.id, result))
