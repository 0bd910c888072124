"""Page 5: the schedule, and what it will cost here."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from mammoview.session.tuning.plan_words import plan_lines
from mammoview.session.tuning.project import Page, Plan
from mammoview.session.tuning.standing import Standing
from mammoview.training.tuning.run_messages import PlanReport
from mammoview.ui import theme
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.wrapped import WrappedLabel

_PRECISIONS = {"": "as measured", "fp32": "fp32", "bf16": "bf16", "fp16": "fp16"}


class PlanPage(TuningPage):
    """A device, folded expert fields, the cost, and the commands for other machines."""

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.PLAN)
        self._plan: Plan | None = None
        self.device = QComboBox()
        self.device.setEditable(True)
        self.device.addItems(["auto", "cpu", "cuda", "mps"])
        self.measured = QCheckBox("Try two batches")
        self.measured.setChecked(True)
        self.expert = QGroupBox("Expert fields")
        self.expert.setCheckable(True)
        self.expert.setChecked(False)
        self.fields = self._expert_fields()
        self.cost = WrappedLabel()
        self.cost.setObjectName("")
        self.texts = {name: QPlainTextEdit() for name in ("config.toml", "This machine", "Several GPUs", "SLURM")}
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for title, text in self.texts.items():
            text.setReadOnly(True)
            text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self.tabs.addTab(text, title)
        row = QHBoxLayout()
        device = QFormLayout()
        device.addRow("Device", self.device)
        device.addRow("", self.measured)
        row.addLayout(device)
        row.addWidget(self.expert, 1)
        self.body.addLayout(row)
        self.body.addWidget(self.cost)
        self.body.addWidget(self.tabs, 1)
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy what the tab shows")
        self.copy.clicked.connect(self._copy)
        self.foot.addWidget(self.copy)
        self.foot.addStretch(1)
        self.start = self.button("Plan", self._start, is_step=True)

    def _expert_fields(self) -> QWidget:
        self.precision = QComboBox()
        for value, words in _PRECISIONS.items():
            self.precision.addItem(words, value)
        self.batch, self.epochs, self.devices, self.nodes = (QSpinBox() for _ in range(4))
        for box, most in ((self.batch, 512), (self.epochs, 1000)):
            box.setRange(0, most)
            box.setSpecialValueText("as planned")
        for box in (self.devices, self.nodes):
            box.setRange(1, 64)
        self.rate = QDoubleSpinBox()
        self.rate.setRange(0.01, 100)
        self.rate.setValue(1)
        self.rate.setPrefix("× ")
        fields = QWidget()
        grid = QGridLayout(fields)
        grid.setContentsMargins(0, 0, 0, 0)
        for column, parts in enumerate(
            (
                (("Precision", self.precision), ("Batch", self.batch), ("GPUs on each machine", self.devices)),
                (("Epochs", self.epochs), ("Learning rate", self.rate), ("Machines", self.nodes)),
            )
        ):
            grid.setColumnStretch(2 * column + 1, 1)
            for row, (title, part) in enumerate(parts):
                part.setMinimumHeight(theme.px(26))
                grid.addWidget(QLabel(title), row, 2 * column)
                grid.addWidget(part, row, 2 * column + 1)
        layout = QVBoxLayout(self.expert)
        layout.addWidget(fields)
        fields.hide()
        self.expert.toggled.connect(fields.setVisible)
        return fields

    @property
    def plan(self) -> Plan:
        """As it is entered."""
        return Plan(
            self.device.currentText().strip() or "auto",
            str(self.precision.currentData()),
            self.batch.value(),
            self.epochs.value(),
            self.rate.value(),
            self.devices.value(),
            self.nodes.value(),
        )

    def show_standing(self, standing: Standing) -> None:
        plan = standing.project.plan
        if plan != self._plan:
            self._plan = plan
            self.device.setCurrentText(plan.device)
            self.precision.setCurrentIndex(max(0, self.precision.findData(plan.precision)))
            self.batch.setValue(plan.batch_size)
            self.epochs.setValue(plan.epochs)
            self.rate.setValue(plan.learning_rate_factor)
            self.devices.setValue(plan.devices)
            self.nodes.setValue(plan.nodes)
            if plan != Plan(device=plan.device):
                self.expert.setChecked(True)
        if self.texts["config.toml"].toPlainText() != standing.config:
            self.texts["config.toml"].setPlainText(standing.config)
        is_planned = Page.PLAN in standing.finished
        self.start.setEnabled(self.is_idle and Page.SPLIT in standing.finished)
        self.start.setText("Plan again" if is_planned else "Plan")
        if not is_planned:
            self.cost.setText("")
        elif standing.plan is None:
            self.cost.setText("The plan is written; plan again to see what it will cost here.")
        else:
            self._show_report(standing.plan)

    def forget(self) -> None:
        self._plan = None
        self.cost.setText("")
        for text in self.texts.values():
            text.clear()

    def _show_report(self, report: PlanReport) -> None:
        self.cost.setText("\n".join(plan_lines(report)))
        for title, text in zip(
            ("This machine", "Several GPUs", "SLURM"), (report.command, report.torchrun, report.slurm), strict=True
        ):
            if self.texts[title].toPlainText() != text:
                self.texts[title].setPlainText(text)

    def _copy(self) -> None:
        shown = self.tabs.currentWidget()
        if isinstance(shown, QPlainTextEdit):
            QApplication.clipboard().setText(shown.toPlainText())

    def _start(self) -> None:
        plan, is_measured = self.plan, self.measured.isChecked()
        self.desk.start(lambda tuner: tuner.plan(is_measured=is_measured), lambda project: replace(project, plan=plan))
