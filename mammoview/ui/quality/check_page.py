"""The monitors, the patterns, and the check by eye: look at the pattern, answer, save."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from mammoview.core.display_check import QUESTIONS, Answer, DisplayCheck
from mammoview.imaging.test_patterns import PATTERNS, Family
from mammoview.session.luminance import last_check, reminder
from mammoview.ui.monitors import Display
from mammoview.ui.quality import TALL_PX
from mammoview.ui.quality.log import DisplayLog
from mammoview.ui.wrapped import WrappedLabel

_ABOUT = (
    "A pattern covers the whole display, one value to one device pixel: no window, no scaling, no gray scale function, "
    "and no correction from Settings, Monitor either. Esc closes it, ← and → step through patterns, ↑ and ↓ through "
    "levels. Let the display warm up, with the light of the room as it is while you read."
)
_CALIBRATION = (
    "Whether a display is calibrated to the DICOM gray scale is known to the display and its own software only. Check "
    "it there."
)


class CheckPage(QStackedWidget):
    """Chooses a monitor and shows patterns on it; then asks what was seen.

    Parameters
    ----------
    log
        Where checks are kept.
    days
        When a check is due again; 0 for never.
    now
        The clock.
    displays
        The monitors to choose from.
    """

    pattern_wanted = Signal(object, object)

    def __init__(self, log: DisplayLog, *, days: int, now: Callable[[], datetime], displays: Sequence[Display]) -> None:
        super().__init__()
        self._log, self._days, self._now, self._displays = log, days, now, displays
        self.monitors = QTableWidget(len(displays), 4)
        self.pattern = QComboBox()
        self.look_for, self.reminded = WrappedLabel(), WrappedLabel()
        self.start = QPushButton("Start the check")
        self.show_pattern = QPushButton("Show this pattern")
        self.addWidget(self._front())
        self.questions = QuestionsPage()
        self.addWidget(self.questions)
        self.start.clicked.connect(self._begin)
        self.show_pattern.clicked.connect(lambda: self._show(Family(self.pattern.currentData())))
        self.questions.again.connect(lambda: self._show(Family.ALL_ROUND))
        self.questions.back.connect(lambda: self.setCurrentIndex(0))
        self.questions.answered.connect(self._save)
        log.changed.connect(self.refresh)
        self.set_days(days)

    @property
    def chosen(self) -> Display:
        """The monitor of the selected row."""
        return self._displays[max(0, self.monitors.currentRow())]

    def _front(self) -> QWidget:
        page = QWidget()
        table = self.monitors
        table.setHorizontalHeaderLabels(["Display", "Device pixels", "Last check", ""])
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        for entry in PATTERNS:
            self.pattern.addItem(entry.title, entry.family.value)
        self.pattern.currentIndexChanged.connect(lambda index: self.look_for.setText(PATTERNS[index].look_for))
        self.look_for.setText(PATTERNS[0].look_for)
        for widget in (self.start, self.show_pattern, self.pattern):
            widget.setMinimumHeight(TALL_PX)
        row = QHBoxLayout()
        row.addWidget(self.start)
        row.addStretch(1)
        row.addWidget(self.pattern)
        row.addWidget(self.show_pattern)
        layout = QVBoxLayout(page)
        layout.addWidget(table, 1)
        layout.addLayout(row)
        layout.addWidget(self.look_for)
        layout.addSpacing(8)
        layout.addWidget(WrappedLabel(_ABOUT))
        layout.addWidget(WrappedLabel(_CALIBRATION))
        layout.addWidget(self.reminded)
        return page

    def set_days(self, days: int) -> None:
        """Let a check be due after so many days; 0 for never."""
        self._days = days
        after = f"after {days} days" if days else "never"
        self.reminded.setText(f"You are reminded {after}; change it in Settings, Display check.")
        self.refresh()

    def refresh(self) -> None:
        """Show the log as it is now."""
        row = max(0, self.monitors.currentRow())
        for index, display in enumerate(self._displays):
            key, (rows, columns) = display.key, display.shape
            last = last_check(self._log.checks, key)
            due = reminder(self._log.checks, key, days=self._days, now=self._now())
            complaints = f"{len(last.complaints)} answered with no" if last and last.complaints else ""
            texts = (
                display.name,
                f"{columns} × {rows}",
                last.time[:16].replace("T", " ") if last else "never",
                " · ".join(text for text in (due, complaints) if text) or "up to date",
            )
            for column, text in enumerate(texts):
                self.monitors.setItem(index, column, QTableWidgetItem(text))
        self.monitors.selectRow(row)

    def _show(self, family: Family) -> None:
        self.pattern_wanted.emit(self.chosen, family)

    def _begin(self) -> None:
        self.questions.begin(self.chosen.name)
        self.setCurrentWidget(self.questions)
        self._show(Family.ALL_ROUND)

    def _save(self, answers: tuple[Answer, ...], person: str, note: str) -> None:
        check = DisplayCheck(
            id=uuid.uuid4().hex,
            time=self._now().isoformat(timespec="seconds"),
            monitor=self.chosen.key,
            monitor_name=self.chosen.name,
            person=person,
            answers=answers,
            note=note,
        )
        self._log.add(check, self._saved)

    def _saved(self, problem: str) -> None:
        # The dialog may have been closed in the meantime.
        if not isValid(self):
            return
        if problem:
            self.questions.complain(problem)
        else:
            self.setCurrentIndex(0)


class QuestionsPage(QWidget):
    """What is asked about the all-round pattern."""

    again = Signal()
    back = Signal()
    answered = Signal(object, str, str)

    def __init__(self) -> None:
        super().__init__()
        self.title, self.complaint = QLabel(), QLabel()
        self.title.setObjectName("score")
        self.complaint.setObjectName("loud")
        self.complaint.setWordWrap(True)
        self.person, self.note = QLineEdit(), QLineEdit()
        self._buttons: dict[str, dict[str, QPushButton]] = {}
        self._counts: dict[str, QComboBox] = {}
        self.save = QPushButton("Save the check")
        again, back = QPushButton("Show the pattern again"), QPushButton("Back")
        again.clicked.connect(self.again)
        back.clicked.connect(self.back)
        self.save.clicked.connect(self._answer)
        row = QHBoxLayout()
        for button in (back, again):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.save)
        for button in (back, again, self.save):
            button.setMinimumHeight(TALL_PX)
        form = QFormLayout()
        form.addRow("Person", self.person)
        form.addRow("Note", self.note)
        area = QScrollArea()
        area.setWidget(self._grid())
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(area, 1)
        layout.addLayout(form)
        layout.addWidget(self.complaint)
        layout.addLayout(row)

    def _grid(self) -> QWidget:
        widget = QWidget()
        grid = QGridLayout(widget)
        grid.setColumnStretch(0, 1)
        for row, question in enumerate(QUESTIONS):
            label = QLabel(question.text)
            label.setWordWrap(True)
            grid.addWidget(label, row, 0)
            if question.most:
                count = self._counts[question.id] = QComboBox()
                count.addItem("not counted", "")
                for number in range(question.most, -1, -1):
                    count.addItem(str(number), str(number))
                grid.addWidget(count, row, 1, 1, 2)
                continue
            pair = self._buttons[question.id] = {word: QPushButton(word.title()) for word in ("yes", "no")}
            for column, (word, button) in enumerate(pair.items(), 1):
                button.setCheckable(True)
                button.setMinimumSize(72, 30)
                button.clicked.connect(partial(self._choose, question.id, word))
                grid.addWidget(button, row, column)
        return widget

    def _choose(self, question: str, word: str) -> None:
        for other, button in self._buttons[question].items():
            button.setChecked(other == word)

    def button(self, question: str, word: str) -> QPushButton:
        """The button of an answer."""
        return self._buttons[question][word]

    def count(self, question: str) -> QComboBox:
        """The choice of a number."""
        return self._counts[question]

    def begin(self, monitor: str) -> None:
        """Ask anew."""
        self.title.setText(f"What do you see on {monitor}?")
        self.complaint.clear()
        self.note.clear()
        for pair in self._buttons.values():
            for button in pair.values():
                button.setChecked(False)
        for count in self._counts.values():
            count.setCurrentIndex(0)

    def complain(self, text: str) -> None:
        """Say why nothing was saved."""
        self.complaint.setText(text)

    def _answer(self) -> None:
        answers = []
        for question in QUESTIONS:
            if question.most:
                value = str(self._counts[question.id].currentData())
            else:
                value = next((word for word, b in self._buttons[question.id].items() if b.isChecked()), "")
                if not value:
                    self.complain(f"Please answer: {question.text}")
                    return
            if value:
                answers.append(Answer(question.id, value))
        self.complain("")
        self.answered.emit(tuple(answers), self.person.text().strip(), self.note.text().strip())
