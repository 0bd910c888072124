"""Moments as they are kept: ISO 8601 with the time zone, so that the order of events stays true."""

from __future__ import annotations

from datetime import UTC, datetime

from mammoview.core.errors import ReadingError


def now() -> str:
    """This moment in UTC, to the millisecond: ``2026-03-14T09:30:00.123+00:00``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def check_time(text: str) -> None:
    """Refuse what is no moment.

    Raises
    ------
    ReadingError
        When it is no ISO 8601 time, or lacks the time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ReadingError(f"“{text[:40]}” is no time with a time zone.", "Check the computer's clock.")
