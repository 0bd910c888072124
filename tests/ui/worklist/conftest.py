"""A window over a worklist of thirty made-up studies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from mammoview.session.decoders import DECODER
from mammoview.session.jobs import Crew
from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.session.worklist.database import worklist_path
from mammoview.session.worklist.worklist import open_worklist
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

sys.path.insert(0, str(Path(__file__).parents[2] / "session" / "worklist"))
sys.path.insert(0, str(Path(__file__).parents[1]))

sys.path.insert(0, str(Path(__file__).parent))

from worklist_window import STUDIES, sign_in


@pytest.fixture
def path(isolated_home: Path) -> Path:
    """The user's worklist with thirty studies and two readers; R2 has a passphrase."""
    from worklist_makers import import_studies

    made, problems = open_worklist()
    assert not problems
    import_studies(made, STUDIES)
    made.readers.add("R1", "Dr One")
    made.readers.add("R2", "Dr Two", passphrase="sesame")
    made.close()
    return worklist_path()


@pytest.fixture
def open_window(qtbot: QtBot, qapp: object) -> Iterator[Callable[[], MainWindow]]:
    """Opens windows, and shows their worklist."""
    opened: list[tuple[MainWindow, Background, Session]] = []

    def make() -> MainWindow:
        # No child is started before a file is read.
        crew = Crew(DECODER, size=1, name="decoder")
        session, background, bridge = (
            Session(Settings(), decoders=crew, engine="ui_children:engine"),
            Background(),
            Bridge(),
        )
        window = MainWindow(session, background)
        bridge.setParent(window)
        bridge.told.connect(window.show_event)
        session.connect(bridge.send)
        qtbot.addWidget(window)
        opened.append((window, background, session))
        window.resize(1366, 768)
        window.show()
        window.activateWindow()
        window.actions_by_id["worklist"].trigger()
        return window

    theme.apply(qapp)  # type: ignore[arg-type]
    yield make
    for window, background, session in opened:
        window.close()
        window.desk.reading.close()
        background.close()
        session.close()


@pytest.fixture
def window(open_window: Callable[[], MainWindow], path: Path, qtbot: QtBot) -> MainWindow:
    """R1 sits at a window and has the list before the eyes."""
    made = open_window()
    sign_in(made, qtbot, "R1")
    return made
