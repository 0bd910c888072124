"""What the tests of the report page share."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent


@pytest.fixture(autouse=True)
def end_here(qapp: object) -> Iterator[None]:
    """Let a test's desks and widgets go on the thread that made them: timers cannot be stopped from another one."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
