"""The check of the display."""

from __future__ import annotations

from mammoview.ui.desk import Desk


class QualityCommands:
    """The Quality menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
