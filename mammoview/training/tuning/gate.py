"""Between two steps of a run: does the user want it to stop or to wait, and does a reader need the device?

A file in the run's folder says each wish, so that a window, a terminal and a script can all say it, and a run in
another process hears it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    sleep
        Waits so many seconds.
    """

    run: Path
    cancelled: Cancel
    tell: Callable[[Notice], None]
    sleep: Callable[[float], None] = time.sleep
    _looked: float = 0.0

    def __call__(self) -> bool:
        """Whether to stop; returns when the run may go on."""
        if self.cancelled():
            return True
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return False
        self._looked = now
        waiting = self._reason()
        if waiting is None:
            return False
        while waiting is not None:
            self.tell(_NOTICES[waiting])
            before = waiting
            while waiting == before:
                self.sleep(_LOOK_S)
                if self.cancelled():
                    return True
                waiting = self._reason()
        self.tell(Notice(NoticeKind.WENT_ON, "The run goes on."))
        return False

    def _reason(self) -> str | None:
        return next((name for name in (PAUSE, YIELD) if (self.run / name).exists()), None)


_NOTICES = {
    PAUSE: Notice(NoticeKind.PAUSED, "The run is paused; nothing is lost."),
    YIELD: Notice(NoticeKind.YIELDED, "The run waits while images are analysed for reading."),
}
