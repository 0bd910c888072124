"""The log of display checks: one line of JSON each in the user's folder, added to and never rewritten.

A check that was wrong is withdrawn by a further line, so that the log still tells what was once written.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from mammoview.core.display_check import Answer, DisplayCheck, Limits, Reading
from mammoview.core.errors import OutputError, Problem
from mammoview.core.paths import display_checks
from mammoview.session.settings import Settings

SCHEMA: Final = 1


def load(path: Path | None = None) -> tuple[tuple[DisplayCheck, ...], tuple[Problem, ...]]:
    """Read the log.

    Parameters
    ----------
    path
        The file; None for `mammoview.core.paths.display_checks`.

    Returns
    -------
    checks
        Every check, in the order in which they were written, withdrawn ones marked.
    problems
        What could not be used. A damaged file is copied aside, and goes on with its good lines.
    """
    path = path or display_checks()
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        message = f"The log of display checks cannot be read ({error.strerror})."
        return (), (Problem(str(path), "display_log", message, "Check the file's permissions."),)
    checks: dict[str, DisplayCheck] = {}
    good: list[str] = []
    newer = 0
    for line in lines:
        values = _object(line)
        if values is None:
            continue
        if values["schema"] > SCHEMA:
            newer += 1
        elif not _take(values, checks):
            continue
        good.append(line)
    problems = []
    if newer:
        message = f"{newer} entries of the log of display checks come from a newer version and are not shown."
        problems.append(Problem(str(path), "display_log", message, "They stay in the file."))
    if len(good) < len(lines):
        problems.append(_mend(path, good, lost=len(lines) - len(good)))
    return tuple(checks.values()), tuple(problems)


def _object(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except json.JSONDecodeError:
        return None
    return values if isinstance(values, dict) and type(values.get("schema")) is int else None


def _take(values: dict[str, Any], checks: dict[str, DisplayCheck]) -> bool:
    """Put a line's entry among the checks; False where it makes no sense."""
    withdrawn = values.get("withdrawn")
    if withdrawn is not None:
        if withdrawn not in checks:
            return False
        checks[withdrawn] = replace(checks[withdrawn], is_withdrawn=True)
        return True
    try:
        check = _check(values)
    except (KeyError, TypeError, ValueError):
        return False
    checks[check.id] = check
    return True


def _check(values: dict[str, Any]) -> DisplayCheck:
    """The check that a line holds; raises what a line of another shape makes Python raise."""
    datetime.fromisoformat(values["time"])
    words = {key: values.get(key, "") for key in ("person", "instrument", "note")}
    if not all(isinstance(word, str) for word in (values["id"], values["monitor"], *words.values())):
        raise TypeError
    return DisplayCheck(
        id=values["id"],
        time=values["time"],
        monitor=values["monitor"],
        monitor_name=str(values.get("monitor_name") or values["monitor"]),
        ambient_lux=_number(values.get("ambient_lux")),
        ambient=_number(values.get("ambient")),
        has_ambient=bool(values.get("has_ambient", False)),
        readings=tuple(Reading(int(r["level"]), float(r["luminance"])) for r in values.get("readings", ())),
        answers=tuple(Answer(str(a["question"]), str(a["value"])) for a in values.get("answers", ())),
        **words,
    )


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _mend(path: Path, good: Sequence[str], *, lost: int) -> Problem:
    kept = path.with_name(f"{path.name}.kept")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.kept{number}")
    message = f"The log of display checks is damaged: {lost} entries cannot be read."
    try:
        shutil.copyfile(path, kept)
        _write(path, "".join(f"{line}\n" for line in good))
    except OSError:
        return Problem(str(path), "display_log", message, "The other entries are used.")
    return Problem(
        str(path), "display_log", message, f"The other entries are used; the old file was kept as {kept.name}."
    )


def append(check: DisplayCheck, path: Path | None = None) -> None:
    """Add a check to the log, all or nothing.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    values = asdict(check)
    del values["is_withdrawn"]
    _add({"schema": SCHEMA, **values}, path or display_checks())


def withdraw(check_id: str, path: Path | None = None, *, now: datetime | None = None) -> None:
    """Say in the log that a check does not count; its line stays.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    time = (now or datetime.now().astimezone()).isoformat(timespec="seconds")
    _add({"schema": SCHEMA, "withdrawn": check_id, "time": time}, path or display_checks())


def _add(values: dict[str, Any], path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before and not before.endswith("\n"):
            before += "\n"
        _write(path, f"{before}{json.dumps(values, ensure_ascii=False)}\n")
    except OSError as error:
        raise OutputError(
            f"The display check cannot be saved in {path} ({error.strerror}).", "Check the folder's permissions."
        ) from error


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def limits(settings: Settings) -> Limits:
    """The limits that the user set; 0 in the settings is none."""
    return Limits(
        deviation=settings.limit_deviation / 100 or None,
        ratio=settings.limit_ratio or None,
        white=settings.limit_white or None,
        pair=settings.limit_pair / 100 or None,
    )


def last_check(checks: Sequence[DisplayCheck], monitor: str) -> DisplayCheck | None:
    """The newest check of a monitor that counts."""
    of_monitor = [check for check in checks if check.monitor == monitor and not check.is_withdrawn]
    return max(of_monitor, key=lambda check: datetime.fromisoformat(check.time), default=None)


def reminder(checks: Sequence[DisplayCheck], monitor: str, *, days: int, now: datetime) -> str:
    """One line where a monitor's check is due; empty where it is not.

    Parameters
    ----------
    checks
        The log.
    monitor
        Its key.
    days
        How old a check may be; 0 never reminds.
    now
        The present, with its time zone.
    """
    if not days:
        return ""
    last = last_check(checks, monitor)
    if last is None:
        return "No check of this display is on record."
    age = now - datetime.fromisoformat(last.time)
    if age <= timedelta(days=days):
        return ""
    return f"The last check of this display is {age.days} days old."
