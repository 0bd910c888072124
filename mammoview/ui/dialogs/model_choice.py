"""A choice of any number of model packages: each ticked one takes part, none ticked means the active ones."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

_ID = Qt.ItemDataRole.UserRole
_ROWS = 3


class ModelChoice(QWidget):
    """Ticks beside the installed packages of one task.

    Parameters
    ----------
    choices
        (id, label) pairs; the one without an id says what happens where none is ticked.
    """

    def __init__(self, choices: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = QListWidget()
        self._list.setUniformItemSizes(True)
        self._none = QLabel(next((label for model, label in choices if not model), ""))
        self._none.setWordWrap(True)
        self._none.setVisible(bool(self._none.text()))
        for model, label in choices:
            if model:
                self._add(model, label)
        row = max(self._list.sizeHintForRow(0), self._list.fontMetrics().height() + 4)
        self._list.setFixedHeight(row * min(_ROWS, max(1, self._list.count())) + 2 * self._list.frameWidth())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._none)
        column.addWidget(self._list)

    def value(self) -> str:
        """Ids of the ticked packages, separated by commas, in the order of the list."""
        items = (self._list.item(index) for index in range(self._list.count()))
        return ",".join(str(item.data(_ID)) for item in items if item.checkState() is Qt.CheckState.Checked)

    def set_value(self, value: str) -> None:
        """Tick the packages named in ``value``; what is set stays selectable, though it is not there now."""
        wanted = [name for name in value.split(",") if name]
        known = {str(self._list.item(index).data(_ID)) for index in range(self._list.count())}
        for name in wanted:
            if name not in known:
                self._add(name, f"{name} (not found)")
        for index in range(self._list.count()):
            item = self._list.item(index)
            is_on = str(item.data(_ID)) in wanted
            item.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)

    def _add(self, model: str, label: str) -> None:
        item = QListWidgetItem(label)
        item.setData(_ID, model)
        item.setToolTip(label)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Unchecked)
        self._list.addItem(item)
