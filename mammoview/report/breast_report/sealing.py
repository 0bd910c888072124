"""The hash under a signature."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final, Protocol

_FORMAT: Final = "mammoview report 1"


class Sealed(Protocol):
    """What a seal covers: every field but the hash itself. An amended report counts by its own hash."""

    @property
    def content(self) -> Any:
        """What was signed."""

    @property
    def amends(self) -> Any:
        """What it replaces."""


def seal(report: Sealed) -> str:
    """SHA-256 over a report in one fixed form.

    The form is JSON with sorted keys, without spaces, in UTF-8; fields of frozen classes by name, enumerations by their
    value, whole numbers without a decimal point, others as Python's shortest text that reads back as the same number.
    What is at its default is left out, so that a field added by a later version leaves older seals whole.

    Parameters
    ----------
    report
        A signed report, or one that is about to be.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    covered = {
        field.name: _plain(getattr(report, field.name))
        for field in fields(report)  # type: ignore[arg-type]
        if field.name not in {"content_hash", "amends"}
    }
    amends = report.amends
    covered["amends"] = None if amends is None else {"hash": amends.original_hash, "reason": amends.reason}
    text = json.dumps([_FORMAT, covered], sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        given = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
        return {name: _plain(part) for name, (part, default) in given.items() if default is MISSING or part != default}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    # A length given as 13 comes back from a file as 13.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value
