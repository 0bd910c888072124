"""The form of a source of cases: where, in which columns, and whether copies are made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from mammoview.training.tuning.messages import CaseSource, DateRule, SourceKind
from mammoview.ui.tuning.words import DATES, SOURCES

_TABLES: Final = "Tables (*.csv *.tsv *.txt *.xlsx *.xlsm)"


class SourceForm(QWidget):
    """What is entered becomes a `CaseSource`, without the columns."""

    #: The file, the sheet or the kind changed: the columns are to be guessed anew.
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.kind, self.sheet, self.dates = QComboBox(), QComboBox(), QComboBox()
        for kind, words in SOURCES.items():
            self.kind.addItem(words, kind)
        for rule, words in DATES.items():
            self.dates.addItem(words, rule)
        self.path, self.images = QLineEdit(), QLineEdit()
        self.images.setPlaceholderText("The folder of the table")
        self.browse, self.browse_images = QPushButton("Browse…"), QPushButton("Browse…")
        self.copied = QCheckBox("Copy the images into the project, de-identified")
        self.copied.setToolTip("Names, numbers and dates leave the copies; what was removed is listed afterwards")
        self.path_label, self.images_label, self.sheet_label = QLabel(), QLabel("Images in"), QLabel("Sheet")
        copies = QHBoxLayout()
        copies.addWidget(self.copied)
        copies.addWidget(self.dates)
        copies.addStretch(1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(QLabel("From"), 0, 0)
        grid.addWidget(self.kind, 0, 1)
        for row, parts in enumerate(
            ((self.path_label, self.path, self.browse), (self.images_label, self.images, self.browse_images)), start=1
        ):
            for column, part in enumerate(parts):
                grid.addWidget(part, row, column)
        grid.addWidget(self.sheet_label, 0, 2)
        grid.addWidget(self.sheet, 0, 3)
        grid.addLayout(copies, 3, 1, 1, 3)
        grid.setColumnStretch(1, 1)
        self.kind.currentIndexChanged.connect(self._show_kind)
        self.path.editingFinished.connect(self.changed)
        self.sheet.activated.connect(self.changed)
        self.browse.clicked.connect(self._browse)
        self.browse_images.clicked.connect(self._browse_images)
        self.copied.toggled.connect(self.dates.setEnabled)
        self.dates.setEnabled(False)
        self.show_sheets((), "")
        self._show_kind()

    @property
    def chosen_kind(self) -> SourceKind:
        """Where the cases come from."""
        return SourceKind(self.kind.currentData())

    def value(self) -> CaseSource:
        """As it is entered, without columns."""
        kind = self.chosen_kind
        is_table = kind is SourceKind.TABLE
        return CaseSource(
            kind,
            "" if kind is SourceKind.WORKLIST else _whole(self.path.text()),
            _whole(self.images.text()) if is_table else "",
            self.sheet.currentText() if is_table else "",
            is_copied=self.copied.isChecked(),
            dates=DateRule(self.dates.currentData()),
        )

    def set_value(self, source: CaseSource) -> None:
        """Show what was chosen."""
        self.kind.setCurrentIndex(self.kind.findData(source.kind))
        self.path.setText(source.path)
        self.images.setText(source.images)
        self.copied.setChecked(source.is_copied)
        self.dates.setCurrentIndex(self.dates.findData(source.dates))
        if source.sheet:
            self.show_sheets((source.sheet,), source.sheet)

    def show_sheets(self, sheets: tuple[str, ...], chosen: str) -> None:
        """Offer the sheets of a workbook."""
        if [self.sheet.itemText(place) for place in range(self.sheet.count())] != list(sheets):
            self.sheet.clear()
            self.sheet.addItems(list(sheets))
        self.sheet.setCurrentText(chosen)
        self.sheet.setVisible(bool(sheets))
        self.sheet_label.setVisible(bool(sheets))

    def _show_kind(self) -> None:
        kind = self.chosen_kind
        is_table = kind is SourceKind.TABLE
        for part in (self.path_label, self.path, self.browse):
            part.setVisible(kind is not SourceKind.WORKLIST)
        for part in (self.images_label, self.images, self.browse_images):
            part.setVisible(is_table)
        self.path_label.setText("Table" if is_table else "Folder")
        if not is_table:
            self.show_sheets((), "")
        self.changed.emit()

    def _browse(self) -> None:
        if self.chosen_kind is SourceKind.TABLE:
            path, _ = QFileDialog.getOpenFileName(self, "Table of cases", self._start(), _TABLES)
        else:
            path = QFileDialog.getExistingDirectory(self, "Folder of the collection", self._start())
        if path:
            self.path.setText(path)
            self.changed.emit()

    def _browse_images(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of the images", self._start())
        if path:
            self.images.setText(path)

    def _start(self) -> str:
        text = _whole(self.path.text())
        return str(Path(text).parent) if text else ""


def _whole(text: str) -> str:
    """A path as it was typed, with the user's home for ``~``."""
    typed = text.strip()
    is_at_home = typed == "~" or typed.startswith(("~/", "~\\"))
    return str(Path.home() / typed[2:]) if is_at_home else typed
