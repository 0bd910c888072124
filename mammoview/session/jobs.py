"""Supervised child processes: one job each at a time, newest wins, a child that dies costs its own job only.

Not a ProcessPoolExecutor: there one killed worker breaks every future, and a running task cannot be cancelled.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TypeAlias

from mammoview.core.errors import CancelledError, MammoViewError, Problem, WorkerDiedError
from mammoview.core.jobs import CancelJob, Job, JobDone, JobFailed, JobPartial, JobProgress
from mammoview.session.child import how_it_ended, log_file, run_child

_log = logging.getLogger(__name__)

#: A child that does not answer the wish to cancel for so long is killed.
_CANCEL_PATIENCE_S = 3.0
#: How long an idle child may take to end.
_END_PATIENCE_S = 1.0
_MOST_ATTEMPTS = 2
_ids = count(1)


@dataclass(frozen=True)
class JobRetried:
    """The child died in the middle of the job, which is tried once more."""

    id: int
    problem: Problem


Report: TypeAlias = JobProgress | JobPartial | JobDone | JobFailed | JobRetried


@dataclass(frozen=True, eq=False)
class Order:
    """Work for a `Crew`.

    Attributes
    ----------
    key
        What the work is about. A newer order of the same key supersedes an older one, unless their fingerprints say
        that they are the same work: then the older one goes on, and the newer one can only move it forwards.
    kind
        Names the child's handler.
    subject
        The file or the study, named when the child dies over it.
    make_payload
        Called on the crew's thread when a child is free for the job, and again for its second try. May raise
        `MammoViewError`, which fails the job.
    on_report
        Told on the crew's thread. Exactly one `JobDone` or `JobFailed` comes last, whatever happens; nothing else
        comes after the order was superseded or cancelled.
    priority
        Smaller goes first; equal ones in the order of submission.
    gives_way
        Whether it is cancelled, though it runs, as soon as something of a smaller priority waits.
    """

    key: str
    kind: str
    subject: str
    make_payload: Callable[[], object]
    on_report: Callable[[Report], None]
    priority: tuple[int, ...] = ()
    fingerprint: str = ""
    gives_way: bool = False


@dataclass
class _Task:
    order: Order
    priority: tuple[int, ...]
    id: int = field(default_factory=lambda: next(_ids))
    attempts: int = 0
    stage: str = ""
    cancel_asked_s: float | None = None

    @property
    def is_unwanted(self) -> bool:
        return self.cancel_asked_s is not None


@dataclass
class _Child:
    process: SpawnProcess
    pipe: Connection
    task: _Task | None = None


class Crew:
    """A few children of one kind and the queue before them.

    Parameters
    ----------
    target
        ``module:function``, imported in the child only; the function is given its end of the pipe and runs
        `mammoview.core.jobs.serve`.
    size
        Most children at a time.
    name
        One word for messages and the log file.
    """

    def __init__(self, target: str, *, size: int, name: str) -> None:
        self._target = target
        self._size = size
        self._name = name
        self._lock = threading.Lock()
        self._commands: deque[Callable[[], None]] = deque()
        self._queue: list[_Task] = []
        self._children: list[_Child] = []
        self._thread: threading.Thread | None = None
        self._wake_receiver, self._wake_sender = connection.Pipe(duplex=False)
        self._is_closing = False
        self._stop_s = 0.0

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the living children."""
        return tuple(child.process.pid for child in list(self._children) if child.process.pid is not None)

    def start(self) -> None:
        """Start the first child at once; without this it starts, as the others do, when there is work for it.

        Called before anything else, from a thread that lives as long as the crew: what waits for the crew's own
        thread waits for the interpreter, too, which the program's imports keep busy while it starts.
        """
        with suppress(OSError):
            if self._thread is None:
                self._start_child()
        self._do(lambda: None)

    def submit(self, order: Order) -> None:
        """Queue an order. Its reports come from the crew's thread, never from here."""
        self._do(lambda: self._accept(order))

    def cancel(self, keys: Iterable[str] | None = None) -> None:
        """Cancel the orders of these keys, or all; each ends with a `JobFailed` that says so."""
        wanted = None if keys is None else frozenset(keys)
        self._do(lambda: self._drop(lambda task: wanted is None or task.order.key in wanted))

    def close(self, *, patience_s: float = 0.0) -> None:
        """Cancel what waits, give what runs ``patience_s`` to end, end the children. Safe to call twice."""

        def stop() -> None:
            self._is_closing = True
            self._stop_s = time.monotonic() + patience_s
            for task in self._take(lambda _: True):
                _end_cancelled(task)

        self._do(stop)
        if self._thread is not None:
            self._thread.join()
            atexit.unregister(self.close)

    def _do(self, command: Callable[[], None]) -> None:
        """Have ``command`` run on the crew's thread, which alone touches queue and children."""
        with self._lock:
            if self._is_closing:
                return
            self._commands.append(command)
            if self._thread is None:
                self._thread = threading.Thread(target=self._supervise, name=f"{self._name} crew", daemon=True)
                self._thread.start()
                # Before multiprocessing ends the children behind the supervisor's back.
                atexit.register(self.close)
            self._wake_sender.send_bytes(b"!")

    def _supervise(self) -> None:
        while True:
            self._run_commands()
            if self._is_closing and (not self._busy() or time.monotonic() >= self._stop_s):
                break
            self._kill_the_deaf()
            self._hand_out()
            watched = [self._wake_receiver, *(c.pipe for c in self._children)]
            for ready in connection.wait(watched, self._timeout_s()):
                child = next((c for c in self._children if c.pipe is ready), None)
                if child is not None:
                    self._listen(child)
        self._end_children()

    def _busy(self) -> list[_Child]:
        return [child for child in self._children if child.task is not None]

    def _run_commands(self) -> None:
        while self._wake_receiver.poll():
            self._wake_receiver.recv_bytes()
        while self._commands:
            self._commands.popleft()()

    def _timeout_s(self) -> float | None:
        due = [c.task.cancel_asked_s + _CANCEL_PATIENCE_S for c in self._busy() if c.task and c.task.cancel_asked_s]
        if self._is_closing:
            due.append(self._stop_s)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _accept(self, order: Order) -> None:
        running = next((c.task for c in self._busy() if c.task and c.task.order.key == order.key), None)
        task = _Task(order, order.priority)
        queued = self._take(lambda old: old.order.key == order.key)
        same = [old for old in queued if old.order.fingerprint == order.fingerprint]
        if running is not None and not running.is_unwanted and running.order.fingerprint == order.fingerprint:
            queued.append(task)
        else:
            if running is not None:
                self._ask_to_cancel(running)
            if same:
                queued.remove(same[0])
                queued.append(task)
                task = same[0]
                task.priority = min(task.priority, order.priority)
            self._queue.append(task)
        for old in queued:
            _end_cancelled(old)

    def _take(self, is_meant: Callable[[_Task], bool]) -> list[_Task]:
        taken = [task for task in self._queue if is_meant(task)]
        self._queue = [task for task in self._queue if task not in taken]
        return taken

    def _drop(self, is_meant: Callable[[_Task], bool]) -> None:
        for task in self._take(is_meant):
            _end_cancelled(task)
        for child in self._busy():
            if child.task and is_meant(child.task):
                self._ask_to_cancel(child.task)

    def _ask_to_cancel(self, task: _Task) -> None:
        child = next(c for c in self._children if c.task is task)
        if not task.is_unwanted:
            task.cancel_asked_s = time.monotonic()
            _send(child, CancelJob(task.id))

    def _kill_the_deaf(self) -> None:
        now = time.monotonic()
        for child in self._busy():
            asked_s = child.task.cancel_asked_s if child.task else None
            if asked_s is not None and now - asked_s >= _CANCEL_PATIENCE_S:
                _log.info("the %s %s ignores the wish to cancel and is killed", self._name, child.process.pid)
                child.process.kill()

    def _start_child(self) -> _Child:
        # One at a time: the program's start leaves no processor for a second one without work.
        ours, theirs = connection.Pipe()
        process = get_context("spawn").Process(
            target=run_child,
            args=(self._target, theirs, self._name, os.getpid()),
            name=f"mammoview-{self._name}",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._children.append(_Child(process, ours))
        return self._children[-1]

    def _hand_out(self) -> None:
        while self._queue:
            child = next((c for c in self._children if c.task is None), None)
            if child is None and len(self._children) == self._size:
                self._make_way()
                return
            try:
                child = child or self._start_child()
            except OSError as error:
                self._give_up(error)
                return
            task = min(self._queue, key=lambda t: (t.priority, t.id))
            self._queue.remove(task)
            self._give(child, task)

    def _make_way(self) -> None:
        first = min(task.priority for task in self._queue)
        for child in self._busy():
            if child.task and child.task.order.gives_way and child.task.priority > first:
                self._ask_to_cancel(child.task)

    def _give_up(self, error: OSError) -> None:
        """Fail what waits, for no process can be started; a child that is at work will do it in the end."""
        for task in self._take(lambda _: not self._children):
            died = WorkerDiedError(
                f"The {self._name} cannot be started ({error.strerror}).", "Close other programs, then try again."
            )
            task.order.on_report(JobFailed(task.id, Problem.from_error(died, task.order.subject)))

    def _give(self, child: _Child, task: _Task) -> None:
        task.attempts += 1
        try:
            payload = task.order.make_payload()
        except MammoViewError as error:
            task.order.on_report(JobFailed(task.id, Problem.from_error(error, task.order.subject)))
            return
        child.task = task
        _send(child, Job(task.id, task.order.kind, payload))

    def _listen(self, child: _Child) -> None:
        try:
            report = child.pipe.recv()
        except (EOFError, OSError):
            self._bury(child)
            return
        task = child.task
        if task is None or report.id != task.id:
            return
        if isinstance(report, JobDone | JobFailed):
            child.task = None
            if task.is_unwanted:
                _end_cancelled(task)
                return
        if isinstance(report, JobProgress):
            task.stage = report.text
        if isinstance(report, JobFailed) and not report.problem.path:
            problem = Problem(task.order.subject, report.problem.code, report.problem.message, report.problem.hint)
            report = JobFailed(report.id, problem, report.is_cancelled)
        if not task.is_unwanted:
            task.order.on_report(report)

    def _bury(self, child: _Child) -> None:
        self._children.remove(child)
        child.pipe.close()
        # The pipe's end says that the child goes; a child that only closed its pipe is of no use either.
        child.process.join(_END_PATIENCE_S)
        child.process.kill()
        child.process.join()
        how, task = how_it_ended(child.process.exitcode), child.task
        child.process.close()
        _log.info("the %s ended: %s", self._name, how)
        if task is None:
            return
        if task.is_unwanted:
            _end_cancelled(task)
        elif task.attempts < _MOST_ATTEMPTS:
            self._queue.append(task)
            task.priority = (-(2**31),)
            hint = "It is started again, and the job is tried once more."
            task.order.on_report(JobRetried(task.id, self._death_notice(task, how, hint)))
        else:
            hint = f"It was the second try, so this job was given up. The log may say more: {log_file(self._name)}"
            task.order.on_report(JobFailed(task.id, self._death_notice(task, how, hint)))

    def _death_notice(self, task: _Task, how: str, hint: str) -> Problem:
        stage = f' at "{task.stage}"' if task.stage else ""
        error = WorkerDiedError(f"The {self._name} ended unexpectedly ({how}){stage}.", hint)
        return Problem.from_error(error, task.order.subject)

    def _end_children(self) -> None:
        for child in self._children:
            if child.task is not None:
                child.process.kill()
            else:
                _send(child, None)
        end_s = time.monotonic() + _END_PATIENCE_S
        for child in self._children:
            child.process.join(max(0.0, end_s - time.monotonic()))
            child.process.kill()
            child.process.join()
            child.process.close()
            child.pipe.close()
            if child.task is not None:
                _end_cancelled(child.task)
        self._children = []
        with self._lock:
            # Orders that came while the crew went home are answered, too.
            self._run_commands()
            for task in self._take(lambda _: True):
                _end_cancelled(task)
            self._wake_receiver.close()
            self._wake_sender.close()


def _send(child: _Child, message: object) -> None:
    try:
        child.pipe.send(message)
    except OSError:
        # The child is gone; its end of the pipe says so to the supervisor, who knows what to do.
        _log.info("a message to %s came too late", child.process.name)


def _end_cancelled(task: _Task) -> None:
    error = CancelledError("The job was cancelled.", "Start it again whenever you like.")
    task.order.on_report(JobFailed(task.id, Problem.from_error(error, task.order.subject), is_cancelled=True))
