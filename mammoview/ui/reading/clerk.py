"""One thread beside the window for all that is stored, in the order in which it was asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.core.errors import MammoViewError

T = TypeVar("T")


class Clerk(QObject):
    """Does one thing after the other off the GUI thread, and hands the outcome back on it."""

    _ended = Signal(object, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="clerk")
        self._is_closed = False
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def do(self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[MammoViewError], None]) -> None:
        """Call ``work`` there; then ``then`` with what it gave, or ``failed`` with what stood in its way, here."""
        if not self._is_closed:
            self._pool.submit(work).add_done_callback(lambda done: self._ended.emit(done, then, failed))

    def _deliver(
        self, done: Future[Any], then: Callable[[Any], None], failed: Callable[[MammoViewError], None]
    ) -> None:
        if self._is_closed or done.cancelled():
            return
        error = done.exception()
        if isinstance(error, MammoViewError):
            failed(error)
        else:
            # An error that nobody foresaw is raised here, where the hook for such errors tells of it.
            then(done.result())

    def close(self, last: Callable[[], object] = lambda: None) -> None:
        """Finish all that was asked for, then ``last``; nothing is handed back any more."""
        if not self._is_closed:
            self._is_closed = True
            self._pool.submit(last)
            self._pool.shutdown(wait=True)
