"""The text of a report, a field for each part; what is typed is stored a moment later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from mammoview.report.breast_report.values import Section, SectionName
from mammoview.ui import theme

#: So long after the last letter the text is stored.
TYPED_MS: Final = 300
_LEAST_LINES: Final = 2


class GrowingText(QPlainTextEdit):
    """As high as its text: the page scrolls, not the field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        document, height, block = self.document(), 0.0, self.document().begin()
        while block.isValid():
            # Asked for, a block is laid out: the document's own size may be from before.
            height += document.documentLayout().blockBoundingRect(block).height()
            block = block.next()
        margins = self.contentsMargins().top() + self.contentsMargins().bottom()
        room = 2 * (round(document.documentMargin()) + self.frameWidth()) + margins
        least = _LEAST_LINES * self.fontMetrics().lineSpacing()
        self.setFixedHeight(round(max(height, least)) + room + 2)


class SectionField(QFrame):
    """One part of the text.

    Parameters
    ----------
    store
        Told the text; says whether it was taken.
    """

    #: The reader's words should go for what the program writes.
    renewal_wanted = Signal(object)

    def __init__(self, name: SectionName, store: Callable[[SectionName, str], bool], parent: QWidget | None = None):
        super().__init__(parent)
        self.name = name
        self._store = store
        self.title, self.tag = QLabel(name.value.capitalize()), QLabel()
        self.tag.setObjectName("quiet")
        self.renew = QPushButton("Write anew")
        self.renew.setToolTip("Drop your words here for what the program writes from findings and decisions.")
        self.text = GrowingText()
        self.text.setAccessibleName(self.title.text())
        self._typed = QTimer(self, singleShot=True, interval=TYPED_MS)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.tag)
        head.addStretch(1)
        head.addWidget(self.renew)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.text)
        self.text.textChanged.connect(self._typed.start)
        self._typed.timeout.connect(self.flush)
        self.renew.clicked.connect(self._renew)

    @property
    def is_pending(self) -> bool:
        """Whether something was typed that is not stored."""
        return self._typed.isActive()

    def flush(self) -> None:
        """Store what was typed."""
        self._typed.stop()
        if not self._store(self.name, self.text.toPlainText()) and not self.text.isReadOnly():
            # A step is being taken: the text waits for its end.
            self._typed.start()

    def _renew(self) -> None:
        self._typed.stop()
        self.renewal_wanted.emit(self.name)

    def drop(self) -> None:
        """Forget what was typed: it is of another case."""
        self._typed.stop()

    def show_section(self, section: Section, *, is_outdated: bool, can_change: bool) -> None:
        """Show a part of the text; what is being typed stays."""
        if not can_change:
            self.drop()
        self.text.setReadOnly(not can_change)
        if not self.is_pending and self.text.toPlainText() != section.text:
            place = self.text.textCursor().position()
            with QSignalBlocker(self.text):
                self.text.setPlainText(section.text)
            cursor = self.text.textCursor()
            cursor.setPosition(min(place, len(section.text)))
            self.text.setTextCursor(cursor)
        self.tag.setText("out of date" if is_outdated else "edited" if section.is_edited else "")
        self.renew.setVisible(can_change and section.is_edited)
        self.renew.setObjectName("urgent" if is_outdated else "small")
        theme.restyle(self.renew)


class Sections(QWidget):
    """All parts of the text, in their order."""

    renewal_wanted = Signal(object)

    def __init__(self, store: Callable[[SectionName, str], bool], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields = {name: SectionField(name, store) for name in SectionName}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for field in self.fields.values():
            column.addWidget(field)
            field.renewal_wanted.connect(self.renewal_wanted)

    def show_sections(
        self, sections: Sequence[Section], *, outdated: Collection[SectionName], can_change: bool
    ) -> None:
        """Show the parts that there are."""
        by_name = {section.name: section for section in sections}
        for name, field in self.fields.items():
            section = by_name.get(name)
            field.setVisible(section is not None)
            field.text.setReadOnly(not can_change or section is None)
            if section is not None:
                field.show_section(section, is_outdated=name in outdated, can_change=can_change)

    def flush(self) -> None:
        """Store what was typed anywhere."""
        for field in self.fields.values():
            if field.is_pending:
                field.flush()

    def drop(self) -> None:
        """Forget what was typed."""
        for field in self.fields.values():
            field.drop()
