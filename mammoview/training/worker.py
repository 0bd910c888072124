"""The tuning child: does what takes long in the wizard, one job at a time, beside the engine and the window.

The parent names this module by a string and starts it in a fresh process; torch is imported here, when a job needs it,
and nowhere in the parent.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from mammoview.core.jobs import Handler, serve
from mammoview.core.progress import Cancel, Progress
from mammoview.training.tuning import run_messages

#: What does each kind of job: ``module:function`` of ``mammoview.training.tuning``.
_JOBS = {
    run_messages.READ_CASES: "case_reading:read_cases",
    run_messages.AUDIT: "audit:audit",
    run_messages.SPLIT: "splitting:split",
    run_messages.PLAN: "planning:plan",
    run_messages.TAKE: "taking:take",
    run_messages.RUN: "running:run",
    run_messages.VERDICT: "judging_site:judge",
    run_messages.PUBLISH: "publishing:publish_tuned",
}
#: Reading comes first on a shared processor, too.
_NICE = 10


def main(connection: Connection) -> None:
    """Serve jobs until the parent closes ``connection``."""
    # One thread repeats a run exactly; torch reads this when it is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with suppress(OSError, AttributeError):
        os.nice(_NICE)
    serve(connection, {kind: _named(name) for kind, name in _JOBS.items()})


def _named(name: str) -> Handler:
    def handle(payload: Any, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> object:
        module, _, function = name.partition(":")
        found = importlib.import_module(f"mammoview.training.tuning.{module}")
        try:
            result: object = getattr(found, function)(payload, progress, cancel, partial)
        finally:
            _leave_device()
        return result

    return handle


def _leave_device() -> None:
    """A child without work keeps nothing of the device from the engine."""
    if "torch" in sys.modules:
        from mammoview.training.learning.lent import give_memory_back

        give_memory_back()
