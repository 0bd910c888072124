"""Page 7: did it help? One sentence, its numbers, and the cases that got worse."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QSplitter, QTableWidgetItem, QTabWidget

from mammoview.core.amounts import counted
from mammoview.session.tuning.project import Page
from mammoview.session.tuning.standing import Standing
from mammoview.training.judging.sentence import Interval, Outcome
from mammoview.training.judging.site_verdict import Side, SiteVerdict
from mammoview.ui import theme
from mammoview.ui.hiding import HIDDEN, HIDDEN_PATH
from mammoview.ui.tuning.curves import RocCurves
from mammoview.ui.tuning.page import TuningPage
from mammoview.ui.tuning.tables import ReadTable
from mammoview.ui.tuning.tuning_desk import TuningDesk
from mammoview.ui.tuning.words import number
from mammoview.ui.wrapped import WrappedLabel

_COLOURS = {Outcome.WORSE: theme.LOUD, Outcome.BETTER: theme.ACCENT, Outcome.UNTOLD: theme.TEXT}


class VerdictPage(TuningPage):
    """The verdict; a click on a case that got worse opens it in the viewer."""

    open_wanted = Signal(object)
    #: Which of the cases that got worse to begin with.
    compare_wanted = Signal(int)

    def __init__(self, desk: TuningDesk) -> None:
        super().__init__(desk, Page.VERDICT)
        self._shown: SiteVerdict | None = None
        self._why_no_comparison = ""
        self.sentence = WrappedLabel()
        self.sentence.setObjectName("score")
        self.numbers = ReadTable(("", "Old model", "New model"), stretched=0)
        self.subgroups = ReadTable(("Among", "Patients", "Old", "New", "Change (95 % interval)"), stretched=0)
        self.worse = ReadTable(("Image", "Patient", "Truth", "Old", "New"), stretched=0, is_chosen=True)
        self.worse.setToolTip("Click a case to open it in the viewer")
        self.notes = WrappedLabel()
        self.roc = RocCurves()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table, title in (
            (self.numbers, "Numbers"),
            (self.worse, "Cases that got worse"),
            (self.subgroups, "Subgroups"),
        ):
            self.tabs.addTab(table, title)
        halves = QSplitter()
        halves.addWidget(self.tabs)
        halves.addWidget(self.roc)
        halves.setSizes([620, 380])
        self.state = QLabel("The models have not been judged yet.")
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.state)
        self.body.addWidget(halves, 1)
        self.body.addWidget(self.notes)
        self.foot.addStretch(1)
        self.compare = self.button("Compare side by side", self._compare)
        self.start = self.button("Judge", self._start, is_step=True)
        self.worse.itemClicked.connect(self._open)

    def show_standing(self, standing: Standing) -> None:
        verdict = standing.verdict if Page.VERDICT in standing.finished else None
        self.start.setEnabled(self.is_idle and Page.RUN in standing.finished)
        self.start.setText("Judge" if verdict is None else "Judge again")
        self._show(verdict)
        reason = self._why_no_comparison or ("" if standing.package else "Publish the new model first.")
        self.compare.setEnabled(verdict is not None and bool(verdict.worse) and not reason)
        self.compare.setToolTip(reason or "What both models say of the cases that got worse")

    def set_comparison(self, reason: str) -> None:
        """Say why models cannot be compared now; empty where they can."""
        self._why_no_comparison = reason
        if self.desk.standing is not None:
            self.show_standing(self.desk.standing)

    def _compare(self) -> None:
        self.compare_wanted.emit(max(0, self.worse.currentRow()))

    def _start(self) -> None:
        self.desk.start(lambda tuner: tuner.judge())

    def _show(self, verdict: SiteVerdict | None) -> None:
        self.state.setVisible(verdict is None)
        self.roc.setVisible(verdict is not None and verdict.new.roc is not None)
        if verdict is None:
            self._shown = None
            self.sentence.setText("")
            self.notes.setText("")
            for table in (self.numbers, self.worse, self.subgroups):
                table.fill([])
            return
        self._show_worse(verdict)
        if verdict == self._shown:
            return
        self._shown = verdict
        self.sentence.setText(verdict.sentence)
        self.sentence.setStyleSheet(f"color: {_COLOURS[verdict.outcome].name()};")
        self.numbers.fill(_numbers(verdict))
        self.subgroups.fill(
            [
                (
                    f"{part.field} {part.name}",
                    str(part.change.patients),
                    number(part.change.before.value),
                    number(part.change.after.value),
                    _told(part.change.difference, part.change.patients, is_change=True),
                )
                for part in verdict.subgroups
            ]
        )
        rocs = [(side.key, side.roc) for side in (verdict.old, verdict.new) if side.roc is not None]
        self.roc.show_curves(rocs)
        skipped = f"{counted(len(verdict.skipped), 'image')} could not be read. " if verdict.skipped else ""
        self.notes.setText(skipped + " ".join(verdict.notes))

    def _show_worse(self, verdict: SiteVerdict) -> None:
        hidden = not self.desk.is_identity_shown
        self.worse.fill(
            [
                (
                    HIDDEN_PATH if hidden else Path(case.image).name,
                    HIDDEN if hidden else case.patient,
                    case.truth,
                    number(case.before),
                    number(case.after),
                )
                for case in verdict.worse
            ]
        )
        self.tabs.setTabText(1, f"Cases that got worse ({len(verdict.worse)})")

    def _open(self, item: QTableWidgetItem) -> None:
        standing = self.desk.standing
        if self._shown is not None and standing is not None:
            # A path of the table of cases is relative to the project.
            self.open_wanted.emit(standing.path / self._shown.worse[item.row()].image)


def _numbers(verdict: SiteVerdict) -> list[tuple[str, str, str]]:
    change, old, new = verdict.change, verdict.old, verdict.new
    rows: list[tuple[str, str, str]] = [
        ("Model", old.key, new.key),
        (
            f"{change.measure} (95 % interval)",
            _told(change.before, change.patients),
            _told(change.after, change.patients),
        ),
        ("Change (95 % interval)", "", _told(change.difference, change.patients, is_change=True)),
    ]
    if change.p_value is not None:
        rows.append(("p, by draws of whole patients", "", number(change.p_value)))
    if change.delong_p is not None:
        rows.append(("p, paired DeLong test", "", number(change.delong_p)))
    if new.roc is not None:
        rows += [
            ("Sensitivity at the operating point", str(old.sensitivity), str(new.sensitivity)),
            ("Specificity there", str(old.specificity), str(new.specificity)),
            ("Calibration error as it came", number(old.ece), number(new.ece)),
            ("Temperature fitted on half of the patients", _temperature(old), _temperature(new)),
            ("Calibration error with it, on the other half", number(old.fitted_ece), number(new.fitted_ece)),
        ]
    rows.append(("Judged", "", f"{counted(change.patients, 'patient')}, {change.samples} {change.unit}"))
    return rows


def _temperature(side: Side) -> str:
    return number(side.fitted_temperature, 2)


def _told(interval: Interval, patients: int, *, is_change: bool = False) -> str:
    """A number in words; where it has no interval, that is said."""
    words = interval.signed if is_change else str(interval)
    if interval.value is None or interval.low is not None:
        return words
    return f"{words} (interval cannot be told from {counted(patients, 'patient')})"
