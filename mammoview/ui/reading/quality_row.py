"""Notes on the quality of the images, one button for each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.reading import QualityFault, QualityNote
from mammoview.core.study import Laterality, ViewPosition
from mammoview.report.breast_report.values import ReportImage
from mammoview.ui import theme
from mammoview.ui.reading.breast_box import flat_button
from mammoview.ui.wrapped import WrappedLabel

_PER_ROW: Final = 4
_FAULT = Qt.ItemDataRole.UserRole


def faults_for(view: ViewPosition | None) -> tuple[QualityFault, ...]:
    """The faults that an image of a view can have; all where nobody knows the view."""
    other = {ViewPosition.CC: "MLO:", ViewPosition.MLO: "CC:"}.get(view) if view is not None else None
    return tuple(fault for fault in QualityFault if other is None or not fault.value.startswith(other))


def _as_hung(image: ReportImage) -> tuple[int, bool]:
    """CC before MLO before the rest, the right breast at the left."""
    views = (ViewPosition.CC, ViewPosition.MLO)
    return views.index(image.view) if image.view in views else len(views), image.side is not Laterality.RIGHT


class QualityDialog(QDialog):
    """What is wrong with one image."""

    def __init__(self, image: ReportImage, note: QualityNote | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Quality of {image.label}")
        self.resize(theme.px(460), theme.px(560))
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        chosen = set(note.faults) if note is not None else set()
        for fault in (*chosen, *(one for one in faults_for(image.view) if one not in chosen)):
            item = QListWidgetItem(fault.value[0].upper() + fault.value[1:])
            item.setData(_FAULT, fault.value)
            item.setCheckState(Qt.CheckState.Checked if fault in chosen else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.repeat = QCheckBox("This view must be taken again (technical recall)")
        self.repeat.setChecked(note is not None and note.needs_repeat)
        self.comment = QLineEdit(note.comment if note is not None else "")
        self.comment.setPlaceholderText("Comment")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.list, 1)
        column.addWidget(self.repeat)
        column.addWidget(self.comment)
        column.addWidget(WrappedLabel("Without a fault the note is taken away."))
        column.addWidget(self.buttons)
        self.list.itemChanged.connect(self._check)
        self._check()

    @property
    def faults(self) -> tuple[QualityFault, ...]:
        """Those that are checked."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(QualityFault(item.data(_FAULT)) for item in items if item.checkState() is Qt.CheckState.Checked)

    def _check(self) -> None:
        has_faults = bool(self.faults)
        self.repeat.setEnabled(has_faults)
        self.comment.setEnabled(has_faults)


class QualityRow(QWidget):
    """One button an image; a note shows on it."""

    #: Image id, faults, whether it must be repeated, comment.
    noted = Signal(str, tuple, bool, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        self._images: tuple[ReportImage, ...] = ()
        self._notes: dict[str, QualityNote] = {}
        self.buttons: dict[str, QToolButton] = {}
        self.dialog: QualityDialog | None = None

    def show_notes(self, images: Sequence[ReportImage], notes: Sequence[QualityNote], *, can_change: bool) -> None:
        """Show the images with what is noted."""
        ordered = tuple(sorted(images, key=_as_hung))
        if ordered != self._images:
            self._images = ordered
            self._build()
        self._notes = {note.image_id: note for note in notes}
        for image in self._images:
            button, note = self.buttons[image.id], self._notes.get(image.id)
            button.setText(image.label + ("" if note is None else " ↻" if note.needs_repeat else " !"))
            button.setChecked(note is not None)
            told = "Nothing noted." if note is None else f"{', '.join(note.faults)}. {note.comment}".strip()
            repeat = " Must be taken again." if note is not None and note.needs_repeat else ""
            button.setToolTip(f"Quality of {image.label}: {told}{repeat}")
            button.setEnabled(can_change)

    def _build(self) -> None:
        for button in self.buttons.values():
            self._grid.removeWidget(button)
            button.deleteLater()
        self.buttons = {image.id: flat_button(image.label) for image in self._images}
        for index, (image_id, button) in enumerate(self.buttons.items()):
            self._grid.addWidget(button, index // _PER_ROW, index % _PER_ROW)
            button.clicked.connect(lambda _is_on, image_id=image_id: self.ask(image_id))

    def ask(self, image_id: str) -> None:
        """Ask what is wrong with an image."""
        image = next(one for one in self._images if one.id == image_id)
        note = self._notes.get(image_id)
        self.buttons[image_id].setChecked(note is not None)
        self.dialog = dialog = QualityDialog(image, note, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(
            lambda: self.noted.emit(image_id, dialog.faults, dialog.repeat.isChecked(), dialog.comment.text().strip())
        )
        dialog.finished.connect(lambda _result: setattr(self, "dialog", None))
        dialog.open()
