"""What other parts add to a pane: tools that take the mouse first, and things painted over the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QPainter, QWheelEvent

if TYPE_CHECKING:
    from mammoview.ui.viewport.canvas import Canvas
    from mammoview.ui.viewport.decor import Fonts
    from mammoview.ui.viewport.pane import Pane


class Overpaint(Protocol):
    """Paints above overlays and annotations. The painter works in device pixels.

    What it paints is kept until `Canvas.refresh` is called, the image moves, or an overlay changes.
    """

    def paint(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None: ...


@runtime_checkable
class Underpaint(Protocol):
    """An overpaint that paints something right over the gray pixels as well, under all words and marks; every frame."""

    def paint_under(self, painter: QPainter, canvas: Canvas) -> None: ...


class MouseTool(Protocol):
    """Asked before a pane acts on the mouse; what a method returns says whether it took the event.

    ``row`` and ``col`` are native pixels of the pane's image, continuous; they may lie outside of it.
    """

    cursor: Qt.CursorShape

    def pressed(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool: ...

    def moved(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool: ...

    def released(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool: ...

    def double_clicked(self, pane: Pane, row: float, col: float, event: QMouseEvent) -> bool: ...

    def paint(self, painter: QPainter, pane: Canvas, fonts: Fonts) -> None:
        """Paint what is being drawn, anew with every frame; device pixels."""


@runtime_checkable
class WheelTool(Protocol):
    """A tool that is asked about the wheel as well; ``steps`` is positive away from the reader."""

    def wheeled(self, pane: Pane, steps: float, event: QWheelEvent) -> bool: ...
