"""``mammoview demo`` (``make run``): the window, or a report where there is no screen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from mammoview.core.paths import user_data

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def quick_demo(monkeypatch: pytest.MonkeyPatch, small_study: Path) -> None:
    """The demo study itself takes a while to draw; its own tests do that."""
    monkeypatch.setattr("mammoview.session.demo.ensure_demo_study", lambda *_: small_study)


def test_without_a_display_the_study_is_analysed_and_the_report_named(
    mammoview: Run, toy_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for _ in range(2):
        code, out, _ = mammoview("demo")
        assert code == 0
        assert "no display" in out
        assert str(user_data() / "demo-report" / "result.json") in out
    assert (user_data() / "demo-report" / "result.json").is_file()


def test_with_a_display_the_window_opens_on_it(
    mammoview: Run, small_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def run(paths: Sequence[Path], *, session: object) -> int:
        assert session == "a session"
        seen.extend(paths)
        return 0

    window = ModuleType("mammoview.ui.app")
    window.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mammoview.ui.app", window)
    monkeypatch.setattr("mammoview.session.start.begin", lambda paths: "a session")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert mammoview("demo")[0] == 0
    assert seen == [small_study]
