"""What the reader did and can take back: steps in a row, of marks and of the display alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: Steps kept: more than anyone takes back, and few enough for memory.
MOST_STEPS: Final = 1000


@dataclass(frozen=True)
class Step:
    """One thing that was done.

    Attributes
    ----------
    text
        What it was, to follow "Undo": ``invert``, ``move distance``.
    undo, redo
        Bring back the state before, and the state after. Both set a whole state rather than change one, so that they
        hold whatever lies between.
    is_display
        Whether it only changed how images are shown: such steps end when other images are shown.
    """

    text: str
    undo: Callable[[], None]
    redo: Callable[[], None]
    is_display: bool = False


class History:
    """Steps done, and steps taken back.

    Parameters
    ----------
    on_changed
        Called after every change; never while the lock is held.
    """

    def __init__(self, on_changed: Callable[[], None] = lambda: None) -> None:
        self._lock = threading.Lock()
        self._on_changed = on_changed
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def undo_text(self) -> str:
        """What `undo` would take back; empty where nothing is left."""
        with self._lock:
            return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What `redo` would do again; empty where nothing is left."""
        with self._lock:
            return self._undone[-1].text if self._undone else ""

    def record(
        self, text: str, *, undo: Callable[[], None], redo: Callable[[], None], is_display: bool = False
    ) -> None:
        """Remember something that was done just now; what was taken back before cannot come again.

        Parameters
        ----------
        text, undo, redo, is_display
            As in `Step`.
        """
        with self._lock:
            self._done = [*self._done[1 - MOST_STEPS :], Step(text, undo, redo, is_display)]
            self._undone.clear()
        self._on_changed()

    def undo(self) -> str:
        """Take the last step back; the text says which, empty where there was none."""
        with self._lock:
            if not self._done:
                return ""
            step = self._done.pop()
            self._undone.append(step)
        # Outside the lock: what a step does may ask the history.
        step.undo()
        self._on_changed()
        return step.text

    def redo(self) -> str:
        """Do the step that was taken back last again; the text says which, empty where there was none."""
        with self._lock:
            if not self._undone:
                return ""
            step = self._undone.pop()
            self._done.append(step)
        step.redo()
        self._on_changed()
        return step.text

    def forget_display(self) -> None:
        """Drop the steps that changed the display only: what they changed is shown no longer."""
        with self._lock:
            self._done = [step for step in self._done if not step.is_display]
            self._undone = [step for step in self._undone if not step.is_display]
        self._on_changed()
