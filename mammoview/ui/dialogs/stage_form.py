"""Edits one stage of a hanging protocol: its name, its grids, and what it needs."""

from __future__ import annotations

from itertools import product
from typing import Final

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import InputError
from mammoview.session.protocols import MOST_COLUMNS, MOST_ROWS, Grid, Place, Stage, read_place
from mammoview.ui.wrapped import WrappedLabel

#: What a cell offers; anything else can be typed.
OFFERED: Final = (
    "",
    *(
        f"{side}{view}{rest}"
        for rest, view, side in product(
            ("", " prior1", " prior2", " standard", " id", " id prior1", " enlarged", " low", " recombined"),
            ("CC", "MLO"),
            "RL",
        )
    ),
    "SPECIMEN",
    "BIOPSY",
)
_HINT: Final = "Side and view (RCC, LMLO, RXCCL), then a kind and a prior where wanted: “RCC spot”, “LMLO prior1”"


class StageForm(QWidget):
    """Tells every change; `stage` says what came out of it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLineEdit()
        self.at_least, self.rows = _spin(1, MOST_ROWS * MOST_COLUMNS), _spin(1, MOST_ROWS)
        self.columns, self.second_columns = _spin(1, MOST_COLUMNS), _spin(0, MOST_COLUMNS)
        self.is_compact = QCheckBox("Leave out columns without what is particular")
        self.cells: dict[tuple[int, int, int], QComboBox] = {}
        form = QFormLayout()
        form.addRow("Stage", self.name)
        for title, spins in (
            ("Grid", ((self.rows, "rows,"), (self.columns, "slots each"))),
            ("", ((self.second_columns, "slots each on a second monitor"),)),
            ("Needs", ((self.at_least, "slots of the current study filled"),)),
        ):
            line = QHBoxLayout()
            for spin, label in spins:
                line.addWidget(spin)
                line.addWidget(QLabel(label))
            line.addStretch(1)
            form.addRow(title, line)
        form.addRow("", self.is_compact)
        self._grids = QGridLayout()
        self._grids.setSpacing(4)
        hint = WrappedLabel(_HINT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addLayout(self._grids)
        column.addWidget(hint)
        column.addStretch(1)
        self.name.textChanged.connect(self._tell)
        self.at_least.valueChanged.connect(self._tell)
        self.is_compact.toggled.connect(self._tell)
        for spin in (self.rows, self.columns, self.second_columns):
            spin.valueChanged.connect(self._resized)

    def set_stage(self, stage: Stage) -> None:
        """Show a stage, without telling."""
        with QSignalBlocker(self):
            self.name.setText(stage.name)
            self.is_compact.setChecked(stage.is_compact)
            for spin, value in (
                (self.rows, max(len(stage.rows), len(stage.second))),
                (self.columns, _width(stage.rows)),
                (self.second_columns, _width(stage.second)),
                (self.at_least, stage.at_least),
            ):
                with QSignalBlocker(spin):
                    spin.setValue(value)
            texts = {(screen, row, column): str(place) for screen, row, column, place in stage.cells}
            self._make_cells(texts)

    def stage(self) -> Stage:
        """The stage as the form says it.

        Raises
        ------
        InputError
            When it cannot hang.
        """
        stage = Stage(
            name=self.name.text().strip(),
            rows=self._grid(1, self.columns.value()),
            second=self._grid(2, self.second_columns.value()),
            at_least=self.at_least.value(),
            is_compact=self.is_compact.isChecked(),
        )
        stage.check()
        return stage

    def _grid(self, screen: int, columns: int) -> Grid:
        if not columns:
            return ()
        return tuple(
            tuple(read_place(self.cells[screen, row, column].currentText()) for column in range(columns))
            for row in range(self.rows.value())
        )

    def _resized(self) -> None:
        self._make_cells({key: cell.currentText() for key, cell in self.cells.items()})
        self._tell()

    def _make_cells(self, texts: dict[tuple[int, int, int], str]) -> None:
        """A box for each cell; the second monitor's stand to the right of a gap."""
        for cell in self.cells.values():
            self._grids.removeWidget(cell)
            cell.deleteLater()
        self.cells = {}
        first = self.columns.value()
        for screen, columns in ((1, first), (2, self.second_columns.value())):
            for row, column in product(range(self.rows.value()), range(columns)):
                cell = QComboBox()
                cell.setEditable(True)
                cell.addItems(OFFERED)
                cell.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
                cell.setMinimumContentsLength(6)
                cell.view().setMinimumWidth(cell.fontMetrics().horizontalAdvance("RMLO recombined    "))
                cell.setMaxVisibleItems(16)
                cell.setCurrentText(texts.get((screen, row, column), ""))
                cell.setToolTip(_HINT)
                cell.currentTextChanged.connect(self._tell)
                self.cells[screen, row, column] = cell
                self._grids.addWidget(cell, row, column if screen == 1 else first + 1 + column)
        self._grids.setColumnMinimumWidth(first, 24 if self.second_columns.value() else 0)

    def _tell(self) -> None:
        for cell in self.cells.values():
            cell.setProperty("wrong", _complaint(cell.currentText()) != "")
            cell.setStyleSheet("QComboBox { border: 1px solid #d9534f; }" if cell.property("wrong") else "")
        self.changed.emit()


def _spin(lowest: int, highest: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(lowest, highest)
    return spin


def _width(grid: Grid) -> int:
    return max((len(row) for row in grid), default=0)


def _complaint(text: str) -> str:
    try:
        place: Place | None = read_place(text)
    except InputError as error:
        return str(error)
    del place
    return ""
