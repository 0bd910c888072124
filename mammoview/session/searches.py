"""Looking for studies under paths, in the decode children."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from mammoview.core.jobs import JobDone, JobFailed, JobProgress
from mammoview.core.study import ScanResult
from mammoview.session.blocks import ScanRequest
from mammoview.session.events import Event, Level, ScanProgress
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.messages import Messages

#: Called with what was found, and how many paths were searched before.
Found = Callable[[ScanResult, int], None]


class Searches:
    """Searches, each with a number of its own.

    Parameters
    ----------
    crew
        The decoders.
    on_event
        Told `ScanProgress`.
    messages
        Told of searches that failed.
    """

    def __init__(self, crew: Crew, on_event: Callable[[Event], None], messages: Messages) -> None:
        self._crew, self._on_event, self._messages = crew, on_event, messages
        self._lock = threading.Lock()
        self._roots = 0
        self._count = 0
        self._told: list[str] = []

    def begin(self, paths: Sequence[str | Path], found: Found, *, is_told: bool = True) -> None:
        """Look for studies.

        Parameters
        ----------
        paths
            Files and folders.
        found
            Called on the crew's thread when all was looked at.
        is_told
            False for what nobody waits for: it comes behind everything else, and nobody hears of it.
        """
        with self._lock:
            first_root, self._roots = self._roots, self._roots + len(paths)
            self._count += 1
            key = f"scan {self._count}"
            if is_told:
                self._told = [*self._told, key]
        request = ScanRequest(tuple(str(Path(path).absolute()) for path in paths))

        def on_report(report: Report) -> None:
            if isinstance(report, JobDone):
                assert isinstance(report.value, ScanResult)
                found(report.value, first_root)
            elif is_told:
                self._tell(report)

        subject = ", ".join(str(path) for path in paths)
        priority = (-1,) if is_told else (2,)
        self._crew.submit(Order(key, "scan", subject, lambda: request, on_report, priority=priority))

    def cancel(self) -> None:
        """End the searches that somebody waits for; what is open stays open."""
        self._crew.cancel(self._told)

    def _tell(self, report: Report) -> None:
        if isinstance(report, JobProgress):
            self._on_event(ScanProgress(report.fraction, report.text))
        elif isinstance(report, JobRetried):
            self._messages.tell(report.problem, Level.WARNING)
        elif isinstance(report, JobFailed):
            if not report.is_cancelled:
                self._messages.tell(report.problem)
            self._on_event(ScanProgress(1.0, "Opening cancelled" if report.is_cancelled else report.problem.message))
