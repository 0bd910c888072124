"""A reader's own masks, opened beside images. Decoders read them: a mask may be a hostile file, too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from mammoview.core.image import Mask
from mammoview.core.jobs import JobDone, JobFailed
from mammoview.core.study import Mammogram
from mammoview.session.blocks import TruthMask, TruthRequest
from mammoview.session.events import Event, Level, TruthRead
from mammoview.session.jobs import Crew, JobRetried, Order, Report
from mammoview.session.messages import Messages


class Truths:
    """Reads masks and keeps them.

    Parameters
    ----------
    crew
        The decoders.
    on_event
        Told `TruthRead`.
    """

    def __init__(self, crew: Crew, on_event: Callable[[Event], None], messages: Messages) -> None:
        self._crew = crew
        self._on_event = on_event
        self._messages = messages
        self._lock = threading.Lock()
        self._known: dict[str, TruthMask] = {}

    @property
    def all(self) -> tuple[TruthMask, ...]:
        """Every mask that was read."""
        with self._lock:
            return tuple(self._known.values())

    def get(self, image_id: str) -> TruthMask | None:
        """The mask of an image."""
        with self._lock:
            return self._known.get(image_id)

    def open(self, image: Mammogram, path: Path) -> None:
        """Read a mask of an image; `TruthRead` or a `Message` follows."""
        request = TruthRequest(str(path.absolute()), image.rows, image.columns)

        def on_report(report: Report) -> None:
            if isinstance(report, JobDone):
                assert isinstance(report.value, Mask)
                with self._lock:
                    self._known[image.id] = TruthMask(image.id, path.name, report.value)
                self._on_event(TruthRead(image.id))
            elif isinstance(report, JobRetried):
                self._messages.tell(report.problem, Level.WARNING)
            elif isinstance(report, JobFailed) and not report.is_cancelled:
                self._messages.tell(report.problem)

        self._crew.submit(Order(f"truth {image.id}", "truth", str(path), lambda: request, on_report, priority=(-1,)))
