"""Installs a model package that another site made. It is tried out first, beside the window, and not put to use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from mammoview.core.errors import Problem
from mammoview.core.jobs import JobDone, JobFailed, JobProgress
from mammoview.session.jobs import Crew, Order, Report

#: Behind what readers wait for.
_PRIORITY: Final = (3,)


@dataclass(frozen=True)
class Installing:
    """How far it is."""

    fraction: float
    text: str


@dataclass(frozen=True)
class Installed:
    """It is there: ``id@version``."""

    key: str


@dataclass(frozen=True)
class NotInstalled:
    """It was refused, and nothing of it is kept."""

    problem: Problem


InstallEvent: TypeAlias = Installing | Installed | NotInstalled


def install_model(engine: Crew, path: Path, on_event: Callable[[InstallEvent], None]) -> None:
    """Install a ``*.mvmodel`` file or a package's folder.

    Parameters
    ----------
    engine
        Whose child tries it out.
    on_event
        Told on the crew's thread; ends with `Installed` or `NotInstalled`.
    """

    def on_report(report: Report) -> None:
        if isinstance(report, JobProgress):
            on_event(Installing(report.fraction, report.text))
        elif isinstance(report, JobDone):
            on_event(Installed(str(report.value)))
        elif isinstance(report, JobFailed):
            on_event(NotInstalled(report.problem))

    engine.submit(Order(f"install {path}", "install", str(path), lambda: str(path), on_report, priority=_PRIORITY))
