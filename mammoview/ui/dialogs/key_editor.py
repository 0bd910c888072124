"""The editor of keys: press one, and it is in force; what already has it is named at once."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QKeyCombination, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mammoview.core.errors import InputError, OutputError
from mammoview.session import keys as keys_file
from mammoview.ui import theme
from mammoview.ui.actions import ACTIONS, Group, action
from mammoview.ui.key_binding import KeyBinding
from mammoview.ui.keymap import Keymap, normal, printed

_ID = Qt.ItemDataRole.UserRole
_FILES = "Keys (*.toml)"
_MODIFIERS = {
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Meta,
    Qt.Key.Key_Alt,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_CapsLock,
    Qt.Key.Key_NumLock,
    Qt.Key.Key_unknown,
}


class KeyField(QLineEdit):
    """Takes the next key that is pressed, whatever it is; ``pressed`` tells its portable spelling."""

    pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setPlaceholderText("Click here and press a key")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            # Otherwise a key that is in force already would be done instead of told.
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() not in _MODIFIERS:
                self.pressed.emit(_spelt(event))
            return True
        return super().event(event)


def _spelt(event: QKeyEvent) -> str:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    text = event.text()
    if text and text.isprintable() and not text.isalnum() and text != " ":
        # Shift made the sign: "?" is a key, and no keyboard has Shift and "?".
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    return normal(QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key()))).toString())


class KeyEditor(QDialog):
    """All actions by menu. Not modal: a new key can be tried at once."""

    def __init__(self, binding: KeyBinding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change keys")
        self.resize(theme.room(720, 620))
        self._binding = binding
        self._key = ""
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find an action or a key")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._sift)
        self.table = QTreeWidget()
        self.table.setHeaderLabels(["Action", "Keys", "Usually"])
        self.table.setRootIsDecorated(False)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.currentItemChanged.connect(lambda: self._show_choice())
        self.field = KeyField()
        self.field.pressed.connect(self.propose)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setMinimumHeight(self.said.fontMetrics().lineSpacing() * 2)
        self.give, self.take = QPushButton("Add key"), QPushButton("Take it over")
        self.clear, self.reset = QPushButton("No keys"), QPushButton("Usual keys")
        self.give.clicked.connect(self._give)
        self.take.clicked.connect(self._take)
        self.clear.clicked.connect(lambda: self._change(self._binding.keymap.with_keys(self.current, ())))
        self.reset.clicked.connect(lambda: self._change(self._binding.keymap.reset(self.current)))
        self._lay_out()
        self._fill()
        binding.changed.connect(self._refresh)
        self._show_choice()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        for button in (self.give, self.take, self.clear, self.reset):
            button.setAutoDefault(False)
            row.addWidget(button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        for title, do in (("All usual", self.reset_all), ("Import…", self._import), ("Export…", self._export)):
            button = buttons.addButton(title, role)
            button.setAutoDefault(False)
            button.clicked.connect(do)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        layout.addWidget(self.said)
        layout.addWidget(buttons)

    # The table

    def _fill(self) -> None:
        for group in Group:
            rows = [row for row in ACTIONS if row.group is group]
            if not rows:
                continue
            head = QTreeWidgetItem([group.value.replace("&", "")])
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            head.setForeground(0, theme.ACCENT)
            self.table.addTopLevelItem(head)
            for row in rows:
                item = QTreeWidgetItem([row.title.rstrip("… ")])
                item.setToolTip(0, row.help)
                item.setData(0, _ID, row.id)
                head.addChild(item)
        self.table.expandAll()
        self._refresh()
        self.table.resizeColumnToContents(1)

    def _items(self) -> list[QTreeWidgetItem]:
        heads = [self.table.topLevelItem(index) for index in range(self.table.topLevelItemCount())]
        below = [head.child(index) for head in heads if head is not None for index in range(head.childCount())]
        return [item for item in below if item is not None]

    def _refresh(self) -> None:
        keymap = self._binding.keymap
        for item in self._items():
            identity = str(item.data(0, _ID))
            is_changed = identity in keymap.changes
            item.setText(1, self._binding.text(identity) or "—")
            item.setText(2, ", ".join(map(printed, keymap.usual(identity))) if is_changed else "")
            item.setForeground(1, theme.ACCENT if is_changed else theme.TEXT)
        self._show_choice()

    def _sift(self, wanted: str) -> None:
        wanted = wanted.casefold().strip()
        heads: dict[QTreeWidgetItem, bool] = {}
        for item in self._items():
            is_found = wanted in f"{item.text(0)} {item.text(1)}".casefold()
            item.setHidden(not is_found)
            head = item.parent()
            if head is not None:
                heads[head] = heads.get(head, False) or is_found
        for head, is_needed in heads.items():
            head.setHidden(not is_needed)

    @property
    def current(self) -> str:
        """The id of the chosen action, or empty."""
        item = self.table.currentItem()
        return str(item.data(0, _ID) or "") if item is not None else ""

    def choose(self, identity: str) -> None:
        """Choose an action."""
        item = next(item for item in self._items() if item.data(0, _ID) == identity)
        self.table.setCurrentItem(item)
        self.table.scrollToItem(item)

    # A key

    def propose(self, key: str) -> None:
        """Say what a key does now; nothing changes yet."""
        self._key = key
        self._show_choice()

    def _show_choice(self) -> None:
        keymap, chosen = self._binding.keymap, self.current
        owner = keymap.owner(self._key) if self._key else None
        is_ready = bool(chosen and self._key)
        is_free = owner is None or owner.id == chosen
        self.field.setText(printed(self._key))
        self.give.setEnabled(is_ready and owner is None)
        self.take.setEnabled(is_ready and not is_free)
        self.clear.setEnabled(bool(chosen and keymap.keys(chosen)))
        self.reset.setEnabled(bool(chosen) and keymap.keys(chosen) != keymap.usual(chosen))
        if not chosen:
            said = "Choose an action."
        elif not self._key:
            said = action(chosen).help
        elif owner is None:
            said = f"{printed(self._key)} is free."
        elif owner.id == chosen:
            said = f"{printed(self._key)} does this already."
        else:
            said = f"{printed(self._key)} belongs to “{owner.title.rstrip('… ')}”, which would lose it."
        self.said.setText(said)
        self.said.setStyleSheet(f"color: {(theme.QUIET if is_free else theme.WARNING).name()}")

    def _give(self) -> None:
        keymap = self._binding.keymap
        self._change(keymap.with_keys(self.current, (*keymap.keys(self.current), self._key)))

    def _take(self) -> None:
        self._change(self._binding.keymap.taken_over(self.current, self._key))

    def _change(self, keymap: Keymap) -> None:
        self._key = ""
        self._binding.change(keymap)

    # All keys

    def reset_all(self) -> None:
        """Back to the usual keys; those of unknown actions stay in the file."""
        self._change(Keymap(unknown=self._binding.keymap.unknown))

    def _import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Import keys", "", _FILES)
        if name:
            try:
                self._binding.take(*keys_file.import_from(Path(name)))
            except InputError as error:
                self.said.setText(str(error))

    def _export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export keys", "mammoview-keys.toml", _FILES)
        if name:
            try:
                keys_file.save(self._binding.keymap.saved, Path(name))
            except OutputError as error:
                self.said.setText(str(error))
