"""The list behind the table: the order of all studies, and of the lines those that were looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer

from mammoview.core.reading.states import ReadingState
from mammoview.session.worklist.listing import Row
from mammoview.ui import theme
from mammoview.ui.worklist.columns import COLUMNS

Index = QModelIndex | QPersistentModelIndex
#: Asks for lines; the answer is given to the second argument, in time.
Ask = Callable[[Sequence[int], Callable[[Sequence[Row]], None]], None]

_PAGE: Final = 64
#: Pages that are still wanted when an answer comes; a quick hand at the scroll bar passes over more.
_MOST_PAGES: Final = 4
_WAITING: Final = "…"
_ROOT: Final = QModelIndex()
_DISPLAY, _TOOL_TIP = int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.ToolTipRole)
_FOREGROUND, _ALIGNMENT = int(Qt.ItemDataRole.ForegroundRole), int(Qt.ItemDataRole.TextAlignmentRole)
_TOLD: Final = frozenset({_DISPLAY, _TOOL_TIP, _FOREGROUND, _ALIGNMENT})
_SIDES: Final = tuple(
    (Qt.AlignmentFlag.AlignRight if column.is_right else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
    for column in COLUMNS
)
_STATE: Final = next(at for at, column in enumerate(COLUMNS) if column.id == "state")
_COLOURS: Final = {
    ReadingState.NEW: theme.ACCENT,
    ReadingState.ARBITRATION: theme.WARNING,
    ReadingState.SIGNED: theme.QUIET,
}


class ListModel(QAbstractTableModel):
    """Holds the ids of all studies in order; fetches a line when it comes into sight.

    Parameters
    ----------
    ask
        Gives the lines of some studies.
    """

    def __init__(self, ask: Ask, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._order: tuple[int, ...] = ()
        self._places: dict[int, int] = {}
        self._rows: dict[int, Row] = {}
        self._fresh: set[int] = set()
        self._wanted: list[int] = []
        self._is_asking = False
        # An answer to an older question says nothing new; one to another reader's is not for these eyes.
        self._age = self._reader = 0
        self._is_identity_shown = True
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._fetch)

    @property
    def order(self) -> tuple[int, ...]:
        """The ids of the studies, as the list shows them."""
        return self._order

    def place_of(self, study: int) -> int:
        """In which line a study stands; -1 where it is not listed."""
        return self._places.get(study, -1)

    def row_at(self, place: int) -> Row | None:
        """The line there, if it is known."""
        return self._rows.get(self._order[place]) if 0 <= place < len(self._order) else None

    def show_order(self, order: tuple[int, ...]) -> bool:
        """List these studies. Lines that are known stay in sight until they were asked for anew.

        Returns
        -------
        bool
            Whether studies came, went, or stand elsewhere: only then is the model reset.
        """
        self._age += 1
        self._fresh.clear()
        self._wanted.clear()
        is_other = order != self._order
        if is_other:
            self.beginResetModel()
            self._order = order
            self._places = {study: place for place, study in enumerate(order)}
            self.endResetModel()
        elif order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(order) - 1, len(COLUMNS) - 1))
        return is_other

    def forget(self) -> None:
        """Drop all lines: another reader sees other ones."""
        self.show_order(())
        self._rows.clear()
        self._reader += 1
        self._is_asking = False

    def set_identity(self, *, is_shown: bool) -> None:
        """Show or hide who the patients are."""
        self._is_identity_shown = is_shown
        if self._order:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(COLUMNS) - 1))

    # Fetching

    def _want(self, place: int) -> None:
        page = place // _PAGE
        if page in self._wanted:
            return
        self._wanted = [*self._wanted[1 - _MOST_PAGES :], page]
        if not self._is_asking:
            self._soon.start()

    def _fetch(self) -> None:
        studies = [
            study
            for page in self._wanted
            for study in self._order[page * _PAGE : (page + 1) * _PAGE]
            if study not in self._fresh
        ]
        self._wanted.clear()
        if not studies or self._is_asking:
            return
        self._is_asking = True
        age, reader = self._age, self._reader
        self._ask(studies, lambda rows: self._take(studies, rows, age) if reader == self._reader else None)

    def _take(self, studies: Sequence[int], rows: Sequence[Row], age: int) -> None:
        self._is_asking = False
        self._rows.update({row.id: row for row in rows})
        if age == self._age:
            self._fresh.update(studies)
        places = [self._places[study] for study in studies if study in self._places]
        if places:
            self.dataChanged.emit(self.index(min(places), 0), self.index(max(places), len(COLUMNS) - 1))
        if self._wanted:
            self._soon.start()

    def give_up(self) -> None:
        """What was asked for was refused; it is asked for again when it is painted again."""
        self._is_asking = False

    # Qt

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        # Asked thousands of times for each picture: what is asked for and not told comes first.
        if role not in _TOLD or not index.isValid():
            return None
        at = index.column()
        if role == _ALIGNMENT:
            return _SIDES[at]
        if role == _FOREGROUND and at != _STATE:
            return None
        study = self._order[index.row()]
        if study not in self._fresh:
            self._want(index.row())
        row = self._rows.get(study)
        if row is None:
            return _WAITING if role == _DISPLAY and at == 0 else None
        if role == _FOREGROUND:
            return _COLOURS.get(row.state)
        return COLUMNS[at].shown(row, is_identity_shown=self._is_identity_shown)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == _DISPLAY:
            return column.title
        if role == _TOOL_TIP:
            return f"{column.help}. A click sorts by it." if column.sort else f"{column.help}."
        return _SIDES[section] if role == _ALIGNMENT else None
