"""Which attributes of the IHE Mammography Image profile an image carries, and what was done without (MG-A08)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.conformance import Presence
from mammoview.core.study import Mammogram, SourceKind
from mammoview.dicom.profile import OBLIGATIONS
from mammoview.ui import theme
from mammoview.ui.wrapped import WrappedLabel

_WORDS: Final = {
    Presence.PRESENT: "present",
    Presence.MISSING: "missing",
    Presence.EMPTY: "empty",
    Presence.WRONG: "wrong",
    Presence.NOT_NEEDED: "not asked for",
}
_COLOURS: Final[dict[Presence, QColor]] = {
    Presence.MISSING: theme.WARNING,
    Presence.EMPTY: theme.WARNING,
    Presence.WRONG: theme.LOUD,
    Presence.NOT_NEEDED: theme.QUIET,
}
#: What these say is the patient's, and the panel may stand open while identities are hidden.
_PERSONAL: Final = frozenset({"PatientName", "PatientID", "PatientBirthDate", "PatientAge"})
_HEADS: Final = ("Tag", "Attribute", "State", "What is done instead")


@dataclass(frozen=True)
class Entry:
    """One line of the table."""

    tag: str
    name: str
    presence: Presence
    state: str
    instead: str


def entries(image: Mammogram) -> tuple[Entry, ...]:
    """Every attribute of the list with its state; none for an image that the list does not apply to."""
    judged = image.conformance
    if judged is None:
        return ()
    wrong = dict(judged.wrong)
    made = []
    for index, row in enumerate(OBLIGATIONS):
        presence = judged[index]
        state = _WORDS[presence]
        if presence is Presence.WRONG and row.keyword not in _PERSONAL:
            state = f"{state}: {wrong.get(row.keyword, '')}"
        name = f"{row.name} ({row.condition})" if row.condition else row.name
        is_lacking = presence not in {Presence.PRESENT, Presence.NOT_NEEDED}
        made.append(Entry(row.tag, name, presence, state, row.instead if is_lacking else ""))
    return tuple(made)


def heading(image: Mammogram | None) -> str:
    """The image, its score, and what else its header says against it."""
    if image is None:
        return "No image is active."
    if image.kind is SourceKind.RASTER:
        return f"{image.label}: a picture carries no header, so that nothing of the profile can be met."
    if image.conformance is None:
        return f"{image.label}: tomosynthesis has a profile of its own (IHE DBT), which is not judged here."
    lines = [f"{image.label}: {image.conformance.score} attributes of the IHE Mammography Image profile."]
    return "\n".join((*lines, *image.warnings))


def as_text(image: Mammogram | None) -> str:
    """Heading and table as plain text, one attribute a line."""
    lines = [heading(image)]
    for entry in entries(image) if image else ():
        lines.append("\t".join(part for part in (entry.tag, entry.name, entry.state, entry.instead) if part))
    return "\n".join(lines)


class ConformanceDialog(QDialog):
    """Follows the active image. Not modal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Input conformance")
        self.resize(theme.room(960, 620))
        self._image: Mammogram | None = None
        self.head = WrappedLabel()
        self.only_lacking = QCheckBox("Only what is missing, empty or wrong")
        self.only_lacking.toggled.connect(lambda _is_on: self._fill())
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setHorizontalHeaderLabels(list(_HEADS))
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(1, 290)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.verticalHeader().setMinimumSectionSize(20)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy as text", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(as_text(self._image)))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.head)
        layout.addWidget(self.only_lacking)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)

    def show_image(self, image: Mammogram | None) -> None:
        """Show the state of an image's header."""
        if image is not self._image or not self.head.text():
            self._image = image
            self.head.setText(heading(image))
            self._fill()

    def _fill(self) -> None:
        shown = entries(self._image) if self._image else ()
        if self.only_lacking.isChecked():
            shown = tuple(one for one in shown if one.presence in {Presence.MISSING, Presence.EMPTY, Presence.WRONG})
        self.table.setRowCount(len(shown))
        for row, entry in enumerate(shown):
            for column, text in enumerate((entry.tag, entry.name, entry.state, entry.instead)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                if entry.presence in _COLOURS and column == 2:
                    item.setForeground(_COLOURS[entry.presence])
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)
        self.table.resizeRowsToContents()
