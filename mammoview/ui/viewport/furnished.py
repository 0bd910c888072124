"""What all panes of a wall are given: what other parts add, and what all of them share."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mammoview.ui.pitch import ScreenPitches
from mammoview.ui.viewport.mouse import MouseTool, Overpaint, Rider
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.rest import Runner, at_once


class Furnished(QWidget):
    """Holds panes and gives to each what was added, those of later hangings included.

    Attributes
    ----------
    pitches
        How large the monitors' pixels are; one for all panes.
    run
        Makes exact pictures off the GUI thread; at once where nobody set another.
    """

    #: Panes are about to go: what holds one must let go.
    panes_ending = Signal()
    #: The display is about to change by hand; it has changed, with what it was in words.
    change_begun = Signal()
    change_ended = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes: list[Pane] = []
        self.pitches = ScreenPitches()
        self.run: Runner = at_once
        self._overpaints: list[Overpaint] = []
        self._riders: list[Rider] = []
        self._tool: MouseTool | None = None

    def furnish(self, pane: Pane) -> None:
        """Give a new pane what the others have."""
        pane.pitches, pane.rest.run = self.pitches, self.run
        pane.overpaints, pane.riders = list(self._overpaints), list(self._riders)
        pane.set_tool(self._tool)
        pane.window_drag_begun.connect(self.change_begun)
        pane.window_drag_ended.connect(lambda: self.change_ended.emit("window"))

    def add_overpaint(self, overpaint: Overpaint) -> None:
        """Paint something over the images of all panes."""
        self._overpaints.append(overpaint)
        for pane in self.panes:
            pane.overpaints.append(overpaint)
            pane.refresh()

    def add_rider(self, rider: Rider) -> None:
        """Paint something on the anatomy in all panes, moving with it."""
        self._riders.append(rider)
        for pane in self.panes:
            pane.riders.append(rider)
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
