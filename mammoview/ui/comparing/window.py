"""The window of a comparison: which models, which view or case, both panes, and the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from mammoview.session.compared import SoFar, remarks, rows
from mammoview.session.comparing import Contender, Contenders
from mammoview.ui import theme
from mammoview.ui.comparing.pair import Pair
from mammoview.ui.comparing.words import cells, titles
from mammoview.ui.scrolled import scrolled
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.viewport.layers import Layer, OverlayOptions
from mammoview.ui.worklist.strip import Strip
from mammoview.ui.wrapped import WrappedLabel

_SIZE = QSize(1440, 900)
_TASKS: Mapping[str, str] = {
    "whole_image": "Whole-image classifiers",
    "patch": "Patch classifiers",
    "segmentation": "Segmenters",
}
#: What can be laid over the panes, and the layers that a task begins with.
LAYERS: Mapping[str, tuple[tuple[str, tuple[Layer, ...]], ...]] = {
    "whole_image": (("Saliency", (Layer.SALIENCY,)),),
    "patch": (("Findings", (Layer.FINDINGS,)), ("Patch map", (Layer.PATCH_MAP,))),
    "segmentation": (("Outlines", (Layer.FINDINGS,)), ("Benign and malignant", (Layer.BENIGN, Layer.MALIGNANT))),
}


class Stepper(QWidget):
    """Back, what is shown, forward."""

    stepped = Signal(int)

    def __init__(self, what: str, keys: tuple[str, str], window: QWidget) -> None:
        super().__init__()
        self.text = QLabel()
        self.back, self.forward = QToolButton(), QToolButton()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button, sign, way, step, key in (
            (self.back, "◀", "Previous", -1, keys[0]),
            (self.forward, "▶", "Next", 1, keys[1]),
        ):
            button.setText(sign)
            button.setToolTip(f"{way} {what} ({key})")
            button.setMinimumSize(theme.px(32), theme.px(28))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _is_on=False, step=step: self.stepped.emit(step))
            QShortcut(QKeySequence(key), window, button.click)
        layout.addWidget(self.back)
        layout.addWidget(self.text)
        layout.addWidget(self.forward)

    def show_place(self, text: str, place: int, count: int) -> None:
        """Show where among how many one is."""
        self.text.setText(f"{text}  {place + 1} of {count}" if count > 1 else text)
        self.back.setEnabled(place > 0)
        self.forward.setEnabled(place + 1 < count)


class ComparingWindow(QWidget):
    """Widgets alone: it is told what to show, and tells what is wished."""

    task_chosen = Signal(str)
    models_chosen = Signal()
    begun = Signal()
    stopped = Signal()
    view_wanted = Signal(int)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Compare two models — MammoView, research only, not for diagnosis")
        self.task, self.old, self.new = QComboBox(), QComboBox(), QComboBox()
        self.start, self.fit = QPushButton("Compare"), QPushButton("Fit")
        self.views = Stepper("view", ("Left", "Right"), self)
        self.cases = Stepper("case", ("PgUp", "PgDown"), self)
        self.case_words = QLabel()
        self.pair = Pair()
        self.table = ReadTable((), stretched=len(titles("segmentation")), is_chosen=True)
        self.remarks = WrappedLabel()
        self.job, self.problem = Strip(), Strip()
        self.problem.setObjectName("banner")
        self.layers: dict[str, QToolButton] = {}
        self.options = OverlayOptions()
        self._layer_row = QHBoxLayout()
        self.is_running = False
        self._lay_out()
        self._connect()
        self.resize(_SIZE.boundedTo(self.screen().availableSize() - QSize(20, 40)))

    def _lay_out(self) -> None:
        models = QHBoxLayout()
        for name, box in (("", self.task), ("Old", self.old), ("New", self.new)):
            if name:
                models.addSpacing(theme.px(8))
                models.addWidget(QLabel(name))
            # Long names must not make the window wider than the screen.
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.setMinimumHeight(theme.px(28))
            models.addWidget(box, 3 if name else 2)
        self.start.setMinimumSize(theme.px(100), theme.px(28))
        models.addWidget(self.start)
        steps = QHBoxLayout()
        self.case_words.setObjectName("quiet")
        self.case_words.setToolTip(
            "The verdict's scores are at temperatures that were fitted for it. Here each model keeps its own."
        )
        self.case_words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        steps.addWidget(self.cases)
        steps.addWidget(self.views)
        steps.addWidget(self.case_words, 1)
        self.fit.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.fit.setToolTip("Show the whole breast again (F)")
        QShortcut(QKeySequence("F"), self, self.fit.click)
        steps.addLayout(self._layer_row)
        steps.addWidget(self.fit)
        top = QVBoxLayout()
        top.setContentsMargins(theme.px(8), theme.px(6), theme.px(8), theme.px(4))
        top.addLayout(models)
        top.addLayout(steps)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(theme.px(6), 0, theme.px(6), theme.px(4))
        column.addWidget(self.table, 3)
        self.remarks.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.remarks.setMargin(theme.px(4))
        column.addWidget(scrolled(self.remarks), 2)
        self.split = QSplitter()
        self.split.addWidget(self.pair)
        self.split.addWidget(side)
        self.split.setStretchFactor(0, 1)
        self.split.setStretchFactor(1, 0)
        self.split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.problem)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.job)

    def _connect(self) -> None:
        self.task.activated.connect(lambda _index: self.task_chosen.emit(self.task.currentData()))
        self.old.activated.connect(lambda _index: self.models_chosen.emit())
        self.new.activated.connect(lambda _index: self.models_chosen.emit())
        self.start.clicked.connect(lambda: (self.stopped if self.is_running else self.begun).emit())
        self.fit.clicked.connect(self.pair.wall.fit)
        self.table.itemClicked.connect(lambda item: self.view_wanted.emit(item.row()))
        QShortcut(QKeySequence("Escape"), self, self._escape)

    def _escape(self) -> None:
        if self.is_running:
            self.stopped.emit()
        else:
            self.close()

    # What is shown

    def show_choices(self, found: Contenders, task: str, old: Contender | None, new: Contender | None) -> None:
        """Offer the models of a task, and the tasks that have two."""
        with QSignalBlocker(self.task), QSignalBlocker(self.old), QSignalBlocker(self.new):
            self.task.clear()
            for name, title in _TASKS.items():
                if len(found.of_task(name)) > 1 or name == task:
                    self.task.addItem(title, name)
            self.task.setCurrentIndex(self.task.findData(task))
            for box, chosen in ((self.old, old), (self.new, new)):
                box.clear()
                for contender in found.of_task(task):
                    notes = [
                        *(["in use"] if contender.is_in_use else []),
                        *(["experimental"] if contender.is_experimental else []),
                    ]
                    said = f" ({', '.join(notes)})" if notes else ""
                    box.addItem(f"{contender.label}{said}", contender)
                if chosen is not None and chosen not in found.of_task(task):
                    box.addItem(f"{chosen.label} (not found)", chosen)
                places = [box.itemData(place) for place in range(box.count())]
                box.setCurrentIndex(places.index(chosen) if chosen in places else -1)
                box.setToolTip("\n".join(problem.message for problem in found.refused))
        self._offer_layers(task)

    def _offer_layers(self, task: str) -> None:
        if set(self.layers) == {name for name, _ in LAYERS[task]}:
            return
        for old in self.layers.values():
            self._layer_row.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.layers = {}
        for place, (name, _layers) in enumerate(LAYERS[task]):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            # Two maps over each other show neither.
            button.setChecked(place == 0)
            button.setMinimumHeight(theme.px(28))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.toggled.connect(lambda _is_on: self._show_layers(task))
            self.layers[name] = button
            self._layer_row.addWidget(button)
        self._show_layers(task)

    def _show_layers(self, task: str) -> None:
        on = frozenset(one for name, layers in LAYERS[task] if self.layers[name].isChecked() for one in layers)
        self.set_options(replace(self.options, visible=on))

    def set_options(self, options: OverlayOptions) -> None:
        """Put overlay options in force in both panes."""
        self.options = options
        self.pair.wall.set_options(options)

    def show_so_far(self, so_far: SoFar | None, view: int, word: Callable[[str], str] = str) -> None:
        """Fill the table and what stands below it.

        Parameters
        ----------
        word
            Takes out of a text who a patient is, while that is hidden.
        """
        if so_far is None:
            self.table.fill([])
            self.remarks.setText("")
            return
        self.table.set_titles(titles(so_far.task))
        made = rows(so_far)
        self.table.fill([cells(row, so_far) for row in made])
        line = self.table.verticalHeader().defaultSectionSize()
        self.table.setMaximumHeight(self.table.horizontalHeader().sizeHint().height() + line * (len(made) + 1))
        if 0 <= view < len(so_far.images):
            self.table.selectRow(view)
        self.remarks.setText("\n\n".join(map(word, remarks(so_far))))

    def show_job(self, text: str, fraction: float | None) -> None:
        """Say what is under way; an empty text ends that."""
        self.is_running = bool(text)
        self.start.setText("Stop" if text else "Compare")
        if text:
            self.job.run(text, fraction, {})
        else:
            self.job.hide()

    def tell(self, text: str) -> None:
        """Say what went wrong; an empty text takes it away."""
        if text:
            self.problem.say(text, {"Close": self.problem.hide})
        else:
            self.problem.hide()

    def show_cases(self, titles: Sequence[str], place: int, words: str) -> None:
        """Show which of the cases is compared; none where the study on the table is."""
        self.cases.setVisible(bool(titles))
        if titles:
            self.cases.show_place(titles[place], place, len(titles))
        self.case_words.setText(words)

    def bring(self) -> None:
        """Show the window in front of the others."""
        self.show()
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.activateWindow()

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = event.size()
        is_wide = size.width() > size.height()
        way = Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        long = size.width() if is_wide else size.height()
        table = min(theme.px(430 if is_wide else 320), 2 * long // 5)
        if self.split.orientation() is not way or not event.oldSize().isValid():
            self.split.setOrientation(way)
        self.split.setSizes([long - table, table])

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)
