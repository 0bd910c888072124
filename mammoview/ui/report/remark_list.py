"""What does not fit in the report; a click leads to where it is put right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from mammoview.report.breast_report.checks import Remark
from mammoview.ui.wrapped import WrappedLabel


class RemarkRow(QWidget):
    """One remark: what stands in the way is loud."""

    clicked = Signal()

    def __init__(self, remark: Remark, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.remark = remark
        text = WrappedLabel(f"{'Stands in the way: ' if remark.blocks else ''}{remark.message} {remark.hint}")
        text.setObjectName("loud" if remark.blocks else "quiet")
        self.go = QPushButton("Go there")
        self.go.setObjectName("small")
        self.go.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.go.clicked.connect(self.clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(2)
        column.addWidget(text)
        column.addWidget(self.go)


class RemarkList(QWidget):
    """All remarks, what stands in the way of a signature first."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel()
        self.rows: list[RemarkRow] = []
        self._remarks: tuple[Remark, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.title)

    def show_remarks(self, remarks: Sequence[Remark]) -> None:
        """Show what does not fit; nothing is rebuilt where nothing changed."""
        self.setVisible(bool(remarks))
        if tuple(remarks) == self._remarks:
            return
        self._remarks = tuple(remarks)
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [RemarkRow(remark) for remark in remarks]
        for row in self.rows:
            self._column.addWidget(row)
            row.clicked.connect(lambda row=row: self.chosen.emit(row.remark))
        blocking = sum(remark.blocks for remark in remarks)
        self.title.setText(f"{len(remarks)} remarks" if len(remarks) > 1 else "1 remark")
        if blocking:
            self.title.setText(f"{self.title.text()}, {blocking} in the way of a signature")
