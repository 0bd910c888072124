"""The GUI thread's worst gap while an analysis of the demo study runs beside the window.

``python -m bench.heartbeat`` opens the real window offscreen, lets a timer beat every 5 ms, and prints the longest time
between two beats: while the images load, and from the start of the analysis until its last overlay is on screen.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from mammoview.session import settings
from mammoview.session.demo import ensure_demo_study
from mammoview.session.events import AnalysisFailed, Event, ExamAnalysed, PixelsReady
from mammoview.session.session import Session
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

BEAT_MS = 5
MOST_GAP_MS = 100.0
PATIENCE_S = 180.0
#: Overlays are traced off the GUI thread after the result came.
AFTERMATH_S = 1.5


class Heart:
    """Beats, and remembers when."""

    def __init__(self) -> None:
        self._beats: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._beats.append(time.perf_counter()))
        self._timer.start(BEAT_MS)

    def gaps_ms(self) -> list[float]:
        """The gaps since the last call, longest first."""
        beats, self._beats = self._beats, self._beats[-1:]
        return sorted(((b - a) * 1000 for a, b in pairwise(beats)), reverse=True)


def main() -> int:
    """Print the gaps."""
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as home:
        os.environ["MAMMOVIEW_HOME"] = home
        study = ensure_demo_study()
        settings.save(replace(settings.Settings(), analyse_on_open=False))
        app = QApplication([])
        theme.apply(app)
        seen: list[Event] = []
        session = Session(settings.load()[0])
        bridge, background = Bridge(), Background()
        window = MainWindow(session, background)
        bridge.told.connect(window.show_event)
        bridge.told.connect(seen.append)
        window.resize(1660, 1024)
        window.show()
        session.connect(bridge.send)
        heart = Heart()
        try:
            return _measure(app, session, heart, seen, str(study))
        finally:
            background.close()
            session.close()


def _measure(app: QApplication, session: Session, heart: Heart, seen: list[Event], study: str) -> int:
    _spin(app, lambda: False, 2.0)
    heart.gaps_ms()
    session.open([study])
    _spin(app, lambda: sum(isinstance(event, PixelsReady) for event in seen) >= 4, PATIENCE_S)
    _spin(app, lambda: False, AFTERMATH_S)
    _report("while the images load", heart.gaps_ms())
    selected = session.selected
    assert selected is not None
    begin = time.perf_counter()
    session.analyze(selected.uid)
    _spin(app, lambda: any(isinstance(event, ExamAnalysed | AnalysisFailed) for event in seen), PATIENCE_S)
    took_s = time.perf_counter() - begin
    _spin(app, lambda: False, AFTERMATH_S)
    _report(f"while an analysis runs ({took_s:.1f} s, at most {MOST_GAP_MS:.0f} ms)", heart.gaps_ms())
    if not any(isinstance(event, ExamAnalysed) for event in seen):
        print("The analysis did not end with a result:", [e for e in seen if isinstance(e, AnalysisFailed)])
        return 1
    return 0


def _spin(app: QApplication, is_over: Callable[[], bool], most_s: float) -> None:
    """Let the window live."""
    end = QTimer()
    end.setTimerType(Qt.TimerType.PreciseTimer)
    stop_s = time.perf_counter() + most_s
    end.timeout.connect(lambda: app.quit() if is_over() or time.perf_counter() > stop_s else None)
    end.start(20)
    app.exec()
    end.stop()


def _report(name: str, gaps_ms: list[float]) -> None:
    rank = [f"{gap:.0f}" for gap in gaps_ms[:5]]
    print(f"worst gap {name}: {gaps_ms[0]:.0f} ms; the longest five of {len(gaps_ms)}: {', '.join(rank)} ms")


if __name__ == "__main__":
    sys.exit(main())
