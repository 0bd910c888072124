"""The keys of reading, printed where they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from mammoview.ui import theme
from mammoview.ui.actions import ACTIONS
from mammoview.ui.key_binding import KeyBinding


class KeyMap(QWidget):
    """A table of actions and their keys, folded away until it is asked for; follows changes of the keys."""

    def __init__(self, keys: KeyBinding, groups: Sequence[tuple[str, Sequence[str]]], parent: QWidget | None = None):
        super().__init__(parent)
        self._keys, self._groups = keys, groups
        self.fold = QToolButton()
        self.fold.setText("Keys")
        self.fold.setCheckable(True)
        self.fold.setToolTip("The keys of reading; they are changed under Help, Change keys.")
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        column.addWidget(self.text)
        self._is_chosen = False
        self.fold.toggled.connect(self._toggle)
        self.fold.clicked.connect(self._choose)
        keys.changed.connect(self._write)
        self._write()

    def _choose(self) -> None:
        self._is_chosen = True

    def set_room(self, *, has_room: bool) -> None:
        """Unfold where there is room for it, until the reader folds or unfolds it."""
        if not self._is_chosen:
            self.fold.setChecked(has_room)

    def _toggle(self, is_open: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.text.setVisible(is_open)

    def _write(self) -> None:
        known = {row.id: row for row in ACTIONS}
        rows = []
        for title, identities in self._groups:
            here = [identity for identity in identities if identity in known]
            keys = short_keys([self._keys.text(identity).split(", ")[0] for identity in here])
            if keys:
                rows.append(
                    f'<tr><td width="46%"><b>{escape(keys)}</b></td>'
                    f'<td style="color:{theme.QUIET.name()}">{escape(title)}</td></tr>'
                )
        self.text.setText(f'<table cellpadding="2" width="100%">{"".join(rows)}</table>')


def short_keys(keys: Sequence[str]) -> str:
    """Keys in a row, what they are held with said once: ``Num+ 0 1 2 3``."""
    heads: dict[str, list[str]] = {}
    for key in filter(None, keys):
        head, tail = key[:-1], key[-1]
        if not head.endswith("+"):
            # A key with a name, or one alone.
            parts = key.rsplit("+", 1)
            head, tail = (f"{parts[0]}+", parts[1]) if len(parts) == 2 else ("", key)
        heads.setdefault(head, []).append(tail)
    return "  ".join(" ".join(filter(None, (head, *tails))) for head, tails in heads.items())
