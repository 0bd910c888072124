"""A disk without room, by the system's own limit: files are refused in the middle of their writing."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mammoview.core.errors import OutputError


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """The system refuses every file beyond so many bytes, in the middle of its writing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    leave_room_for(size)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def leave_room_for(size: int) -> None:
    """From now on, until the block of `room_for` ends."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@contextmanager
def refused(size: int) -> Iterator[None]:
    with room_for(size), pytest.raises(OutputError, match="File too large") as caught:
        yield
    assert "room" in caught.value.hint.lower() or "space" in caught.value.hint.lower()
