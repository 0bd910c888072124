"""Another passphrase for the reader who sits here."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QWidget

from mammoview.core.errors import MammoViewError
from mammoview.ui import theme
from mammoview.ui.reading.seat import ReadingSeat
from mammoview.ui.wrapped import WrappedLabel


class PassphraseDialog(QDialog):
    """Asks for the old one and twice for the new one.

    Parameters
    ----------
    reading
        The seat, taken.
    """

    def __init__(self, reading: ReadingSeat, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self.setWindowTitle("Passphrase")
        self.setMinimumWidth(theme.px(420))
        self.old, self.new, self.repeated = QLineEdit(), QLineEdit(), QLineEdit()
        for field in (self.old, self.new, self.repeated):
            field.setEchoMode(QLineEdit.EchoMode.Password)
        self.new.setPlaceholderText("Empty for none")
        self.complaint = WrappedLabel()
        self.complaint.setObjectName("loud")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow(
            WrappedLabel(
                "It is kept as a hash only: a forgotten one cannot be found again. It is in force for the lock, too."
            )
        )
        seat = reading.seat
        if seat is not None and seat.reader.has_passphrase:
            form.addRow("Present one", self.old)
        form.addRow("New one", self.new)
        form.addRow("Once more", self.repeated)
        form.addRow(self.complaint)
        form.addRow(self.buttons)

    def _save(self) -> None:
        old, new = self.old.text(), self.new.text()
        if new != self.repeated.text():
            self.complaint.setText("The two new passphrases differ. Type them again.")
            return
        self.complaint.setText("")
        self.buttons.setEnabled(False)
        self._reading.ask(
            lambda worklist, seat: worklist.readers.change_passphrase(seat, old, new=new),
            lambda _done: self.accept(),
            self._refused,
        )

    def _refused(self, error: MammoViewError) -> None:
        self.buttons.setEnabled(True)
        self.complaint.setText(f"{error.user_message} {error.hint}".strip())
        self.old.setFocus()
        self.old.selectAll()
