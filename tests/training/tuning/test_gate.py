"""The gate holds a run while somebody wants it to wait, and while others fill its device; it knows for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from mammoview.training.learning.lent import LentDevice
from mammoview.training.tuning import gate as module
from mammoview.training.tuning.gate import PAUSE, YIELD, Gate
from mammoview.training.tuning.run_messages import Notice, NoticeKind


class Full(LentDevice):
    """A device that others fill for a while."""

    def __init__(self, tries: int) -> None:
        super().__init__()
        self.tries, self.is_left = tries, False

    def leave(self) -> None:
        self.is_left = True

    def come_back(self) -> bool:
        self.tries -= 1
        self.is_left = self.tries >= 0
        return not self.is_left


def test_a_run_waits_for_the_device_and_the_time_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, told, device = 100.0, list[Notice](), Full(2)

    def sleep(seconds: float) -> None:
        nonlocal now
        assert device.is_left
        now += seconds
        if now > 110.0:
            (tmp_path / YIELD).unlink(missing_ok=True)

    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    gate = Gate(tmp_path, lambda: False, told.append, device, sleep)
    assert not gate()
    (tmp_path / YIELD).touch()
    # It looks ten times a second, not between all steps.
    assert not gate()
    assert not told
    now += 1.0
    assert not gate()
    assert [one.kind for one in told] == [NoticeKind.YIELDED, NoticeKind.WENT_ON]
    # Until the wish is gone, and twice more until there is room.
    assert gate.waited_s == pytest.approx(110.0 - 101.0 + 0.2, abs=0.15)
    assert device.tries == -1


def test_a_run_that_waits_is_stopped(tmp_path: Path) -> None:
    asked = iter((False, False, True))
    (tmp_path / PAUSE).touch()
    device = Full(0)
    assert Gate(tmp_path, lambda: next(asked), lambda _: None, device, lambda _: None)()
    assert device.is_left
