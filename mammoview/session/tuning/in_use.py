"""Which model is in use for a project's task, and whether that can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mammoview.core.errors import UsageError
from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.training.judging.sentence import may_activate
from mammoview.training.judging.site_verdict import SiteVerdict
from mammoview.training.tuning.activations import (
    Activation,
    activate_tuned,
    can_roll_back,
    read_record,
    roll_back,
)


@dataclass(frozen=True)
class InUse:
    """The models in use for one task.

    Attributes
    ----------
    keys
        ``id@version``.
    record
        What was activated and taken back for this task, the newest first.
    """

    task: Task
    keys: tuple[str, ...]
    can_roll_back: bool
    record: tuple[Activation, ...]


def in_use(package: str) -> InUse:
    """What is in use for the task of an installed package. Reads files, so never on the GUI thread.

    Raises
    ------
    ModelPackageError
        When it is not installed.
    DamagedDocumentError
        When the record of activations was changed.
    """
    return _of(registry.find(package).task)


def activate(package: str, verdict: SiteVerdict | None, *, reason: str = "", by: str = "") -> InUse:
    """Use an installed package from now on; see `activate_tuned` for when a reason is asked for."""
    info = registry.find(package)
    activate_tuned(info, verdict, reason=reason, by=by)
    return _of(info.task)


def take_back(task: Task, *, by: str = "") -> InUse:
    """Use again what was in use before the last activation; see `roll_back`."""
    roll_back(task, by=by)
    return _of(task)


def needs_reason(verdict: SiteVerdict | None) -> bool:
    """Whether a model is put to use only where somebody says why."""
    return verdict is None or not may_activate(verdict)


def export(package: str, out: Path) -> Path:
    """Write an installed package as one file for another site.

    Raises
    ------
    ModelPackageError
        When it is not installed, or damaged.
    OutputError
        When it cannot be written.
    """
    if not out.name:
        raise UsageError("No file was named.", "Name the file to write.")
    # Whoever asked for the file was asked about overwriting by the system's own dialog.
    return registry.pack(registry.find(package), out, overwrite=True)


def _of(task: Task) -> InUse:
    keys = tuple(info.key for info in registry.active(task))
    record = tuple(entry for entry in reversed(read_record()) if entry.task == task.value)
    return InUse(task, keys, can_roll_back(task), record)
