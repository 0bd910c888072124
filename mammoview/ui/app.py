"""The window's life, from the first paint to the end of the children. Importing this page needs nothing heavy."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from mammoview.core.discreet import crash_text
from mammoview.core.errors import Problem
from mammoview.core.paths import user_data
from mammoview.session.session import Session
from mammoview.session.start import begin
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.pane import Pane

_log = logging.getLogger(__name__)

#: A newcomer sees the window first, then the notes on it.
_TOUR_MS: Final = 800

_Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]


def run(paths: Sequence[Path], *, session: Session | None = None) -> int:
    """Open the window on ``paths`` and stay until it is closed.

    Parameters
    ----------
    paths
        Files and folders to open at once.
    session
        A session that was begun on them already, so that its decoders are at work while this page is imported; it is
        closed at the end. None begins one here.

    Returns
    -------
    int
        The exit code.
    """
    session = session or begin(paths)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("MammoView")
    theme.apply(app, session.settings.contrast, session.settings.ui_scale)
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    bridge.told.connect(window.show_event)
    sys.excepthook = tell = watch_for_the_unexpected(session)
    threading.excepthook = lambda what: tell(what.exc_type, what.exc_value or what.exc_type(), what.exc_traceback)
    stamps = _Stamps(app) if os.environ.get("MAMMOVIEW_BENCH") else None
    window.show()
    session.connect(bridge.send)
    if not paths:
        QTimer.singleShot(0, window.begin_with_the_worklist)
    # Reading manifests imports their checker: after the first paint is soon enough.
    QTimer.singleShot(1500, window.desk.presenter.read_models)
    if not paths and stamps is None and session.settings.offers_tour:
        QTimer.singleShot(_TOUR_MS, window.actions_by_id["tour"].trigger)
    try:
        return app.exec()
    finally:
        sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
        del stamps
        window.desk.reading.close()
        background.close()
        session.close()


def watch_for_the_unexpected(session: Session) -> _Hook:
    """A `sys.excepthook` that tells of errors that nobody foresaw: they cost one action, not the window."""

    def tell(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if not issubclass(kind, Exception):
            # Somebody wants the program, or a thread, to end.
            if issubclass(kind, KeyboardInterrupt):
                QApplication.exit(130)
            return
        log = write_log(crash_text(error))
        hint = f"The details are in {log}." if log else "The details could not be written to a log."
        message = f"Something unexpected happened ({kind.__name__}). The last action may be incomplete."
        session.messages.tell(Problem("", "unexpected", message, hint))

    return tell


def write_log(text: str) -> Path | None:
    """Append to the log of unexpected errors, see `crash_text`: its path, or None where it cannot be written."""
    path = user_data() / "errors.log"
    _log.error("unexpected error, see %s", path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')}\n{text}\n")
    except OSError:
        return None
    return path


class _Stamps(QObject):
    """Prints when the window and the first image were painted, for the start-up bench."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._left = {"window", "first-image"}
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            if "window" in self._left and isinstance(watched, MainWindow):
                QTimer.singleShot(0, lambda: self._stamp("window"))
            if "first-image" in self._left and isinstance(watched, Pane) and watched.image is not None:
                QTimer.singleShot(0, lambda: self._stamp("first-image"))
        return False

    def _stamp(self, name: str) -> None:
        if name in self._left:
            self._left.remove(name)
            sys.stdout.write(f"{name} {time.time():.4f}\n")
            sys.stdout.flush()
