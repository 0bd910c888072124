"""The models."""

from __future__ import annotations

from mammoview.ui.desk import Desk


class AnalysisCommands:
    """The Analysis menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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
