"""A worklist of its own for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mammoview.session.worklist.worklist import Worklist, open_worklist

# Tests share ``reading_makers``.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def worklist(tmp_path: Path) -> Iterator[Worklist]:
    opened, _ = open_worklist(tmp_path / "home" / "worklist.db")
    yield opened
    opened.close()
