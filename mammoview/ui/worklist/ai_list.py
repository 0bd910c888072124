"""The AI on the whole list: begun, paused and stopped here; how far it is, never what it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.core.amounts import counted, grouped
from mammoview.session.estimate import words_of
from mammoview.session.reading.ai_queue import AiProgress, AiQueue
from mammoview.session.session import Session
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.worklist.strip import Strip

Make: TypeAlias = Callable[[Worklist, Session, Callable[[AiProgress], None]], AiQueue]


class AiOnList(QObject):
    """Runs a queue, and says so in its strip.

    Parameters
    ----------
    session
        Lends its children.
    make
        Makes the queue.
    """

    #: The `AiProgress`.
    progressed = Signal(object)
    _told = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None, *, make: Make = AiQueue) -> None:
        super().__init__(parent)
        self._session, self._make = session, make
        self.queue: AiQueue | None = None
        self.progress = AiProgress()
        self._is_closed = False
        self.strip = Strip()
        self._told.connect(self._show, Qt.ConnectionType.QueuedConnection)

    @property
    def is_at_work(self) -> bool:
        """Whether the AI goes on with the list."""
        return self.progress.is_running and not self.progress.is_paused

    def open(self, worklist: Worklist) -> None:
        """Have a queue for this worklist; it keeps what is found beside it, too, and waits to be started."""
        if self.queue is None:
            self.queue = self._make(worklist, self._session, self._tell)

    def toggle(self) -> None:
        """Start, pause, or go on."""
        if self.queue is not None:
            self.queue.pause() if self.is_at_work else self.queue.start()

    def prefer(self, rows: Sequence[int]) -> None:
        """Say which studies come first: the one being read and its neighbours."""
        if self.queue is not None:
            self.queue.first(rows)

    def close(self) -> None:
        """The window is closed: stop, and keep what was found."""
        self._is_closed = True
        if self.queue is not None:
            self.queue.close()

    def _stop(self) -> None:
        if self.queue is not None:
            self.queue.cancel()

    def _retry(self) -> None:
        if self.queue is not None:
            self.queue.retry()

    def _tell(self, progress: AiProgress) -> None:
        if not self._is_closed:
            self._told.emit(progress)

    def _show(self, progress: AiProgress) -> None:
        was_running, self.progress = self.progress.is_running, progress
        text = progress_words(progress)
        if progress.is_running and not progress.is_paused:
            fraction = progress.done / progress.total if progress.total else None
            self.strip.run(text, fraction, {"Pause": self.toggle, "Stop": self._stop})
        elif progress.is_running:
            self.strip.say(text, {"Go on": self.toggle, "Stop": self._stop})
        elif was_running:
            again = {"Try again": self._retry} if progress.failed else {}
            self.strip.say(text, {**again, "Close": self.strip.hide})
        self.progressed.emit(progress)


def progress_words(progress: AiProgress) -> str:
    """How far the AI is."""
    done = f"{grouped(progress.done)} of {counted(progress.total, 'study', 'studies')}"
    passed = f"; {counted(progress.failed, 'study', 'studies')} passed over" if progress.failed else ""
    if progress.problem is not None:
        return f"AI paused: {progress.problem.message} {progress.problem.hint}".strip()
    if progress.is_paused:
        return f"AI paused: {done}{passed}"
    if not progress.is_running:
        ended = "nothing is left to do" if not progress.left else f"stopped after {done}"
        return f"AI on the list: {ended}{passed}."
    left = f", {words_of(progress.seconds_left)}" if progress.seconds_left is not None else ""
    return f"AI on the list: {done}{left}{passed}"
