"""Page 1: what is adapted, and which model it starts from."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QButtonGroup, QGroupBox, QHBoxLayout, QRadioButton, QSplitter, QTextBrowser, QVBoxLayout

from mammoview.session.tuning.parents import Parent, parents, unreadable, with_task
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing
from mammoview.training.tuning.messages import TuneTask
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.words import TASKS
from mammoview.ui.wrapped import WrappedLabel

_TITLES = ("Model", "Name", "Shipped", "In use")


class TaskPage(TuningPage):
    """Four tasks, the models that each can start from, and the card of the chosen one."""

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.TASK)
        self._parents: tuple[Parent, ...] = ()
        self._wanted = ""
        self._task: TuneTask | None = None
        self.tasks = {task: QRadioButton(f"{TASKS[task]}: needs {task.needs}") for task in TuneTask}
        group, box = QButtonGroup(self), QGroupBox("Task")
        column = QVBoxLayout(box)
        for task, button in self.tasks.items():
            group.addButton(button)
            column.addWidget(button)
            button.clicked.connect(partial(self._choose, task))
        self.table = ReadTable(_TITLES, stretched=1, is_chosen=True)
        self.card = QTextBrowser()
        self.card.setPlaceholderText("The card of the model that you choose.")
        halves = QSplitter()
        halves.addWidget(self.table)
        halves.addWidget(self.card)
        halves.setSizes([600, 400])
        row = QHBoxLayout()
        row.addWidget(box)
        self.body.addLayout(row)
        self.refused = WrappedLabel()
        self.body.addWidget(halves, 1)
        self.body.addWidget(self.refused)
        self.foot.addStretch(1)
        self.keep = self.button("Start from this model", self._keep, is_step=True)
        self.table.itemSelectionChanged.connect(self._show_card)
        self._enable()

    def show_standing(self, standing: Standing) -> None:
        project = standing.project
        self._wanted = project.parent
        if project.task is not None and project.task is not self._task:
            self.tasks[project.task].setChecked(True)
            self._choose(project.task)
        elif project.task is None and self._task is not None and not project.parent:
            self._choose(self._task)
        self._enable()

    def _choose(self, task: TuneTask, _is_on: bool = False) -> None:
        self._task = task
        # Until they come, nothing can be chosen: a model of the task before would not fit.
        self._show_parents(())
        self.desk.ask(partial(parents, task), self._show_parents)
        self.desk.ask(unreadable, lambda found: self.refused.setText(" ".join(found)))

    def _show_parents(self, found: tuple[Parent, ...]) -> None:
        self._parents = found
        self.table.fill(
            [(one.key, one.name, "yes" if one.is_shipped else "no", "yes" if one.is_active else "no") for one in found]
        )
        keys = [one.key for one in found]
        if keys:
            self.table.selectRow(keys.index(self._wanted) if self._wanted in keys else 0)
        self._show_card()

    @property
    def chosen(self) -> Parent | None:
        """The selected model."""
        row = self.table.currentRow()
        return self._parents[row] if 0 <= row < len(self._parents) and self.table.selectedItems() else None

    def _show_card(self) -> None:
        parent = self.chosen
        self.card.setMarkdown(parent.card if parent is not None else "")
        self._enable()

    def _enable(self) -> None:
        standing = self.desk.standing
        self.keep.setEnabled(self.chosen is not None and self._task is not None and self.is_idle)
        chosen = standing is not None and self.chosen is not None and standing.project.parent == self.chosen.key
        self.keep.setText("Go on with this model" if chosen else "Start from this model")

    def _keep(self) -> None:
        parent, task = self.chosen, self._task
        if parent is not None and task is not None:
            self.desk.change(lambda project: with_task(project, task, parent.key), finished=Page.TASK)
            self.desk.page_wanted.emit(Page.CASES)
