"""The real window of the viewer with the wizard beside it, over a made-up site."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from mammoview.models import registry
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.training.tuning.messages import TuneTask
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

# Tests share ``wizard_hand``, and the makers of small sites of the lower layers' tests.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "training" / "tuning")]

from wizard_hand import Hand  # noqa: E402

_MAKE = """
import sys
from pathlib import Path
from made_up_site import write_parent, write_site
from mammoview.training.tuning.messages import TuneTask
write_site(Path(sys.argv[1]))
write_parent(Path(sys.argv[2]), TuneTask(sys.argv[3]))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MAMMOVIEW_HOME", str(folder))
    return folder


@pytest.fixture
def open_wizard(qtbot: QtBot, home: Path) -> Iterator[Callable[[], Hand]]:
    opened: list[tuple[Session, Background, MainWindow]] = []

    def make() -> Hand:
        session = Session(replace(Settings(), analyse_on_open=False))
        bridge, background = Bridge(), Background()
        window = MainWindow(session, background)
        bridge.setParent(window)
        opened.append((session, background, window))
        qtbot.addWidget(window)
        bridge.told.connect(window.show_event)
        window.resize(1366, 768)
        window.show()
        session.connect(bridge.send)
        return Hand(window, session, qtbot)

    yield make
    for session, background, window in opened:
        window.close()
        window.desk.reading.close()
        background.close()
        session.close()


@pytest.fixture
def hand(open_wizard: Callable[[], Hand]) -> Hand:
    return open_wizard()


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Path:
    """A made-up site's table, and a parent of random weights that is installed; torch stays out of this process."""
    makers = Path(__file__).parents[2] / "training" / "tuning"
    inherited = [str(makers), *filter(None, [os.environ.get("PYTHONPATH")])]
    subprocess.run(
        [sys.executable, "-c", _MAKE, tmp_path / "site", tmp_path / "parent", TuneTask.SEGMENT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(inherited)},
        check=True,
    )
    registry.install(tmp_path / "parent")
    return tmp_path / "site" / "cases.csv"


@pytest.fixture(autouse=True)
def end_here(qapp: object) -> Iterator[None]:
    """Let a test's windows go on the thread that made them."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
