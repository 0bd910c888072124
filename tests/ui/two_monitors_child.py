"""Opens the window on the first of two monitors and tells in JSON what happens on both. Run by `test_two_monitors`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from mammoview.session.session import Session
from mammoview.session.settings import Settings
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.dialogs.calibration import CalibrationDialog
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.pitch import ScreenPitches, name_of
from mammoview.ui.second_screen import SecondScreen

SECONDS = 60.0


def wait(app: QApplication, is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end
        app.processEvents()
        time.sleep(0.01)


def monitors(app: QApplication, window: MainWindow) -> dict[str, object]:
    """The second window, with the list on the first, and after it was closed."""
    desk, wall = window.desk, window.desk.wall
    wait(app, lambda: bool(wall.panes) and all(pane.image is not None for pane in wall.panes if pane.hung))
    window.actions_by_id["second_screen"].trigger()
    second = window.findChild(SecondScreen)
    assert second is not None
    wait(app, second.isVisible)
    wait(app, lambda: second.width() == second.screen().geometry().width())
    told: dict[str, object] = {
        "screens": [screen.geometry().getRect() for screen in app.screens()],
        "first": window.geometry().getRect(),
        "second": second.geometry().getRect(),
        "on": {pane.hung.image.label: pane.window() is second for pane in wall.panes if pane.hung},
        "zooms": [pane.placement.zoom[0] for pane in wall.panes if pane.hung],
    }
    window.actions_by_id["worklist"].trigger()
    wait(app, lambda: desk.stack.currentWidget() is desk.worklist)
    told["images beside the list"] = [pane.isVisible() for pane in wall.panes if pane.hung and pane.window() is second]
    window.actions_by_id["worklist"].trigger()
    wait(app, lambda: desk.stack.currentWidget() is wall)
    window.actions_by_id["second_screen"].trigger()
    wait(app, lambda: not second.isVisible())
    told["back"] = all(pane.window() is window for pane in wall.panes if pane.hung)
    return told


def calibration(app: QApplication) -> dict[str, object]:
    """The dialog, opened on the first monitor and dragged to the second."""
    left, right = app.screens()
    pitches = ScreenPitches({name_of(right): 0.165})
    dialog = CalibrationDialog(pitches)
    saved: list[tuple[str, float]] = []
    dialog.calibrated.connect(lambda monitor, pitch: saved.append((monitor, pitch)))
    dialog.move(left.geometry().topLeft() + QPoint(50, 50))
    dialog.show()
    wait(app, lambda: dialog.screen() is left)
    before = dialog.told.text()
    dialog.move(right.geometry().topLeft() + QPoint(50, 50))
    wait(app, lambda: dialog.screen() is right)
    wait(app, lambda: dialog.told.text() != before)
    told = {"before": before, "after": dialog.told.text(), "pitch": dialog.pitch_mm, "right": name_of(right)}
    dialog.width_mm.setValue(dialog.width_mm.value() + 10)
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save).click()
    return {**told, "saved": saved}


def main(folder: str) -> None:
    app = QApplication([])
    theme.apply(app)
    session = Session(Settings(analyse_on_open=False, asks_views=False))
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    bridge.told.connect(window.show_event)
    window.setGeometry(window.screen().geometry())
    window.show()
    session.connect(bridge.send)
    try:
        window.open([Path(folder)])
        told = {**monitors(app, window), "calibration": calibration(app)}
    finally:
        window.close()
        background.close()
        session.close()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
