"""What the window's parts ask of the reading room: who reads, which case, what was changed.

A change is shown at once and stored in order on the clerk's thread. What cannot be stored is said, stays on screen,
and is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from mammoview.core.anatomy import LandmarkEdit
from mammoview.core.errors import MammoViewError, OutputError, Problem
from mammoview.core.findings import ExamResult
from mammoview.imaging.location import ViewFrame
from mammoview.report.breast_report.values import Draft
from mammoview.session.anatomy import FrameAnswer
from mammoview.session.events import Level, Message, StudySelected
from mammoview.session.locating import edited
from mammoview.session.opened import GONE
from mammoview.session.reading import ai_files
from mammoview.session.reading.case import Case, require_changeable, require_undecided
from mammoview.session.reading.files import CaseFiles, case_files
from mammoview.session.reading.prefetch import Prefetch
from mammoview.session.reading.room import ReadingRoom
from mammoview.session.session import Session
from mammoview.session.worklist.leases import RENEW_S
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui.reading.seat import ReadingSeat

#: Until a draft that could not be stored is tried again.
_RETRY_MS: Final = 5000


class ReadingDesk(ReadingSeat):
    """The reader's seat at this window.

    Attributes
    ----------
    case
        What is shown, None where no case is on the table; it is on the disk when `is_stored`.
    order
        Rows of the list as it is shown; set by the list.
    """

    #: A case is being opened: its row; or it could not be, and the row is -1.
    case_opening = Signal(int)
    #: The `Case`, or None.
    case_changed = Signal(object)
    stored_changed = Signal(bool)
    stepped = Signal()
    _framed = Signal(str, object)
    #: The case is about to take a step or to leave the table: whatever is being typed or dragged goes into it now.
    settling = Signal()

    def __init__(
        self,
        session: Session,
        parent: QObject | None = None,
        *,
        open_database: Callable[[], tuple[Worklist, tuple[Problem, ...]]] = open_worklist,
        load_result: Callable[[Path], ExamResult] = ai_files.load,
    ) -> None:
        super().__init__(session, parent, open_database=open_database)
        self.case: Case | None = None
        self.order: tuple[int, ...] = ()
        self.is_stored = True
        self._load_result = load_result
        self._room: ReadingRoom | None = None
        self._prefetch: Prefetch | None = None
        self._opening: tuple[int, str] | None = None
        self._begun_from: tuple[int, ...] = ()
        self._last = -1
        self._is_busy = False
        self._waiting: list[Callable[[], object]] = []
        # Counts what ends the undoing of changes: commit, reveal, signature.
        self._step = 0
        # Counts the cases that were taken off the table.
        self._table = 0
        self._asked = self._answered = 0
        self._retry = QTimer(self, singleShot=True, interval=_RETRY_MS)
        self._retry.timeout.connect(self._store)
        self._renewal = QTimer(self, interval=round(RENEW_S * 1000))
        self._renewal.timeout.connect(self._renew)
        self._framed.connect(self._take_frame, Qt.ConnectionType.QueuedConnection)

    def _seated(self, worklist: Worklist, seat: Seat) -> None:
        self.session.veil.begin()
        self._room = ReadingRoom(worklist, seat, self._load_result)
        self._prefetch = Prefetch(worklist, seat, self.session)
        self._renewal.start()

    def _leaving(self) -> None:
        self.close_case()
        self._room = None
        if self._prefetch is not None:
            self._prefetch.close()
            self._prefetch = None
        self._renewal.stop()
        self.session.veil.end(self._opening[1:] if self._opening else ())

    def _renew(self) -> None:
        if self.case is not None:
            self.ask(lambda worklist, _seat: worklist.leases.renew())

    # Which case

    def open_case(self, row: int) -> None:
        """Open a case of the list; `case_changed` follows."""
        if self._retry.isActive():
            self.tell(OutputError("This case is not stored yet.", "Make room on the disk; it is tried every 5 s."))
            return
        # What is pressed while the next images come must not fall on the case before.
        self.close_case()
        self._begun_from, self._last = self.order, row
        self.case_opening.emit(row)
        self.ask(
            lambda worklist, seat: case_files(worklist, seat, row),
            lambda found: self._fetch(row, found) if self._room is not None else None,
            self._not_opened,
        )

    def next_case(self) -> None:
        """Open the case below the current one, as the list was when that was opened."""
        self._step_to(1)

    def previous_case(self) -> None:
        """Open the case above the current one."""
        self._step_to(-1)

    def _step_to(self, step: int) -> None:
        order = self._begun_from or self.order
        rows = order if step > 0 else tuple(reversed(order))
        current = self._last
        behind = rows[rows.index(current) + 1 :] if current in rows else rows
        # Forwards what the list no longer shows is passed over; backwards one may go to what was just read.
        row = next((one for one in behind if step < 0 or one in self.order), None)
        if row is not None:
            self.open_case(row)
            self._begun_from = order
            return
        self.session.messages.start_over()
        text = "This is the last case of the list." if step > 0 else "This is the first case of the list."
        self.session.messages.tell(Problem("", "end_of_list", text, "Clear the filter for more."), Level.INFO)

    def _fetch(self, row: int, found: CaseFiles) -> None:
        self._opening = row, found.uid
        self.session.open_study(found.uid, found.all)
        known = {study.uid for study in self.session.studies}
        late = [path for uid, paths in found.priors if uid not in known for path in paths]
        if found.uid in known and late:
            self.session.open(late, select=False)

    def hear(self, event: object) -> None:
        """Follow what the session tells: the images of a case are here, or they are not."""
        if self._opening is None:
            return
        row, uid = self._opening
        if isinstance(event, StudySelected) and event.study_uid == uid:
            self._begin(row, uid)
        elif isinstance(event, Message) and event.problem == GONE[0]:
            self._opening = None
            self.case_opening.emit(-1)

    def _begin(self, row: int, uid: str) -> None:
        self._opening = None
        study, room = self.session.study(uid), self._room
        if study is None or room is None:
            return
        self._act(lambda: room.open_case(row, study), self._not_opened)
        if self._prefetch is not None:
            self._prefetch.at(self._begun_from or self.order, row)

    def _not_opened(self, error: MammoViewError) -> None:
        self._opening = None
        self.case_opening.emit(-1)
        self.tell(error)

    def close_case(self) -> None:
        """Take the case off the table."""
        self.settling.emit()
        case, room = self.case, self._room
        if case is None or room is None:
            return
        self.session.veil.drop(case.uid)
        self.case = None
        self._step += 1
        self._table += 1
        self._waiting.clear()
        self._clerk.do(room.close_case, lambda _done: self.list_changed.emit(), self.tell)
        self.case_changed.emit(None)

    # What is changed

    def change(
        self, fn: Callable[[Draft], Draft], text: str = "change", *, frames: Mapping[str, ViewFrame] | None = None
    ) -> bool:
        """Change the draft: shown at once, stored in order, taken back with Undo.

        Parameters
        ----------
        fn
            From the draft as it is to the draft as it should be: one of `mammoview.session.reading.changes`.
        text
            What it is, to follow "Undo".
        frames
            Landmarks that the reader dragged, by image: shown with the draft, and taken back with it.

        Returns
        -------
        bool
            Whether it was done, or will be once the step at hand is done; where not, the reader was told why.
        """
        case = self.case
        if case is None:
            return False
        if self._is_busy:
            self._waiting.append(lambda: self.change(fn, text))
            return True
        try:
            require_changeable(case)
            draft = fn(case.draft)
            require_undecided(case, draft)
        except MammoViewError as error:
            self.tell(error)
            return False
        if draft != case.draft or frames:
            before, step = case.draft, self._step
            dragged = dict(frames or {})
            found = {image_id: frame for image_id, frame in case.frames.items() if image_id in dragged}
            self._show_draft(draft, dragged)
            self.session.marks.history_of(case.uid).record(
                text,
                undo=lambda: self._restore(before, step, found),
                redo=lambda: self._restore(draft, step, dragged),
            )
        return True

    def _restore(self, draft: Draft, step: int, frames: Mapping[str, ViewFrame]) -> None:
        if step == self._step and self.case is not None:
            self._show_draft(draft, frames)
            return
        text = "What was done before the first read, the reveal or the signature stays."
        self.session.messages.start_over()
        self.session.messages.tell(Problem("", "kept", text, "Change it anew."), Level.INFO)

    def _show_draft(self, draft: Draft, frames: Mapping[str, ViewFrame]) -> None:
        assert self.case is not None
        self._show(replace(self._with_frames(self.case, frames), draft=draft))
        self._store()

    def _store(self) -> None:
        case, room = self.case, self._room
        if case is None or room is None:
            return
        self._asked += 1
        number = self._asked
        self._set_stored(is_stored=False)

        def stored(_case: Case) -> None:
            self._answered = number
            self._set_stored(is_stored=number == self._asked)
            self._retry.stop()

        def failed(error: MammoViewError) -> None:
            self.tell(error, is_new=not isinstance(error, OutputError))
            if self.case is None or self.case.uid != case.uid:
                return
            if isinstance(error, OutputError):
                # The disk may have room again; what is shown is kept until then.
                self._retry.start()
            elif number == self._asked and room.case is not None:
                self._set_stored(is_stored=True)
                self._show(replace(room.case, frames=self.case.frames))

        self._clerk.do(lambda: room.store(case.draft), stored, failed)

    def _set_stored(self, *, is_stored: bool) -> None:
        if is_stored is not self.is_stored:
            self.is_stored = is_stored
            self.stored_changed.emit(is_stored)

    # Steps of the reading

    def commit(self) -> None:
        """Commit the first read."""
        self._act(lambda: self._at_room().commit())

    def reveal(self) -> None:
        """Show what the AI said, where the protocol allows it."""
        self._act(lambda: self._at_room().reveal())

    def decide(self) -> None:
        """Keep the decision after the AI was seen."""
        self._act(lambda: self._at_room().decide())

    def sign(self) -> None:
        """Sign the report."""
        self._act(lambda: self._at_room().sign())

    def amend(self, reason: str) -> None:
        """Begin the correction of a signed report."""
        self._act(lambda: self._at_room().amend(reason))

    def _at_room(self) -> ReadingRoom:
        assert self._room is not None
        return self._room

    def _act(self, work: Callable[[], Case], failed: Callable[[MammoViewError], None] | None = None) -> None:
        """Take a step that only the stored case can take; what is asked for meanwhile comes after it."""
        if self._room is None:
            return
        if self._is_busy:
            self._waiting.append(lambda: self._act(work, failed))
            return
        self.settling.emit()
        self._is_busy = True
        table = self._table

        def done(case: Case) -> None:
            self._is_busy = False
            # Of a case that was taken off the table meanwhile nothing is shown; it is stored.
            if table == self._table:
                show(case)
            self._go_on()

        def show(case: Case) -> None:
            self._step += 1
            before = self.case
            frames = before.frames if before is not None and before.uid == case.uid else {}
            if before is not None and before.uid != case.uid:
                self.session.veil.drop(before.uid)
            self._show(replace(case, frames=frames))
            if case.result is not None and (before is None or before.result is not case.result):
                self.session.put_result(case.result)
                self.session.veil.lift(case.uid, case.compared)
            if before is None or before.uid != case.uid:
                self._ask_frames(case)
            self.stepped.emit()
            self.list_changed.emit()

        def not_done(error: MammoViewError) -> None:
            self._is_busy = False
            (failed or self.tell)(error)
            self._go_on()

        self._clerk.do(work, done, not_done)

    def _go_on(self) -> None:
        """Do what was asked for during a step, in order, until the next step."""
        while self._waiting and not self._is_busy:
            self._waiting.pop(0)()

    def _ask_frames(self, case: Case) -> None:
        """Have nipple and muscle looked for on each image: what locates findings."""
        for image in case.draft.exam.images:
            self.session.questions.ask_frame(image.id, lambda told: self._framed.emit(case.uid, told))

    def _take_frame(self, case_uid: str, told: FrameAnswer | Problem) -> None:
        if isinstance(told, FrameAnswer) and told.frame is not None:
            edits = self.case.landmarks if self.case is not None else {}
            self.show_frames(case_uid, {told.image_id: edited(told.frame, edits.get(told.image_id))})

    def show_frames(self, case_uid: str, frames: Mapping[str, ViewFrame]) -> None:
        """Take landmarks of the case's images that were found or dragged; what was dragged is kept."""
        if self.case is not None and self.case.uid == case_uid:
            self._show(self._with_frames(self.case, frames))

    def _with_frames(self, case: Case, frames: Mapping[str, ViewFrame]) -> Case:
        """The case with other landmarks; those by hand are kept, and no longer where they were taken back."""
        edits = {name: LandmarkEdit.of(name, one.landmarks) or LandmarkEdit(name) for name, one in frames.items()}
        new = {name: edit for name, edit in edits.items() if edit != case.landmarks.get(name, LandmarkEdit(name))}
        room = self._room
        if new and room is not None and not case.is_read_only:
            self._clerk.do(lambda: room.keep_landmarks(tuple(new.values())), lambda _: None, self.tell)
        return replace(case, frames={**case.frames, **frames}, landmarks={**case.landmarks, **new})

    def _show(self, case: Case) -> None:
        self.case = case
        self.case_changed.emit(case)

    def close(self) -> None:
        """Store what waits, give back all, end the clerk."""
        self.settling.emit()
        self._retry.stop()
        worklist, room, case, is_stored = self.worklist, self._room, self.case, self.is_stored

        def last() -> None:
            if worklist is None:
                return
            if room is not None and case is not None and not is_stored and not case.is_read_only:
                room.store(case.draft)
            worklist.close()

        self._clerk.close(last)
