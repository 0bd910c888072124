"""The list of the reader's marks. A click reveals one; the table goes to the clipboard for a spreadsheet."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.report.marks import marks_table
from mammoview.ui.viewport.board import Board

_ID = Qt.ItemDataRole.UserRole


class MarksPanel(QWidget):
    """One row a mark, in the order of the images."""

    def __init__(self, board: Board, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self.list = QTreeWidget()
        self.list.setHeaderLabels(["View", "Kind", "Value"])
        self.list.setRootIsDecorated(False)
        self.list.setAlternatingRowColors(True)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._empty = QLabel("No marks yet: take a tool from “Measure”.")
        self._empty.setObjectName("quiet")
        self._empty.setWordWrap(True)
        self.delete, self.copy = QPushButton("Delete"), QPushButton("Copy as CSV")
        buttons = QHBoxLayout()
        for button in (self.delete, self.copy):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self._empty)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        self.list.currentItemChanged.connect(self._reveal)
        self.delete.clicked.connect(lambda: board.remove_chosen())
        self.copy.clicked.connect(self._copy)
        board.changed.connect(self.show_marks)
        board.chosen_changed.connect(self.select)
        self.show_marks()

    def show_marks(self) -> None:
        """Show the marks of the current study; the selection stays where its mark does."""
        listed = self._board.listed()
        with QSignalBlocker(self.list):
            self.list.clear()
            for image, mark in listed:
                told = self._board.reading_of(image, mark)
                found = told.found if told.found and told.found.count else None
                # Below the value: beside it the narrow panel would cut it off.
                mean = f"\nmean {found.mean:.1f}  SD {found.deviation:.1f}" if found else ""
                item = QTreeWidgetItem([image.label, mark.kind.label, f"{told.value}{mean}"])
                item.setData(0, _ID, mark.id)
                for column in range(3):
                    item.setToolTip(column, "\n".join((*([mark.text] if mark.text else []), *told.details)))
                self.list.addTopLevelItem(item)
        self._empty.setVisible(not listed)
        self.copy.setEnabled(bool(listed))
        self.select(self._board.chosen)

    def select(self, mark_id: str) -> None:
        """Select the row of a mark without telling; the empty id selects none."""
        rows = (self.list.topLevelItem(index) for index in range(self.list.topLevelItemCount()))
        item = next((row for row in rows if row is not None and row.data(0, _ID) == mark_id), None)
        with QSignalBlocker(self.list):
            if item is None:
                self.list.setCurrentIndex(QModelIndex())
                self.list.clearSelection()
            else:
                self.list.setCurrentItem(item)
                self.list.scrollToItem(item)
        self.delete.setEnabled(bool(mark_id))

    def _reveal(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._board.reveal(str(item.data(0, _ID)))

    def _copy(self) -> None:
        rows = ((image, mark, self._board.reading_of(image, mark)) for image, mark in self._board.listed())
        QGuiApplication.clipboard().setText(marks_table(rows))
