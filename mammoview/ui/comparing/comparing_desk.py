"""Compares two models on the study on the table, or on cases one after the other, in a window of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from mammoview.core.errors import Problem
from mammoview.pipeline.comparing import ComparedExams, SideImage
from mammoview.session.compared import SoFar, why_nothing
from mammoview.session.comparing import (
    NO_STUDY,
    ComparedCase,
    Comparisons,
    Concealed,
    Contender,
    Contenders,
    NotCompared,
    Subject,
    Underway,
    contenders,
    subject_of,
)
from mammoview.session.events import Level, StudySelected
from mammoview.ui.comparing.showing import Showing
from mammoview.ui.comparing.window import ComparingWindow
from mammoview.ui.hiding import HIDDEN, HIDDEN_PATH, hidden_problem

if TYPE_CHECKING:
    from mammoview.ui.desk import Desk

_CLOSED = Problem("", "concealed", "The comparison of two models was closed.", "A study is read without the AI now.")


@dataclass(frozen=True)
class Wish:
    """What is to be compared.

    Attributes
    ----------
    old, new
        The models, by their keys; empty for those in use against the newest that was made here.
    cases
        What to compare on, one after the other; none for the study on the table.
    first
        Which of the cases to begin with.
    """

    old: str = ""
    new: str = ""
    cases: tuple[ComparedCase, ...] = ()
    first: int = 0


class ComparingDesk(QObject):
    """The comparison of one viewer.

    Parameters
    ----------
    desk
        Of the viewer: what it shows and how, the new window does alike.

    Attributes
    ----------
    window
        None until it was opened once.
    """

    #: Why nothing may be compared now, on the study on the table and on cases; empty where it may.
    reasons_changed = Signal(str, str)
    _came = Signal(int, object)
    _opened = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._session = desk, desk.session
        self.window: ComparingWindow | None = None
        self._comparisons = Comparisons(desk.session, self._came.emit)
        self._reasons: tuple[str, str] | None = None
        self._wish, self._found = Wish(), Contenders()
        self._pair: tuple[Contender, Contender] | None = None
        self._place = self._number = 0
        self._subject: Subject | None = None
        self._so_far: SoFar | None = None
        self._problem: Problem | None = None
        self._ahead = ""
        self._known: dict[object, SoFar] = {}
        self._showing: Showing | None = None
        # Both come from other threads, or from within a call that is not over yet.
        self._came.connect(self._hear_comparison, Qt.ConnectionType.QueuedConnection)
        self._opened.connect(self._case_opened, Qt.ConnectionType.QueuedConnection)
        desk.listeners.append(self.hear)
        desk.identity_shown.connect(self._set_identity)
        desk.closing.connect(self._close)
        for signal in (desk.reading.signed_in, desk.reading.signed_out, desk.reading.case_changed):
            signal.connect(lambda *_: self._look())

    # Whether it may be done

    @property
    def reasons(self) -> tuple[str, str]:
        """See `reasons_changed`."""
        study = self._session.selected
        of_table = NO_STUDY if study is None else self._comparisons.why_not(study.uid)
        return of_table, self._comparisons.why_no_cases()

    def _look(self) -> None:
        """Tell what may be done now, and take back what may be shown no longer."""
        reasons = self.reasons
        if reasons != self._reasons:
            self._reasons = reasons
            self.reasons_changed.emit(*reasons)
        if self._subject is not None and self._comparisons.why_not(self._subject.study_uid):
            self._conceal()

    def _conceal(self) -> None:
        if self.window is not None and self.window.isVisible():
            self.window.close()
            self._session.messages.tell(_CLOSED, Level.INFO)

    # What is compared

    def open(self, wish: Wish = Wish()) -> None:
        """Open the window and begin."""
        reason = self.reasons[bool(wish.cases)]
        if reason:
            self._session.messages.tell(Problem("", "concealed", "The models are not compared.", reason), Level.INFO)
            return
        self._forget()
        self._wish, self._place = wish, min(wish.first, max(0, len(wish.cases) - 1))
        window = self._made()
        window.bring()
        window.show_job("Reading which models there are", None)
        settings = self._session.settings
        self._desk.background.run(lambda: contenders(settings), self._choose)

    def _made(self) -> ComparingWindow:
        if self.window is None:
            self.window = window = ComparingWindow()
            self._showing = Showing(window, self._desk)
            window.addAction(self._desk.actions["identity"])
            window.task_chosen.connect(self._choose_task)
            window.models_chosen.connect(self._models_chosen)
            window.begun.connect(self._begin)
            window.stopped.connect(self._stop)
            window.cases.stepped.connect(lambda step: self._go(self._place + step))
            window.closed.connect(self._forget)
        self.window.set_options(replace(self._desk.options, visible=self.window.options.visible))
        self.window.pair.wall.set_annotation(self._desk.annotation)
        return self.window

    def _choose(self, found: Contenders) -> None:
        self._found = found
        wish, own = self._wish, next((one for one in found.choices if one.is_own), None)
        wished = {one.task for one in found.choices if one.models in ((wish.new,), (wish.old,))}
        task = next(iter(wished), own.task if own is not None else "whole_image")
        if wish.old and wish.new:
            self._offer(task, self._named(task, wish.old), self._named(task, wish.new))
        else:
            self._choose_task(task)

    def _choose_task(self, task: str) -> None:
        """Begin with what is in use against the newest that was made here, or any other."""
        offered = sorted(self._found.of_task(task), key=lambda one: one.is_experimental)
        own = next((one for one in offered if one.is_own), None)
        old = next((one for one in offered if one is not own), None)
        self._offer(task, old, own or next((one for one in offered if one is not old), None))

    def _offer(self, task: str, old: Contender | None, new: Contender | None) -> None:
        if self.window is None or not self.window.isVisible():
            return
        self._pair = (old, new) if old is not None and new is not None else None
        self.window.show_choices(self._found, task, old, new)
        self._go(self._place)
        if self._pair is None:
            hint = "Make one with Analysis, Fine-tune…"
            self._tell(Problem("", "comparison", "There are no two models of this kind to compare.", hint))

    def _named(self, task: str, key: str) -> Contender:
        return next((one for one in self._found.of_task(task) if one.models == (key,)), Contender(task, (key,)))

    def _models_chosen(self) -> None:
        assert self.window is not None
        chosen = self.window.old.currentData(), self.window.new.currentData()
        self._pair = chosen if None not in chosen else None
        self._take(self._subject, is_begun=False)

    def _go(self, place: int) -> None:
        """Compare on the study on the table, or on a case."""
        window = self._made()
        cases = self._wish.cases
        self._place = place
        self._show_cases()
        if not cases:
            study = self._session.selected
            self._take(subject_of(study, self._session.hanging_of(study.uid)) if study is not None else None)
            return
        case = cases[place]
        subject = case.within(self._session.studies)
        self._release(subject.study_uid if subject is not None else "")
        if subject is not None:
            self._take(subject)
            return
        self._take(None)
        window.show_job("Opening the case", None)
        self._session.open([case.path], select=False, then=lambda: self._opened.emit(case))

    def _case_opened(self, case: ComparedCase) -> None:
        window = self.window
        if window is None or not window.isVisible() or self._wish.cases[self._place : self._place + 1] != (case,):
            return
        window.show_job("", None)
        subject = case.within(self._session.studies)
        if subject is None:
            problems = (one for one in self._session.scan.problems if one.path == str(case.path))
            gone = Problem(str(case.path), "input", f"{case.path.name} is not there.", "Go on to the next case.")
            self._tell(next(problems, gone))
            return
        self._ahead = subject.study_uid
        self._take(subject)

    def _release(self, kept: str = "") -> None:
        """Let go a study that was opened for its case alone, unless somebody else looks at it by now."""
        ahead, listed = self._ahead, {study.uid for study in self._session.listed}
        if ahead and ahead != kept:
            self._ahead = ""
            if ahead not in listed:
                self._session.release([ahead])

    def _take(self, subject: Subject | None, *, is_begun: bool = True) -> None:
        """Show the images of a subject, and what is known of them."""
        self._made()
        self._stop()
        self._subject, self._number, self._so_far = subject, 0, None
        self._tell(None)
        if subject is not None and not subject.images:
            hint = "Volumes are not; open another study."
            self._tell(Problem("", "comparison", "There is no image here that models can be compared on.", hint))
        elif subject is not None and self._pair is not None:
            self._so_far = self._known.get(self._key(subject)) or SoFar(self._pair[0].task, subject.images)
        self._show(subject)
        if is_begun and self._so_far is not None and self._so_far.exams is None:
            self._begin()

    def _show(self, subject: Subject | None) -> None:
        if self._showing is not None:
            self._showing.set_images(subject.images if subject is not None else ())
            self._showing.set_said(self._so_far, self._pair)

    def _key(self, subject: Subject) -> object:
        return tuple(image.id for image in subject.images), self._pair

    def _begin(self) -> None:
        window, pair, subject = self.window, self._pair, self._subject
        if window is None or pair is None or subject is None or not subject.images:
            return
        self._tell(None)
        self._so_far = SoFar(pair[0].task, subject.images)
        self._show(subject)
        self._number = self._comparisons.start(subject, *pair)
        window.show_job("Waiting for the engine", 0.0)

    def _stop(self) -> None:
        self._comparisons.cancel()
        if self.window is not None:
            self.window.show_job("", None)

    # What is told

    def hear(self, event: object) -> None:
        """Take an event of the session."""
        self._look()
        subject = self._subject
        if isinstance(event, StudySelected):
            is_other = subject is None or subject.study_uid != event.study_uid
            if self.window is not None and self.window.isVisible() and not self._wish.cases and is_other:
                self._go(0)
        elif self._showing is not None:
            self._showing.hear(event)

    def _hear_comparison(self, number: int, event: object) -> None:
        window = self.window
        if isinstance(event, Concealed):
            self._conceal()
        elif window is None or number != self._number or self._subject is None:
            return
        elif self._comparisons.why_not(self._subject.study_uid) and not isinstance(event, NotCompared):
            self._conceal()
        elif isinstance(event, Underway):
            # What is stopped says no more.
            if window.is_running:
                window.show_job(self._worded(Problem("", "", event.text)).message, event.fraction)
        elif isinstance(event, NotCompared):
            window.show_job("", None)
            if not event.is_cancelled:
                self._tell(event.problem)
        elif self._so_far is not None:
            self._add(self._so_far, event)

    def _add(self, so_far: SoFar, event: object) -> None:
        assert self.window is not None
        if isinstance(event, SideImage):
            views = {**so_far.views, (event.side, event.result.image_id): event}
            self._so_far = replace(so_far, views=MappingProxyType(views))
        elif isinstance(event, ComparedExams):
            self._so_far = replace(so_far, exams=event)
            if self._subject is not None:
                self._known[self._key(self._subject)] = self._so_far
            self.window.show_job("", None)
            reason = why_nothing(self._so_far)
            if reason:
                self._tell(Problem("", "comparison", "Neither model takes any of these images.", reason))
        if self._showing is not None:
            self._showing.set_said(self._so_far, self._pair)

    def _tell(self, problem: Problem | None) -> None:
        """Say what went wrong; None takes it away."""
        self._problem = problem
        said = self._worded(problem) if problem is not None else None
        if self.window is not None:
            self.window.tell(f"{said.message} {said.hint}".strip() if said is not None else "")

    def _worded(self, problem: Problem) -> Problem:
        return problem if self._is_named else hidden_problem(problem, self._session.studies)

    @property
    def _is_named(self) -> bool:
        return self._desk.annotation.is_identity_shown

    def _show_cases(self) -> None:
        if self.window is None:
            return
        cases, place = self._wish.cases, self._place
        words = ""
        if cases:
            case = cases[place]
            name = case.path.name if self._is_named else HIDDEN_PATH
            # A file's name may be long: what is cut off comes last.
            words = f"{case.words}. Patient {case.patient if self._is_named else HIDDEN}, {name}"
        self.window.show_cases(["Case"] * len(cases), place, words)

    def _set_identity(self, _is_shown: bool) -> None:
        if self.window is not None and self._showing is not None:
            self._showing.set_identity()
            self._tell(self._problem)
            self._show_cases()

    # The end

    def _forget(self) -> None:
        """The window is closed, or another comparison begins: nothing of the last one stays."""
        self._comparisons.forget()
        self._subject, self._so_far, self._pair, self._number = None, None, None, 0
        self._known.clear()
        self._release()
        self._show(None)
        self._tell(None)
        if self.window is not None:
            self.window.show_job("", None)

    def _close(self) -> None:
        if self.window is not None:
            self.window.close()
            self.window.deleteLater()
        self._comparisons.close()
