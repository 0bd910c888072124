"""The log of display checks as the window's parts share it: read and written off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from mammoview.core.display_check import DisplayCheck
from mammoview.core.errors import MammoViewError, Problem
from mammoview.imaging.gsdf_fit import GsdfFit, fit
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

    Attributes
    ----------
    checks
        In the order in which they were written.
    fits
        By the id of a check with readings: its fit, or in words why there is none.
    """

    changed = Signal()

    def __init__(self, background: Background, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background, self._messages = background, messages
        self.checks: tuple[DisplayCheck, ...] = ()
        self.fits: dict[str, GsdfFit | str] = {}
        self.is_read = False

    def refresh(self) -> None:
        """Read the file; ``changed`` follows."""
        self._background.run(_load, self._take)

    def _take(self, loaded: _Loaded) -> None:
        self.checks, self.fits = loaded.checks, loaded.fits
        self.is_read = True
        for problem in loaded.problems:
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

    def write_file(self, path: Path, make: Callable[[], str], then: Callable[[str], None], *, encoding: str) -> None:
        """Write a text that ``make`` composes; ``then`` gets what went wrong, in words, or an empty text."""

        def work() -> str:
            try:
                path.write_text(make(), encoding=encoding, newline="")
            except OSError as error:
                return f"{path.name} cannot be written ({error.strerror})."
            return ""

        self._background.run(work, then)


@dataclass(frozen=True)
class _Loaded:
    checks: tuple[DisplayCheck, ...]
    problems: tuple[Problem, ...]
    fits: dict[str, GsdfFit | str]


def _load() -> _Loaded:
    checks, problems = luminance.load()
    return _Loaded(checks, problems, {check.id: _fit(check) for check in checks if check.readings})


def _fit(check: DisplayCheck) -> GsdfFit | str:
    try:
        return fit(check.levels, check.luminances)
    except MammoViewError as error:
        return str(error)
