"""The bar in the status line: how far each long job is, how long it will still take, and a button that ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QProgressBar, QPushButton

from mammoview.session.estimate import Estimate

#: The time left grows old by itself.
_REFRESH_MS = 1000


@dataclass
class _Job:
    text: str
    fraction: float | None
    cancel: Callable[[], None] | None
    estimate: Estimate = field(default_factory=Estimate)


class ProgressLine(QObject):
    """Shows of several jobs the one that was begun last, and says how many others there are.

    Parameters
    ----------
    bar, button
        Where it is shown; hidden while there is no job.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        bar: QProgressBar,
        button: QPushButton,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._bar, self._button, self._clock = bar, button, clock
        bar.setRange(0, 1000)
        bar.hide()
        button.hide()
        button.clicked.connect(self.cancel)
        self._jobs: dict[str, _Job] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self._show)

    def tell(self, job: str, text: str, fraction: float | None, cancel: Callable[[], None] | None = None) -> None:
        """Say how far a job is; its first word begins it.

        Parameters
        ----------
        job
            What it is known by.
        fraction
            0 to 1; None while it cannot be said.
        cancel
            Ends it; None where nothing can.
        """
        known = self._jobs.setdefault(job, _Job(text, fraction, cancel, Estimate(self._clock)))
        known.text, known.fraction, known.cancel = text, fraction, cancel
        if fraction is not None:
            known.estimate.tell(fraction)
        self._show()

    def end(self, job: str) -> None:
        """Say that a job ended, however."""
        if self._jobs.pop(job, None) is not None:
            self._show()

    def cancel(self) -> bool:
        """End the job that is shown; whether there was one that can be ended."""
        job = self._shown
        if job is None or job.cancel is None:
            return False
        job.cancel()
        return True

    @property
    def _shown(self) -> _Job | None:
        return next(reversed(self._jobs.values()), None)

    def _show(self) -> None:
        job = self._shown
        self._bar.setVisible(job is not None)
        self._button.setVisible(job is not None and job.cancel is not None)
        if job is None:
            self._timer.stop()
            return
        if not self._timer.isActive():
            self._timer.start()
        self._bar.setValue(round((job.fraction or 0.0) * 1000))
        more = len(self._jobs) - 1
        parts = (
            f"{round(job.fraction * 100)} %" if job.fraction is not None else "",
            job.estimate.words,
            f"and {more} more" if more else "",
        )
        tail = "".join(f"  ·  {part}" for part in parts if part)
        metrics = self._bar.fontMetrics()
        # On a small screen the bar is short: what is left matters more than which file it is.
        room = self._bar.width() - metrics.horizontalAdvance(f"{tail}  ")
        self._bar.setFormat(metrics.elidedText(job.text, Qt.TextElideMode.ElideRight, max(0, room)) + tail)
        self._bar.setToolTip(job.text + tail)
