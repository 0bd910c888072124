"""The one way out for a session's events: kept until a view connects, in order, and only what may be told."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mammoview.session.events import Event


class Outlet:
    """Sends events to the one who listens.

    Parameters
    ----------
    lock
        Reentrant; held while an event is sent, so that events keep their order.
    passed
        Gives an event as it may be told, or None.
    on_event
        Told everything. None: events wait for `connect`.
    """

    def __init__(
        self,
        lock: threading.RLock,
        *,
        passed: Callable[[Event], Event | None],
        on_event: Callable[[Event], None] | None,
    ) -> None:
        self._lock, self._passed, self._on_event = lock, passed, on_event
        self._waiting: list[Event] = []

    def connect(self, on_event: Callable[[Event], None]) -> None:
        """Send every event to ``on_event`` from now on, beginning with those that waited."""
        with self._lock:
            self._on_event = on_event
            waiting, self._waiting = self._waiting, []
            for event in waiting:
                self.tell(event)

    def tell(self, event: Event) -> None:
        """Send an event, or keep it."""
        with self._lock:
            if self._on_event is None:
                self._waiting.append(event)
                return
            # What waited may have become a secret meanwhile.
            passed = self._passed(event)
            if passed is not None:
                self._on_event(passed)
