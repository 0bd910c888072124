"""The real window on a worklist of one drawn study, which the AI has seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytestqt.qtbot import QtBot
from reading_case import wait_until
from reading_makers import Shelf, import_study, result_of

from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow


@contextmanager
def reading_window(folder: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    """A window whose reader has signed in; the study of ``folder`` is row 1, and no case is open."""
    session = Session(Settings(analyse_on_open=False))
    bridge, background = Bridge(), Background()
    made = MainWindow(session, background)
    bridge.setParent(made)
    bridge.told.connect(made.show_event)
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    session.connect(bridge.send)
    shelf, reading = Shelf(), made.desk.reading
    reading._load_result = shelf.load
    session.open([folder])
    reading.open_worklist()
    wait_until(lambda: bool(session.studies) and reading.worklist is not None)
    assert reading.worklist is not None
    (study,) = session.studies
    import_study(reading.worklist, study)
    shelf.put(reading.worklist, 1, result_of(study))
    reading.worklist.readers.add("a", "Dr A")
    reading.sign_in("a")
    wait_until(lambda: reading.seat is not None)
    reading.order = (1,)
    yield made
    reading.close()
    background.close()
    session.close()
