"""Double reading: what the other readers decided, as far as the protocol lets it be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from mammoview.core.reading import ReaderDecision, disagreements
from mammoview.core.study import Laterality
from mammoview.session.reading.case import Case
from mammoview.session.worklist.protocol import ReadingMode
from mammoview.session.worklist.readings import Reading
from mammoview.ui import theme
from mammoview.ui.reading.standing import SIDE_WORDS, decision_of, moment, recall_words
from mammoview.ui.wrapped import WrappedLabel

BLINDED: Final = "The other reader's decision is shown after you have signed."
WAITING: Final = "The other reader has not signed yet; the decision is shown then."
STUDY: Final = "In a reader study nobody sees another reader's decision."
_ROLES: Final = ("First reader", "Second reader", "Arbiter")


def hidden_words(case: Case) -> str:
    """Why no other decision is shown; empty where one is, or where nobody else reads."""
    mode = case.reading.protocol.reading if case.reading is not None else None
    if mode is ReadingMode.READER_STUDY:
        return STUDY
    if case.others or mode is not ReadingMode.DOUBLE:
        return ""
    return WAITING if case.is_signed else BLINDED


def pair_of(case: Case) -> tuple[Reading, ...]:
    """The readings to put side by side, in their order: of both readers, or what there is."""
    own = (case.reading,) if case.reading is not None and case.reading.final is not None else ()
    readings = sorted((*own, *case.others), key=lambda reading: reading.place)
    return tuple(reading for reading in readings if reading.place < 3 or reading not in own)


def discord_lines(readings: Sequence[Reading]) -> tuple[str, ...]:
    """What the first two readers differ in, a line each, or that they agree; nothing before both decided."""
    both = [reading.final for reading in readings if reading.place < 3]
    if len(both) != 2 or both[0] is None or both[1] is None:
        return ()
    return tuple(one.words for one in disagreements(both[0], both[1])) or ("Both readers agree.",)


def decision_rows(reading: Reading) -> tuple[str, ...]:
    """A reader's decision in cells: right, left, density, technical recall, when."""
    decision = decision_of(reading.final)
    if decision is None:
        return ("–", "–", "–", "–", "")
    breasts = tuple(_breast(decision, side) for side in (Laterality.RIGHT, Laterality.LEFT))
    density = decision.density.grade.value if decision.density is not None else "–"
    technical = "asked" if decision.is_technical_recall else "none"
    return (*breasts, density, technical, moment(reading.signed_at or decision.time))


def _breast(decision: ReaderDecision, side: Laterality) -> str:
    breast = decision.breast(side)
    if breast is None:
        return "–"
    parts = [f"BI-RADS {breast.assessment}" if breast.assessment is not None else "", recall_words(breast.calls_back)]
    return ", ".join((*filter(None, parts), *breast.recommendations))


class Others(QWidget):
    """The decisions side by side, their differences above."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.told = WrappedLabel()
        self.cells: list[QLabel] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel("Other readers"))
        column.addWidget(self.told)
        column.addLayout(self._grid)

    def show_case(self, case: Case | None) -> None:
        """Show what may be seen."""
        for cell in self.cells:
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self.cells = []
        hidden = hidden_words(case) if case is not None else ""
        readings = pair_of(case) if case is not None and case.others else ()
        lines = discord_lines(readings)
        self.setVisible(bool(hidden or readings))
        self.told.setText(hidden or "\n".join(lines))
        self.told.setVisible(bool(self.told.text()))
        differs = bool(lines) and lines != ("Both readers agree.",)
        self.told.setObjectName("loud" if differs else "quiet")
        theme.restyle(self.told)
        if readings:
            heads = [SIDE_WORDS[side].capitalize() for side in (Laterality.RIGHT, Laterality.LEFT)]
            self._column(0, ("", *heads, "Density", "Repeat", "Signed"))
            for number, reading in enumerate(readings, start=1):
                role = _ROLES[min(reading.place, len(_ROLES)) - 1]
                self._column(number, (f"{role} ({reading.reader})", *decision_rows(reading)))
                self._grid.setColumnStretch(number, 1)

    def _column(self, number: int, texts: Sequence[str]) -> None:
        for row, text in enumerate(texts):
            cell = QLabel(text) if number == 0 else WrappedLabel(text)
            cell.setObjectName("quiet" if number == 0 else "")
            self._grid.addWidget(cell, row, number, Qt.AlignmentFlag.AlignTop)
            self.cells.append(cell)
