"""The way to a signature: what stands in its way is told, what speaks against it is asked once."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from mammoview.core.errors import ReadingError
from mammoview.report.breast_report.checks import Remark, remarks
from mammoview.session.reading.case import Case
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.reading.standing import Step, offer, sign_questions


class SignOff(QObject):
    """One for all places that sign: the panel's button, the report's, and the key.

    Parameters
    ----------
    reading
        Where the case lies.
    """

    #: What is asked before the next `ask` signs; empty where nothing is.
    asked = Signal(tuple)
    #: What stands in the way of the signature that was asked for.
    blocked = Signal(tuple)

    def __init__(self, reading: ReadingDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._questions: tuple[str, ...] = ()
        reading.case_changed.connect(self._follow)

    @property
    def questions(self) -> tuple[str, ...]:
        """What is being asked."""
        return self._questions

    def step(self) -> None:
        """Take the next step of the case: commit, sign, or open the next one."""
        self._reading.settling.emit()
        next_step = offer(self._reading.case)
        step = next_step.step
        if next_step.hindrance:
            self._reading.tell(ReadingError(next_step.hindrance, "Then commit."))
        elif step is Step.COMMIT:
            self._reading.commit()
        elif step is Step.SIGN:
            self.ask()
        elif step is Step.NEXT:
            self._reading.next_case()

    def ask(self) -> None:
        """Sign, unless something stands in the way or has to be asked first; then the second call signs."""
        self._reading.settling.emit()
        case = self._reading.case
        if case is None or offer(case).step is not Step.SIGN:
            return
        blockers = blockers_of(case)
        if blockers:
            self.drop()
            self.blocked.emit(blockers)
            return
        questions = sign_questions(case)
        if questions and questions != self._questions:
            self._set(questions)
            return
        self.drop()
        self._reading.sign()

    def drop(self) -> None:
        """Ask no more: the reader goes on reading."""
        if self._questions:
            self._set(())

    def _follow(self, case: Case | None) -> None:
        can_sign = case is not None and offer(case).step is Step.SIGN and not blockers_of(case)
        if case is None or not can_sign or sign_questions(case) != self._questions:
            self.drop()

    def _set(self, questions: tuple[str, ...]) -> None:
        self._questions = questions
        self.asked.emit(questions)


def blockers_of(case: Case) -> tuple[Remark, ...]:
    """What stands in the way of a signature."""
    return tuple(remark for remark in remarks(case.draft) if remark.blocks)
