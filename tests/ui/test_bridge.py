"""What runs off the GUI thread comes back on it, and never within the call that asked for it."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from pytestqt.qtbot import QtBot

from mammoview.ui.bridge import Background


def test_a_result_that_is_there_at_once_still_waits_its_turn(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    background = Background()

    def ended(work):
        future: Future[int] = Future()
        future.set_result(work())
        return future

    monkeypatch.setattr(background._pool, "submit", ended)
    got: list[int] = []
    background.run(lambda: 7, got.append)
    assert got == []
    qtbot.waitUntil(lambda: got == [7])
    background.close()
