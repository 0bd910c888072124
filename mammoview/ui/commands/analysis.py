"""The models."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from mammoview.ui.desk import Desk
from mammoview.ui.installing import ModelInstaller

if TYPE_CHECKING:
    from mammoview.ui.tuning.wizard import Wizard


class AnalysisCommands:
    """The Analysis menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.wizard: Wizard | None = None
        self._installer = ModelInstaller(desk)
        self._is_coming = False
        desk.comparing.reasons_changed.connect(lambda reason, _: desk.keys.set_reason("compare_models", reason))
        desk.keys.set_reason("compare_models", desk.comparing.reasons[0])

    def do_analyse(self) -> None:
        study = self._desk.presenter.study
        if study is not None:
            self._desk.session.analyze(study.uid)

    def do_cancel(self) -> None:
        # What is being drawn, or the tool to draw with, is what the reader has in mind.
        if not self._desk.findings.tools.cancel() and not self._desk.toolbox.cancel():
            self._desk.session.cancel_analysis()

    def do_next_finding(self) -> None:
        self._step(1)

    def do_previous_finding(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        # While a case is read, the reader's list counts, which holds what the AI found as well.
        if self._desk.reading.case is not None:
            self._desk.findings.board.step(by)
        else:
            self._desk.analysis.findings.step(by)

    def do_compare_models(self) -> None:
        self._desk.comparing.open()

    def do_fine_tune(self) -> None:
        if self.wizard is not None:
            self.wizard.window.bring()
        elif not self._is_coming:
            self._is_coming = True
            # Tables and curves need libraries that take longer to import than a window may stand still.
            self._desk.background.run(lambda: import_module("mammoview.ui.tuning.wizard"), self._open_wizard)

    def do_install_model(self) -> None:
        self._installer.ask()

    def _open_wizard(self, module: ModuleType) -> None:
        wizard: Wizard = module.Wizard(self._desk)
        self.wizard = wizard
        self._desk.closing.connect(wizard.close)
        wizard.window.bring()
