"""Who reads: the readers to choose from, and the form for a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import MammoViewError
from mammoview.session.worklist.readers import Reader
from mammoview.ui import theme
from mammoview.ui.reading.seat import ReadingSeat
from mammoview.ui.wrapped import WrappedLabel

_WIDTH: Final = 440
_FIRST: Final = (
    "Say who reads here. The short id goes into exports, so take no name; the name is shown in this window and in "
    "reports."
)
_FURTHER: Final = (
    "The short id goes into exports, so take no name. A passphrase is asked for at each sign-in and unlock."
)


class SignInPage(QWidget):
    """Signs a reader in at the window's seat.

    Parameters
    ----------
    reading
        The seat.
    """

    #: The seat may be taken, and after how many seconds it locks is for somebody else to say: id and passphrase.
    wanted = Signal(str, str)

    def __init__(self, reading: ReadingSeat, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self._readers: tuple[Reader, ...] = ()
        self._forms = QStackedWidget()
        self._complaint = WrappedLabel()
        self._complaint.setObjectName("loud")
        self.choice, self.passphrase = QComboBox(), _secret()
        self.sign_in, self._new = QPushButton("Sign in"), QPushButton("New reader…")
        self.new_id, self.new_name = QLineEdit(), QLineEdit()
        self.new_passphrase, self._repeated = _secret(), _secret()
        self.add, self._back = QPushButton("Add and sign in"), QPushButton("Back")
        self._new_help = WrappedLabel()
        self._title = QLabel("Worklist")
        self._title.setObjectName("score")
        self._forms.addWidget(self._known_form())
        self._forms.addWidget(self._new_form())
        self._box = box = QFrame()
        box.setFixedWidth(theme.px(_WIDTH))
        inside = QVBoxLayout(box)
        inside.addWidget(self._title)
        inside.addWidget(self._forms)
        inside.addWidget(self._complaint)
        column = QVBoxLayout(self)
        column.addStretch(2)
        column.addWidget(box, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        self.choice.currentIndexChanged.connect(lambda _at: self._show_passphrase())
        self.sign_in.clicked.connect(self._sign_in)
        self.passphrase.returnPressed.connect(self._sign_in)
        self._new.clicked.connect(lambda: self._show_form(is_new=True))
        self._back.clicked.connect(lambda: self._show_form(is_new=False))
        self.add.clicked.connect(self._add)
        for field in (self.new_id, self.new_name, self.new_passphrase, self._repeated):
            field.returnPressed.connect(self._add)

    def _known_form(self) -> QWidget:
        made = QWidget()
        form = QFormLayout(made)
        form.setContentsMargins(0, 8, 0, 0)
        form.addRow("Reader", self.choice)
        self._passphrase_label = QLabel("Passphrase")
        form.addRow(self._passphrase_label, self.passphrase)
        form.addRow("", _in_line(self.sign_in, self._new))
        return made

    def _new_form(self) -> QWidget:
        made = QWidget()
        form = QFormLayout(made)
        form.setContentsMargins(0, 8, 0, 0)
        form.addRow(self._new_help)
        self.new_id.setPlaceholderText("R1")
        self.new_id.setMaxLength(16)
        form.addRow("Short id", self.new_id)
        self.new_name.setPlaceholderText("As it stands in reports")
        form.addRow("Name", self.new_name)
        self.new_passphrase.setPlaceholderText("Empty for none")
        form.addRow("Passphrase", self.new_passphrase)
        form.addRow("Once more", self._repeated)
        form.addRow("", _in_line(self.add, self._back))
        return made

    # What is shown

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._box.setFixedWidth(theme.px(_WIDTH))

    def refresh(self) -> None:
        """Show who may sign in; the first time, the form of the first reader."""
        worklist = self._reading.worklist
        if worklist is not None:
            self._reading.do(worklist.readers.all, self._show_readers)

    def _show_readers(self, readers: Sequence[Reader]) -> None:
        self._readers = tuple(readers)
        kept = self.choice.currentData()
        with QSignalBlocker(self.choice):
            self.choice.clear()
            for reader in readers:
                self.choice.addItem(f"{reader.name or reader.id}  ({reader.id})", reader.id)
            self.choice.setCurrentIndex(max(0, self.choice.findData(kept)))
        self._show_form(is_new=not readers)

    def _show_form(self, *, is_new: bool) -> None:
        self.complain("")
        self._forms.setCurrentIndex(int(is_new))
        self._title.setText("New reader" if is_new and self._readers else "Worklist")
        self._new_help.setText(_FURTHER if self._readers else _FIRST)
        self._back.setVisible(bool(self._readers))
        self._show_passphrase()
        self.take_focus()

    def reset(self) -> None:
        """Forget what was typed: somebody sat down, or left."""
        for field in (self.passphrase, self.new_id, self.new_name, self.new_passphrase, self._repeated):
            field.clear()
        self.complain("")
        self.set_busy(is_busy=False)

    def take_focus(self) -> None:
        """Put the keys where they are needed."""
        if not self.isVisible():
            return
        is_new = self._forms.currentIndex() == 1
        field = self.passphrase if self.passphrase.isVisibleTo(self) else self.sign_in
        (self.new_id if is_new else field).setFocus()

    def _show_passphrase(self) -> None:
        chosen = next((reader for reader in self._readers if reader.id == self.choice.currentData()), None)
        has_one = chosen is not None and chosen.has_passphrase
        self.passphrase.setVisible(has_one)
        self._passphrase_label.setVisible(has_one)

    def complain(self, text: str) -> None:
        """Say what is wrong; empty for nothing."""
        self._complaint.setText(text)
        self._complaint.setVisible(bool(text))

    def set_busy(self, *, is_busy: bool) -> None:
        """While a passphrase is checked nothing can be pressed."""
        for button in (self.sign_in, self._new, self.add, self._back):
            button.setEnabled(not is_busy)

    def refused(self, error: MammoViewError) -> None:
        """The sign-in failed."""
        self.set_busy(is_busy=False)
        self.passphrase.selectAll()
        self.take_focus()
        self.complain(f"{error.user_message} {error.hint}".strip())

    # What is asked for

    def _sign_in(self) -> None:
        reader = self.choice.currentData()
        if reader and self.sign_in.isEnabled():
            self._ask(reader, self.passphrase.text())

    def _ask(self, reader: str, passphrase: str) -> None:
        self.complain("")
        self.set_busy(is_busy=True)
        self.wanted.emit(reader, passphrase)

    def _add(self) -> None:
        worklist = self._reading.worklist
        if worklist is None or not self.add.isEnabled():
            return
        reader, name, passphrase = self.new_id.text().strip(), self.new_name.text().strip(), self.new_passphrase.text()
        if not name:
            self.complain("A reader needs a name, as it stands in reports.")
            return
        if passphrase != self._repeated.text():
            self.complain("The two passphrases differ. Type them again.")
            return
        self.complain("")
        self.set_busy(is_busy=True)

        def added(made: Reader) -> None:
            self._ask(made.id, passphrase)

        self._reading.do(lambda: worklist.readers.add(reader, name, passphrase=passphrase), added, self.refused)


def _secret() -> QLineEdit:
    made = QLineEdit()
    made.setEchoMode(QLineEdit.EchoMode.Password)
    return made


def _in_line(*widgets: QWidget) -> QWidget:
    made = QWidget()
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 6, 0, 0)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return made
