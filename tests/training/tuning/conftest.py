"""A home of its own for each test, and shared makers of small cases."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Tests share ``case_makers``.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MAMMOVIEW_HOME", str(folder))
    return folder
