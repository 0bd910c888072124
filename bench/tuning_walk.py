"""Pictures of the fine-tuning wizard, from its task to a model in use: ``python -m bench.tuning_walk OUT``.

The site is made up of drawn women, the model is one of the program's own, and all that is pictured was done in the
real window.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from bench.screens import SMALL, open_window, saver, wait
from mammoview.session import settings
from mammoview.session.demo import write_phantom
from mammoview.session.tuning.project import Page
from mammoview.training.tuning.messages import SourceKind, TuneTask
from mammoview.ui.mainwindow import MainWindow
from mammoview.ui.tuning.audit_page import AuditPage
from mammoview.ui.tuning.cases_page import CasesPage
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.plan_page import PlanPage
from mammoview.ui.tuning.publish_page import PublishPage
from mammoview.ui.tuning.run_page import RunPage
from mammoview.ui.tuning.split_page import SplitPage
from mammoview.ui.tuning.task_page import TaskPage
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.verdict_page import VerdictPage
from mammoview.ui.tuning.window import TuningWindow
from mammoview.ui.tuning.wizard import Wizard

WOMEN, ROWS, COLUMNS = 60, 768, 624
PARENT = "cbis-whole-image-1"
#: More and faster than is planned for real films: drawn breasts are nothing like them.
EPOCHS, RATE = 24, 20.0
PATIENCE_S = 600.0
_P = TypeVar("_P", bound=TuningPage)


def write_site(folder: Path) -> Path:
    """Draw the women; returns the table of one breast of each, with one row too many and one wrong side."""
    lines = ["path,patient,laterality,view,label,study_date"]
    for seed in range(1, WOMEN + 1):
        write_phantom(folder, seed=seed, rows=ROWS, columns=COLUMNS)
        study = next(folder.glob(f"phantom-{seed:04d}-*"))
        views = json.loads((study / "truth" / "truth.json").read_text(encoding="utf-8"))["views"]
        shutil.rmtree(study / "truth")
        is_wanted = bool(seed % 2)
        for view in views:
            told = {lesion["is_malignant"] for lesion in view["lesions"]}
            if told == {is_wanted}:
                named = f"{study.name}/{view['file']},W{seed:02d},{view['laterality']},{view['view']}"
                lines.append(f"{named},{'malignant' if is_wanted else 'benign'},{study.name[-10:]}")
    path, woman, side, *others = lines[1].split(",")
    lines[1] = ",".join((path, woman, "L" if side == "R" else "R", *others))
    lines.append("lost/RCC.dcm,W99,R,CC,benign,2024-05-31")
    table = folder / "cases.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


class TuningWalk:
    """A way through the eight pages.

    Parameters
    ----------
    save
        Called with a picture's name and what is pictured, whenever there is something to see.
    """

    def __init__(
        self, app: QApplication, viewer: MainWindow, save: Callable[[str, QWidget], None], size: tuple[int, int]
    ) -> None:
        self.app, self._save, self._desk, self._size = app, save, viewer.desk, size
        viewer.actions_by_id["fine_tune"].trigger()
        self.until(lambda: bool(viewer.desk.findChildren(Wizard)))
        self.wizard = viewer.desk.findChildren(Wizard)[0]
        self.until(self.window.isVisible)
        self.window.resize(*size)

    @property
    def window(self) -> TuningWindow:
        """The wizard's."""
        return self.wizard.window

    @property
    def desk(self) -> TuningDesk:
        """The project on the table."""
        return self.wizard.tuning

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that must come."""
        wait(self.app, is_so, PATIENCE_S)
        if not is_so():
            raise TimeoutError("the wizard did not get there")

    def picture(self, name: str) -> None:
        """Take a picture of the window."""
        wait(self.app, lambda: False, 0.6)
        self._save(f"tuning-{name}", self.window)

    def click(self, button: QPushButton) -> None:
        """Press a button, once it can be pressed."""
        self.until(button.isEnabled)
        button.click()

    def done(self, page: Page) -> None:
        """Wait until a page is through, and nothing is under way."""
        self.until(lambda: self.window.rail.is_done(page))
        self.until(lambda: self.desk.busy is None and not self.desk.is_starting)

    def go(self, page: Page) -> None:
        """Go to a page, once it can be gone to."""
        self.until(lambda: self.desk.standing is not None and self.desk.standing.may_open(page))
        self.desk.go(page)
        self.until(lambda: self.window.page is page)

    def agree(self) -> None:
        """Press the last button of the question that is about to come."""
        asked = QApplication.activeModalWidget()
        if isinstance(asked, QMessageBox):
            next(one for one in asked.buttons() if one is not asked.button(QMessageBox.StandardButton.Cancel)).click()
        else:
            QTimer.singleShot(20, self.agree)

    # The pages

    def task(self, name: str) -> None:
        """Begin a project from a model that came with the program."""
        self.window.chooser.name.setText(name)
        self.click(self.window.chooser.make)
        self.until(lambda: self.window.page is Page.TASK)
        page = self._page(TaskPage)
        page.tasks[TuneTask.IMAGE].click()
        self.until(lambda: page.table.rowCount() > 0)
        keys = [page.table.words(row)[0] for row in range(page.table.rowCount())]
        page.table.selectRow(next(place for place, key in enumerate(keys) if key.startswith(f"{PARENT}@")))
        self.picture("task")
        self.click(page.keep)
        self.done(Page.TASK)

    def cases(self, table: Path) -> None:
        """Read the table, with copies."""
        page = self._page(CasesPage)
        page.form.kind.setCurrentIndex(page.form.kind.findData(SourceKind.TABLE))
        page.form.path.setText(f"~/{table.relative_to(Path.home()).as_posix()}")
        page.form.path.editingFinished.emit()
        self.until(lambda: page.columns.understood.rowCount() > 0)
        page.form.copied.setChecked(True)
        self.picture("cases")
        self.click(page.read)
        self.done(Page.CASES)
        page.tabs.setCurrentIndex(2)
        self.picture("removed")

    def audit(self) -> None:
        """Look at the remarks, and at the pictures of one."""
        self.go(Page.AUDIT)
        page = self._page(AuditPage)
        self.click(page.start)
        self.done(Page.AUDIT)
        first = page.remarks.topLevelItem(0)
        assert first is not None
        first.setExpanded(True)
        page.remarks.choose(page.remarks.rows[0].key)
        self.picture("audit")

    def split(self) -> None:
        """Seal the test set."""
        self.go(Page.SPLIT)
        page = self._page(SplitPage)
        QTimer.singleShot(20, self.agree)
        self.click(page.seal)
        self.done(Page.SPLIT)
        self.picture("split")

    def plan(self) -> None:
        """Have the cost measured."""
        self.go(Page.PLAN)
        page = self._page(PlanPage)
        page.device.setCurrentText("cpu")
        page.expert.setChecked(True)
        page.epochs.setValue(EPOCHS)
        page.rate.setValue(RATE)
        self.click(page.start)
        self.done(Page.PLAN)
        self.picture("plan")

    def run(self) -> None:
        """Learn; the picture is taken on the way."""
        self.go(Page.RUN)
        page = self._page(RunPage)
        self.click(page.start)
        self.until(lambda: len(page.curves.epochs) >= EPOCHS - 4)
        self.picture("run")
        self.done(Page.RUN)

    def verdict(self) -> None:
        """Compare the models."""
        self.go(Page.VERDICT)
        self.click(self._page(VerdictPage).start)
        self.done(Page.VERDICT)
        self.picture("verdict")

    def publish(self) -> None:
        """Install the new model and use it."""
        self.go(Page.PUBLISH)
        page = self._page(PublishPage)
        self.click(page.publish)
        self.done(Page.PUBLISH)
        self.until(lambda: bool(page.used.text()))
        if page.reason.isVisible():
            page.reason.setText("To be shown in the manual.")
        self.click(page.use)
        self.until(lambda: page.use.text() == "In use")
        self.picture("publish")

    def compare(self) -> None:
        """Show both models on a case that got worse, or on what is on the table."""
        self.click(self._page(PublishPage).compare)
        comparing = self._desk.comparing
        self.until(lambda: comparing.window is not None and comparing.window.table.rowCount() > 2)
        window = comparing.window
        assert window is not None
        window.resize(*self._size)
        self.until(lambda: all(pane.prepared is not None for pane in window.pair.wall.panes))
        wait(self.app, lambda: False, 1.0)
        self._save("tuning-compare", window)
        window.close()

    def _page(self, kind: type[_P]) -> _P:
        return next(page for page in self.window.pages.values() if isinstance(page, kind))


def walk(app: QApplication, save: Callable[[str, QWidget], None], *, size: tuple[int, int] = SMALL) -> None:
    """Go the whole way, with a home of its own."""
    look = settings.Settings(analyse_on_open=False)
    with tempfile.TemporaryDirectory(prefix="mammoview-tuning-") as home:
        # What is typed stands in a picture: a folder of the user's, as anybody has one.
        os.environ.update(HOME=home, USERPROFILE=home, MAMMOVIEW_HOME=str(Path(home) / "home"))
        table = write_site(Path(home) / "Mammograms" / "films")
        with open_window(app, look, size) as window:
            made = TuningWalk(app, window, save, size)
            made.task("Films 2026")
            made.cases(table)
            made.audit()
            made.split()
            made.plan()
            made.run()
            made.verdict()
            made.publish()
            made.compare()


def main() -> int:
    """Write the pictures; prints their names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, nargs=2, default=SMALL)
    given = parser.parse_args()
    walk(QApplication([]), saver(given.out), size=tuple(given.size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
