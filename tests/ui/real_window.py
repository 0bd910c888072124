"""The window over a session of its own, wired as the program wires them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytestqt.qtbot import QtBot

from mammoview.session.session import Session
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow


@contextmanager
def shown(qtbot: QtBot, session: Session) -> Iterator[MainWindow]:
    """A window that is shown; it and the session are closed at the end."""
    bridge, background = Bridge(), Background()
    made = MainWindow(session, background)
    bridge.setParent(made)
    qtbot.addWidget(made)
    bridge.told.connect(made.show_event)
    made.show()
    session.connect(bridge.send)
    yield made
    background.close()
    session.close()
