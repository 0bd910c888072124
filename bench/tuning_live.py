"""The GUI thread's worst stall while the wizard reads and audits 2,000 cases: ``python -m bench.tuning_live [CASES]``.

The real window over a made-up site: the table is read, audited with the pixels of every image, and looked through
meanwhile as a person does. Printed are the longest stall of the thread, by the clock and of its own work, how soon the
first counts stand there, and the most memory that the window's process took.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from bench.audit import CASES, _write, breast
from bench.listing import MOST_GAP_MS, Pulse
from bench.screens import SMALL, open_window, wait
from bench.tuning_walk import TuningWalk
from mammoview.session.settings import Settings
from mammoview.session.tuning.project import Page
from mammoview.training.tuning.messages import SourceKind
from mammoview.ui.tuning.audit_page import AuditPage
from mammoview.ui.tuning.cases_page import CasesPage

MOST_FIRST_S = 10.0


def main() -> int:
    """Print the stalls; exit code 1 when the bar is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as home:
        os.environ["MAMMOVIEW_HOME"] = str(Path(home) / "home")
        table = _site(Path(home) / "site", count)
        app = QApplication([])
        with open_window(app, Settings(analyse_on_open=False), SMALL) as window:
            made = _Watched(app, TuningWalk(app, window, lambda _name, _part: None, SMALL))
            made.go_through(table)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    is_met = made.worst <= MOST_GAP_MS and made.first_s <= MOST_FIRST_S
    print(f"worst stall {made.worst:.0f} ms, of own work {made.worst_work:.0f} ms; bar {MOST_GAP_MS:g} ms")
    print(f"first counts after {made.first_s:.1f} s; bar {MOST_FIRST_S:g} s: {'met' if is_met else 'MISSED'}")
    print(f"memory of the window's process {mib:.0f} MiB; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")
    return int(not is_met)


def _site(folder: Path, count: int) -> Path:
    folder.mkdir()
    lines = ["path,patient,laterality,view,label"]
    for number in range(count):
        side, view = "LR"[number % 2], ("CC", "MLO")[number // 2 % 2]
        pixels = breast((160, 120), number)
        _write(folder / f"{number:05d}.dcm", number, pixels if side == "L" else pixels[:, ::-1].copy())
        label = "malignant" if number // 4 % 3 == 0 else "benign"
        lines.append(f"{number:05d}.dcm,P{number // 4:05d},{side},{view},{label}")
    table = folder / "cases.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


class _Watched:
    """Goes through the first pages, and watches the thread's pulse meanwhile."""

    def __init__(self, app: QApplication, walk: TuningWalk) -> None:
        self._app, self._walk = app, walk
        self._pulse = Pulse()
        self.worst = self.worst_work = self.first_s = 0.0

    def go_through(self, table: Path) -> None:
        """Read and audit the table."""
        walk, window = self._walk, self._walk.window
        wait(self._app, lambda: False, 1.0)
        walk.task("Many")
        cases, audit = (
            next(one for one in window.pages.values() if isinstance(one, kind)) for kind in (CasesPage, AuditPage)
        )
        cases.form.kind.setCurrentIndex(cases.form.kind.findData(SourceKind.TABLE))
        wait(self._app, lambda: False, 0.5)
        self._pulse.longest_ms()
        cases.form.path.setText(str(table))
        self._do("preview", cases.form.path.editingFinished.emit, lambda: cases.columns.understood.rowCount() > 0)
        self._do("read the cases", cases.read.click, lambda: window.rail.is_done(Page.CASES) and self._is_idle())
        self._do("go to the audit", lambda: walk.desk.go(Page.AUDIT), lambda: window.page is Page.AUDIT)
        began = time.monotonic()
        self._do("first counts", audit.start.click, lambda: audit.counts.rowCount() > 0)
        self.first_s = time.monotonic() - began
        self._do("other pages and tabs meanwhile", lambda: self._look_around(audit), lambda: True)
        self._do("audit to its end", lambda: None, self._is_idle)
        self._do("leave", walk.desk.leave, lambda: window.page is None)
        self._do("open again", lambda: walk.desk.open("Many"), lambda: window.page is not None)

    def _look_around(self, audit: AuditPage) -> None:
        for turn in range(40):
            audit.tabs.setCurrentIndex(turn % audit.tabs.count())
            if turn % 8 == 7:
                self._walk.desk.go((Page.CASES, Page.AUDIT)[turn // 8 % 2])
            wait(self._app, lambda: False, 0.1)
        self._walk.desk.go(Page.AUDIT)

    def _is_idle(self) -> bool:
        return self._walk.desk.busy is None and not self._walk.desk.is_starting

    def _do(self, name: str, act: Callable[[], object], is_over: Callable[[], bool]) -> None:
        began = time.monotonic()
        act()
        # The job has to have begun before it can be over.
        wait(self._app, lambda: False, 0.3)
        self._walk.until(is_over)
        took = time.monotonic() - began
        wait(self._app, lambda: False, 0.5)
        clock, work = self._pulse.longest_ms()
        self.worst, self.worst_work = max(self.worst, clock), max(self.worst_work, work)
        print(f"{name:34} {took:7.1f} s   longest stall {clock:5.0f} ms, own work {work:5.0f} ms", flush=True)


if __name__ == "__main__":
    sys.exit(main())
