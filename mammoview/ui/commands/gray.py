"""Windows, tables and inversion."""

from __future__ import annotations

from mammoview.ui.desk import Desk
from mammoview.ui.viewport.voi import Adjustment


class GrayCommands:
    """The Gray menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def do_window_tool(self) -> None:
        self._desk.wall.set_window_tool(is_on=self._desk.is_checked("window_tool"))

    def do_reset_window(self) -> None:
        self._desk.wall.set_adjustment(Adjustment())

    def do_next_voi(self) -> None:
        self._desk.wall.next_voi()

    def do_invert(self) -> None:
        self._desk.wall.set_inverted(is_inverted=self._desk.is_checked("invert"))
