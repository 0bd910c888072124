"""Volumes: frames, cine and slabs."""

from __future__ import annotations

from mammoview.ui.desk import Desk


class FramesCommands:
    """The Volume menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
