"""What other parts add to all panes of a wall: something painted above the images, and a tool for the mouse."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mammoview.ui.viewport.mouse import MouseTool, Overpaint
from mammoview.ui.viewport.pane import Pane


class Furnished(QWidget):
    """Holds panes and gives to each what was added, those of later hangings included."""

    #: Panes are about to go: what holds one must let go.
    panes_ending = Signal()
    #: The display is about to change by hand; it has changed, with what it was in words.
    change_begun = Signal()
    change_ended = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes: list[Pane] = []
        self._overpaints: list[Overpaint] = []
        self._tool: MouseTool | None = None

    def furnish(self, pane: Pane) -> None:
        """Give a new pane what the others have."""
        pane.overpaints = list(self._overpaints)
        pane.set_tool(self._tool)
        pane.window_drag_begun.connect(self.change_begun)
        pane.window_drag_ended.connect(lambda: self.change_ended.emit("window"))

    def add_overpaint(self, overpaint: Overpaint) -> None:
        """Paint something over the images of all panes."""
        self._overpaints.append(overpaint)
        for pane in self.panes:
            pane.overpaints.append(overpaint)
            pane.refresh()

    def set_tool(self, tool: MouseTool | None) -> None:
        """Let ``tool`` have the mouse first in all panes."""
        self._tool = tool
        for pane in self.panes:
            pane.set_tool(tool)

    def refresh(self) -> None:
        """Paint what lies over the gray pixels anew in all panes."""
        for pane in self.panes:
            pane.refresh()
