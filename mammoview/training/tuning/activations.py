"""Putting a tuned model to use and taking it back, with a record of every change that nothing is ever removed from.

Each entry of the record carries the hash of the one before it: an entry that was changed or taken out is seen. What is
about to be done is noted first, so that a change whose process was killed in the middle is recorded when the record is
read next, or was none. Neither torch nor weights are needed here.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mammoview.core import paths
from mammoview.core.errors import DamagedDocumentError, OutputError, UsageError
from mammoview.core.small_files import write_whole
from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.training.judging.sentence import require_reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mammoview.models.registry import PackageInfo
    from mammoview.training.judging.site_verdict import SiteVerdict

RECORD, INTENT = "activations.jsonl", "activation.json"
_START = "0" * 64


@dataclass(frozen=True)
class Activation:
    """One entry of the record.

    Attributes
    ----------
    at
        UTC, ISO 8601.
    act
        ``activated`` or ``rolled back``.
    before, after
        ``id@version`` of the packages that were chosen; empty for the program's defaults.
    outcome, sentence
        Of the verdict; empty where there was none.
    reason
        Why a worse model is used, or why it was taken back.
    by
        Who did it, as far as is known.
    previous
        SHA-256 of the entry before it.
    """

    at: str
    act: str
    task: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    outcome: str = ""
    sentence: str = ""
    reason: str = ""
    by: str = ""
    previous: str = _START

    @property
    def sha256(self) -> str:
        """Of the entry as it is written."""
        return hashlib.sha256(_line(self).encode()).hexdigest()


def record_path() -> Path:
    """Where the record lies: beside the packages that it is about."""
    return paths.user_models() / RECORD


def activate_tuned(info: PackageInfo, verdict: SiteVerdict | None, *, reason: str = "", by: str = "") -> Activation:
    """Use a package for its task from now on, and record it.

    Parameters
    ----------
    info
        Installed.
    verdict
        Of the package against the one that it started from; without one a reason is asked for, too.

    Raises
    ------
    UsageError
        When the model is worse, or was not judged, and no reason is given; or another package was judged.
    OutputError
        When the choice or the record cannot be written; nothing is changed then.
    """
    if verdict is None and not reason.strip():
        raise UsageError(
            f"{info.key} was not judged on a sealed test set, and is not put to use without a reason.",
            "Go through the page “Verdict”, or say why it should be used.",
        )
    if verdict is not None:
        require_reason(verdict, reason)
    return _change(
        info.task,
        lambda: registry.activate(info),
        act="activated",
        after=(info.key,),
        outcome="" if verdict is None else verdict.outcome.value,
        sentence="" if verdict is None else verdict.sentence,
        reason=reason.strip(),
        by=by,
    )


def roll_back(task: Task, *, reason: str = "", by: str = "") -> Activation:
    """Use what was in use before the last activation that still stands, and record it.

    Raises
    ------
    UsageError
        When there is nothing to take back, or what was in use before is no longer installed.
    OutputError
        When the choice or the record cannot be written.
    """
    standing = _standing(task)
    if not standing:
        raise UsageError(f"No activation of a model for {task.value} can be taken back.", "The defaults are in use.")
    before = standing[-1].before
    infos = [info for key in before for info in registry.packages() if info.key == key and info.task is task]
    if len(infos) != len(before):
        raise UsageError(
            f"What was in use before ({', '.join(before)}) is no longer installed.",
            "Install it again, or choose another model.",
        )
    put_back = (lambda: registry.activate(*infos)) if infos else (lambda: registry.use_defaults(task))
    return _change(task, put_back, act="rolled back", after=before, reason=reason.strip(), by=by)


def can_roll_back(task: Task) -> bool:
    """Whether there is an activation that still stands."""
    return bool(_standing(task))


def read_record() -> tuple[Activation, ...]:
    """All entries, the oldest first; with what a killed process did and could not record any more.

    Raises
    ------
    DamagedDocumentError
        When an entry was changed, moved or taken out.
    """
    with suppress(OSError):
        _settle()
    return _recorded()


def _settle() -> None:
    """Record what a killed process did, or forget what it only meant to do."""
    try:
        entry = _entry(_intent_path().read_text(encoding="utf-8"))
        task = Task(entry.task)
    except (OSError, ValueError, KeyError, TypeError):
        return
    path = record_path()
    if path.is_file() and not (content := path.read_bytes()).endswith(b"\n"):
        # The power failed within this very entry.
        os.truncate(path, content.rfind(b"\n") + 1)
    entries = _recorded()
    is_next = entry.previous == (entries[-1].sha256 if entries else _START)
    if is_next and entry.after == registry.chosen(task):
        _append(entry)
    _intent_path().unlink(missing_ok=True)


def _recorded() -> tuple[Activation, ...]:
    try:
        lines = record_path().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    found: list[Activation] = []
    previous = _START
    for number, line in enumerate(lines, start=1):
        try:
            entry = _entry(line)
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(number) from error
        if entry.previous != previous:
            raise _damaged(number)
        previous = entry.sha256
        found.append(entry)
    return tuple(found)


def _standing(task: Task) -> list[Activation]:
    """Activations of a task that were not taken back, the oldest first."""
    standing: list[Activation] = []
    for entry in read_record():
        if entry.task != task.value:
            continue
        if entry.act == "activated":
            standing.append(entry)
        elif standing:
            standing.pop()
    return standing


def _change(task: Task, choose: Callable[[], None], *, act: str, after: tuple[str, ...], **words: str) -> Activation:
    """Choose, then record; where the record cannot be written the choice is undone."""
    entries = read_record()
    before = registry.chosen(task)
    entry = Activation(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        act=act,
        task=task.value,
        before=before,
        after=after,
        previous=entries[-1].sha256 if entries else _START,
        **words,
    )
    write_whole(_intent_path(), _line(entry), "What is about to be activated")
    try:
        choose()
    except OutputError:
        _intent_path().unlink(missing_ok=True)
        raise
    try:
        _append(entry)
    except OSError as error:
        old = [info for key in before for info in registry.packages() if info.key == key]
        registry.activate(*old) if old else registry.use_defaults(task)
        _intent_path().unlink(missing_ok=True)
        raise OutputError(
            f"{record_path()} cannot be written ({error.strerror}); the models in use are as they were.",
            "Make room, or check the permissions there.",
        ) from error
    _intent_path().unlink(missing_ok=True)
    return entry


def _append(entry: Activation) -> None:
    path = record_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            rest = f"{_line(entry)}\n".encode()
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            # Half an entry would spoil the whole record.
            file.truncate(size)
            raise


def _intent_path() -> Path:
    return paths.user_models() / INTENT


def _entry(line: str) -> Activation:
    words = json.loads(line)
    return Activation(**{**words, "before": tuple(words["before"]), "after": tuple(words["after"])})


def _line(entry: Activation) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True)


def _damaged(number: int) -> DamagedDocumentError:
    return DamagedDocumentError(
        f"The record of activations is not as it was written, from entry {number} on.",
        f"Keep {record_path()} and ask who had access to it; move it away to begin a new one.",
    )
