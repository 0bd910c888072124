"""Zoom, true size and the magnifier."""

from __future__ import annotations

from mammoview.ui.desk import Desk

_ZOOM_STEP = 1.25


class SizeCommands:
    """The Size menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def do_fit(self) -> None:
        self._desk.wall.fit()

    def do_one_to_one(self) -> None:
        self._desk.wall.one_to_one()

    def do_zoom_in(self) -> None:
        self._desk.wall.zoom(_ZOOM_STEP)

    def do_zoom_out(self) -> None:
        self._desk.wall.zoom(1 / _ZOOM_STEP)

    def do_magnifier(self) -> None:
        self._desk.wall.set_lens(is_on=self._desk.is_checked("magnifier"))
