"""What the session's tests share: children that misbehave on demand, and an ear for reports and events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def importable_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children are given the parent's path, so ``fake_children`` can be named."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


class Ear:
    """Hears everything, from any thread."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self._condition = threading.Condition()

    def __call__(self, what: Any) -> None:
        with self._condition:
            self.heard.append(what)
            self._condition.notify_all()

    def of(self, kind: type) -> list[Any]:
        with self._condition:
            return [what for what in self.heard if isinstance(what, kind)]

    def wait(self, is_meant: Callable[[Any], bool] | type, *, count: int = 1, timeout_s: float = 60.0) -> Any:
        """The last of the first ``count`` things that are meant."""
        meant = (lambda what: isinstance(what, is_meant)) if isinstance(is_meant, type) else is_meant

        def found() -> list[Any]:
            return [what for what in self.heard if meant(what)]

        with self._condition:
            assert self._condition.wait_for(lambda: len(found()) >= count, timeout_s), self.heard
            return found()[count - 1]


@pytest.fixture
def ear() -> Ear:
    return Ear()
