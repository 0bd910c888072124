"""The settings dialog, made from the records of `mammoview.session.settings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from mammoview.session.settings import RECORDS, Record, Settings, Value
from mammoview.ui import theme
from mammoview.ui.dialogs.model_choice import ModelChoice
from mammoview.ui.wrapped import WrappedLabel

#: (value, label) pairs, by the key of a setting whose choices are known only when the dialog opens.
Choices = Mapping[str, Sequence[tuple[str, str]]]


class SettingsDialog(QDialog):
    """One page a group, one row a record; tells the new values when accepted.

    Parameters
    ----------
    settings
        The values in force.
    choices
        Choices beyond those of the records: the installed models.
    """

    saved = Signal(object)

    def __init__(self, settings: Settings, choices: Choices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = settings
        self.editors: dict[str, QWidget] = {}
        pages: dict[str, QFormLayout] = {}
        tabs = QTabWidget()
        # At large letters names are cut short: arrows would hide whole pages.
        tabs.setUsesScrollButtons(False)
        tabs.setElideMode(Qt.TextElideMode.ElideRight)
        for record in RECORDS:
            form = pages.get(record.group)
            if form is None:
                page = QWidget()
                form = pages[record.group] = QFormLayout(page)
                area = QScrollArea()
                area.setWidget(page)
                area.setWidgetResizable(True)
                area.setFrameShape(QScrollArea.Shape.NoFrame)
                tabs.addTab(area, record.group)
            editor = make_editor(record, getattr(settings, record.key), choices.get(record.key, record.choices))
            self.editors[record.key] = editor
            form.addRow(record.label, editor)
            form.addRow("", WrappedLabel(record.help))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(self._restore)
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)
        layout.addWidget(buttons)
        self.resize(theme.room(660, 620))

    def values(self) -> Settings:
        """The settings as the dialog shows them."""
        values: dict[str, Any] = {key: value_of(editor) for key, editor in self.editors.items()}
        return replace(self._settings, **values)

    def accept(self) -> None:
        self.saved.emit(self.values())
        super().accept()

    def _restore(self) -> None:
        for record in RECORDS:
            set_value(self.editors[record.key], record.default)


def make_editor(record: Record, value: Value, choices: Sequence[tuple[str, str]]) -> QWidget:
    """The widget that edits one setting."""
    editor: QWidget
    if record.takes_several:
        editor = ModelChoice(choices)
    elif choices:
        editor = QComboBox()
        for choice, label in choices:
            editor.addItem(label, choice)
        if editor.findData(value) < 0:
            # What is set stays selectable, though it is not there now.
            editor.addItem(f"{value} (not found)", value)
    elif isinstance(record.default, bool):
        editor = QCheckBox()
    elif isinstance(record.default, int):
        editor = QSpinBox()
        editor.setRange(int(record.minimum or 0), int(record.maximum if record.maximum is not None else 2**31 - 1))
    elif isinstance(record.default, float):
        editor = QDoubleSpinBox()
        editor.setSingleStep(0.05)
        editor.setRange(record.minimum or 0.0, record.maximum if record.maximum is not None else 1e9)
    else:
        editor = QLineEdit()
    set_value(editor, value)
    return editor


def set_value(editor: QWidget, value: Value) -> None:
    """Show a value in an editor."""
    if isinstance(editor, QComboBox):
        editor.setCurrentIndex(editor.findData(value))
    elif isinstance(editor, QCheckBox):
        editor.setChecked(bool(value))
    elif isinstance(editor, QSpinBox):
        editor.setValue(int(value))
    elif isinstance(editor, QDoubleSpinBox):
        editor.setValue(float(value))
    elif isinstance(editor, ModelChoice):
        editor.set_value(str(value))
    elif isinstance(editor, QLineEdit):
        editor.setText(str(value))


def value_of(editor: QWidget) -> Value:
    """The value that an editor shows."""
    if isinstance(editor, QComboBox):
        return str(editor.currentData())
    if isinstance(editor, QCheckBox):
        return editor.isChecked()
    if isinstance(editor, QSpinBox | QDoubleSpinBox):
        return editor.value()
    if isinstance(editor, ModelChoice):
        return editor.value()
    assert isinstance(editor, QLineEdit)
    return editor.text()
