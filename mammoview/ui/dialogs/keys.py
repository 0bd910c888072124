"""The help dialog: the table of `mammoview.ui.actions`, nothing else."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from mammoview.ui import theme
from mammoview.ui.actions import ACTIONS, GESTURES, Action, Group


class KeysDialog(QDialog):
    """All keys and what the mouse does. Not modal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(720, 640)
        self.text = QTextBrowser()
        self.text.setHtml(_page())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)


def keys_text(row: Action) -> str:
    """The shortcuts as they are printed on this machine's keyboard."""
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(key).toString(native) for key in row.keys)


def _page() -> str:
    parts = []
    for group in Group:
        parts.append(_head(group.value.replace("&", "")))
        parts.extend(_line(keys_text(row), row.title.rstrip("…"), row.help) for row in ACTIONS if row.group is group)
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
