"""Who sits at this window, and the one way to ask the worklist something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from mammoview.core.errors import MammoViewError, Problem
from mammoview.session.events import Level
from mammoview.session.session import Session
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist, open_worklist
from mammoview.ui.reading.clerk import Clerk

T = TypeVar("T")


class ReadingSeat(QObject):
    """The worklist as this window has it, and the reader who signed in.

    Attributes
    ----------
    worklist, seat
        None where there is none: not opened, nobody signed in.
    """

    worklist_opened = Signal()
    signed_in = Signal(object)
    signed_out = Signal()
    locked = Signal(bool)
    #: Something in the worklist is another way than it was listed.
    list_changed = Signal()

    def __init__(
        self,
        session: Session,
        parent: QObject | None = None,
        *,
        open_database: Callable[[], tuple[Worklist, tuple[Problem, ...]]] = open_worklist,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.worklist: Worklist | None = None
        self.seat: Seat | None = None
        self._open_database = open_database
        self._clerk = Clerk(self)
        self._watch = QTimer(self, interval=1000)
        self._watch.timeout.connect(self._look_at_the_clock)
        self._is_locked = False

    # Asking

    def ask(
        self,
        work: Callable[[Worklist, Seat], T],
        then: Callable[[T], None] = lambda _value: None,
        failed: Callable[[MammoViewError], None] | None = None,
    ) -> None:
        """Ask the worklist something on the clerk's thread; ``then`` is called here.

        Parameters
        ----------
        work
            Told the worklist and the reader's seat.
        then
            Told what it gave.
        failed
            Told why it could not; None shows the message to the reader.
        """
        worklist, seat = self.worklist, self.seat
        if worklist is not None and seat is not None:
            self._clerk.do(lambda: work(worklist, seat), then, failed or self.tell)

    def do(
        self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[MammoViewError], None] | None = None
    ) -> None:
        """Do something on the clerk's thread that needs no reader."""
        self._clerk.do(work, then, failed or self.tell)

    def tell(self, error: MammoViewError, *, is_new: bool = True) -> None:
        """Show the reader what stood in the way; what was told since the last action is told again only if new."""
        if is_new:
            self.session.messages.start_over()
        self.session.messages.tell(Problem.from_error(error), Level.WARNING)

    # Who reads

    def open_worklist(
        self, then: Callable[[], None] = lambda: None, failed: Callable[[MammoViewError], None] | None = None
    ) -> None:
        """Open the user's worklist, once."""
        if self.worklist is not None:
            then()
            return

        def opened(found: tuple[Worklist, tuple[Problem, ...]]) -> None:
            if self.worklist is None:
                self.worklist = found[0]
                for problem in found[1]:
                    self.session.messages.tell(problem, Level.WARNING)
                self.worklist_opened.emit()
            then()

        self._clerk.do(
            lambda: (self.worklist, ()) if self.worklist else self._open_database(), opened, failed or self.tell
        )

    def sign_in(
        self,
        reader_id: str,
        passphrase: str = "",
        *,
        idle_s: float | None = None,
        failed: Callable[[MammoViewError], None] | None = None,
    ) -> None:
        """Take the seat; `signed_in` follows. Whoever sat there is signed out."""
        worklist = self.worklist
        if worklist is None:
            return

        def seated(seat: Seat) -> None:
            self.sign_out()
            self.seat = seat
            self.session.marks.belong_to(seat.reader.id)
            self._seated(worklist, seat)
            self._watch.start()
            self.signed_in.emit(seat)
            self.list_changed.emit()

        self._clerk.do(
            lambda: worklist.readers.sign_in(reader_id, passphrase, idle_s=idle_s), seated, failed or self.tell
        )

    def sign_out(self) -> None:
        """Leave the seat; the case is given back."""
        if self.seat is None:
            return
        self._leaving()
        self.session.marks.belong_to("")
        self.seat = None
        self._watch.stop()
        self._tell_lock(is_locked=False)
        self.signed_out.emit()

    def lock(self) -> None:
        """Lock the window: told at once; the seat and the log follow."""
        if self.seat is not None:
            self._tell_lock(is_locked=True)
            self.ask(lambda worklist, seat: worklist.readers.lock(seat))

    def unlock(self, passphrase: str = "", failed: Callable[[MammoViewError], None] | None = None) -> None:
        """Unlock the window; `locked` follows."""
        self.ask(
            lambda worklist, seat: worklist.readers.unlock(seat, passphrase),
            lambda _done: self._tell_lock(is_locked=False),
            failed,
        )

    def _look_at_the_clock(self) -> None:
        if self.seat is not None and self.seat.is_locked and not self._is_locked:
            # The time was up; the log is told as well.
            self.lock()

    def _tell_lock(self, *, is_locked: bool) -> None:
        if is_locked is not self._is_locked:
            self._is_locked = is_locked
            self.locked.emit(is_locked)

    def _seated(self, worklist: Worklist, seat: Seat) -> None:
        """Somebody sat down."""

    def _leaving(self) -> None:
        """Somebody is about to leave."""
