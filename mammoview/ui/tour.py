"""A first look round the window: a few notes, each beside its thing. It takes no keys and holds up nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Final, TypeAlias

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolBar, QToolButton, QVBoxLayout, QWidget

from mammoview.ui import theme
from mammoview.ui.actions import Group
from mammoview.ui.desk import Desk

#: Where the thing lies in the window, in Qt's pixels; None where it is not there.
Place: TypeAlias = Callable[[Desk], QRect | None]

_WIDE_PX, _GAP_PX = 320, 10


@dataclass(frozen=True)
class Step:
    """One note.

    Attributes
    ----------
    title, text
        A few words, and a sentence or two; an action's id in braces stands for its keys.
    at
        What it points at; without it the step is left out.
    """

    title: str
    text: str
    at: Place


def _within(desk: Desk, widget: QWidget | None, part: QRect | None = None) -> QRect | None:
    if widget is None or not widget.isVisibleTo(desk.window):
        return None
    room = part if part is not None else widget.rect()
    return QRect(widget.mapTo(desk.window, room.topLeft()), room.size())


def button(identity: str) -> Place:
    """The action's button on the toolbar, or the menu that has the action where there is none."""

    def find(desk: Desk) -> QRect | None:
        made = desk.actions.get(identity)
        bar = desk.window.findChild(QToolBar, "tools")
        if made is None or bar is None:
            return None
        return _within(desk, bar.widgetForAction(made))

    return find


def drop_down(text: str) -> Place:
    """The toolbar's button that opens a list."""
    return lambda desk: _within(
        desk, next((one for one in desk.window.findChildren(QToolButton) if one.text() == text), None)
    )


def menu(group: Group) -> Place:
    """A menu's title."""

    def find(desk: Desk) -> QRect | None:
        bar = desk.window.menuBar()
        title = next((one for one in bar.actions() if one.text() == group.value and one.isVisible()), None)
        return None if title is None else _within(desk, bar, bar.actionGeometry(title))

    return find


def tab(title: str) -> Place:
    """The head of a page beside the images."""

    def find(desk: Desk) -> QRect | None:
        index = next((i for i in range(desk.tabs.count()) if desk.tabs.tabText(i) == title), -1)
        bar = desk.tabs.tabBar()
        return None if index < 0 else _within(desk, bar, bar.tabRect(index))

    return find


def images(desk: Desk) -> QRect | None:
    """The middle of the window."""
    return _within(desk, desk.window.centralWidget())


STEPS: Final[tuple[Step, ...]] = (
    Step(
        "Open a study",
        "{open_files} opens DICOM files and pictures, {open_folder} a whole folder. Or drop them on the window.",
        drop_down("Open"),
    ),
    Step(
        "The worklist",
        "{worklist} shows the studies to read. Import folders once; the list keeps who read what.",
        button("worklist"),
    ),
    Step(
        "The images",
        "The wheel zooms, a left drag moves, a right drag changes window and level. {fit} fits all again, "
        "{one_to_one} shows the acquired pixels, a double click shows one image large.",
        images,
    ),
    Step(
        "Measure and mark",
        "Distances, angles, areas and notes. {undo} takes back what was done last.",
        drop_down("Measure"),
    ),
    Step(
        "What the AI marks",
        "Outlines and maps over the images, each with its own switch. {no_layers} hides them all and brings them back.",
        button("findings_layer"),
    ),
    Step(
        "Reading",
        "Your own decision comes first; what the AI found is shown after it, as the protocol says. "
        "Findings, density and the report follow on these pages.",
        tab("Reading"),
    ),
    Step(
        "Letters and contrast",
        "{larger} and {smaller} change the size of all letters; {high_contrast} switches to high contrast.",
        menu(Group.VIEW),
    ),
    Step(
        "All keys",
        "{keys} shows every key, {edit_keys} changes them. This tour stays in the Help menu.",
        menu(Group.HELP),
    ),
)


class Tour(QObject):
    """Goes through the steps whose things are there.

    Parameters
    ----------
    desk
        Its window is pointed at.
    """

    ended = Signal()

    def __init__(self, desk: Desk, steps: tuple[Step, ...] = STEPS) -> None:
        super().__init__(desk)
        self._desk = desk
        self._steps = [step for step in steps if step.at(desk) is not None]
        self._index = 0
        self._ring = _Ring(desk.window)
        self.note = _Note(desk.window)
        self.note.back.clicked.connect(lambda: self._go(-1))
        self.note.onward.clicked.connect(lambda: self._go(1))
        self.note.skip.clicked.connect(self.end)
        # The window's parts find their places when it was laid out anew, and they come and go with the studies.
        self._timer = QTimer(self)
        self._timer.setInterval(200)
        self._timer.timeout.connect(self._follow)
        desk.window.installEventFilter(self)

    def begin(self) -> None:
        """Show the first step."""
        if self._steps:
            self._show()
            self._timer.start()

    def end(self) -> None:
        """Put the notes away."""
        self._timer.stop()
        self._desk.window.removeEventFilter(self)
        for part in (self._ring, self.note):
            part.hide()
            part.deleteLater()
        self.ended.emit()
        self.deleteLater()

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self._steps[self._index]

    @property
    def count(self) -> int:
        """How many steps there are."""
        return len(self._steps)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.StyleChange}:
            QTimer.singleShot(0, self.note, self._follow)
        return super().eventFilter(watched, event)

    def _go(self, by: int) -> None:
        self._index += by
        if self._index >= len(self._steps):
            self.end()
        else:
            self._show()

    def _show(self) -> None:
        names = {name for _, name, _, _ in Formatter().parse(self.step.text) if name}
        keys = {name: self._desk.keys.text(name).split(", ")[0] for name in names if name in self._desk.actions}
        text = self.step.text.format(**dict.fromkeys(names, "the menu") | {n: k for n, k in keys.items() if k})
        self.note.show_step(self.step.title, text, self._index, len(self._steps))
        self._follow()

    def _follow(self) -> None:
        """Stay beside the thing; where it went away meanwhile, in the middle."""
        window = self._desk.window
        at = self.step.at(self._desk)
        self._ring.setVisible(at is not None)
        if at is not None:
            self._ring.setGeometry(at.adjusted(-3, -3, 3, 3).intersected(window.rect()))
        self.note.setFixedWidth(min(theme.px(_WIDE_PX), window.width() - 2 * _GAP_PX))
        self.note.adjustSize()
        self.note.move(_beside(at or window.rect(), self.note.size().width(), self.note.size().height(), window.rect()))
        self.note.show()
        self.note.raise_()


def _beside(at: QRect, wide: int, high: int, room: QRect) -> QPoint:
    """Below a thing, else above it, else in its middle; always within the window."""
    x = at.center().x() - wide // 2
    if at.bottom() + _GAP_PX + high <= room.bottom():
        y = at.bottom() + _GAP_PX
    elif at.top() - _GAP_PX - high >= room.top():
        y = at.top() - _GAP_PX - high
    else:
        y = at.center().y() - high // 2
    return QPoint(
        max(room.left() + _GAP_PX, min(x, room.right() - wide - _GAP_PX)),
        max(room.top() + _GAP_PX, min(y, room.bottom() - high - _GAP_PX)),
    )


class _Ring(QWidget):
    """A frame around a thing; the mouse goes through it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme.WARNING, 2))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))


class _Note(QFrame):
    """A few words with three buttons, none of which takes the keys."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("note")
        self.title, self.text, self.where = QLabel(), QLabel(), QLabel()
        self.title.setObjectName("noteTitle")
        self.text.setWordWrap(True)
        self.where.setObjectName("quiet")
        self.skip, self.back, self.onward = QPushButton("Skip"), QPushButton("Back"), QPushButton("Next")
        row = QHBoxLayout()
        row.addWidget(self.where, 1)
        for made in (self.skip, self.back, self.onward):
            made.setObjectName("narrow")
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            row.addWidget(made, 1)
        column = QVBoxLayout(self)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addLayout(row)
        self.hide()

    def show_step(self, title: str, text: str, index: int, count: int) -> None:
        """Show a step."""
        self.title.setText(title)
        self.text.setText(text)
        self.where.setText(f"{index + 1} of {count}")
        self.back.setEnabled(index > 0)
        self.onward.setText("Done" if index == count - 1 else "Next")
        self.skip.setVisible(index < count - 1)
