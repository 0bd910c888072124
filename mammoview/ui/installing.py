"""Asks for a model package, and shows how its installation goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog

from mammoview.core.errors import Problem
from mammoview.session.events import Level
from mammoview.session.installing import InstallEvent, Installing, NotInstalled, install_model

if TYPE_CHECKING:
    from mammoview.ui.desk import Desk

_JOB: Final = "install"
_NEXT: Final = (
    "It is not in use yet: tick it in the settings, or look first what it says with Analysis, Compare two models…"
)


class ModelInstaller(QObject):
    """Installs packages that another site exported."""

    _came = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._came.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    def ask(self) -> None:
        """Ask for the file, and install it."""
        name, _ = QFileDialog.getOpenFileName(
            self._desk.window, "Install a model", "", "Model packages (*.mvmodel);;All files (*)"
        )
        if name:
            self._desk.session.messages.start_over()
            self._desk.jobs.tell(_JOB, "Installing a model", None)
            install_model(self._desk.session.engine, Path(name), self._came.emit)

    def _hear(self, event: InstallEvent) -> None:
        if isinstance(event, Installing):
            self._desk.jobs.tell(_JOB, event.text, event.fraction)
            return
        self._desk.jobs.end(_JOB)
        if isinstance(event, NotInstalled):
            self._desk.session.messages.tell(event.problem)
        else:
            said = Problem("", "installed", f"The model {event.key} is installed.", _NEXT)
            self._desk.session.messages.tell(said, Level.INFO)
            self._desk.presenter.read_models()
