"""One project on the table: its clerk, its child, and what the pages show of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.core.errors import MammoViewError, Problem
from mammoview.session.events import AnalysisFailed, AnalysisStarted, ExamAnalysed, ResultsConcealed
from mammoview.session.jobs import Crew
from mammoview.session.tuning.project import (
    OpenProject,
    Page,
    Project,
    find_project,
    new_project,
    open_project,
    projects,
    remove_project,
)
from mammoview.session.tuning.standing import Standing, standing_of
from mammoview.session.tuning.tuner import JobEnded, JobTold, Tuner, tuning_crew
from mammoview.training.tuning.run_messages import RUN
from mammoview.ui.hiding import hidden_text
from mammoview.ui.reading.clerk import Clerk

_T = TypeVar("_T")
#: The list of projects: each with the page that it stands at; none where it cannot be read.
Listed = tuple[tuple[str, Page | None], ...]
_MAKE: Final = tuning_crew


class TuningDesk(QObject):
    """What the wizard's pages act on. Disk work is the clerk's, in order; long jobs are the child's.

    Attributes
    ----------
    standing
        The open project as its files say; None while none is open.
    told
        How far the job under way is; None while there is none.
    """

    #: The standing changed, or a job began or ended.
    changed = Signal()
    #: What a job tells: an event of the `Tuner`.
    heard = Signal(object)
    #: A `Problem` to show; None takes it away.
    failed = Signal(object)
    listed = Signal(object)
    #: Go to a page; None is the list of projects.
    page_wanted = Signal(object)
    _came = Signal(object)

    def __init__(self, parent: QObject | None = None, *, make_crew: Callable[[], Crew] = _MAKE) -> None:
        super().__init__(parent)
        self._make_crew = make_crew
        self._clerk = Clerk(self)
        self._crew: Crew | None = None
        self._tuner: Tuner | None = None
        self._opened: OpenProject | None = None
        self._read: set[str] = set()
        self.standing: Standing | None = None
        self.told: JobTold | None = None
        self.is_starting = False
        self.is_identity_shown = True
        self._came.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    # The project

    def list_projects(self) -> None:
        """Look for projects; ``listed`` follows."""
        self.ask(_list, self.listed.emit)

    def create(self, name: str) -> None:
        """Make a project and open it."""
        self._leave(lambda: new_project(name))

    def open(self, name: str) -> None:
        """Open a project where it was left."""
        self._leave(lambda: open_project(name))

    def remove(self, name: str) -> None:
        """Delete a project that is not open."""
        self.ask(lambda: remove_project(name), lambda _none: self.list_projects())

    def leave(self) -> None:
        """Give the open project back, and show the list."""
        self._leave(lambda: None)

    def _leave(self, work: Callable[[], tuple[OpenProject, Project] | None]) -> None:
        if self.busy is not None:
            self._say(Problem("", "tuning", "A job of this project is under way.", "Wait for it, or stop it first."))
            return
        before, self._opened, self._tuner, self.standing = self._opened, None, None, None

        def swap() -> tuple[OpenProject, Project, Standing] | None:
            if before is not None:
                before.close()
            found = work()
            return None if found is None else (*found, standing_of(*found))

        self.failed.emit(None)
        self._clerk.do(swap, self._swapped, self._left_with_problem)

    def _swapped(self, found: tuple[OpenProject, Project, Standing] | None) -> None:
        if found is None:
            self.list_projects()
            self.changed.emit()
            self.page_wanted.emit(None)
            return
        self._opened, project, self.standing = found
        if self._crew is None:
            self._crew = self._make_crew()
        self._tuner = Tuner(self._opened, project, self._crew, self._came.emit)
        self.changed.emit()
        self.page_wanted.emit(project.page)

    def _left_with_problem(self, error: MammoViewError) -> None:
        self._say(Problem.from_error(error))
        self.list_projects()
        self.changed.emit()
        self.page_wanted.emit(None)

    # Work

    @property
    def busy(self) -> str | None:
        """The kind of job under way."""
        return self._tuner.busy if self._tuner is not None else None

    def ask(self, work: Callable[[], _T], then: Callable[[_T], None]) -> None:
        """Do something on the clerk's thread, and go on here."""
        self._clerk.do(work, then, lambda error: self._say(Problem.from_error(error)))

    def change(self, how: Callable[[Project], Project], *, finished: Page | None = None) -> None:
        """Take what the user chose, and write it down.

        Parameters
        ----------
        how
            From the project as it is to the one that is wished.
        finished
            A page that is through with this.
        """
        tuner, opened = self._tuner, self._opened
        if tuner is None or opened is None:
            return

        def write() -> Standing:
            tuner.change(how(tuner.project))
            if finished is not None:
                tuner.change(opened.finish(finished, tuner.project))
            return standing_of(opened, tuner.project)

        self.ask(write, self._take)

    def start(self, work: Callable[[Tuner], None], how: Callable[[Project], Project] = lambda project: project) -> None:
        """Take what the user chose, and start a job."""
        tuner, opened = self._tuner, self._opened
        if tuner is None or opened is None or self.is_starting or self.busy is not None:
            return
        self.is_starting = True
        self.failed.emit(None)

        def begin() -> Standing:
            tuner.change(how(tuner.project))
            work(tuner)
            return standing_of(opened, tuner.project)

        self._clerk.do(begin, self._begun, self._not_begun)
        self.changed.emit()

    def _begun(self, standing: Standing) -> None:
        self.is_starting = False
        self._take(standing)
        if self._read:
            self._make_way()

    def _not_begun(self, error: MammoViewError) -> None:
        self.is_starting = False
        self._say(Problem.from_error(error))
        self.changed.emit()

    def cancel(self) -> None:
        """Stop the job under way."""
        if self._tuner is not None:
            self._tuner.cancel()

    def pause(self, *, wanted: bool) -> None:
        """Let the run wait, or go on."""
        tuner = self._tuner
        if tuner is not None:
            self.ask(lambda: tuner.pause(wanted=wanted), lambda _none: None)

    def hear_session(self, event: object) -> None:
        """Reading comes first: a run waits while images are analysed."""
        if isinstance(event, AnalysisStarted):
            self._read.add(event.study_uid)
        elif isinstance(event, AnalysisFailed | ResultsConcealed):
            self._read.discard(event.study_uid)
        elif isinstance(event, ExamAnalysed):
            self._read.discard(event.result.study_uid)
        else:
            return
        self._make_way()

    def _make_way(self) -> None:
        tuner, wanted = self._tuner, bool(self._read)
        if tuner is not None and tuner.busy == RUN:
            self.ask(lambda: tuner.make_way(wanted=wanted), lambda _none: None)

    def refresh(self) -> None:
        """Read again how far the project is."""
        tuner, opened = self._tuner, self._opened
        if tuner is not None and opened is not None:
            self.ask(lambda: standing_of(opened, tuner.project), self._take)

    def go(self, page: Page) -> None:
        """Go to a page, and remember it."""
        self.change(lambda project: replace(project, page=page))
        self.page_wanted.emit(page)

    def _take(self, standing: Standing) -> None:
        if self._opened is not None and standing.path == self._opened.path:
            self.standing = standing
            self.changed.emit()

    def _hear(self, event: object) -> None:
        if isinstance(event, JobTold):
            self.told = event
        elif isinstance(event, Problem):
            self._say(event)
        elif isinstance(event, JobEnded):
            self.told = None
            if event.problem is not None and not event.is_cancelled:
                self._say(event.problem)
            self.refresh()
        self.heard.emit(event)

    def worded(self, text: str) -> str:
        """The text without paths while identities are hidden: files are often called like their patients."""
        return text if self.is_identity_shown else hidden_text(text, ())

    def _say(self, problem: Problem) -> None:
        self.failed.emit(problem)

    def close(self) -> None:
        """The program ends: the job under way stops, and can be gone on with."""
        self._came.disconnect(self._hear)
        if self._crew is not None:
            self._crew.close()
        opened = self._opened
        self._clerk.close(last=opened.close if opened is not None else lambda: None)


def _list() -> Listed:
    found: list[tuple[str, Page | None]] = []
    for name in projects():
        try:
            folder = find_project(name)
            found.append((name, folder.reached(folder.load())))
        except MammoViewError:
            found.append((name, None))
    return tuple(found)
