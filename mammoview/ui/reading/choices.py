"""Lists to choose a word from, and one to choose several: narrow, and quiet under the wheel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolButton, QWidget

W = TypeVar("W", bound=StrEnum)


class QuietCombo(QComboBox):
    """A list that the wheel changes only while it has the focus: else a form that is scrolled changes itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class WordChoice(QuietCombo, Generic[W]):
    """One word of a list, or none."""

    #: The word, or None; only when the reader chose it.
    chosen = Signal(object)

    def __init__(self, words: Iterable[W], *, none: str = "not said", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words: tuple[W | None, ...] = ((None,) if none else ()) + tuple(words)
        for word in self.words:
            self.addItem(none if word is None else word.value)
        self.activated.connect(lambda index: self.chosen.emit(self.words[index]))

    def show_word(self, word: W | None) -> None:
        """Show a word without telling."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self.words.index(word) if word in self.words else -1)


class SeveralWords(QToolButton, Generic[W]):
    """Several words of a list, in a menu that says how many by its text."""

    #: The words, in the list's order.
    chosen = Signal(tuple)

    def __init__(self, words: Sequence[W], *, none: str = "none", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._none = none
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setObjectName("choice")
        menu = QMenu(self)
        self.actions_by_word = {word: menu.addAction(word.value.capitalize()) for word in words}
        for made in self.actions_by_word.values():
            made.setCheckable(True)
            made.triggered.connect(self._told)
        self.setMenu(menu)
        self._write()

    @property
    def words(self) -> tuple[W, ...]:
        """Those that are chosen."""
        return tuple(word for word, made in self.actions_by_word.items() if made.isChecked())

    def show_words(self, words: Iterable[W]) -> None:
        """Show words without telling."""
        chosen = set(words)
        for word, made in self.actions_by_word.items():
            made.setChecked(word in chosen)
        self._write()

    def _told(self) -> None:
        self._write()
        self.chosen.emit(self.words)

    def _write(self) -> None:
        words = self.words
        self.setText(f"{words[0]} +{len(words) - 1}" if len(words) > 1 else (words[0] if words else self._none))
        self.setToolTip(", ".join(words))
