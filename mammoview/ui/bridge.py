"""The one place where what happens on other threads becomes Qt signals."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.session.events import Event

_T = TypeVar("_T")


class Bridge(QObject):
    """Brings the session's events to the GUI thread: give `send` to the session, connect to ``told``."""

    told = Signal(object)

    def send(self, event: Event) -> None:
        """Called by the session, from any thread."""
        self.told.emit(event)


class Background(QObject):
    """Runs pure functions off the GUI thread, on two threads, and hands their results back on it."""

    _ended = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="ui-background")
        self._is_closed = False
        # Never while `run` is still being called: quick work may be done before it returns.
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(self, work: Callable[[], _T], then: Callable[[_T], None]) -> None:
        """Call ``work`` on another thread and ``then`` with its result on this one; nothing after `close`."""
        if not self._is_closed:
            self._pool.submit(work).add_done_callback(lambda future: self._pass_on(future, then))

    def _pass_on(self, future: Future[_T], then: Callable[[_T], None]) -> None:
        if not self._is_closed and not future.cancelled():
            self._ended.emit(future, then)

    def _deliver(self, future: Future[_T], then: Callable[[_T], None]) -> None:
        if not self._is_closed:
            # An error of the work is raised here, where the hook for unexpected errors tells of it.
            then(future.result())

    def close(self) -> None:
        """Drop what waits, wait for what runs."""
        self._is_closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
