"""Messages to the reader: a banner that never stops the work, and a list of all that was told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import Problem, ReadingError
from mammoview.session.events import Level, Message
from mammoview.session.worklist.errors import BlindedError, WorklistError
from mammoview.ui import theme

#: Codes of messages that the next step of a reading makes untrue.
_IN_THE_WAY: Final = frozenset({BlindedError.code, ReadingError.code, WorklistError.code, "end_of_list", "kept"})


class Banner(QWidget):
    """The newest message, until it is dismissed; says how many there are."""

    all_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._all = QPushButton("All messages")
        self._all.clicked.connect(self.all_wanted)
        dismiss = QPushButton("Dismiss")
        dismiss.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 5, 6, 5)
        layout.addWidget(self.text, 1)
        layout.addWidget(self._all)
        layout.addWidget(dismiss)
        self._count = 0
        self._message: Message | None = None
        self._hide_in: Callable[[Problem], Problem] | None = None
        self.hide()

    def set_hiding(self, hide: Callable[[Problem], Problem] | None) -> None:
        """Show messages through ``hide``, which takes identities out; None shows them as they are."""
        self._hide_in = hide
        self._show_text()

    def _show_text(self) -> None:
        if self._message is not None:
            self.text.setText(message_text(through(self._message, self._hide_in)))

    def tell(self, message: Message) -> None:
        """Show a message; those before stay in the list. What is only for information is listed, not shown."""
        if message.level is Level.INFO:
            return
        self._count += 1
        self._message = message
        self._show_text()
        self._all.setText(f"All messages ({self._count})" if self._count > 1 else "All messages")
        self.setProperty("level", message.level.value)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    def dismiss(self) -> None:
        """Hide until the next message."""
        self._count = 0
        self.hide()

    def case_stepped(self) -> None:
        """Hide what stood in the way of a step of the reading: it was taken."""
        if self._message is not None and self._message.problem.code in _IN_THE_WAY:
            self.dismiss()


def through(message: Message, hide: Callable[[Problem], Problem] | None) -> Message:
    """The message as it may be shown now."""
    return message if hide is None else replace(message, problem=hide(message.problem))


def message_text(message: Message) -> str:
    """Path, what happened, and what to do about it."""
    problem = message.problem
    head = f"{problem.path}\n" if problem.path and problem.path not in problem.message else ""
    return f"{head}{problem.message} {problem.hint}".strip()


class MessagesDialog(QDialog):
    """Everything that was told, newest first. Not modal: it stays beside the images."""

    def __init__(
        self,
        messages: Sequence[Message],
        parent: QWidget | None = None,
        *,
        hide: Callable[[Problem], Problem] | None = None,
    ) -> None:
        super().__init__(parent)
        messages = [through(message, hide) for message in messages]
        self.setWindowTitle("Messages")
        self.resize(theme.room(860, 380))
        self.table = QTableWidget(len(messages), 4)
        self.table.setHorizontalHeaderLabels(["", "File", "What happened", "What to do"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setWordWrap(True)
        for row, message in enumerate(reversed(messages)):
            problem = message.problem
            for column, text in enumerate((message.level.value, problem.path, problem.message, problem.hint)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.table.resizeRowsToContents()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(buttons)
