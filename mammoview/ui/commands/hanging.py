"""Which images hang where."""

from __future__ import annotations

from mammoview.ui.desk import Desk


class HangingCommands:
    """The Hanging menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def do_next_in_stack(self) -> None:
        self._desk.wall.step(1)

    def do_previous_in_stack(self) -> None:
        self._desk.wall.step(-1)

    def do_next_study(self) -> None:
        self._desk.studies.step(1)

    def do_previous_study(self) -> None:
        self._desk.studies.step(-1)

    def do_flip(self) -> None:
        self._desk.wall.flip_active()
