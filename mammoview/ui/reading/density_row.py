"""Breast density: the reader's letter first, then what was measured."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from mammoview.core.reading import Density, DensityRead
from mammoview.session.reading.case import Case
from mammoview.ui.reading.breast_box import flat_button
from mammoview.ui.wrapped import WrappedLabel


def may_tell(case: Case) -> bool:
    """Whether the reader may know what was measured: after choosing a letter, or after the reveal."""
    return case.draft.density is not None or case.is_revealed


def beside(read: DensityRead, measured: DensityRead) -> DensityRead:
    """The reader's letter with what was measured beside it; the letter stays."""
    return replace(measured, grade=read.grade)


def density_words(read: DensityRead | None, measured: DensityRead | None) -> str:
    """What was measured, and whether the reader says something else."""
    told = read if read is not None and read.proposed is not None else measured
    if told is None:
        return ""
    parts = [f"{told.percent:.0f} % dense"] if told.percent is not None else []
    parts += [f"{told.proposed} proposed"] if told.proposed is not None else []
    if read is not None and told.proposed is not None and told.proposed is not read.grade:
        parts.append(f"yours is {read.grade}")
    return ", ".join(parts)


class DensityRow(QWidget):
    """Four letters, and a line below with what was measured."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.letters = {one: flat_button(one.value, f"{one.label}.") for one in Density}
        self.told = WrappedLabel()
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(QLabel("Density"))
        for one, button in self.letters.items():
            row.addWidget(button)
            button.clicked.connect(lambda is_on, one=one: self.chosen.emit(one if is_on else None))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.told)

    def show_density(self, case: Case | None, measured: DensityRead | None, *, can_change: bool) -> None:
        """Show the letter, and what may be told beside it."""
        read = case.draft.density if case is not None else None
        for one, button in self.letters.items():
            button.setChecked(read is not None and one is read.grade)
            button.setEnabled(can_change)
        text = density_words(read, measured) if case is not None and may_tell(case) else ""
        self.told.setText(text)
        self.told.setVisible(bool(text))
