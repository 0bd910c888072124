"""The GUI thread's worst stall while ten thousand studies are listed, sorted, searched, filtered and scrolled.

``python -m bench.listing [STUDIES]`` opens the real window offscreen over a made-up worklist, lets a timer beat every
5 ms, does what a reader does with the list, and prints the longest time between two beats beside the bar of 50 ms: by
the clock, and of the thread's own work, which other programs on a busy machine do not lengthen. It also prints how long
it takes until the list shows what was asked for.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from bench.heartbeat import BEAT_MS
from bench.worklist import STUDIES, fill
from mammoview.core.reading.states import ReadingState
from mammoview.session.decoders import DECODER
from mammoview.session.jobs import Crew
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.database import worklist_path
from mammoview.session.worklist.listing import Sort
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

MOST_GAP_MS = 50.0
PATIENCE_S = 30.0
_SETTLE_S = 0.4


def main() -> int:
    """Print the table; exit code 1 when the bar is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as home:
        os.environ["MAMMOVIEW_HOME"] = home
        path = worklist_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(Path(path), count)
        app = QApplication([])
        theme.apply(app)
        session, background, bridge = (
            Session(Settings(), decoders=Crew(DECODER, size=1, name="decoder")),
            Background(),
            Bridge(),
        )
        window = MainWindow(session, background)
        bridge.told.connect(window.show_event)
        session.connect(bridge.send)
        window.resize(1440, 900)
        window.show()
        try:
            reader = _Reader(app, window)
            reader.read(count)
        finally:
            window.close()
            window.desk.reading.close()
            background.close()
            session.close()
    is_met = reader.worst <= MOST_GAP_MS
    verdict = "met" if is_met else "MISSED"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"worst stall {reader.worst:.0f} ms; bar {MOST_GAP_MS:g} ms: {verdict}")
    print(f"worst of own work {reader.worst_work:.0f} ms; load of the machine {load:.0f} on {os.cpu_count()} cores")
    return int(not is_met)


class Pulse:
    """Beats, and remembers when, by the clock and by the thread's own time."""

    def __init__(self) -> None:
        self._beats: list[tuple[float, float]] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._beats.append((time.perf_counter(), time.thread_time())))
        self._timer.start(BEAT_MS)

    def longest_ms(self) -> tuple[float, float]:
        """The longest gap since the last call, by the clock and of own work."""
        beats, self._beats = self._beats, self._beats[-1:]
        gaps = [((b[0] - a[0]) * 1000, (b[1] - a[1]) * 1000) for a, b in pairwise(beats)]
        return max(gap[0] for gap in gaps), max(gap[1] for gap in gaps)


class _Reader:
    """Handles the list, and watches the thread's heart meanwhile."""

    def __init__(self, app: QApplication, window: MainWindow) -> None:
        self._app, self._window = app, window
        self._page = window.desk.worklist
        self._list, self._table = self._page.list, self._page.list.table
        self._heart = Pulse()
        self.worst = self.worst_work = 0.0

    def read(self, count: int) -> None:
        """Do it all."""
        filters = self._list.filters
        self._spin(lambda: False, 2.0)
        self._window.actions_by_id["worklist"].trigger()
        self._spin(lambda: self._page.sign_in.choice.count() > 0)
        self._do("sign in and list all", self._page.sign_in.sign_in.click, lambda: len(self._list.model.order) == count)
        for sort in (Sort.NAME, Sort.DATE, Sort.STATE, Sort.AI_SCORE, Sort.ADDED):
            self._do(f"sort by {sort}", lambda sort=sort: filters.sort_by(sort), self._changed())  # type: ignore[misc]
        self._do("sort by name", lambda: filters.sort_by(Sort.NAME), self._changed())
        self._do("type a search", lambda: QTest.keyClicks(filters.search, "muller an", delay=60), self._changed())
        self._do("clear it", filters.clear.click, lambda: len(self._list.model.order) == count)
        chip = filters.chips[ReadingState.NEW]
        self._do("filter by state", chip.click, self._changed())
        self._do("take it away", chip.click, lambda: len(self._list.model.order) == count)
        self._do("only for me", filters.only_mine.click, self._is_shown)
        self._do("take it away", filters.only_mine.click, lambda: len(self._list.model.order) == count)
        self._do("page down, 100 times", self._page_down, self._is_shown)
        self._do("drag the scroll bar from end to end", self._drag, self._is_shown)
        self._do("refresh, 20 times", self._refresh, self._is_shown)
        self._do("hide identities", self._window.actions_by_id["identity"].trigger, self._is_shown)

    def _page_down(self) -> None:
        for _ in range(100):
            QTest.keyClick(self._table, Qt.Key.Key_PageDown, delay=10)

    def _drag(self) -> None:
        bar = self._table.verticalScrollBar()
        for step in (*range(0, 400), *range(400, 0, -1)):
            bar.setValue(round(bar.maximum() * step / 400))
            QTest.qWait(5)

    def _refresh(self) -> None:
        for _ in range(20):
            self._window.desk.reading.list_changed.emit()
            QTest.qWait(25)

    def _changed(self) -> Callable[[], bool]:
        before = self._list.model.order
        return lambda: self._list.model.order != before and self._is_shown()

    def _is_shown(self) -> bool:
        """Whether all lines in sight are there."""
        first = self._table.rowAt(0)
        last = self._table.rowAt(self._table.viewport().height() - 1)
        last = last if last >= 0 else len(self._list.model.order) - 1
        return all(self._list.model.row_at(place) is not None for place in range(max(first, 0), last + 1))

    def _do(self, name: str, do: Callable[[], object], is_done: Callable[[], bool]) -> None:
        self._spin(lambda: False, _SETTLE_S)
        self._heart.longest_ms()
        began = time.perf_counter()
        do()
        self._spin(is_done)
        took_ms = (time.perf_counter() - began) * 1000
        self._spin(lambda: False, _SETTLE_S)
        gap, work = self._heart.longest_ms()
        self.worst, self.worst_work = max(self.worst, gap), max(self.worst_work, work)
        print(f"  {name:<36} shown after {took_ms:6.0f} ms, stall {gap:5.1f} ms, of work {work:5.1f} ms", flush=True)

    def _spin(self, is_over: Callable[[], bool], most_s: float = PATIENCE_S) -> None:
        end = time.perf_counter() + most_s
        while not is_over() and time.perf_counter() < end:
            self._app.processEvents()
            time.sleep(0.001)


if __name__ == "__main__":
    sys.exit(main())
