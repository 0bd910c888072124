"""Page 4: who is learned from, who is watched, and who judges; the last are sealed."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QMessageBox, QSpinBox

from mammoview.core.amounts import counted
from mammoview.session.tuning.project import Page, Project
from mammoview.session.tuning.standing import Standing
from mammoview.session.tuning.tuner import JobEnded
from mammoview.training.tuning.splitting import SplitReport
from mammoview.ui import theme
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.wrapped import WrappedLabel

_SETS = {"training": "learned from", "validation": "watched meanwhile", "test": "judge in the end (sealed)"}


class SplitPage(TuningPage):
    """Seed and shares, what they draw, and the seal."""

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.SPLIT)
        self._project: Project | None = None
        self.seed, self.test, self.validation = QSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        for box, least in ((self.test, 5), (self.validation, 0)):
            box.setRange(least, 90)
            box.setDecimals(0)
            box.setSingleStep(5)
            box.setSuffix(" % of the patients")
        for field in (self.seed, self.test, self.validation):
            field.setMinimumHeight(theme.px(26))
        form = QFormLayout()
        form.addRow("Judge in the end", self.test)
        form.addRow("Watched meanwhile", self.validation)
        form.addRow("Seed", self.seed)
        row = QHBoxLayout()
        row.addLayout(form)
        row.addStretch(1)
        self.counts = ReadTable(("Set", "Patients", "Images", "Malignant", "Benign", "Not known"), stretched=0)
        self.notes = WrappedLabel()
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.body.addLayout(row)
        self.body.addWidget(self.counts, 1)
        self.body.addWidget(self.notes)
        self.body.addWidget(self.state)
        self.foot.addStretch(1)
        self.draw = self.button("Draw", lambda: self._start(is_sealed=False), "See what these shares draw")
        self.seal = self.button("Seal the test set…", self._ask, is_step=True)

    def show_standing(self, standing: Standing) -> None:
        project = standing.project
        drawn = (project.seed, project.test_share, project.validation_share)
        if self._project is None or drawn != (
            self._project.seed,
            self._project.test_share,
            self._project.validation_share,
        ):
            self.seed.setValue(project.seed)
            self.test.setValue(100 * project.test_share)
            self.validation.setValue(100 * project.validation_share)
        self._project = project
        is_sealed = Page.SPLIT in standing.finished
        for box in (self.seed, self.test, self.validation):
            box.setEnabled(self.is_idle and not is_sealed)
        self.draw.setEnabled(self.is_idle and Page.CASES in standing.finished)
        self.seal.setEnabled(self.is_idle and Page.AUDIT in standing.finished and not is_sealed)
        self.seal.setText("Sealed" if is_sealed else "Seal the test set…")
        if is_sealed and standing.division is not None:
            self._show_report(standing.division)
        elif is_sealed and not self.counts.rowCount():
            # Sealed by an earlier program, which kept no more; “Draw” counts images and labels again.
            self.counts.fill([(words, str(standing.sets.get(name, 0))) for name, words in _SETS.items()])
        seal = standing.seal
        self.state.setText(
            f"Sealed on {seal.made_at[:10]} with seed {seal.seed}: {counted(seal.patients, 'patient')} with "
            f"{counted(seal.images, 'image')} judge, {seal.reused_patients} of them from an earlier test set of this "
            f"site. SHA-256 {seal.test_set[:16]}…"
            if is_sealed and seal is not None
            else "Nothing is sealed yet: another seed or other shares can be tried until the test set is sealed."
        )
        if seal is not None:
            self.state.setToolTip(seal.test_set)

    def hear(self, event: object) -> None:
        if isinstance(event, JobEnded) and isinstance(event.result, SplitReport):
            self._show_report(event.result)

    def forget(self) -> None:
        self.counts.fill([])
        self.notes.setText("")

    def _show_report(self, report: SplitReport) -> None:
        self.counts.fill(
            [
                (
                    _SETS.get(one.name, one.name),
                    *map(str, (one.patients, one.images, one.malignant, one.benign, one.unknown)),
                )
                for one in report.counts
            ]
        )
        self.notes.setText("\n".join(report.notes))

    def _start(self, *, is_sealed: bool) -> None:
        seed, test, validation = self.seed.value(), self.test.value() / 100, self.validation.value() / 100
        self.desk.start(
            lambda tuner: tuner.split(is_sealed=is_sealed),
            lambda project: replace(project, seed=seed, test_share=test, validation_share=validation),
        )

    def _ask(self) -> None:
        asked = QMessageBox(
            QMessageBox.Icon.NoIcon,
            "Seal the test set",
            "Seal the test set now? It cannot be drawn again in this project, and its patients are never learned from "
            "in a later one.",
            QMessageBox.StandardButton.Cancel,
            self,
        )
        seal = asked.addButton("Seal", QMessageBox.ButtonRole.AcceptRole)
        asked.exec()
        if asked.clickedButton() is seal:
            self._start(is_sealed=True)
