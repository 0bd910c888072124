"""An import: folders of thousands of studies into the store while everything else goes on.

The decode children walk the folders and read the headers, some dozens at a time so that pictures on their way to the
screen never wait for long. A thread of the import's own writes what they find. What was looked at is remembered with
its size and time: an import that was cut short, or is done again, looks at the rest only. A batch over which the child
dies twice is halved until the one file that kills it stands alone.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from mammoview.core.errors import MammoViewError, Problem
from mammoview.core.jobs import JobDone, JobFailed, JobPartial
from mammoview.session.jobs import Crew, Order, Report
from mammoview.session.worklist.ingest_store import IngestStore
from mammoview.session.worklist.ingest_values import (
    FileStamp,
    HeaderRead,
    HeaderRefused,
    HeadersDone,
    HeadersRequest,
    Walked,
    WalkRequest,
)

_log = logging.getLogger(__name__)

_FILES_IN_BATCH: Final = 32
#: So many batches wait in the crew: enough that no child is idle, few enough that a cancel is quick.
_BATCHES_AHEAD: Final = 4
#: After everything that somebody waits for.
_PRIORITY: Final = (9,)
_SECONDS_BETWEEN_REPORTS: Final = 0.1
#: The code of a file that ended its process.
FATAL: Final = "worker_died"


@dataclass(frozen=True)
class ImportProgress:
    """How far an import is.

    Attributes
    ----------
    found
        Files so far; grows while ``is_walking``.
    done
        Files that are dealt with, the known ones included.
    known
        Files that were looked at before and did not change.
    outcomes
        How many files had each `Outcome`, or the code of the error for which they were refused.
    seconds_left
        An estimate; None while nothing can be said.
    """

    found: int = 0
    done: int = 0
    known: int = 0
    outcomes: tuple[tuple[str, int], ...] = ()
    is_walking: bool = True
    seconds_left: float | None = None

    @property
    def fraction(self) -> float | None:
        """What is done, 0 to 1; None while files are still being found."""
        if self.is_walking:
            return None
        return self.done / self.found if self.found else 1.0


@dataclass(frozen=True)
class ImportEnded:
    """The last word on an import.

    Attributes
    ----------
    progress
        The final numbers.
    refused
        (path, code) of each file that cannot be used and was looked at this time.
    is_cancelled
        It stopped at the user's wish; doing it again goes on from there.
    problem
        What stopped it, a full disk for example.
    """

    progress: ImportProgress
    refused: tuple[tuple[str, str], ...] = ()
    is_cancelled: bool = False
    problem: Problem | None = None


ImportReport: TypeAlias = ImportProgress | ImportEnded


@dataclass(frozen=True)
class _Batch:
    files: tuple[FileStamp, ...]


@dataclass(frozen=True)
class _BatchReport:
    batch: _Batch
    report: Report


@dataclass
class _Count:
    found: int = 0
    known: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    is_walking: bool = True
    started_s: float = 0.0

    @property
    def read(self) -> int:
        return sum(self.outcomes.values())


class Import:
    """One import, from the start to its last word.

    Parameters
    ----------
    store
        Takes what is found.
    crew
        The decoders.
    paths
        Absolute paths of files and folders.
    on_report
        Told `ImportProgress` at most ten times a second and `ImportEnded` once, on the import's own thread.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        store: IngestStore,
        crew: Crew,
        *,
        paths: Sequence[str],
        on_report: Callable[[ImportReport], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._crew = crew
        self._paths = tuple(paths)
        self._on_report = on_report
        self._clock = clock
        self._inbox: queue.SimpleQueue[Report | _BatchReport | None] = queue.SimpleQueue()
        self._waiting: deque[_Batch] = deque()
        self._running: dict[str, _Batch] = {}
        self._count = _Count()
        self._batches = 0
        self._told_s = float("-inf")
        self._is_cancelled = False
        self._walk_key = f"import walk {id(self)}"
        self._thread = threading.Thread(target=self._run, name="import", daemon=True)

    def start(self) -> None:
        """Begin. Reports follow."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon; what is stored stays. `ImportEnded` follows."""
        self._is_cancelled = True
        self._inbox.put(None)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; whether it came in time. Never on the GUI thread."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        problem = None
        self._count.started_s = self._clock()
        try:
            number = self._store.begin(self._paths)
            problem = self._walk_and_read()
            if problem is None and not self._is_cancelled:
                self._store.finish(number)
        except MammoViewError as error:
            problem = Problem.from_error(error)
        finally:
            self._crew.cancel([self._walk_key, *self._running])
        _log.info("import ended: %d files found, %d read", self._count.found, self._count.read)
        self._on_report(
            ImportEnded(self._progress(), tuple(self._count.refused), self._is_cancelled and problem is None, problem)
        )

    def _walk_and_read(self) -> Problem | None:
        request = WalkRequest(self._paths)
        self._crew.submit(
            Order(self._walk_key, "walk", "the folders", lambda: request, self._inbox.put, priority=_PRIORITY)
        )
        while not self._is_cancelled and (self._count.is_walking or self._waiting or self._running):
            self._hand_out()
            message = self._inbox.get()
            if isinstance(message, _BatchReport):
                self._take_batch(message)
            elif isinstance(message, JobPartial):
                self._take_files(message.value)
            elif isinstance(message, JobDone):
                self._count.is_walking = False
                assert isinstance(message.value, Walked)
                for code in message.value.refused:
                    self._count.refused.append(("", code))
            elif isinstance(message, JobFailed) and not message.is_cancelled:
                return message.problem
            self._tell()
        return None

    def _take_files(self, value: object) -> None:
        assert isinstance(value, tuple)
        new = self._store.unknown(value)
        self._count.found += len(value)
        self._count.known += len(value) - len(new)
        for start in range(0, len(new), _FILES_IN_BATCH):
            self._waiting.append(_Batch(new[start : start + _FILES_IN_BATCH]))

    def _hand_out(self) -> None:
        while self._waiting and len(self._running) < _BATCHES_AHEAD:
            batch = self._waiting.popleft()
            self._batches += 1
            key = f"import {id(self)} {self._batches}"
            self._running[key] = batch
            self._crew.submit(self._order(key, batch))

    def _order(self, key: str, batch: _Batch) -> Order:
        def on_report(report: Report) -> None:
            if isinstance(report, JobDone | JobFailed):
                self._inbox.put(_BatchReport(batch, report))

        return Order(key, "headers", "a folder", lambda: HeadersRequest(batch.files), on_report, priority=_PRIORITY)

    def _take_batch(self, message: _BatchReport) -> None:
        batch, report = message.batch, message.report
        self._running = {key: value for key, value in self._running.items() if value is not batch}
        if isinstance(report, JobDone):
            assert isinstance(report.value, HeadersDone)
            self._keep(report.value.entries)
        elif isinstance(report, JobFailed) and not report.is_cancelled:
            self._divide(batch)

    def _divide(self, batch: _Batch) -> None:
        """Find the file over which a child dies."""
        if len(batch.files) == 1:
            self._keep((HeaderRefused(batch.files[0], FATAL),))
            return
        middle = len(batch.files) // 2
        self._waiting.extendleft((_Batch(batch.files[middle:]), _Batch(batch.files[:middle])))

    def _keep(self, entries: Sequence[HeaderRead | HeaderRefused]) -> None:
        tally = self._store.add(entries)
        self._count.outcomes.update(tally.outcomes)
        self._count.refused.extend(tally.refused)

    def _tell(self) -> None:
        now_s = self._clock()
        if now_s - self._told_s >= _SECONDS_BETWEEN_REPORTS:
            self._told_s = now_s
            self._on_report(self._progress())

    def _progress(self) -> ImportProgress:
        count = self._count
        left = count.found - count.known - count.read
        seconds = None
        if not count.is_walking and count.read:
            seconds = left * (self._clock() - count.started_s) / count.read
        return ImportProgress(
            found=count.found,
            done=count.known + count.read,
            known=count.known,
            outcomes=tuple(sorted(count.outcomes.items())),
            is_walking=count.is_walking,
            seconds_left=seconds,
        )
