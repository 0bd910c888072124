"""Between two steps of a run: does the user want it to stop or to wait, and does a reader need the device?

A file in the run's folder says each wish, so that a window, a terminal and a script can all say it, and a run in
another process hears it. While a run waits it takes neither the processor nor the device's memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mammoview.training.learning.lent import LentDevice
from mammoview.training.tuning.run_messages import Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mammoview.core.progress import Cancel

#: In the run's folder, while the user wants the run to wait; while a reader's analysis has the device.
PAUSE, YIELD = "pause", "yield"
#: How often a waiting run looks whether it may go on, and how often a running one looks whether it should wait.
_LOOK_S = 0.1


@dataclass
class Gate:
    """Asked by a run between its steps; holds it while it should wait.

    Attributes
    ----------
    run
        Folder of the run.
    cancelled
        Whether the user asked to stop.
    tell
        Told when the run begins to wait, and when it goes on.
    device
        Left to others meanwhile.
    sleep
        Waits so many seconds.
    waited_s
        How long the run was held, all in all.
    """

    run: Path
    cancelled: Cancel
    tell: Callable[[Notice], None]
    device: LentDevice = field(default_factory=LentDevice)
    sleep: Callable[[float], None] = time.sleep
    waited_s: float = 0.0
    _looked: float = 0.0

    def __call__(self) -> bool:
        """Whether to stop; returns when the run may go on."""
        if self.cancelled():
            return True
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return False
        self._looked = now
        if self._reason() is None:
            return False
        self.device.leave()
        is_stopped = self._wait()
        self.waited_s += time.monotonic() - now
        return is_stopped

    def _wait(self) -> bool:
        told: str | None = None
        while (reason := self._reason()) is not None or not self.device.come_back():
            if reason is not None and reason != told:
                self.tell(_NOTICES[reason])
                told = reason
            self.sleep(_LOOK_S)
            if self.cancelled():
                return True
        self.tell(Notice(NoticeKind.WENT_ON, "The run goes on."))
        return False

    def _reason(self) -> str | None:
        return next((name for name in (PAUSE, YIELD) if (self.run / name).exists()), None)


_NOTICES = {
    PAUSE: Notice(NoticeKind.PAUSED, "The run is paused; nothing is lost."),
    YIELD: Notice(NoticeKind.YIELDED, "The run waits while images are analysed for reading."),
}
