"""What the window asks the models at a place of an image; answers come back on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.core.findings import PatchClass
from mammoview.core.geometry import Box
from mammoview.core.marks import Point


class PointAnswer(Protocol):
    """What the patch classifier says at a place."""

    @property
    def classes(self) -> tuple[tuple[PatchClass, float], ...]:
        """The classes with their probabilities, the likeliest first."""


class ContourAnswer(Protocol):
    """The border that the segmenters see."""

    @property
    def contour(self) -> tuple[Point, ...]:
        """(row, column), native pixels."""


class Questions(Protocol):
    """Asks the engine; ``then`` may be called on any thread."""

    def ask_point(self, image_id: str, row: float, col: float, then: Callable[[Any], None]) -> object:
        """The five classes at a place."""

    def ask_contour(self, image_id: str, seed: Point | Box, then: Callable[[Any], None]) -> object:
        """The outline of what lies at a place or in a box."""


class Asking(QObject):
    """Brings answers to the GUI thread, and drops those that nobody waits for any more."""

    _answered = Signal(object, object, int)

    def __init__(self, questions: Callable[[], Questions | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._questions = questions
        self._number = 0
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def can_ask(self) -> bool:
        """Whether there is anybody to ask."""
        return self._questions() is not None

    def drop(self) -> None:
        """Nobody waits any more for what was asked."""
        self._number += 1

    def point(self, image_id: str, at: Point, then: Callable[[PointAnswer], None]) -> None:
        """Ask for the classes at a place; what was asked before is dropped."""
        asked = self._questions()
        if asked is not None:
            asked.ask_point(image_id, *at, self._back(then))

    def contour(self, image_id: str, seed: Point | Box, then: Callable[[ContourAnswer], None]) -> None:
        """Ask for an outline; what was asked before is dropped."""
        asked = self._questions()
        if asked is not None:
            asked.ask_contour(image_id, seed, self._back(then))

    def _back(self, then: Callable[[Any], None]) -> Callable[[Any], None]:
        self.drop()
        number = self._number
        return lambda answer: self._answered.emit(answer, then, number)

    def _deliver(self, answer: object, then: Callable[[Any], None], number: int) -> None:
        if number == self._number:
            then(answer)
