"""A worklist of its own for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammoview.session.worklist.worklist import Worklist, open_worklist

# Tests share ``worklist_makers``, and a child writes with it.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "worklist.db"


@pytest.fixture
def worklist(database_path: Path) -> Iterator[Worklist]:
    opened, problems = open_worklist(database_path)
    assert problems == ()
    yield opened
    opened.close()
