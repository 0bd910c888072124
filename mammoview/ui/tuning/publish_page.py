"""Page 8: the package of the new model, and which model is in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFormLayout, QGroupBox, QLabel, QLineEdit, QVBoxLayout

from mammoview.models.manifest import Task
from mammoview.session.tuning.in_use import InUse, activate, export, in_use, needs_reason, take_back
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing
from mammoview.session.tuning.tuner import JobEnded
from mammoview.training.tuning.run_messages import PublishReport
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.wrapped import WrappedLabel


class PublishPage(TuningPage):
    """Name the package, put it to use, take it back, export it.

    Parameters
    ----------
    named
        The models that the settings name for a task, whatever is in use; empty where they name none.
    """

    #: Other models are in use from now on.
    models_changed = Signal()
    compare_wanted = Signal()

    def __init__(self, desk: TuningDesk, named: Callable[[Task], str] = lambda _task: "") -> None:
        super().__init__(desk, Page.PUBLISH)
        self._named = named
        self._path = ""
        self._package = ""
        self._in_use: InUse | None = None
        self._why_no_comparison = ""
        self.id, self.version, self.title = QLineEdit(), QLineEdit(), QLineEdit()
        for field in (self.id, self.version, self.title):
            field.setPlaceholderText("as planned")
        names = QFormLayout()
        names.addRow("Id of the package", self.id)
        names.addRow("Version", self.version)
        names.addRow("Title", self.title)
        box = QGroupBox("Package")
        column = QVBoxLayout(box)
        column.addLayout(names)
        self.state, self.used, self.named = WrappedLabel(), QLabel(), WrappedLabel()
        self.state.setObjectName("")
        self.used.setObjectName("score")
        self.used.setWordWrap(True)
        self.reason = QLineEdit()
        self.reason.setMaxLength(300)
        self.reason_label = WrappedLabel()
        self.record = ReadTable(("When (UTC)", "What", "Before", "After", "Verdict", "Reason"), stretched=5)
        self.body.addWidget(box)
        self.body.addWidget(self.state)
        self.body.addWidget(self.used)
        self.body.addWidget(self.named)
        self.body.addWidget(self.reason_label)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.record, 1)
        self.export = self.button("Export for another site…", self._export, "One file that another site installs")
        self.foot.addStretch(1)
        self.compare = self.button("Compare side by side", self.compare_wanted.emit)
        self.back = self.button("Roll back", self._roll_back, "Use again what was in use before")
        self.use = self.button("Use the new model", self._use)
        self.publish = self.button("Publish", self._publish, is_step=True)
        self.reason.textChanged.connect(self._enable)

    def show_standing(self, standing: Standing) -> None:
        package = standing.package if Page.PUBLISH in standing.finished else ""
        if (str(standing.path), package) != (self._path, self._package):
            self._path, self._package, self._in_use = str(standing.path), package, None
            self.record.fill([])
            self.used.setText("")
            if package:
                self.desk.ask(partial(in_use, package), self._show_use)
        self.state.setText(
            f"Published and installed as {package}." if package else "The new model is not published yet."
        )
        self._enable()

    def hear(self, event: object) -> None:
        if isinstance(event, JobEnded) and isinstance(event.result, PublishReport):
            self.state.setText(f"Published and installed as {event.result.key} in {event.result.folder}.")

    def _enable(self) -> None:
        standing, used = self.desk.standing, self._in_use
        is_published = bool(self._package)
        is_used = used is not None and used.keys == (self._package,)
        asks = standing is not None and is_published and not is_used and needs_reason(standing.verdict)
        self.reason.setVisible(asks)
        self.reason_label.setVisible(asks)
        self.reason_label.setText(
            "The new model is worse than the old one, or was not judged. It can be used only with a reason, which is "
            "recorded."
        )
        ready = standing is not None and Page.VERDICT in standing.finished
        self.publish.setEnabled(self.is_idle and ready and not is_published)
        for field in (self.id, self.version, self.title):
            field.setEnabled(ready and not is_published)
        self.publish.setText("Published" if is_published else "Publish")
        self.use.setEnabled(used is not None and not is_used and (not asks or bool(self.reason.text().strip())))
        self.use.setText("In use" if is_used else "Use the new model")
        self.back.setEnabled(used is not None and used.can_roll_back)
        self.export.setEnabled(is_published)
        self.compare.setEnabled(is_published and not self._why_no_comparison)
        self.compare.setToolTip(self._why_no_comparison or "What the old model and the new one say, on the same images")

    def set_comparison(self, reason: str) -> None:
        """Say why models cannot be compared now; empty where they can."""
        self._why_no_comparison = reason
        self._enable()

    def _show_use(self, used: InUse) -> None:
        self._in_use = used
        self.used.setText(f"In use now: {', '.join(used.keys) or 'none'}")
        named = self._named(used.task)
        self.named.setText(
            f"The settings name other models for this task: {named}. The viewer takes those until they are no longer "
            "ticked there."
            if named
            else ""
        )
        self.record.fill(
            [
                (
                    entry.at[:16].replace("T", " "),
                    entry.act,
                    ", ".join(entry.before) or "defaults",
                    ", ".join(entry.after) or "defaults",
                    entry.outcome,
                    entry.reason,
                )
                for entry in used.record
            ]
        )
        self._enable()

    def _changed(self, used: InUse) -> None:
        self.reason.clear()
        self._show_use(used)
        self.models_changed.emit()

    def _publish(self) -> None:
        name, version, title = (field.text().strip() for field in (self.id, self.version, self.title))
        self.desk.start(lambda tuner: tuner.publish(name=name, version=version, title=title))

    def _use(self) -> None:
        standing = self.desk.standing
        if standing is not None and self._package:
            reason = self.reason.text().strip()
            self.desk.ask(partial(activate, self._package, standing.verdict, reason=reason), self._changed)

    def _roll_back(self) -> None:
        if self._in_use is not None:
            self.desk.ask(partial(take_back, self._in_use.task), self._changed)

    def _export(self) -> None:
        suggested = self._package.replace("@", "-") + ".mvmodel"
        path, _ = QFileDialog.getSaveFileName(self, "Export the model", suggested, "Model packages (*.mvmodel)")
        if path:
            self.desk.ask(partial(export, self._package, Path(path)), lambda out: self.state.setText(f"Written: {out}"))
