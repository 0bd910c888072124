"""Entering measured luminances: by hand in a table, or from a spreadsheet."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.display_check import DisplayCheck, Reading
from mammoview.core.errors import InputError, MammoViewError
from mammoview.imaging.gsdf_fit import fit
from mammoview.imaging.test_patterns import LUMINANCE_LEVELS, Family, pattern
from mammoview.session.luminance_csv import parse_csv, read_csv
from mammoview.ui import theme
from mammoview.ui.monitors import Display
from mammoview.ui.quality import TALL_PX
from mammoview.ui.wrapped import WrappedLabel

_ABOUT = (
    "Measure the field in the middle of the display at each level. An instrument on the glass does not see the light "
    "of the room: measure that on the switched-off display and enter it, or say that the readings hold it already."
)


class MeasureDialog(QDialog):
    """Takes one measurement of one monitor; ``entered`` tells the check.

    Parameters
    ----------
    displays
        The monitors to choose from.
    now
        The clock.
    """

    entered = Signal(object)
    pattern_wanted = Signal(object, object, int)

    def __init__(self, displays: Sequence[Display], now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Luminance measurement")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._displays, self._now = displays, now
        self.monitor = QComboBox()
        for display in displays:
            self.monitor.addItem(display.name)
        self.person, self.instrument, self.note = QLineEdit(), QLineEdit(), QLineEdit()
        self.lux, self.ambient = QLineEdit(), QLineEdit()
        for field in (self.lux, self.ambient):
            field.setPlaceholderText("not measured")
        self.has_ambient = QCheckBox("The readings hold the light of the room")
        self.table = QTableWidget(len(LUMINANCE_LEVELS), 2)
        self.complaint = QLabel()
        self.complaint.setObjectName("loud")
        self.complaint.setWordWrap(True)
        self._lay_out()
        self._fill(dict.fromkeys(LUMINANCE_LEVELS, ""))
        self.resize(theme.room(760, 640))

    def _lay_out(self) -> None:
        self.table.setHorizontalHeaderLabels(["Level", "cd/m²"])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        form = QFormLayout()
        for text, widget in (
            ("Display", self.monitor),
            ("Person", self.person),
            ("Instrument", self.instrument),
            ("Room (lx)", self.lux),
            ("Room on the dark display (cd/m²)", self.ambient),
            ("", self.has_ambient),
            ("Note", self.note),
        ):
            form.addRow(text, widget)
        show, load = QPushButton("Show this row's level"), QPushButton("From a CSV file…")
        save, cancel = QPushButton("Save"), QPushButton("Cancel")
        show.clicked.connect(self._show_level)
        load.clicked.connect(self._load)
        save.clicked.connect(self._save)
        cancel.clicked.connect(self.reject)
        for button in (show, load, save, cancel):
            button.setMinimumHeight(TALL_PX)
            button.setAutoDefault(False)
        left = QVBoxLayout()
        left.addLayout(form)
        left.addWidget(WrappedLabel(_ABOUT))
        left.addStretch(1)
        left.addWidget(self.complaint)
        tools = QHBoxLayout()
        tools.addWidget(show)
        tools.addWidget(load)
        right = QVBoxLayout()
        right.addWidget(self.table, 1)
        right.addLayout(tools)
        columns = QHBoxLayout()
        columns.addLayout(left, 1)
        columns.addLayout(right, 1)
        ends = QHBoxLayout()
        ends.addStretch(1)
        ends.addWidget(cancel)
        ends.addWidget(save)
        layout = QVBoxLayout(self)
        layout.addLayout(columns, 1)
        layout.addLayout(ends)

    def _fill(self, values: dict[int, str]) -> None:
        self.table.setRowCount(len(values))
        for row, (level, text) in enumerate(values.items()):
            self.table.setItem(row, 0, QTableWidgetItem(str(level)))
            self.table.setItem(row, 1, QTableWidgetItem(text))
        self.table.setCurrentCell(0, 1)

    def load(self, path: Path) -> None:
        """Take the luminances of a file."""
        try:
            readings = read_csv(path)
        except MammoViewError as error:
            self.complaint.setText(str(error))
            return
        self.complaint.clear()
        self._fill({reading.level: f"{reading.luminance:g}" for reading in readings})

    def _load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Luminances", filter="Tables (*.csv *.txt *.tsv);;All files (*)")
        if name:
            self.load(Path(name))

    def _show_level(self) -> None:
        levels = pattern(Family.LUMINANCE).levels
        item = self.table.item(max(0, self.table.currentRow()), 0)
        wanted = item.text() if item else ""
        step = levels.index(int(wanted)) if wanted.isdigit() and int(wanted) in levels else 0
        self.pattern_wanted.emit(self._displays[self.monitor.currentIndex()], Family.LUMINANCE, step)

    def go_to(self, family: object, step: int) -> None:
        """Move to the row of the level that is on the display now."""
        if family is not Family.LUMINANCE:
            return
        level = str(pattern(Family.LUMINANCE).levels[step])
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and item.text() == level:
                self.table.setCurrentCell(row, 1)

    def check(self) -> DisplayCheck:
        """What was entered.

        Raises
        ------
        InputError
            When it makes no sense; it says where.
        """
        readings = self._readings()
        display = self._displays[self.monitor.currentIndex()]
        entered = DisplayCheck(
            id=uuid.uuid4().hex,
            time=self._now().isoformat(timespec="seconds"),
            monitor=display.key,
            monitor_name=display.name,
            person=self.person.text().strip(),
            instrument=self.instrument.text().strip(),
            ambient_lux=_optional(self.lux, "The light of the room"),
            ambient=_optional(self.ambient, "The light on the dark display"),
            has_ambient=self.has_ambient.isChecked(),
            readings=readings,
            note=self.note.text().strip(),
        )
        fit(entered.levels, entered.luminances)
        return entered

    def _readings(self) -> tuple[Reading, ...]:
        lines = []
        for row in range(self.table.rowCount()):
            cells = [self.table.item(row, column) for column in range(2)]
            level, luminance = (cell.text().strip() if cell else "" for cell in cells)
            lines.append(f"{level};{luminance}" if luminance else "")
        # The same reader as for files: the same rules and the same words.
        return parse_csv("\n".join(lines), may_have_title=False)

    def _save(self) -> None:
        try:
            entered = self.check()
        except MammoViewError as error:
            self.complaint.setText(str(error))
            return
        self.entered.emit(entered)
        self.accept()


def _optional(field: QLineEdit, what: str) -> float | None:
    text = field.text().strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e6:
        raise InputError(f"{what} is no number: “{field.text()}”.", "Leave it empty where it was not measured.")
    return value
