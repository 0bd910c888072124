"""The AI over the whole worklist, in the background: one study at a time, behind everything that somebody waits for.

A result is written, whole, before the worklist hears of it: whoever kills the program loses the study at work, and
nothing else. What the session finds while a case is open is kept the same way.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mammoview.core.errors import MammoViewError, Problem
from mammoview.core.findings import ExamResult
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.study import ScanResult, Study
from mammoview.pipeline.request import AnalysisRequest
from mammoview.session.analysis import request_for
from mammoview.session.blocks import ScanRequest
from mammoview.session.hanging import priors
from mammoview.session.jobs import Crew, Order, Report
from mammoview.session.opened import GONE
from mammoview.session.reading import ai_files
from mammoview.session.session import Session
from mammoview.session.worklist.ai import AiInputs
from mammoview.session.worklist.worklist import Worklist

_log = logging.getLogger(__name__)

#: Behind everything else that the children are asked for, imports included.
_PRIORITY: Final = (99,)
#: So many studies say how long the next ones will take.
_MEASURED: Final = 20


@dataclass(frozen=True)
class AiProgress:
    """How far the AI is; says nothing of what it found.

    Attributes
    ----------
    done
        Studies since the start.
    left
        Studies still to do, those that failed left out.
    failed
        Studies that are passed over until `AiQueue.retry`.
    seconds_left
        An estimate; None while nothing can be said.
    problem
        Why it paused by itself, a full disk for example.
    """

    done: int = 0
    left: int = 0
    failed: int = 0
    is_running: bool = False
    is_paused: bool = False
    seconds_left: float | None = None
    problem: Problem | None = None

    @property
    def total(self) -> int:
        """Studies to do at all."""
        return self.done + self.left


class AiQueue:
    """Analyses what has no result yet. Every method can be called from any thread and returns at once, but `close`.

    Parameters
    ----------
    worklist
        Names the studies, and takes the results.
    session
        Lends its children and its settings; what it finds itself is kept, too.
    on_report
        Told `AiProgress` on the queue's thread.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        worklist: Worklist,
        session: Session,
        on_report: Callable[[AiProgress], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worklist, self._session, self._on_report, self._clock = worklist, session, on_report, clock
        self._changed = threading.Condition()
        self._is_running = self._is_paused = self._is_closing = False
        #: Whether there is something to tell.
        self._is_stale = True
        self._problem: Problem | None = None
        self._first: tuple[int, ...] = ()
        self._failed: dict[int, Problem] = {}
        self._found: deque[tuple[Study, ExamResult]] = deque()
        self._done = 0
        self._took_s: deque[float] = deque(maxlen=_MEASURED)
        self._answers: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._asked: tuple[Crew, str] | None = None
        session.keep_results(self._keep)
        self._thread = threading.Thread(target=self._run, name="ai queue", daemon=True)
        self._thread.start()

    @property
    def failures(self) -> dict[int, Problem]:
        """Why studies are passed over, by their rows."""
        with self._changed:
            return dict(self._failed)

    def start(self) -> None:
        """Begin, or go on after a pause."""
        with self._changed:
            if not self._is_running:
                self._done = 0
            self._set(is_running=True, is_paused=False)

    def pause(self) -> None:
        """Stop working until `resume`; the study at work is begun anew then."""
        with self._changed:
            self._set(is_running=self._is_running, is_paused=self._is_running)

    def resume(self) -> None:
        """Go on after a pause."""
        self.start()

    def cancel(self) -> None:
        """Stop for good; what was found stays."""
        with self._changed:
            self._set(is_running=False, is_paused=False)

    def _set(self, *, is_running: bool, is_paused: bool) -> None:
        self._is_running, self._is_paused, self._problem = is_running, is_paused, None
        if self._asked is not None and not self._is_at_work:
            crew, key = self._asked
            crew.cancel([key])
        self._is_stale = True
        self._changed.notify_all()

    @property
    def _is_at_work(self) -> bool:
        return self._is_running and not self._is_paused

    def first(self, rows: Iterable[int]) -> None:
        """Say which studies come before all others: the case being read and its neighbours."""
        with self._changed:
            self._first = tuple(rows)

    def retry(self) -> None:
        """Try again what failed."""
        with self._changed:
            self._failed.clear()
        self.start()

    def close(self) -> None:
        """Stop, and wait until what was found is kept."""
        self._session.keep_results(lambda _study, _result: None)
        with self._changed:
            self._is_closing = True
        self.cancel()
        self._answers.put(None)
        self._thread.join()

    def _keep(self, study: Study, result: ExamResult) -> None:
        with self._changed:
            self._found.append((study, result))
            self._is_stale = True
            self._changed.notify_all()

    # The queue's thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_stale or self._is_at_work or self._is_closing)
                is_news, self._is_stale = self._is_stale, False
                found = self._found.popleft() if self._found else None
                self._is_stale = bool(self._found)
                if found is None and self._is_closing:
                    return
                is_at_work = self._is_at_work
            try:
                if found is not None:
                    self._store_found(*found)
                elif is_at_work:
                    if is_news:
                        # The first study may take a minute: it is told before that the work began.
                        self._on_report(self._progress(self._worklist.ai.count_pending()))
                    self._do_next()
                self._on_report(self._progress(self._worklist.ai.count_pending()))
            except MammoViewError as error:
                # The disk or the database refuses: the next study would fare no better.
                _log.info("the AI queue pauses: %s", error.code)
                with self._changed:
                    self._is_paused, self._problem = self._is_running, Problem.from_error(error)
                self._on_report(self._progress(0))

    def _progress(self, pending: int) -> AiProgress:
        with self._changed:
            left = max(0, pending - len(self._failed))
            mean_s = sum(self._took_s) / len(self._took_s) if self._took_s else None
            return AiProgress(
                done=self._done,
                left=left,
                failed=len(self._failed),
                is_running=self._is_running,
                is_paused=self._is_paused,
                seconds_left=mean_s * left if mean_s is not None and self._is_at_work else None,
                problem=self._problem,
            )

    def _do_next(self) -> None:
        row = self._choose()
        if row is None:
            with self._changed:
                self._is_running = False
            return
        begun_s = self._clock()
        outcome = self._analysed(self._worklist.ai.inputs(row))
        if isinstance(outcome, Problem):
            _log.info("the AI passes over a study: %s", outcome.code)
            with self._changed:
                self._failed[row] = outcome
        elif outcome is not None:
            self._store(row, outcome)
            if self._session.study(outcome.study_uid) is not None and not self._session.has_result(outcome.study_uid):
                self._session.put_result(outcome)
            with self._changed:
                self._done += 1
                self._took_s.append(self._clock() - begun_s)

    def _choose(self) -> int | None:
        with self._changed:
            first, failed = self._first, frozenset(self._failed)
        shelf = self._worklist.ai
        wanted = (row for row in first if row not in failed and shelf.lacks_result(row))
        rest = (row for row in shelf.pending(len(failed) + 1) if row not in failed)
        return next(wanted, None) or next(rest, None)

    def _analysed(self, inputs: AiInputs) -> ExamResult | Problem | None:
        """The result, or why there is none; None when it was stopped, and may be begun anew."""
        paths = (*inputs.paths, *inputs.earlier)
        scan = self._ask(self._session.decoders, "scan", inputs.uid, ScanRequest(paths))
        if not isinstance(scan, ScanResult):
            return scan if isinstance(scan, Problem) else None
        study = next((one for one in scan.studies if one.uid == inputs.uid), None)
        if study is None:
            return scan.problems[0] if scan.problems else GONE[0]
        request = request_for(study, self._session.settings, priors(study, scan.studies))
        known = _known(request)
        if known is not None:
            return known
        result = self._ask(self._session.engine, "analyze", inputs.uid, request)
        if isinstance(result, ExamResult) and not result.images:
            return result.problems[0] if result.problems else Problem("", "no_images", "The AI could read no image.")
        return result if isinstance(result, ExamResult | Problem) else None

    def _ask(self, crew: Crew, kind: str, uid: str, payload: object) -> object:
        """What a child answers; the `Problem` where it fails, and None where it was stopped."""
        key = f"ai queue {kind} {uid}"

        def on_report(report: Report) -> None:
            if isinstance(report, JobDone | JobFailed):
                self._answers.put(report)

        order = Order(key, kind, "a study", lambda: payload, on_report, priority=_PRIORITY, gives_way=True)
        with self._changed:
            if not self._is_at_work:
                return None
            self._asked = crew, key
            crew.submit(order)
        report = self._answers.get()
        with self._changed:
            self._asked = None
        if isinstance(report, JobDone):
            return report.value
        return report.problem if isinstance(report, JobFailed) and not report.is_cancelled else None

    def _store_found(self, study: Study, result: ExamResult) -> None:
        row = self._worklist.ai.row_of(study.uid, (image.id for image in study.images))
        if row is not None:
            self._store(row, result)

    def _store(self, row: int, result: ExamResult) -> None:
        path = ai_files.save(ai_files.folder_of(result.study_uid), result)
        self._worklist.ai.put(row, result.fingerprint, path=str(path), score=result.p_malignant)


def _known(request: AnalysisRequest) -> ExamResult | None:
    """The answer to the same question that was written when the program was killed, before the worklist heard of it."""
    path = ai_files.newest(ai_files.folder_of(request.study_uid))
    if path is None:
        return None
    try:
        result = ai_files.load(path)
    except MammoViewError:
        return None
    return result if result.fingerprint == request.fingerprint else None
