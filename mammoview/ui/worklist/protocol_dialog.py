"""The rules of reading, with what each of them means."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Generic, TypeVar

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QButtonGroup, QDialog, QDialogButtonBox, QGroupBox, QRadioButton, QVBoxLayout, QWidget

from mammoview.core.reading.comparing import Discordance
from mammoview.core.reading.states import RevealProtocol
from mammoview.session.worklist.protocol import Protocol, ReadingMode
from mammoview.ui import theme
from mammoview.ui.scrolled import scrolled
from mammoview.ui.worklist.words import MODES, REVEALS, RULES
from mammoview.ui.wrapped import WrappedLabel

_WIDTH: Final = 600
_V = TypeVar("_V", bound=StrEnum)


class Choice(QGroupBox, Generic[_V]):
    """One of several, each with its meaning."""

    def __init__(self, title: str, choices: Mapping[_V, tuple[str, str]], chosen: _V) -> None:
        super().__init__(title)
        self.buttons: dict[_V, QRadioButton] = {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        for value, (name, meaning) in choices.items():
            button = self.buttons[value] = QRadioButton(name)
            button.setChecked(value is chosen)
            group.addButton(button)
            column.addWidget(button)
            text = WrappedLabel(meaning)
            text.setIndent(22)
            column.addWidget(text)

    def value(self) -> _V:
        """The chosen one."""
        return next(value for value, button in self.buttons.items() if button.isChecked())


class ProtocolDialog(QDialog):
    """Tells ``chosen`` with the new `Protocol` when accepted.

    Parameters
    ----------
    protocol
        The rules in force.
    """

    chosen = Signal(object)

    def __init__(self, protocol: Protocol, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Reading protocol")
        self.reveal = Choice[RevealProtocol]("When the AI may be seen", REVEALS, protocol.reveal)
        self.reading = Choice[ReadingMode]("Who reads", MODES, protocol.reading)
        self.discordance = Choice[Discordance]("When two readers disagree", RULES, protocol.discordance)
        self.reading.buttons[ReadingMode.DOUBLE].toggled.connect(self.discordance.setEnabled)
        self.discordance.setEnabled(protocol.reading is ReadingMode.DOUBLE)
        note = WrappedLabel(
            "A change is for readings that are begun from now on; those that were begun keep their rules. "
            "The log keeps who changed what."
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        page = QWidget()
        rules = QVBoxLayout(page)
        rules.setContentsMargins(0, 0, 0, 0)
        for widget in (self.reveal, self.reading, self.discordance, note):
            rules.addWidget(widget)
        area = scrolled(page)
        column = QVBoxLayout(self)
        column.addWidget(area, 1)
        column.addWidget(buttons)
        # All of it where the screen has the room.
        room = self.screen().availableSize()
        whole = rules.heightForWidth(theme.px(_WIDTH))
        self.resize(QSize(theme.px(_WIDTH) + 40, whole + theme.px(80)).boundedTo(room * 0.92))

    def value(self) -> Protocol:
        """The rules as they are chosen."""
        return Protocol(self.reveal.value(), self.reading.value(), self.discordance.value())

    def accept(self) -> None:
        self.chosen.emit(self.value())
        super().accept()
