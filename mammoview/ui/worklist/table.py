"""The table of the list: its own keys, and a place that is kept while the list changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from mammoview.session.worklist.listing import Sort
from mammoview.ui import theme
from mammoview.ui.worklist.columns import COLUMNS, SCORE
from mammoview.ui.worklist.model import ListModel

_LONGEST: Final = next(at for at, column in enumerate(COLUMNS) if column.id == "description")
_OPENING: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ListTable(QTableView):
    """Shows a `ListModel`; Return or a double click wants a study opened."""

    #: The row of the store.
    wanted = Signal(int)
    sort_wanted = Signal(object)

    def __init__(self, model: ListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = model
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setSortIndicatorShown(True)
        header.sectionClicked.connect(self._header_clicked)
        header.setMinimumSectionSize(40)
        # The longest texts take what the others leave.
        header.setSectionResizeMode(_LONGEST, QHeaderView.ResizeMode.Stretch)
        self._letter = self.fontMetrics().horizontalAdvance("0")
        self._fit_rows()
        self.set_widths({})
        self.doubleClicked.connect(self._open)

    # Columns

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Give the columns the widths that the reader gave them, or the usual ones."""
        for at, column in enumerate(COLUMNS):
            self.setColumnWidth(at, widths.get(column.id) or column.width * self._letter)

    def widths(self) -> dict[str, int]:
        """The columns' widths; a hidden one has none."""
        return {column.id: self.columnWidth(at) for at, column in enumerate(COLUMNS) if not self.isColumnHidden(at)}

    def set_score_shown(self, *, is_shown: bool) -> None:
        """Show the column of AI scores, or leave it out."""
        self.setColumnHidden(SCORE, not is_shown)

    def show_sort(self, sort: Sort, *, is_descending: bool) -> None:
        """Mark the column that the list is sorted by."""
        way = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        at = next((at for at, column in enumerate(COLUMNS) if column.sort is sort), -1)
        self.horizontalHeader().setSortIndicator(at, way)

    def _header_clicked(self, at: int) -> None:
        sort = COLUMNS[at].sort
        if sort is not None:
            self.sort_wanted.emit(sort)

    # The chosen study

    def current_study(self) -> int | None:
        """The row of the chosen study, or None."""
        place = self.currentIndex().row()
        return self._list.order[place] if 0 <= place < len(self._list.order) else None

    def choose(self, study: int) -> None:
        """Choose a study and bring it into sight, if it is listed."""
        place = self._list.place_of(study)
        if place >= 0:
            self.selectRow(place)
            self.scrollTo(self._list.index(place, 0))

    def show_order(self, order: tuple[int, ...]) -> None:
        """List other studies; the chosen one stays chosen, at the same height where it can."""
        chosen, place = self.current_study(), self.currentIndex().row()
        height = place - self.rowAt(0)
        if not self._list.show_order(order) or not order:
            return
        stays = chosen is not None and self._list.place_of(chosen) >= 0
        # The study that was chosen is gone: the one that took its place is chosen.
        now = self._list.place_of(chosen) if stays and chosen is not None else min(max(place, 0), len(order) - 1)
        self.selectRow(now)
        self.verticalScrollBar().setValue(max(0, now - max(height, 0)))

    def _fit_rows(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.px(11))

    # Qt

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The letters have another size: lines and columns follow.
        letter = self.fontMetrics().horizontalAdvance("0")
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange} and letter != self._letter:
            before, self._letter = self._letter, letter
            self._fit_rows()
            for at in range(len(COLUMNS)):
                self.setColumnWidth(at, round(self.columnWidth(at) * letter / before))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            moves = QKeyEvent.key(event) in {
                Qt.Key.Key_Up,
                Qt.Key.Key_Down,
                Qt.Key.Key_PageUp,
                Qt.Key.Key_PageDown,
                Qt.Key.Key_Home,
                Qt.Key.Key_End,
                *_OPENING,
            }
            if moves and event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier}:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in _OPENING:
            self._open(self.currentIndex())
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End} and self._list.order:
            # Qt's would go to the first and last column.
            self.selectRow(0 if key == Qt.Key.Key_Home else len(self._list.order) - 1)
            self.scrollTo(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._list.order):
            self.wanted.emit(self._list.order[index.row()])
