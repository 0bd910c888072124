"""Asks which side and view an image shows whose file does not say it (MG-A07). Not modal: the image stays in sight."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from mammoview.core.study import Laterality, Mammogram, ViewPosition
from mammoview.session.answers import SOURCE, Answer, lacks
from mammoview.ui.wrapped import WrappedLabel

_OPEN: Final = "not known"
_SIDES: Final = {"right": Laterality.RIGHT, "left": Laterality.LEFT}
_VIEWS: Final = {view.value: view for view in ViewPosition if view is not ViewPosition.SPECIMEN}


class AskViewDialog(QDialog):
    """One image after the other. What a file says is shown and cannot be changed.

    Parameters
    ----------
    images
        Those to be asked about.
    is_named
        Whether file names may be shown: they are often patients' names.
    """

    answered = Signal(str, Answer)

    def __init__(self, images: Sequence[Mammogram], *, is_named: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Side and view")
        self._images, self._at, self._is_named = tuple(images), 0, is_named
        self.name = WrappedLabel("")
        self.side, self.view = QComboBox(), QComboBox()
        self.side.addItems([_OPEN, *_SIDES])
        self.view.addItems([_OPEN, *_VIEWS])
        form = QFormLayout()
        form.addRow("Side", self.side)
        form.addRow("View", self.view)
        self.buttons = QDialogButtonBox()
        use = self.buttons.addButton("Use", QDialogButtonBox.ButtonRole.ApplyRole)
        use.clicked.connect(self._use)
        use.setDefault(True)
        self.buttons.addButton("Skip", QDialogButtonBox.ButtonRole.ActionRole).clicked.connect(self._go_on)
        self.buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.rejected.connect(self.close)
        note = QLabel("Kept for this image and marked INFERRED.")
        layout = QVBoxLayout(self)
        layout.addWidget(self.name)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(360)
        self._show()

    def set_named(self, *, is_named: bool) -> None:
        """Show file names, or not."""
        self._is_named = is_named
        self._name()

    def _name(self) -> None:
        image = self._images[self._at]
        name = Path(image.path).name if self._is_named else ""
        count = f"Image {self._at + 1} of {len(self._images)}"
        self.name.setText(f"{': '.join(filter(None, (count, name)))}\nThe file does not say all of what it shows.")

    def _show(self) -> None:
        image = self._images[self._at]
        known = lacks(image) or Answer()
        self._name()
        self.side.setCurrentText(next((word for word, side in _SIDES.items() if side is image.laterality), _OPEN))
        self.view.setCurrentText(image.view.value if image.view is not None else _OPEN)
        self.side.setEnabled(known.laterality is None)
        self.view.setEnabled(known.view is None)

    def _use(self) -> None:
        image = self._images[self._at]
        side = _SIDES.get(self.side.currentText()) if self.side.isEnabled() else None
        view = _VIEWS.get(self.view.currentText()) if self.view.isEnabled() else None
        had_answer = any(entry.source == SOURCE for entry in image.inferred)
        if side is not None or view is not None or had_answer:
            self.answered.emit(image.id, Answer(side, view))
        self._go_on()

    def _go_on(self) -> None:
        if self._at + 1 < len(self._images):
            self._at += 1
            self._show()
        else:
            self.close()
