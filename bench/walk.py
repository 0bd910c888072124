"""Pictures of a case's way through the window, from the sign-in to the signed report: ``python -m bench.walk OUT``.

The women are made up and the AI is the program's own: everything that is pictured was done in the real window.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from bench.screens import SMALL, open_window, saver, wait
from mammoview.core.marks import Point
from mammoview.session import settings
from mammoview.session.demo import write_phantom
from mammoview.session.reading.case import Case
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.viewport.pane import Pane

#: Made-up women; the first one has an earlier exam.
SEEDS = (12, 11)
ROWS, COLUMNS = 2048, 1664
PATIENCE_S = 400.0


class Walk:
    """A reader's way through the window.

    Parameters
    ----------
    save
        Called with a picture's name and what is pictured, whenever there is something to see.
    """

    def __init__(self, app: QApplication, window: MainWindow, save: Callable[[str, QWidget], None]) -> None:
        self.app, self.window, self.desk, self._save = app, window, window.desk, save

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that must come."""
        wait(self.app, is_so, PATIENCE_S)
        if not is_so():
            raise TimeoutError("the window did not get there")

    def rest(self, seconds: float = 0.6) -> None:
        """Let the window finish what it paints."""
        wait(self.app, lambda: False, seconds)

    def picture(self, name: str, part: QWidget | None = None) -> None:
        """Take a picture of the window, or of a part."""
        self.rest()
        self._save(name, part or self.window)

    def act(self, identity: str) -> None:
        """Do an action as its key would."""
        self.window.actions_by_id[identity].trigger()
        self.rest(0.3)

    # The steps

    def sign_in(self) -> None:
        """The first reader makes a seat."""
        self.act("worklist")
        form = self.desk.worklist.sign_in
        self.until(lambda: form.new_id.isVisible())
        form.new_id.setText("R1")
        form.new_name.setText("Dr Example")
        self.picture("reading-sign-in")
        form.add.click()
        self.until(lambda: self.desk.reading.seat is not None)

    def import_folder(self, folder: Path) -> None:
        """Bring the studies into the list and let the AI look at them."""
        page = self.desk.worklist
        page.import_paths([folder])
        self.until(lambda: page.list.model.rowCount() >= len(SEEDS) + 1)
        self.act("ai_on_list")
        self.rest(2.0)
        self.picture("reading-list")

    def open(self, row: int) -> None:
        """Open a case of the list, counted from the top, once the AI has seen it."""
        reading, study = self.desk.reading, self.desk.worklist.list.model.order[row]
        self.until(lambda: self._has_result(study))
        reading.open_case(study)
        self.until(lambda: reading.case is not None)
        self.until(lambda: all(pane.image is not None for pane in self.desk.wall.panes if pane.hung))
        self.until(lambda: reading.case is not None and len(reading.case.frames) >= 4)

    def _has_result(self, study: int) -> bool:
        lacks: list[bool] = []
        self.desk.reading.ask(lambda worklist, _seat: worklist.ai.lacks_result(study), lacks.append)
        wait(self.app, lambda: bool(lacks), 20.0)
        return lacks == [False]

    def first_read(self) -> None:
        """Decide without the AI, and commit."""
        self.picture("reading-first-read")
        self.act("birads_1")
        self.act("breast_right")
        self.act("birads_0")
        self.act("breast_both")
        self.act("density_c")
        self.picture("reading-decided")
        self.act("take_step")
        self.until(lambda: self.case.is_committed)

    @property
    def case(self) -> Case:
        """The case on the table."""
        found = self.desk.reading.case
        assert found is not None
        return found

    def reveal(self) -> None:
        """See what the AI found: outlines first, then scores and saliency."""
        self.act("reveal_ai")
        self.until(lambda: self.case.is_revealed)
        self.picture("reading-revealed")
        self.act("ai_scores")
        self.rest(1.5)
        self.picture("reading-scores")
        self.act("ai_scores")

    def judge(self) -> None:
        """Accept the likeliest finding; the arc shows where the other view must have it; reject the next."""
        board = self.desk.findings.board
        self.desk.tabs.setCurrentWidget(self.desk.findings.panel)
        if board.lesions:
            board.select(board.lesions[0].findings[0].id)
            self.picture("reading-arc")
            self.act("accept_finding")
            self.picture("reading-accepted")
        if len(board.lesions) > 1:
            board.select(board.lesions[1].findings[0].id)
            self.act("reject_finding")
            self.picture("reading-reject")

    def draw(self) -> None:
        """Outline something with the AI's help: one click in it."""
        pane = next(pane for pane in self.desk.wall.panes if pane.hung and pane.hung.image.label == "LCC")
        self.desk.wall.activate(pane)
        self.act("finding_polygon")
        box = pane.breast
        middle = box.row0 + 0.55 * box.height_px, box.col0 + 0.55 * box.width_px
        corners = ((-60, -50), (-70, 20), (-10, 70), (55, 30), (50, -40))
        for row, column in corners:
            self._click(pane, (middle[0] + row, middle[1] + column))
        self._click(pane, (middle[0] + corners[0][0], middle[1] + corners[0][1]), is_double=True)
        self.rest(1.0)
        self.picture("reading-drawn")

    def _click(self, pane: Pane, native: Point, *, is_double: bool = False) -> None:
        row, column = pane.placement.device_point(*native)
        ratio = pane.devicePixelRatioF()
        at = QPoint(round(column / ratio), round(row / ratio))
        click = QTest.mouseDClick if is_double else QTest.mouseClick
        click(pane, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
        self.rest(0.1)

    def report(self) -> None:
        """Change the decision after the AI, read the report, sign it, and look at it."""
        for identity in ("show_decision", "breast_right", "birads_4a", "breast_left", "birads_2", "breast_both"):
            self.act(identity)
        self.picture("reading-changed")
        self.act("show_report")
        self.rest(1.5)
        self.picture("reading-report")
        self.act("sign_report")
        self.picture("reading-asked")
        if not self.case.is_signed:
            self.act("sign_report")
        self.until(lambda: self.case.is_signed)
        self.rest(1.0)
        self.picture("reading-signed")

    def protocol(self) -> None:
        """Look at the rules."""
        self.act("reading_protocol")
        self.until(lambda: any(dialog.isVisible() for dialog in self._dialogs()))
        dialog = next(dialog for dialog in self._dialogs() if dialog.isVisible())
        self.picture("reading-protocol", dialog)
        dialog.close()

    def _dialogs(self) -> list[QDialog]:
        return self.window.findChildren(QDialog)


def walk(
    app: QApplication,
    save: Callable[[str, QWidget], None],
    *,
    size: tuple[int, int] = SMALL,
    look: settings.Settings | None = None,
) -> None:
    """Go the whole way, with a home of its own."""
    look = look or settings.Settings(analyse_on_open=False)
    with tempfile.TemporaryDirectory(prefix="mammoview-reading-") as home:
        os.environ["MAMMOVIEW_HOME"] = home
        folder = Path(home) / "studies"
        for number, seed in enumerate(SEEDS):
            write_phantom(folder / str(seed), seed=seed, priors=int(number == 0), rows=ROWS, columns=COLUMNS)
        with open_window(app, look, size) as window:
            made = Walk(app, window, save)
            made.sign_in()
            made.import_folder(folder)
            made.protocol()
            made.open(0)
            made.first_read()
            made.reveal()
            made.judge()
            made.draw()
            made.report()


def main() -> int:
    """Write the pictures; prints their names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, nargs=2, default=SMALL)
    parser.add_argument("--contrast", default="normal", choices=("normal", "high"))
    parser.add_argument("--percent", type=int, default=100)
    given = parser.parse_args()

    look = settings.Settings(analyse_on_open=False, contrast=given.contrast, ui_scale=given.percent)
    walk(QApplication([]), saver(given.out), size=tuple(given.size), look=look)
    return 0


if __name__ == "__main__":
    sys.exit(main())
