"""Keeps the table of the AI's change since the earlier exam up to date with what may be told."""

from __future__ import annotations

from PySide6.QtCore import QObject

from mammoview.core.reading.prior_change import PriorChange
from mammoview.session import events
from mammoview.session.session import Session
from mammoview.ui.panels.prior_change import PriorChangePanel


class SincePrior(QObject):
    """Asks anew whenever a result came or was concealed; the answer comes as an event.

    Parameters
    ----------
    session
        Asked, never waited for.
    panel
        Where it is shown.
    """

    def __init__(self, session: Session, panel: PriorChangePanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._panel = session, panel

    def hear(self, event: object) -> None:
        """Take an event of the session, on the GUI thread."""
        study = self._session.selected
        if study is None:
            return
        if isinstance(event, events.QuestionAnswered):
            if isinstance(event.answer, PriorChange) and event.study_uid == study.uid:
                # An answer on its way does not know that the study was concealed since.
                self._panel.show_change(None if self._session.veil.conceals(study.uid) else event.answer)
        elif isinstance(event, events.StudySelected | events.AnalysisStarted | events.ResultsConcealed):
            self._panel.show_change(None)
            self._ask(study.uid)
        elif isinstance(event, events.ExamAnalysed):
            self._ask(study.uid)

    def _ask(self, study_uid: str) -> None:
        if self._session.result_of(study_uid) is not None:
            self._session.questions.ask_change(study_uid, lambda _: None)
