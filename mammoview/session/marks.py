"""The reader's marks of the open studies, with what can be taken back. An analysis never touches them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

from mammoview.core.errors import OutputError, Problem
from mammoview.core.marks import Mark
from mammoview.session import marks_file
from mammoview.session.events import Event, HistoryChanged, MarksChanged
from mammoview.session.history import History
from mammoview.session.messages import Messages

#: A study's UID, and whose marks: a reader's of the worklist, empty for those of whoever opens files.
_Key: TypeAlias = tuple[str, str]


def new_id() -> str:
    """An id that no other mark has."""
    return uuid.uuid4().hex


class Marks:
    """Keeps marks by study, in the order in which they were drawn, and on disk.

    Files are read and written on one thread, in the order in which that was asked for, so that what lies on disk is
    never written over before it was read.

    Parameters
    ----------
    on_event
        Told `MarksChanged` and `HistoryChanged`; never while the lock is held.
    messages
        Told what cannot be read or written.
    """

    def __init__(self, on_event: Callable[[Event], None], messages: Messages) -> None:
        self._on_event = on_event
        self._messages = messages
        self._lock = threading.RLock()
        self._reader = ""
        self._marks: dict[_Key, dict[str, Mark]] = {}
        self._histories: dict[_Key, History] = {}
        self._loaded: set[_Key] = set()
        self._unsaved: set[_Key] = set()
        self._untouchable: set[_Key] = set()
        self._files = ThreadPoolExecutor(1, thread_name_prefix="marks")
        self._is_closed = False

    def belong_to(self, reader: str) -> None:
        """From now on show and keep the marks of one reader, of nobody where empty.

        Readers see nothing of each other's: neither marks nor what can be taken back.
        """
        with self._lock:
            self._reader = reader
            studies = {study_uid for study_uid, _ in self._loaded}
        for study_uid in studies:
            self.open(study_uid)
            self._on_event(MarksChanged(study_uid))
            self._on_event(HistoryChanged(study_uid))

    def of_study(self, study_uid: str) -> tuple[Mark, ...]:
        """All marks of a study, those of images that are not open included."""
        with self._lock:
            return self._of((study_uid, self._reader))

    def _of(self, key: _Key) -> tuple[Mark, ...]:
        return tuple(self._marks.get(key, {}).values())

    def of_image(self, study_uid: str, image_id: str) -> tuple[Mark, ...]:
        """The marks of one image, oldest first."""
        return tuple(mark for mark in self.of_study(study_uid) if mark.image_id == image_id)

    def history_of(self, study_uid: str) -> History:
        """What was done to a study's marks and display."""
        with self._lock:
            key = study_uid, self._reader
            if key not in self._histories:
                self._histories[key] = History(lambda: self._on_event(HistoryChanged(study_uid)))
            return self._histories[key]

    def open(self, study_uid: str) -> None:
        """Read the marks that were kept on disk, once; `MarksChanged` follows where there are some."""
        with self._lock:
            key = study_uid, self._reader
            if key in self._loaded or self._is_closed:
                return
            self._loaded.add(key)
        self._submit(self._load, key)

    def _submit(self, work: Callable[[_Key], None], key: _Key) -> None:
        # An error that nobody foresaw must not end in a future that nobody asks.
        self._files.submit(work, key).add_done_callback(Future.result)

    def _load(self, key: _Key) -> None:
        study_uid, reader = key
        loaded = marks_file.load(study_uid, reader)
        if loaded.problem is not None:
            self._messages.tell(loaded.problem)
        if not loaded.may_replace:
            with self._lock:
                self._untouchable.add(key)
        if loaded.marks:
            with self._lock:
                # What was drawn meanwhile wins.
                self._marks[key] = {mark.id: mark for mark in loaded.marks} | self._marks.get(key, {})
            self._on_event(MarksChanged(study_uid))

    # What the reader does

    def add(self, study_uid: str, mark: Mark, *, under: str = "") -> None:
        """Keep a new mark.

        Parameters
        ----------
        under
            The study whose history remembers it; empty for the mark's own. A mark on a prior image that hangs beside
            the current ones is taken back with theirs.
        """
        self._do(study_uid, mark.id, mark, f"draw {mark.kind.value}", under)

    def change(self, study_uid: str, mark: Mark, *, under: str = "") -> None:
        """Keep another form of a mark that is there; ``mark.id`` says which. Nothing happens where it is the same."""
        before = self._get(study_uid, mark.id)
        if before is not None and before != mark:
            self._do(study_uid, mark.id, mark, f"change {mark.kind.value}", under)

    def remove(self, study_uid: str, mark_id: str, *, under: str = "") -> None:
        """Delete a mark."""
        before = self._get(study_uid, mark_id)
        if before is not None:
            self._do(study_uid, mark_id, None, f"delete {before.kind.value}", under)

    def _get(self, study_uid: str, mark_id: str) -> Mark | None:
        with self._lock:
            return self._marks.get((study_uid, self._reader), {}).get(mark_id)

    def _do(self, study_uid: str, mark_id: str, after: Mark | None, text: str, under: str) -> None:
        before = self._get(study_uid, mark_id)
        self._put(study_uid, mark_id, after)
        self.history_of(under or study_uid).record(
            text,
            undo=lambda: self._put(study_uid, mark_id, before),
            redo=lambda: self._put(study_uid, mark_id, after),
        )

    def _put(self, study_uid: str, mark_id: str, mark: Mark | None) -> None:
        with self._lock:
            key = study_uid, self._reader
            marks = self._marks.setdefault(key, {})
            if mark is None:
                marks.pop(mark_id, None)
            else:
                marks[mark_id] = mark
            self._unsaved.add(key)
            is_open = not self._is_closed
        # A study whose file was not read yet must be read before it is written.
        self.open(study_uid)
        if is_open:
            self._submit(self._save, key)
        self._on_event(MarksChanged(study_uid))

    def _save(self, key: _Key) -> None:
        with self._lock:
            if key not in self._unsaved - self._untouchable:
                return
            self._unsaved.discard(key)
            marks = self._of(key)
        study_uid, reader = key
        try:
            marks_file.save(study_uid, marks, reader)
        except OutputError as error:
            with self._lock:
                self._unsaved.add(key)
            self._messages.tell(Problem.from_error(error))

    def close(self) -> None:
        """Wait until everything is on disk; what could not be written is tried once more."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            unsaved = sorted(self._unsaved)
        for key in unsaved:
            self._submit(self._save, key)
        self._files.shutdown(wait=True)
