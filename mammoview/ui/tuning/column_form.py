"""Which column of a site's table holds what, with the first rows as they stand and as they are understood."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QTabWidget, QVBoxLayout, QWidget

from mammoview.core.amounts import counted
from mammoview.training.tuning.case_tables import TablePreview
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.words import FIELDS
from mammoview.ui.wrapped import WrappedLabel

_NONE = "—"
_ACROSS = 5


class ColumnForm(QWidget):
    """A choice of column for each field; what is not chosen is guessed."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._chosen: dict[str, str] = {}
        self.fields = {field: QComboBox() for field in FIELDS}
        grid = QGridLayout()
        for place, (field, box) in enumerate(self.fields.items()):
            row, column = divmod(place, _ACROSS)
            grid.addWidget(QLabel(FIELDS[field]), 2 * row, column)
            grid.addWidget(box, 2 * row + 1, column)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
            box.activated.connect(partial(self._choose, field))
        self.missing = WrappedLabel()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.as_is, self.understood = ReadTable(("",)), ReadTable(("",))
        self.words = ReadTable(("Word", "Rows", "Read as"))
        for table, title in (
            (self.understood, "As understood"),
            (self.as_is, "As it stands"),
            (self.words, "Words of the label"),
        ):
            table.setMinimumHeight(96)
            self.tabs.addTab(table, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        layout.addWidget(self.missing)
        layout.addWidget(self.tabs, 1)

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """What a person chose."""
        return tuple(self._chosen.items())

    def set_columns(self, columns: tuple[tuple[str, str], ...]) -> None:
        """Take what was chosen before."""
        self._chosen = dict(columns)

    def clear(self) -> None:
        """Take no table."""
        self._chosen = {}
        self.missing.setText("")
        for box in self.fields.values():
            box.clear()
        for table in (self.understood, self.as_is, self.words):
            table.fill([])

    def set_identity(self, *, is_shown: bool) -> None:
        """Rows of the table name patients."""
        self.tabs.setVisible(is_shown)

    def show_preview(self, preview: TablePreview) -> None:
        """Show how the table would be understood."""
        for field, box in self.fields.items():
            box.clear()
            box.addItems([_NONE, *preview.columns])
            box.setCurrentText(preview.mapping.get(field, _NONE))
        self.missing.setText(" ".join((*preview.missing, preview.note)).strip() or counted(preview.count, "row"))
        _fill(self.as_is, preview.columns, preview.rows)
        fields = [field for field in FIELDS if field in preview.mapping]
        read = [[cells.get(field, "") for field in fields] for cells in preview.understood]
        _fill(self.understood, [FIELDS[field] for field in fields], read)
        self.words.fill([(one.word, str(one.rows), one.meaning or "not understood") for one in preview.words])

    def _choose(self, field: str, _place: int) -> None:
        text = self.fields[field].currentText()
        self._chosen[field] = "" if text == _NONE else text
        self.changed.emit()


def _fill(table: ReadTable, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table.set_titles(titles)
    table.fill(rows)
