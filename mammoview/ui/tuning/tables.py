"""Tables to read, of which only the first rows are shown where there are very many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem

from mammoview.ui import theme

#: More rows help nobody; the counts are of all.
MOST_ROWS: Final = 1000
#: Rows that the width of a column goes by, beside those in sight.
_MEASURED: Final = 60
#: Of the stretched column, where its words are that long.
_LEAST: Final = 200


class ReadTable(QTableWidget):
    """Rows of words.

    Parameters
    ----------
    titles
        Of the columns.
    stretched
        The column that takes the room that is left.
    """

    def __init__(self, titles: Sequence[str], *, stretched: int = 0, is_chosen: bool = False) -> None:
        super().__init__(0, len(titles))
        self.verticalHeader().hide()
        # Bold titles over what is chosen would widen the columns.
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().setDefaultSectionSize(theme.px(24))
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        chosen = QTableWidget.SelectionMode.SingleSelection if is_chosen else QTableWidget.SelectionMode.NoSelection
        self.setSelectionMode(chosen)
        self.setWordWrap(False)
        self._stretched = stretched
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.set_titles(titles)

    def set_titles(self, titles: Sequence[str]) -> None:
        """Have other columns."""
        self.setColumnCount(len(titles))
        self.setHorizontalHeaderLabels(list(titles))
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # Measuring a thousand rows takes longer than a window may stand still.
        header.setResizeContentsPrecision(_MEASURED)
        self._fit()

    def _fit(self) -> None:
        """Stretch the column, but never below what can be read: a narrow table is scrolled instead."""
        if not self.columnCount():
            return
        header, column = self.horizontalHeader(), min(self._stretched, self.columnCount() - 1)
        others = sum(header.sectionSize(place) for place in range(self.columnCount()) if place != column)
        least = min(max(self.sizeHintForColumn(column), header.sectionSizeHint(column)), theme.px(_LEAST))
        is_narrow = self.viewport().width() - others < least
        modes = QHeaderView.ResizeMode
        header.setSectionResizeMode(column, modes.Interactive if is_narrow else modes.Stretch)
        if is_narrow:
            header.resizeSection(column, least)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def fill(self, rows: Sequence[Sequence[str]], colours: Sequence[QColor | None] = ()) -> None:
        """Show rows, each in a colour of its own where one is given."""
        shown = rows[:MOST_ROWS]
        self.setRowCount(len(shown))
        for place, row in enumerate(shown):
            colour = colours[place] if place < len(colours) else None
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if colour is not None:
                    item.setForeground(colour)
                self.setItem(place, column, item)
        self._fit()

    def words(self, place: int) -> tuple[str, ...]:
        """The words of a row."""
        items = (self.item(place, column) for column in range(self.columnCount()))
        return tuple(item.text() if item is not None else "" for item in items)
