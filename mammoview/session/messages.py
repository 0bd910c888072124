"""The one door through which users are told something: kept until somebody looks, told once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from mammoview.core.errors import Problem
from mammoview.session.events import Level, Message

_log = logging.getLogger(__name__)


class Messages:
    """Messages to the user, from any thread.

    What is told before a view connects is kept, in order, and flushed to it. The same message is told once until
    `start_over`, which stands at the beginning of every action of the user, so that a second try is answered again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on_message: Callable[[Message], None] | None = None
        self._waiting: list[Message] = []
        self._told: set[Message] = set()
        self._history: list[Message] = []

    @property
    def history(self) -> tuple[Message, ...]:
        """Everything told so far, oldest first."""
        with self._lock:
            return tuple(self._history)

    def connect(self, on_message: Callable[[Message], None]) -> None:
        """Send every message to ``on_message`` from now on, beginning with those that waited."""
        with self._lock:
            self._on_message = on_message
            waiting, self._waiting = self._waiting, []
        for message in waiting:
            on_message(message)

    def tell(self, problem: Problem, level: Level = Level.ERROR) -> None:
        """Tell the user, unless the same was told since `start_over`."""
        message = Message(problem, level)
        with self._lock:
            if message in self._told:
                return
            self._told.add(message)
            self._history.append(message)
            # The path may hold a patient's name: the log gets the code only.
            _log.info("told the user: %s (%s)", problem.code, level)
            on_message = self._on_message
            if on_message is None:
                self._waiting.append(message)
        if on_message is not None:
            # Never called under the lock: the receiver may hold one of its own.
            on_message(message)

    def tell_all(self, said: Iterable[tuple[Problem, Level]]) -> None:
        """Tell the user several things."""
        for problem, level in said:
            self.tell(problem, level)

    def start_over(self) -> None:
        """Forget what was told, so that it may be told again."""
        with self._lock:
            self._told.clear()
