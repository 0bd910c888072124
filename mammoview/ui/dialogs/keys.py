"""The help dialog: the table of `mammoview.ui.actions` with the keys in force."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from mammoview.ui import theme
from mammoview.ui.actions import ACTIONS, GESTURES, Group
from mammoview.ui.key_binding import KeyBinding


class KeysDialog(QDialog):
    """All keys and what the mouse does. Not modal; follows changes of the keys."""

    change_wanted = Signal()

    def __init__(self, binding: KeyBinding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(theme.room(720, 640))
        self._binding = binding
        self.text = QTextBrowser()
        self._show()
        binding.changed.connect(self._show)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        change = buttons.addButton("Change keys…", QDialogButtonBox.ButtonRole.ActionRole)
        change.clicked.connect(self.change_wanted)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def _show(self) -> None:
        self.text.setHtml(_page(self._binding))


def _page(binding: KeyBinding) -> str:
    parts = []
    for group in Group:
        rows = [row for row in ACTIONS if row.group is group]
        if rows:
            parts.append(_head(group.value.replace("&", "")))
        parts.extend(_line(binding.text(row.id), row.title.rstrip("…"), row.help) for row in rows)
    parts.append(_head("Mouse over an image"))
    parts.extend(_line(gesture.how, gesture.what, "") for gesture in GESTURES)
    return f'<table cellpadding="3" width="100%">{"".join(parts)}</table>'


def _head(title: str) -> str:
    return f'<tr><td colspan="3" style="color:{theme.ACCENT.name()}; padding-top:10px"><b>{escape(title)}</b></td></tr>'


def _line(keys: str, title: str, text: str) -> str:
    return (
        f'<tr><td width="24%"><b>{escape(keys)}</b></td><td width="30%">{escape(title)}</td>'
        f'<td style="color:{theme.QUIET.name()}">{escape(text)}</td></tr>'
    )
