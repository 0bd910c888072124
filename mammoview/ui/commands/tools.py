"""Measuring and marking."""

from __future__ import annotations

from mammoview.ui.desk import Desk


class ToolsCommands:
    """The Tools menu."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
