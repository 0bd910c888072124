"""What the tests of reading share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent

# Tests share ``reading_case``, and ``reading_makers`` of the session's.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "session" / "reading")]


@pytest.fixture(autouse=True)
def end_here(qapp: object) -> Iterator[None]:
    """Let a test's desks and widgets go on the thread that made them: timers cannot be stopped from another one."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
