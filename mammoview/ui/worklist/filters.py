"""The line of search and filters above the list, and the states with their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QDate, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.amounts import grouped
from mammoview.core.reading.states import ReadingState
from mammoview.session.worklist.listing import Query, Sort
from mammoview.ui import theme
from mammoview.ui.worklist.words import KINDS

#: After the last letter, until the list follows.
_TYPING_MS: Final = 150
#: Back from today: a title and days; None for no bound.
_PERIODS: Final[tuple[tuple[str, int | None], ...]] = (
    ("Any date", None),
    ("Today", 0),
    ("Last 7 days", 7),
    ("Last 30 days", 30),
    ("Last year", 365),
    ("Last 5 years", 5 * 365),
)
_BETWEEN: Final = "Between two days"
_DICOM: Final = "yyyyMMdd"


class Filters(QWidget):
    """Tells ``changed`` when the list should follow; `query` says what is asked."""

    changed = Signal()
    #: The search field was left for the list.
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sort, self._is_descending = Sort.DATE, True
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search name, number, description")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(theme.px(180))
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.search.returnPressed.connect(self.left)
        self.period = QComboBox()
        for title, days in _PERIODS:
            self.period.addItem(title, days)
        self.period.addItem(_BETWEEN)
        self.period.currentIndexChanged.connect(self._period_chosen)
        today = QDate.currentDate()
        self.first, self.last = _day(today.addYears(-1)), _day(today)
        for day in (self.first, self.last):
            day.dateChanged.connect(lambda _date: self._typing.start())
        self.kind = QComboBox()
        self.kind.addItem("Any kind", "")
        for kind, title in KINDS.items():
            self.kind.addItem(title, kind.value)
        self.kind.currentIndexChanged.connect(self.changed)
        self.score = QDoubleSpinBox()
        self.score.setRange(0.0, 1.0)
        self.score.setSingleStep(0.1)
        self.score.setPrefix("AI score ≥ ")
        self.score.setSpecialValueText("Any AI score")
        self.score.valueChanged.connect(lambda _value: self._typing.start())
        self.only_mine = QCheckBox("Only for me")
        self.only_mine.setToolTip("Studies in which you have something to read.")
        self.only_mine.toggled.connect(self.changed)
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Take all filters away.")
        self.clear.clicked.connect(self._clear)
        self.chips: dict[ReadingState, QToolButton] = {}
        self.count = QLabel()
        self.count.setObjectName("quiet")
        self._lay_out()
        self._show_days()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.search, 3)
        for widget in (self.period, self.first, self.last, self.kind, self.score, self.only_mine):
            line.addWidget(widget)
        line.addWidget(self.clear)
        line.addStretch(1)
        chips = QHBoxLayout()
        chips.setSpacing(4)
        for state in ReadingState:
            chip = QToolButton()
            chip.setCheckable(True)
            chip.setText(state.value)
            chip.setObjectName("chip")
            chip.setToolTip(f"Only studies of the state “{state.value}”; several may be chosen.")
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            chip.toggled.connect(self.changed)
            self.chips[state] = chip
            chips.addWidget(chip)
        chips.addStretch(1)
        chips.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(line)
        column.addLayout(chips)

    # What is asked

    def query(self) -> Query:
        """What the list is asked for."""
        first, last = self._days()
        return Query(
            text=self.search.text(),
            states=frozenset(state for state, chip in self.chips.items() if chip.isChecked()),
            kinds=frozenset(filter(None, (self.kind.currentData(),))),
            first_date=first,
            last_date=last,
            least_score=self.score.value() or None if self.score.isVisibleTo(self) else None,
            only_for_me=self.only_mine.isChecked(),
            sort=self._sort,
            is_descending=self._is_descending,
        )

    @property
    def is_filtering(self) -> bool:
        """Whether some studies are left out."""
        asked = self.query()
        return asked != Query(sort=asked.sort, is_descending=asked.is_descending)

    def sort_by(self, sort: Sort) -> None:
        """Sort by something else; by the same, the other way round."""
        is_same = sort is self._sort
        # The newest and the highest first; words begin with A.
        starts_high = sort in {Sort.DATE, Sort.ADDED, Sort.AI_SCORE}
        self._is_descending = not self._is_descending if is_same else starts_high
        self._sort = sort
        self.changed.emit()

    def show_query(self, query: Query) -> None:
        """Show what was asked before, the search, the days and the score excepted."""
        self._sort, self._is_descending = query.sort, query.is_descending
        with QSignalBlocker(self):
            for state, chip in self.chips.items():
                chip.setChecked(state in query.states)
            self.kind.setCurrentIndex(max(0, self.kind.findData(next(iter(query.kinds), ""))))
            self.only_mine.setChecked(query.only_for_me)

    def set_score_allowed(self, *, is_allowed: bool) -> None:
        """Offer the AI's score, or take it away with what was asked of it."""
        self.score.setVisible(is_allowed)
        if not is_allowed:
            with QSignalBlocker(self.score):
                self.score.setValue(0.0)
            if self._sort is Sort.AI_SCORE:
                self._sort, self._is_descending = Sort.DATE, True

    def set_identity(self, *, is_shown: bool) -> None:
        """What is searched for is often a name."""
        modes = QLineEdit.EchoMode
        self.search.setEchoMode(modes.Normal if is_shown else modes.Password)

    def show_counts(self, counts: Mapping[ReadingState, int]) -> None:
        """Say how many studies there are in each state."""
        for state, chip in self.chips.items():
            number = counts.get(state, 0)
            chip.setText(f"{state.value}  {grouped(number)}")
            # A state that nobody is in is still there to be seen, quietly.
            chip.setEnabled(number > 0 or chip.isChecked())

    # Within

    def _days(self) -> tuple[str, str]:
        if self.period.currentText() == _BETWEEN:
            return self.first.date().toString(_DICOM), self.last.date().toString(_DICOM)
        days = self.period.currentData()
        if days is None:
            return "", ""
        return QDate.currentDate().addDays(-days).toString(_DICOM), ""

    def _period_chosen(self) -> None:
        self._show_days()
        self.changed.emit()

    def _show_days(self) -> None:
        for day in (self.first, self.last):
            day.setVisible(self.period.currentText() == _BETWEEN)

    def _clear(self) -> None:
        kept = replace(Query(), sort=self._sort, is_descending=self._is_descending)
        with QSignalBlocker(self):
            self.search.clear()
            self.period.setCurrentIndex(0)
            self.score.setValue(0.0)
            self._show_days()
        self.show_query(kept)
        self._typing.stop()
        self.changed.emit()


def _day(date: QDate) -> QDateEdit:
    made = QDateEdit(date)
    made.setCalendarPopup(True)
    made.setDisplayFormat("yyyy-MM-dd")
    return made
