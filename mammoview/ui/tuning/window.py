"""The wizard's window: the rail, the page that is shown, what is under way, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from mammoview.core.errors import Problem
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.tuner import JobTold
from mammoview.ui import theme
from mammoview.ui.scrolled import Pages
from mammoview.ui.tuning.chooser import Chooser
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.rail import Rail
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.words import JOBS
from mammoview.ui.worklist.strip import Strip

_SIZE = QSize(1180, 680)


class TuningWindow(QWidget):
    """Eight pages over one project. The viewer stays usable beside it.

    Parameters
    ----------
    desk
        The project on the table; the window does not close it.
    pages
        In their order.
    """

    #: How far the job is, in words; empty when none is under way.
    progressed = Signal(str)

    def __init__(self, desk: TuningDesk, pages: Sequence[TuningPage]) -> None:
        super().__init__()
        self.setWindowTitle("Fine-tuning — MammoView, research only")
        self.desk = desk
        self._project: Path | None = None
        self.rail, self.stack = Rail(), Pages()
        self.chooser = Chooser(desk)
        self.pages = {page.page: page for page in pages}
        self._places: dict[Page | None, QWidget] = {None: self.chooser}
        self._places.update((page.page, page) for page in pages)
        for content in self._places.values():
            self.stack.addWidget(content)
        self.all_projects = QPushButton("All projects")
        self.job, self.problem = Strip(), Strip()
        self.problem.setObjectName("banner")
        self._lay_out()
        self.all_projects.clicked.connect(desk.leave)
        self.rail.wanted.connect(desk.go)
        desk.page_wanted.connect(self.show_page)
        desk.changed.connect(self._show)
        desk.heard.connect(self._hear)
        desk.failed.connect(self._tell)
        self.resize(_SIZE.boundedTo(self.screen().availableSize() - QSize(20, 40)))
        self.show_page(None)
        desk.list_projects()

    def _lay_out(self) -> None:
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(theme.px(8), theme.px(10), 0, theme.px(8))
        left.addWidget(self.rail, 1)
        left.addWidget(self.all_projects)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.problem)
        right.addWidget(self.stack, 1)
        right.addWidget(self.job)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._left)
        layout.addLayout(right, 1)

    @property
    def page(self) -> Page | None:
        """The page that is shown; None is the list of projects."""
        shown = self.stack.currentWidget()
        return next((page for page, content in self._places.items() if content is shown), None)

    def show_page(self, page: Page | None) -> None:
        """Show a page, or the list of projects."""
        before = self.pages.get(self.page) if self.page is not None else None
        if before is not None and before.page is not page:
            before.leave()
        self.stack.setCurrentWidget(self._places[page])
        self._left.setVisible(page is not None)
        self.rail.show_page(page)
        self._show()

    def _show(self) -> None:
        standing, page = self.desk.standing, self.page
        if standing is not None and standing.path != self._project:
            self._project = standing.path
            for one in self.pages.values():
                one.forget()
        self.rail.show_standing(standing)
        self.rail.show_page(page)
        name = f"{standing.project.name} — " if standing is not None else ""
        self.setWindowTitle(f"{name}Fine-tuning — MammoView, research only")
        if standing is not None and page is not None:
            self.pages[page].show_standing(standing)
        self.all_projects.setEnabled(self.desk.busy is None)
        self._show_job()

    def _hear(self, event: object) -> None:
        for page in self.pages.values():
            page.hear(event)
        self._show_job() if isinstance(event, JobTold) else self._show()

    def _show_job(self) -> None:
        busy, told = self.desk.busy, self.desk.told
        if busy is None:
            self.job.hide()
            self.progressed.emit("")
            return
        text = f"{JOBS[busy]}: {told.text}" if told is not None and told.text else JOBS[busy]
        self.job.run(self.desk.worded(text), told.fraction if told is not None else None, {"Stop": self.desk.cancel})
        self.progressed.emit(self.desk.worded(text))

    def _tell(self, problem: Problem | None) -> None:
        if problem is None:
            self.problem.hide()
            return
        self.problem.say(self.desk.worded(f"{problem.message} {problem.hint}".strip()), {"Close": self.problem.hide})

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patients are."""
        self.desk.is_identity_shown = is_shown
        self.problem.hide()
        self._show()

    def bring(self) -> None:
        """Show the window in front of the others."""
        self.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.activateWindow()

    def closeEvent(self, event: QCloseEvent) -> None:
        # Work goes on without the window; the status line of the viewer leads back to it.
        if self.page is not None:
            self.pages[self.page].leave()
        super().closeEvent(event)
