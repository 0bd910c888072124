"""Measuring and marking, and taking things back."""

from __future__ import annotations

from mammoview.core.marks import MarkKind
from mammoview.session.events import HistoryChanged, StudySelected
from mammoview.session.history import History
from mammoview.ui.actions import action
from mammoview.ui.desk import Desk


class ToolsCommands:
    """The Tools menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        #: What the status bar says of the tool in the hand, and what it said before.
        self._how, self._before = "", ""
        desk.toolbox.taken.connect(lambda _kind: self._show_tool())
        desk.board.chosen_changed.connect(lambda _mark: self._show_what_can_be_done())
        desk.board.shown_changed.connect(lambda is_shown: desk.check("marks", is_on=is_shown))
        desk.listeners.append(self._hear)
        desk.check("marks", is_on=True)
        self._show_tool()
        self._show_what_can_be_done()

    def do_undo(self) -> None:
        history = self._history()
        # What is half drawn goes first: it was done last.
        if history is not None and not self._desk.findings.tools.drop() and not self._desk.toolbox.drop():
            self._say(history.undo(), "Took back")

    def do_redo(self) -> None:
        history = self._history()
        if history is not None:
            self._say(history.redo(), "Did again")

    def do_draw_pointer(self) -> None:
        self._take(None)

    def do_draw_distance(self) -> None:
        self._take(MarkKind.DISTANCE)

    def do_draw_angle(self) -> None:
        self._take(MarkKind.ANGLE)

    def do_draw_area(self) -> None:
        self._take(MarkKind.AREA)

    def do_draw_ellipse(self) -> None:
        self._take(MarkKind.ELLIPSE)

    def do_draw_polygon(self) -> None:
        self._take(MarkKind.POLYGON)

    def do_draw_arrow(self) -> None:
        self._take(MarkKind.ARROW)

    def do_draw_text(self) -> None:
        self._take(MarkKind.TEXT)

    def do_marks(self) -> None:
        is_shown = self._desk.is_checked("marks")
        self._desk.board.set_shown(is_shown=is_shown)
        self._desk.state_label.setText("All marks are shown" if is_shown else "All marks are hidden")

    def do_delete_mark(self) -> None:
        self._desk.board.remove_chosen()

    def _take(self, kind: MarkKind | None) -> None:
        """Take a tool; the same key again puts it down."""
        toolbox = self._desk.toolbox
        toolbox.take(None if kind is toolbox.kind else kind)

    def _history(self) -> History | None:
        study = self._desk.presenter.study
        return self._desk.session.marks.history_of(study.uid) if study else None

    def _say(self, text: str, what: str) -> None:
        if text:
            self._desk.state_label.setText(f"{what}: {text}")

    def _hear(self, event: object) -> None:
        if isinstance(event, HistoryChanged | StudySelected):
            self._show_what_can_be_done()

    def _show_tool(self) -> None:
        self._show_how()
        self._desk.check("draw_pointer", is_on=self._desk.toolbox.kind is None)
        for kind in MarkKind:
            self._desk.check(f"draw_{kind.value}", is_on=self._desk.toolbox.kind is kind)

    def _show_how(self) -> None:
        """Say in the status bar how the tool in the hand draws, as long as it is there."""
        label, kind = self._desk.state_label, self._desk.toolbox.kind
        if self._how and label.text() == self._how:
            label.setText(self._before)
        self._how = ""
        if kind is not None:
            self._before = label.text()
            self._how = f"{kind.label}: {action(f'draw_{kind.value}').help} Esc ends."
            label.setText(self._how)
        # The line needs the room on a small screen.
        self._desk.engine_label.setVisible(kind is None)

    def _show_what_can_be_done(self) -> None:
        history = self._history()
        for identity, title, text in (
            ("undo", "Undo", history.undo_text if history else ""),
            ("redo", "Redo", history.redo_text if history else ""),
        ):
            self._desk.actions[identity].setText(f"{title} {text}".strip())
            self._desk.actions[identity].setEnabled(bool(text))
        self._desk.actions["delete_mark"].setEnabled(bool(self._desk.board.chosen))
