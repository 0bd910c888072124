"""What other parts add to a pane: tools that take the mouse first, and things painted over the image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

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


class Underpaint(ABC):
    """An overpaint that paints something right over the gray pixels as well, under all words and marks; every frame."""

    @abstractmethod
    def paint_under(self, painter: QPainter, canvas: Canvas) -> None: ...


class Rider(Protocol):
    """Paints on the anatomy, above the overlays and under all words; what it paints moves with the image."""

    def state_on(self, canvas: Canvas) -> tuple[object, ...]:
        """What it would paint: another state is painted at once, anew. Empty where it would paint nothing."""

    def hidden_on(self, canvas: Canvas) -> str:
        """What it keeps back there though it has something to paint, for a banner; empty where nothing."""

    def paint_on(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        """Paint in device pixels of the pane, a little beyond its edges too."""


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


class WheelTool(ABC):
    """A tool that is asked about the wheel as well; ``steps`` is positive away from the reader."""

    @abstractmethod
    def wheeled(self, pane: Pane, steps: float, event: QWheelEvent) -> bool: ...
