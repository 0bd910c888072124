"""What a log may say of an error: where the program was and of what kind it is, never its words.

Words of errors and warnings quote what was read: names, ids, and files that are called like their patients.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import PurePath
from types import TracebackType
from typing import TextIO

_OWN = "mammoview"


def crash_text(error: BaseException) -> str:
    """An error as a log may hold it: its frames and its type, and those of what caused it, innermost cause first.

    Parameters
    ----------
    error
        As it was caught.
    """
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(_one(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\nthen:\n".join(reversed(parts))


def _one(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {short_file(frame.filename)}:{frame.lineno} in {frame.name}" for frame in frames]
    within = getattr(error, "exceptions", ())
    lines += [f"    within it: {type(one).__name__}" for one in within if isinstance(one, BaseException)]
    kind = type(error)
    return "\n".join([*lines, f"{kind.__module__}.{kind.__qualname__}"])


def short_file(path: str) -> str:
    """A source file without the folders that it happens to lie in; nothing of what is no source file."""
    pure = PurePath(path.replace("\\", "/"))
    if pure.suffix != ".py":
        return "?"
    parts = pure.parts
    if "site-packages" in parts:
        return "/".join(parts[len(parts) - parts[::-1].index("site-packages") :])
    if _OWN in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index(_OWN) :])
    return pure.name


class DiscreetFormatter(logging.Formatter):
    """Formats the program's own records; of other libraries' no more than who spoke, and of errors no words."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record."""
        if record.name.partition(".")[0] != _OWN:
            record = logging.makeLogRecord({**record.__dict__, "msg": "(words left out)", "args": None})
        record.exc_text = None
        return super().format(record)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """The frames and the type of an error."""
        return crash_text(ei[1]) if ei[1] is not None else ""


def warn_discreetly(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Take the place of `warnings.showwarning`: the kind of a warning and where it was given."""
    del message, line
    (file or sys.stderr).write(f"{category.__name__} at {short_file(filename)}:{lineno}\n")
