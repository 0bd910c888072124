"""The projects of this computer: go on with one, or begin another."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.session.tuning.project import Page
from mammoview.ui import theme
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import Listed, TuningDesk
from mammoview.ui.tuning.words import TITLES
from mammoview.ui.wrapped import WrappedLabel

_WORDS = (
    "Each project adapts one model to cases of this site, page by page, and can be left and resumed at any page. "
    "Everything here can also be done from a terminal with “mammoview tune”, from the same files."
)


class Chooser(QWidget):
    """The list of projects, and a name for a new one."""

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__()
        self._desk = desk
        self._names: tuple[str, ...] = ()
        title = QLabel("Fine-tuning")
        title.setObjectName("score")
        self.table = ReadTable(("Project", "Stands at"), is_chosen=True)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of a new project, such as “Segmenter 2026”")
        self.name.setMaxLength(60)
        self.make, self.resume, self.drop = QPushButton("Begin"), QPushButton("Go on"), QPushButton("Delete…")
        for button in (self.make, self.resume, self.drop):
            button.setMinimumHeight(theme.px(32))
        begin = QHBoxLayout()
        begin.addWidget(self.name, 1)
        begin.addWidget(self.make)
        foot = QHBoxLayout()
        foot.addWidget(self.drop)
        foot.addStretch(1)
        foot.addWidget(self.resume)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.px(16), theme.px(10), theme.px(16), theme.px(8))
        layout.addWidget(title)
        layout.addWidget(WrappedLabel(_WORDS))
        layout.addLayout(begin)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)
        self.make.clicked.connect(self._make)
        self.name.returnPressed.connect(self._make)
        self.name.textChanged.connect(self._enable)
        self.resume.clicked.connect(self._open)
        self.table.itemDoubleClicked.connect(self._open)
        self.table.itemSelectionChanged.connect(self._enable)
        self.drop.clicked.connect(self._drop)
        desk.listed.connect(self.show_projects)
        self._enable()

    def show_projects(self, projects: Listed) -> None:
        """Show the list."""
        self._names = tuple(name for name, _ in projects)
        self.table.fill([(name, _stands_at(page)) for name, page in projects])
        if self._names:
            self.table.selectRow(0)
        self._enable()

    @property
    def chosen(self) -> str:
        """The selected project; empty where none is."""
        row = self.table.currentRow()
        return self._names[row] if 0 <= row < len(self._names) and self.table.selectedItems() else ""

    def _enable(self) -> None:
        self.make.setEnabled(bool(self.name.text().strip()))
        self.resume.setEnabled(bool(self.chosen))
        self.drop.setEnabled(bool(self.chosen))

    def _make(self) -> None:
        if self.name.text().strip():
            self._desk.create(self.name.text())
            self.name.clear()

    def _open(self, _item: QListWidgetItem | bool | None = None) -> None:
        if self.chosen:
            self._desk.open(self.chosen)

    def _drop(self) -> None:
        name = self.chosen
        asked = QMessageBox(
            QMessageBox.Icon.NoIcon,
            "Delete a project",
            f"Delete “{name}” with its copies of images and its training? Its sealed test set and the models that it "
            "published stay.",
            QMessageBox.StandardButton.Cancel,
            self,
        )
        delete = asked.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        asked.exec()
        if asked.clickedButton() is delete:
            self._desk.remove(name)


def _stands_at(page: Page | None) -> str:
    return "cannot be read" if page is None else TITLES[page]
