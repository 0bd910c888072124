"""The log of display checks as the window's parts share it: read and written off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from mammoview.core.display_check import DisplayCheck
from mammoview.core.errors import MammoViewError, Problem
from mammoview.session import luminance
from mammoview.session.events import Level
from mammoview.session.messages import Messages
from mammoview.ui.bridge import Background


class DisplayLog(QObject):
    """The checks on record.

    Parameters
    ----------
    background
        Reads and writes the file.
    messages
        Told what could not be read or written.
    """

    changed = Signal()

    def __init__(self, background: Background, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background, self._messages = background, messages
        self.checks: tuple[DisplayCheck, ...] = ()
        self.is_read = False

    def refresh(self) -> None:
        """Read the file; ``changed`` follows."""
        self._background.run(luminance.load, self._take)

    def _take(self, loaded: tuple[tuple[DisplayCheck, ...], tuple[Problem, ...]]) -> None:
        self.checks, problems = loaded
        self.is_read = True
        for problem in problems:
            self._messages.tell(problem, Level.WARNING)
        self.changed.emit()

    def add(self, check: DisplayCheck, then: Callable[[str], None] = lambda _: None) -> None:
        """Write a check; ``then`` gets what went wrong, in words, or an empty text."""
        self._write(lambda: luminance.append(check), then)

    def withdraw(self, check_id: str) -> None:
        """Say that a check does not count."""
        self._write(lambda: luminance.withdraw(check_id), lambda _: None)

    def _write(self, write: Callable[[], None], then: Callable[[str], None]) -> None:
        def work() -> MammoViewError | None:
            try:
                write()
            except MammoViewError as error:
                return error
            return None

        def done(error: MammoViewError | None) -> None:
            if error is not None:
                self._messages.tell(Problem.from_error(error))
            then(str(error) if error is not None else "")
            self.refresh()

        self._messages.start_over()
        self._background.run(work, done)
