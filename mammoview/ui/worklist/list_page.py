"""The list itself: search and filters, the table, and what is said below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from mammoview.core.amounts import counted, grouped
from mammoview.core.errors import MammoViewError
from mammoview.core.plain_text import printable
from mammoview.core.reading.states import ReadingState, RevealProtocol
from mammoview.session.worklist.errors import BlindedError, LockedError
from mammoview.session.worklist.list_view import ListView
from mammoview.session.worklist.listing import Query, Row
from mammoview.session.worklist.protocol import Protocol
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist
from mammoview.ui.reading.reading_desk import ReadingDesk
from mammoview.ui.worklist.filters import Filters
from mammoview.ui.worklist.model import ListModel
from mammoview.ui.worklist.strip import Strip
from mammoview.ui.worklist.table import ListTable
from mammoview.ui.worklist.words import protocol_text

#: While an import runs, the list follows so often.
_FOLLOW_MS: Final = 1000


@dataclass(frozen=True)
class _Listed:
    order: tuple[int, ...]
    counts: dict[ReadingState, int]
    protocol: Protocol


class ListPage(QWidget):
    """What one reader sees of the worklist.

    Parameters
    ----------
    reading
        The seat, and the cases.
    actions
        Of which the page has buttons.
    empty_text
        What an empty worklist says.
    """

    #: The protocol in force.
    protocol_known = Signal(object)

    def __init__(
        self,
        reading: ReadingDesk,
        actions: Sequence[QAction],
        empty_text: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._reading, self._empty_text = reading, empty_text
        self._asked = 0
        self._is_asking = self._is_stale = False
        self._protocol: Protocol | None = None
        self.who = QLabel()
        self.who.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.filters = Filters()
        self.model = ListModel(self._ask_rows, self)
        self.table = ListTable(self.model)
        self.table.setAccessibleName("Studies")
        self.filters.search.setAccessibleName("Search the list")
        self.nothing = QLabel()
        self.nothing.setObjectName("welcome")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.table)
        self._middle.addWidget(self.nothing)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(10, 8, 10, 8)
        self._column.addLayout(self._head(actions))
        self._column.addWidget(self.filters)
        self._column.addWidget(self._middle, 1)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._ask)
        self._later = QTimer(self, singleShot=True, interval=_FOLLOW_MS)
        self._later.timeout.connect(self._ask)
        self.filters.changed.connect(self.refresh)
        self.filters.left.connect(self.table.setFocus)
        self.table.sort_wanted.connect(self.filters.sort_by)
        self.table.wanted.connect(reading.open_case)
        reading.list_changed.connect(self.refresh)
        reading.case_changed.connect(self._follow_case)
        # What was asked for while nobody was there was refused.
        reading.locked.connect(lambda is_locked: None if is_locked else self.refresh())
        self.table.set_score_shown(is_shown=False)
        self.filters.set_score_allowed(is_allowed=False)

    def _head(self, actions: Sequence[QAction]) -> QHBoxLayout:
        head = QHBoxLayout()
        head.addWidget(self.who, 1)
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setObjectName("chip")
            head.addWidget(button)
        return head

    def add_strip(self, strip: Strip) -> None:
        """Give a job its line below the list."""
        self._column.addWidget(strip)

    # What is remembered

    @property
    def view(self) -> ListView:
        """How the reader has the list, to be had so again."""
        return ListView.of(self.filters.query(), self.table.widths())

    def show_view(self, view: ListView) -> None:
        """Have the list as it was."""
        self.table.set_widths(view.widths)
        self.filters.show_query(view.query)

    # Asking

    def begin(self) -> None:
        """A reader sat down."""
        seat = self._reading.seat
        self.who.setText(printable(seat.reader.name or seat.reader.id) if seat is not None else "")
        self.refresh()

    def end(self) -> None:
        """The reader left."""
        self._protocol = None
        self._asked += 1
        self._is_asking = self._is_stale = False
        self.model.forget()

    def refresh(self) -> None:
        """Ask for the list anew, once for all that happens in this moment."""
        self._soon.start()

    def follow(self) -> None:
        """Ask for the list anew, before long."""
        if not self._later.isActive():
            self._later.start()

    def _ask(self) -> None:
        if self._is_asking or self._reading.seat is None:
            # One question at a time: where the disk is slow, answers that nobody waits for must not pile up.
            self._is_stale = True
            return
        self._asked += 1
        self._is_asking, self._is_stale = True, False
        number, query = self._asked, self.filters.query()
        self._reading.ask(
            lambda worklist, seat: _listed(worklist, seat, query),
            lambda listed: self._answered(listed, query, number),
            lambda error: self._refused(error, query, number),
        )

    def _answered(self, listed: _Listed, query: Query, number: int) -> None:
        if number == self._asked:
            self._is_asking = False
            if query == self.filters.query():
                self._show(listed, query)
            if self._is_stale:
                self.refresh()

    def _refused(self, error: MammoViewError, query: Query, number: int) -> None:
        if number != self._asked:
            return
        self._is_asking = False
        if isinstance(error, BlindedError):
            # The protocol was changed elsewhere: the score is out of the question, and so is what was asked of it.
            self.filters.set_score_allowed(is_allowed=False)
            if self.filters.query() != query:
                self.refresh()
        elif not isinstance(error, LockedError):
            self._reading.tell(error)

    def _ask_rows(self, studies: Sequence[int], then: Callable[[Sequence[Row]], None]) -> None:
        self._reading.ask(lambda worklist, seat: worklist.listing.rows(seat, studies), then, self._rows_refused)

    def _rows_refused(self, error: MammoViewError) -> None:
        self.model.give_up()
        if not isinstance(error, LockedError):
            self._reading.tell(error)

    # Showing

    def _show(self, listed: _Listed, query: Query) -> None:
        self._show_protocol(listed.protocol)
        self.table.show_sort(query.sort, is_descending=query.is_descending)
        self.filters.show_counts(listed.counts)
        was_empty = not self.model.order
        self.table.show_order(listed.order)
        self._reading.order = listed.order
        if was_empty and self._reading.case is not None:
            self.table.choose(self._reading.case.study)
        total = sum(listed.counts.values())
        shown = len(listed.order)
        of_all = f"{grouped(shown)} of {counted(total, 'study', 'studies')}"
        self.filters.count.setText(counted(total, "study", "studies") if shown == total else of_all)
        self.nothing.setText("No study fits the search and the filters." if total else self._empty_text())
        self._middle.setCurrentWidget(self.table if shown else self.nothing)

    def _show_protocol(self, protocol: Protocol) -> None:
        if protocol == self._protocol:
            return
        self._protocol = protocol
        is_allowed = protocol.reveal is not RevealProtocol.NEVER
        self.table.set_score_shown(is_shown=is_allowed)
        self.filters.set_score_allowed(is_allowed=is_allowed)
        seat = self._reading.seat
        name = printable(seat.reader.name or seat.reader.id) if seat is not None else ""
        self.who.setText(f"{name}  ·  {protocol_text(protocol)}")
        self.protocol_known.emit(protocol)

    def _follow_case(self, case: object) -> None:
        if self._reading.case is not None and case is not None:
            self.table.choose(self._reading.case.study)

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patients are."""
        self.model.set_identity(is_shown=is_shown)
        self.filters.set_identity(is_shown=is_shown)

    def take_focus(self) -> None:
        """Put the keys where they are needed."""
        self.table.setFocus()

    def search(self) -> None:
        """Go to the search field."""
        self.filters.search.setFocus()
        self.filters.search.selectAll()


def _listed(worklist: Worklist, seat: Seat, query: Query) -> _Listed:
    protocol = worklist.protocols.current()
    if protocol.reveal is RevealProtocol.NEVER:
        query = replace(query, least_score=None)
    return _Listed(worklist.listing.order(seat, query), worklist.listing.counts(seat), protocol)
