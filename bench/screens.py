"""Screenshots of the real window, to be looked at: ``python -m bench.screens OUT [NAME…]``.

Each row of `SCREENS` opens a study, does some actions, and saves the window. Run it under a display (``xvfb-run -a``
makes one); without one Qt's offscreen platform paints the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

if "DISPLAY" not in os.environ:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication, QDialog, QWidget

from mammoview.session import settings
from mammoview.session.demo import ensure_demo_study
from mammoview.session.session import Session
from mammoview.ui import theme
from mammoview.ui.bridge import Background, Bridge
from mammoview.ui.mainwindow import MainWindow

DATA = Path(os.environ.get("MAMMOVIEW_DATA", "../shared/data")).resolve()
SMALL, USUAL, PORTRAIT, LARGE = (1366, 768), (1920, 1080), (2048, 2560), (2560, 1600)
DEMO = "demo"
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Screen:
    """One screenshot.

    Attributes
    ----------
    source
        Below `DATA`, or `DEMO`.
    actions
        Ids of actions, done one after the other once all images are shown. A dialog that they open is the picture.
    prepare
        Done before the actions.
    contrast, percent
        The look, as in the settings.
    """

    name: str
    size: tuple[int, int]
    source: str
    actions: tuple[str, ...] = ()
    analyse: bool = False
    prepare: Callable[[MainWindow], None] | None = None
    contrast: str = "normal"
    percent: int = 100


GE = "fixtures/dicom/ge_senographe_r_mlo_sigmoid_voilut.dcm"
FILM = "cbis_ddsm/mammograms/00659_RIGHT_MLO.jpg"
FOUR = "fixtures/ffdm_4view"
SCREENS = (
    Screen("four-small", SMALL, FOUR),
    Screen("four-analysed", USUAL, FOUR, analyse=True),
    Screen("four-inverted", USUAL, FOUR, ("invert",)),
    Screen("ge-small", SMALL, GE),
    Screen("ge-technique", USUAL, GE, ("technique",)),
    Screen("ge-enhanced", SMALL, GE, ("clahe", "denoise")),
    Screen("ge-inverted", SMALL, GE, ("invert",)),
    Screen("ge-one-to-one", USUAL, GE, ("one_to_one",)),
    Screen("demo-small", SMALL, DEMO),
    Screen("demo-technique", LARGE, DEMO, ("technique",)),
    Screen("demo-technique-small", SMALL, DEMO, ("technique",)),
    Screen("demo-hidden", USUAL, DEMO, ("identity",)),
    Screen("demo-portrait", PORTRAIT, DEMO, ("panel",)),
    Screen("true-size-small", SMALL, DEMO, ("true_size",)),
    Screen("true-size", USUAL, DEMO, ("true_size",)),
    Screen("roam-small", SMALL, DEMO, ("coverage", "roam_next", "roam_next", "roam_next")),
    Screen("roam", USUAL, DEMO, ("coverage", "roam_next", "roam_next", "roam_next")),
    Screen("coverage-inverted", USUAL, DEMO, ("invert", "coverage", "one_to_one")),
    Screen("quadrant", USUAL, FOUR, ("quadrant",)),
    Screen("film-small", SMALL, FILM),
    Screen("film-inverted", SMALL, FILM, ("invert",)),
)


def main() -> int:
    """Write the pictures; prints their names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--action", action="append", default=[], help="one more action, before the picture is taken")
    parser.add_argument("--contrast", default="normal", choices=("normal", "high"))
    parser.add_argument("--percent", type=int, default=100, help="size of letters and controls")
    parser.add_argument("--size", type=int, nargs=2, help="width and height in place of each row's own")
    parser.add_argument("--source", help="what to open in place of each row's own")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    with tempfile.TemporaryDirectory(prefix="mammoview-screens-") as home:
        os.environ["MAMMOVIEW_HOME"] = home
        for screen in SCREENS:
            if not given.names or screen.name in given.names:
                chosen = replace(
                    screen,
                    actions=(*screen.actions, *given.action),
                    size=tuple(given.size) if given.size else screen.size,
                    source=given.source or screen.source,
                    contrast=given.contrast,
                    percent=given.percent,
                )
                print(take(app, chosen, given.out / f"{screen.name}.png"))
    return 0


def take(app: QApplication, screen: Screen, path: Path) -> Path:
    """Write one picture."""
    source = ensure_demo_study() if screen.source == DEMO else DATA / screen.source  # an absolute source stays as it is
    look = settings.Settings(analyse_on_open=screen.analyse, contrast=screen.contrast, ui_scale=screen.percent)
    with open_window(app, look, screen.size) as window:
        window.open([source])
        wall = window.desk.wall
        wait(app, lambda: bool(wall.panes) and all(p.image is not None or p.hung is None for p in wall.panes))
        if screen.analyse:
            wait(app, lambda: "Exam" in window.desk.analysis.scores.text())
        if screen.prepare is not None:
            screen.prepare(window)
        before = _dialogs(app)
        for identity in screen.actions:
            window.actions_by_id[identity].trigger()
            wait(app, lambda: False, 0.4)
        wait(app, lambda: False, 1.0)
        opened = [dialog for dialog in _dialogs(app) if dialog not in before]
        (opened[-1] if opened else window).grab().save(str(path), quality=88)
    return path


@contextmanager
def open_window(app: QApplication, look: settings.Settings, size: tuple[int, int]) -> Iterator[MainWindow]:
    """The real window with its children; at the end its dialogs and all that it began are closed."""
    theme.apply(app, look.contrast, look.ui_scale)
    session = Session(look)
    bridge, background = Bridge(), Background()
    window = MainWindow(session, background)
    bridge.told.connect(window.show_event)
    window.resize(*size)
    window.show()
    session.connect(bridge.send)
    try:
        yield window
    finally:
        for dialog in _dialogs(app):
            dialog.close()
        window.close()
        window.desk.reading.close()
        background.close()
        session.close()


def saver(out: Path) -> Callable[[str, QWidget], None]:
    """Writes pictures of widgets into a folder, and prints their names."""
    out.mkdir(parents=True, exist_ok=True)

    def save(name: str, part: QWidget) -> None:
        part.grab().save(str(out / f"{name}.jpg"), quality=88)
        print(out / f"{name}.jpg", flush=True)

    return save


def _dialogs(app: QApplication) -> list[QDialog]:
    return [widget for widget in app.topLevelWidgets() if isinstance(widget, QDialog) and widget.isVisible()]


def wait(app: QApplication, is_over: Callable[[], bool], most_s: float = PATIENCE_S) -> None:
    """Let the window live until something is so."""
    end = time.monotonic() + most_s
    while time.monotonic() < end and not is_over():
        app.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
