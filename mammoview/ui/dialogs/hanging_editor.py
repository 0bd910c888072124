"""Makes hanging protocols while the images hang as they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import InputError, MammoViewError
from mammoview.core.small_files import write_whole
from mammoview.session import hanging_file
from mammoview.session.protocols import Protocol, Role, Stage, read_place
from mammoview.session.session import Session
from mammoview.ui import theme
from mammoview.ui.dialogs.stage_form import StageForm

_ROLES: Final = (
    (Role.CHOICE, "by choice"),
    (Role.FIRST, "before the choice, where its first stage fits"),
    (Role.AFTER, "behind every other protocol"),
)
_NEW_STAGE: Final = Stage("New stage", ((read_place("RCC"), read_place("LCC")),))
_TOML: Final = "Hanging protocols (*.toml)"


class HangingEditor(QDialog):
    """Edits a copy of the protocols; Save puts it in force and keeps it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Hanging protocols")
        self._session = session
        self.protocols = list(session.hangings.protocols)
        self.protocol_list, self.stage_list = QListWidget(), QListWidget()
        self.name, self.role, self.form = QLineEdit(), QComboBox(), StageForm()
        self.is_previewed = QCheckBox("Show the stage on the wall while it is made")
        self.is_previewed.setChecked(True)
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        for role, text in _ROLES:
            self.role.addItem(text, role)
        self._lay_out()
        self.protocol_list.currentRowChanged.connect(lambda _row: self._show_protocol())
        self.stage_list.currentRowChanged.connect(lambda _row: self._show_stage())
        self.name.textChanged.connect(lambda _text: self._take_protocol())
        self.role.currentIndexChanged.connect(lambda _index: self._take_protocol())
        self.form.changed.connect(self._take_stage)
        self.is_previewed.toggled.connect(lambda _is_on: self._preview())
        chosen = session.settings.hanging
        self._refill(next((i for i, protocol in enumerate(self.protocols) if protocol.id == chosen), 0))

    # Building

    def _lay_out(self) -> None:
        head = QFormLayout()
        head.addRow("Protocol", self.name)
        head.addRow("Hangs", self.role)
        area = QScrollArea()
        area.setWidget(self.form)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        right = QVBoxLayout()
        right.addLayout(head)
        right.addWidget(area, 1)
        right.addWidget(self.is_previewed)
        right.addWidget(self.told)
        upper = QHBoxLayout()
        for title, box, add in (
            ("Protocols", self.protocol_list, self.add_protocol),
            ("Stages", self.stage_list, self.add_stage),
        ):
            upper.addLayout(self._column(title, box, add), 2)
        upper.addLayout(right, 4)
        lower = QHBoxLayout()
        for text, do in (
            ("Import…", self.import_file),
            ("Export…", self.export_file),
            ("As shipped", self.reset),
            ("Use for reading", self.choose),
        ):
            lower.addWidget(_button(text, do))
        lower.addStretch(1)
        lower.addWidget(_button("Save", self.save))
        lower.addWidget(_button("Close", self.close))
        column = QVBoxLayout(self)
        column.addLayout(upper, 1)
        column.addLayout(lower)
        for box in (self.protocol_list, self.stage_list):
            box.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            box.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.resize(theme.room(960, 430))

    def _column(self, title: str, box: QListWidget, add: Callable[[], None]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addWidget(QLabel(title))
        column.addWidget(box, 1)
        row = QHBoxLayout()
        for text, tip, do in (
            ("+", "A copy of this one", add),
            ("−", "Remove", lambda: self._remove(box)),
            ("↑", "Earlier", lambda: self._move(box, -1)),
            ("↓", "Later", lambda: self._move(box, 1)),
        ):
            button = _button(text, do)
            button.setToolTip(tip)
            button.setObjectName("narrow")
            button.setMaximumWidth(theme.px(40))
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        return column

    # What is edited

    @property
    def protocol(self) -> Protocol:
        """The one that is edited."""
        return self.protocols[max(0, self.protocol_list.currentRow())]

    @protocol.setter
    def protocol(self, protocol: Protocol) -> None:
        self.protocols[max(0, self.protocol_list.currentRow())] = protocol

    def _refill(self, row: int) -> None:
        with QSignalBlocker(self.protocol_list):
            self.protocol_list.clear()
            self.protocol_list.addItems([protocol.name for protocol in self.protocols])
            self.protocol_list.setCurrentRow(min(max(0, row), len(self.protocols) - 1))
        self._show_protocol()

    def _show_protocol(self, stage: int = 0) -> None:
        protocol = self.protocol
        with QSignalBlocker(self.name), QSignalBlocker(self.role), QSignalBlocker(self.stage_list):
            self.name.setText(protocol.name)
            self.role.setCurrentIndex(self.role.findData(protocol.role))
            self.stage_list.clear()
            self.stage_list.addItems([one.name for one in protocol.stages])
            self.stage_list.setCurrentRow(min(max(0, stage), len(protocol.stages) - 1))
        self._show_stage()

    def _show_stage(self) -> None:
        self.form.set_stage(self.protocol.stages[max(0, self.stage_list.currentRow())])
        self._preview()

    def _take_protocol(self) -> None:
        self.protocol = replace(self.protocol, name=self.name.text().strip(), role=Role(self.role.currentData()))
        item = self.protocol_list.currentItem()
        if item is not None:
            item.setText(self.protocol.name)
        self._judge()

    def _take_stage(self) -> None:
        at = max(0, self.stage_list.currentRow())
        try:
            stage = self.form.stage()
        except InputError as error:
            self._tell(error)
            return
        stages = self.protocol.stages
        self.protocol = replace(self.protocol, stages=(*stages[:at], stage, *stages[at + 1 :]))
        item = self.stage_list.currentItem()
        if item is not None:
            item.setText(stage.name)
        self._preview()

    def _preview(self) -> None:
        is_sound = self._judge()
        if not self.is_previewed.isChecked():
            self._session.hangings.preview(None)
        elif is_sound:
            self._session.hangings.preview(self.form.stage())

    def _judge(self) -> bool:
        """Say what is wrong, or that nothing is."""
        try:
            self.form.stage()
            hanging_file.check(self.protocols)
        except InputError as error:
            self._tell(error)
            return False
        is_changed = tuple(self.protocols) != self._session.hangings.protocols
        self.told.setText("Not saved yet." if is_changed else "")
        return True

    def _tell(self, error: MammoViewError) -> None:
        self.told.setText(f"{error.user_message} {error.hint}".strip())

    # What the buttons do

    def add_protocol(self) -> None:
        """Copy the protocol."""
        taken = {protocol.id for protocol in self.protocols}
        number = next(n for n in range(2, len(taken) + 3) if f"{self.protocol.id}_{n}" not in taken)
        copy = replace(self.protocol, id=f"{self.protocol.id}_{number}", name=f"{self.protocol.name} {number}")
        row = self.protocol_list.currentRow() + 1
        self.protocols.insert(row, copy)
        self._refill(row)

    def add_stage(self) -> None:
        """Add a stage behind the one that is shown."""
        at = self.stage_list.currentRow() + 1
        stages = self.protocol.stages
        self.protocol = replace(self.protocol, stages=(*stages[:at], _NEW_STAGE, *stages[at:]))
        self._show_protocol(at)

    def _remove(self, box: QListWidget) -> None:
        row = box.currentRow()
        if box is self.protocol_list and len(self.protocols) > 1:
            del self.protocols[row]
            self._refill(row)
        elif box is self.stage_list and len(self.protocol.stages) > 1:
            stages = self.protocol.stages
            self.protocol = replace(self.protocol, stages=(*stages[:row], *stages[row + 1 :]))
            self._show_protocol(row)

    def _move(self, box: QListWidget, by: int) -> None:
        row, to = box.currentRow(), box.currentRow() + by
        if not 0 <= to < box.count():
            return
        if box is self.protocol_list:
            self.protocols[row], self.protocols[to] = self.protocols[to], self.protocols[row]
            self._refill(to)
        else:
            stages = list(self.protocol.stages)
            stages[row], stages[to] = stages[to], stages[row]
            self.protocol = replace(self.protocol, stages=tuple(stages))
            self._show_protocol(to)

    def import_file(self) -> None:
        """Take the protocols of a file in place of those here."""
        name, _ = QFileDialog.getOpenFileName(self, "Import hanging protocols", "", _TOML)
        if not name:
            return
        try:
            self.protocols = list(hanging_file.read(Path(name)))
        except InputError as error:
            self._tell(error)
        else:
            self._refill(0)

    def export_file(self) -> None:
        """Write the protocols to a file."""
        name, _ = QFileDialog.getSaveFileName(self, "Export hanging protocols", "hanging.toml", _TOML)
        if not name:
            return
        try:
            hanging_file.check(self.protocols)
            write_whole(Path(name), hanging_file.to_text(self.protocols), "The hanging protocols")
        except MammoViewError as error:
            self._tell(error)
        else:
            self.told.setText(f"Written to {name}.")

    def reset(self) -> None:
        """Go back to the protocols that came with the program."""
        text = "Put the protocols that came with the program in place of yours? Your file is kept beside its place."
        if QMessageBox.question(self, "Hanging protocols", text) == QMessageBox.StandardButton.Yes:
            self._session.hangings.reset()
            self.protocols = list(self._session.hangings.protocols)
            self._refill(0)

    def choose(self) -> None:
        """Let this protocol hang studies from now on."""
        if self.protocol.role is not Role.CHOICE:
            self.told.setText("Only a protocol that can be chosen hangs by choice.")
        elif self.save():
            self._session.change_settings(replace(self._session.settings, hanging=self.protocol.id))
            self.told.setText(f"“{self.protocol.name}” hangs studies that have what it needs.")

    def save(self) -> bool:
        """Put the protocols in force and keep them; whether that went well."""
        try:
            self.form.stage()
            self._session.hangings.change(self.protocols)
        except MammoViewError as error:
            self._tell(error)
            return False
        self.told.setText("Saved.")
        return True

    # Qt

    def reject(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._session.hangings.preview(None)
        super().closeEvent(event)


def _button(text: str, do: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: do())
    return button
