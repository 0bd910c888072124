"""What of the AI may be told: everything while nobody reads a worklist, then only what was lifted for the reader.

The session asks at its border: no result, no image's result and no event that carries one passes while the study is
concealed, whatever asks and whoever listens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from mammoview.session.events import (
    AnalysisProgress,
    EngineState,
    Event,
    ExamAnalysed,
    ImageAnalysed,
    QuestionAnswered,
    ResultsConcealed,
)

#: While a study is concealed, its progress says no more than this.
AT_WORK = "The AI is at work"


class Veil:
    """The rule. Every method can be called from any thread.

    Parameters
    ----------
    lock
        Reentrant; the session's, so that nothing is told of a study once `drop` has returned.
    studies
        The UIDs of the open studies.
    told_of
        What was told of a study by now, or would have been.
    on_event
        Told it when a study is lifted, and `ResultsConcealed` when it is concealed; called while the lock is held.
    """

    def __init__(
        self,
        lock: threading.RLock,
        *,
        studies: Callable[[], Iterable[str]],
        told_of: Callable[[str], Iterable[Event]],
        on_event: Callable[[Event], None],
    ) -> None:
        self._lock = lock
        self._studies, self._told_of, self._on_event = studies, told_of, on_event
        self._is_on = False
        self._lifted: set[str] = set()
        self._sealed: set[str] = set()
        self._compared: dict[str, frozenset[str]] = {}
        self._on_table, self._beside = "", frozenset[str]()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, then: Callable[[], None]) -> Callable[[], None]:
        """Have ``then`` called whenever other studies may be concealed than before.

        Parameters
        ----------
        then
            Called while the lock is held: it must not wait.

        Returns
        -------
        callable
            Ends it; a second call does nothing, as a window may be closed twice.
        """

        def end() -> None:
            with self._lock:
                if then in self._watchers:
                    self._watchers.remove(then)

        with self._lock:
            self._watchers.append(then)
        return end

    def _moved(self) -> None:
        for then in tuple(self._watchers):
            then()

    @property
    def is_on(self) -> bool:
        """Whether somebody reads a worklist, so that studies are concealed unless lifted."""
        return self._is_on

    def conceals(self, study_uid: str) -> bool:
        """Whether nothing that the AI found in a study may be told now.

        Priors that hang beside a concealed study are concealed with it, even when they were lifted.
        """
        with self._lock:
            is_prior = study_uid in self._beside and self._is_down(self._on_table)
            return is_prior or self._is_down(study_uid)

    def is_blind(self, study_uid: str) -> bool:
        """Whether what else the AI may say of a study, beyond its result, must wait: a blind read is under way.

        So it is while the study is concealed, and while whatever lies on the table is.
        """
        with self._lock:
            return self.conceals(study_uid) or (bool(self._on_table) and self.conceals(self._on_table))

    def told_openly(self, study_uid: str, tell: Callable[[], None]) -> bool:
        """Tell something of a study that is no event of its analysis, unless a blind read is under way; whether it was.

        The lock is held meanwhile: once a study is concealed nothing more is told.
        """
        with self._lock:
            is_open = not self.is_blind(study_uid)
            if is_open:
                tell()
            return is_open

    def _is_down(self, study_uid: str) -> bool:
        return study_uid not in self._lifted if self._is_on else study_uid in self._sealed

    def begin(self) -> None:
        """A reader of the worklist signed in: from now on every study is concealed."""
        with self._lock:
            self._is_on = True
            self._lifted.clear()
            self._compared.clear()
            for study_uid in self._studies():
                self._tell(study_uid)
            self._moved()

    def end(self, awaited: Iterable[str] = ()) -> None:
        """The reader signed out. What was concealed stays so until it is opened as any other file is.

        Parameters
        ----------
        awaited
            Studies on their way for that reader; they come concealed.
        """
        with self._lock:
            self._sealed = {study_uid for study_uid in (*self._studies(), *awaited) if self._is_down(study_uid)}
            self._is_on = False
            self._lifted.clear()
            self._compared.clear()
            self._moved()

    def lift(self, study_uid: str, compared: Iterable[str] = ()) -> None:
        """The reader may see what the AI found in a study; what is known by now is told at once.

        Parameters
        ----------
        study_uid
            Which study.
        compared
            Earlier studies whose results may be told beside those of this one, where it is compared with them.
        """
        with self._lock:
            self._compared[study_uid] = frozenset(compared)
            if not self._is_down(study_uid):
                return
            self._lifted.add(study_uid)
            self._sealed.discard(study_uid)
            self._tell(study_uid)
            for beside in self._beside if study_uid == self._on_table else ():
                if not self._is_down(beside):
                    self._tell(beside)
            self._moved()

    def _tell(self, study_uid: str) -> None:
        told = tuple(self._told_of(study_uid))
        for event in (ResultsConcealed(study_uid),) if told and self.conceals(study_uid) else told:
            self._on_event(event)

    def conceals_change(self, study_uid: str, prior_uid: str) -> bool:
        """Whether what changed since an earlier study may not be told now."""
        with self._lock:
            is_down = self._is_down(prior_uid) and prior_uid not in self._compared.get(study_uid, ())
            return self.conceals(study_uid) or is_down

    def drop(self, study_uid: str) -> None:
        """Conceal a study again: its case was closed."""
        with self._lock:
            if study_uid in self._lifted:
                self._lifted.discard(study_uid)
                self._compared.pop(study_uid, None)
                self._tell(study_uid)
                self._moved()

    def lay(self, study_uid: str, beside: Iterable[str]) -> None:
        """Say which study is on the table, and which priors hang beside it."""
        with self._lock:
            self._on_table, self._beside = study_uid, frozenset(beside) - {study_uid}
            self._moved()

    def unseal(self, study_uids: Iterable[str]) -> None:
        """Studies were opened as any other file is: what an earlier reader did not see is no secret any more."""
        with self._lock:
            self._sealed.difference_update(study_uids)
            self._moved()

    def forget(self, study_uids: Iterable[str]) -> None:
        """Studies were released: nothing is remembered of them."""
        with self._lock:
            self._lifted.difference_update(study_uids)
            self._sealed.difference_update(study_uids)
            self._moved()

    def passed(self, event: Event) -> Event | None:
        """An event as it may be told; None for one that says too much. Progress passes without words."""
        if isinstance(event, ImageAnalysed) and self.conceals(event.study_uid):
            return None
        if isinstance(event, QuestionAnswered) and event.is_from_ai and self.conceals(event.study_uid):
            return None
        if isinstance(event, ExamAnalysed) and self.conceals(event.result.study_uid):
            return ResultsConcealed(event.result.study_uid)
        if isinstance(event, AnalysisProgress) and self.conceals(event.study_uid):
            return replace(event, text=AT_WORK)
        if isinstance(event, EngineState) and self._is_on:
            # It names no study, so that nobody can say of which it tells.
            return replace(event, text=event.device)
        return event
