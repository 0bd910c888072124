"""What the window asks the models at a place of an image; answers come back on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.core.errors import Problem
from mammoview.core.findings import LesionKind
from mammoview.core.geometry import Box
from mammoview.core.marks import Point
from mammoview.pipeline.question import ContourAnswer, PointAnswer
from mammoview.session.events import Level
from mammoview.session.messages import Messages

T = TypeVar("T")
#: Told an answer; None where there is none, and the reader was told why.
Then: TypeAlias = Callable[[T | None], None]


class Questions(Protocol):
    """The part of `mammoview.session.questions.Questions` that is asked here; ``then`` may be called on any thread."""

    def get_ready(self, image_ids: Iterable[str]) -> None:
        """Make the first answer as quick as others."""

    def ask_point(self, image_id: str, row: float, col: float, then: Callable[[PointAnswer | Problem], None]) -> None:
        """The five classes at a place."""

    def ask_contour(
        self,
        image_id: str,
        seed: Point | Box,
        then: Callable[[ContourAnswer | Problem], None],
        *,
        kind: LesionKind = LesionKind.MASS,
    ) -> None:
        """The outline of what lies at a place or in a box."""


class Asking(QObject):
    """Brings answers to the GUI thread, and drops those that nobody waits for any more."""

    _answered = Signal(object, object, int)

    def __init__(self, questions: Questions, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._questions, self._messages = questions, messages
        self._number = 0
        self._answered.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def get_ready(self, image_ids: Iterable[str]) -> None:
        """Something is about to be asked on these images."""
        self._questions.get_ready(image_ids)

    def drop(self) -> None:
        """Nobody waits any more for what was asked."""
        self._number += 1

    def point(self, image_id: str, at: Point, then: Then[PointAnswer]) -> None:
        """Ask for the classes at a place; what was asked before is dropped."""
        self._questions.ask_point(image_id, *at, self._back(then))

    def contour(
        self, image_id: str, seed: Point | Box, then: Then[ContourAnswer], kind: LesionKind = LesionKind.MASS
    ) -> None:
        """Ask for an outline; what was asked before is dropped."""
        self._questions.ask_contour(image_id, seed, self._back(then), kind=kind)

    def _back(self, then: Then[T]) -> Callable[[T | Problem], None]:
        self.drop()
        number = self._number
        return lambda answer: self._answered.emit(answer, then, number)

    def _deliver(self, answer: object, then: Callable[[object], None], number: int) -> None:
        if number != self._number:
            return
        if isinstance(answer, Problem):
            self._messages.start_over()
            self._messages.tell(answer, Level.WARNING)
            then(None)
        else:
            then(answer)
