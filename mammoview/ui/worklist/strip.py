"""A line below the list for a job that takes long: what it does, how far it is, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from mammoview.ui import theme


class Strip(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setFixedWidth(theme.px(260))
        self.bar.setRange(0, 1000)
        self.buttons: list[QPushButton] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(8, 5, 6, 5)
        self._line.addWidget(self.text, 1)
        self._line.addWidget(self.bar)
        self.hide()

    def say(self, text: str, buttons: dict[str, Callable[[], None]]) -> None:
        """Say something, with what can be done about it; no progress.

        Parameters
        ----------
        buttons
            What each does, by its title.
        """
        self.text.setText(text)
        self.bar.hide()
        self._set_buttons(buttons)
        self.show()

    def run(self, text: str, fraction: float | None, buttons: dict[str, Callable[[], None]]) -> None:
        """Show a job at work; a fraction of None says that nobody knows how far it is."""
        self.text.setText(text)
        self.bar.setRange(0, 0 if fraction is None else 1000)
        self.bar.setTextVisible(fraction is not None)
        if fraction is not None:
            self.bar.setValue(round(fraction * 1000))
        self.bar.show()
        self._set_buttons(buttons)
        self.show()

    def button(self, title: str) -> QPushButton:
        """The button of that title."""
        return next(button for button in self.buttons if button.text() == title)

    def _set_buttons(self, wanted: dict[str, Callable[[], None]]) -> None:
        if [button.text() for button in self.buttons] == list(wanted):
            # The same ones stay: a click may be half done.
            return
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = []
        for title, do in wanted.items():
            button = QPushButton(title)
            button.clicked.connect(lambda _is_on=False, do=do: do())
            self._line.addWidget(button)
            self.buttons.append(button)
