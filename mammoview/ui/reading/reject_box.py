"""Why a finding of the AI is none: a reason from a list, and words where the list has none."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from mammoview.core.reading import RejectReason
from mammoview.ui.reading.choices import WordChoice

_ANSWERS: Final = frozenset({Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter})


class RejectBox(QFrame):
    """Asks within the panel; Enter rejects, Escape leaves the finding as it is."""

    #: The `RejectReason` and the comment.
    rejected = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reason: WordChoice[RejectReason] = WordChoice(RejectReason, none="")
        self.comment = QLineEdit()
        self.comment.setPlaceholderText("Comment")
        self.button, self.cancel = QPushButton("Reject"), QPushButton("Cancel")
        self.reason.setAccessibleName("Reason")
        self.comment.setAccessibleName("Comment")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 4)
        column.setSpacing(4)
        column.addWidget(self.reason)
        row = QHBoxLayout()
        row.addWidget(self.comment, 1)
        row.addWidget(self.button)
        row.addWidget(self.cancel)
        column.addLayout(row)
        self.reason.currentIndexChanged.connect(lambda _index: self._check())
        self.comment.textChanged.connect(lambda _text: self._check())
        self.comment.returnPressed.connect(self._reject)
        self.button.clicked.connect(self._reject)
        self.cancel.clicked.connect(self.hide)

    def begin(self) -> None:
        """Ask anew."""
        self.reason.setCurrentIndex(0)
        self.comment.clear()
        self._check()
        self.show()
        self.reason.setFocus()

    @property
    def _chosen(self) -> RejectReason:
        word = self.reason.words[max(0, self.reason.currentIndex())]
        assert word is not None
        return word

    def _check(self) -> None:
        needs_words = self._chosen is RejectReason.OTHER
        self.comment.setPlaceholderText("A few words, please" if needs_words else "Comment")
        self.button.setEnabled(not needs_words or bool(self.comment.text().strip()))

    def _reject(self) -> None:
        if self.button.isEnabled():
            self.hide()
            self.rejected.emit(self._chosen, self.comment.text().strip())

    def event(self, event: QEvent) -> bool:
        is_asked = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if isinstance(event, QKeyEvent) and is_asked and event.key() in _ANSWERS:
            # Answers are no shortcuts while the box asks.
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._reject()
        else:
            super().keyPressEvent(event)
