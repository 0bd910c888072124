"""What lies on the anatomy, overlays and over them what others add, in one layer that moves with the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter

from mammoview.ui.viewport.moving import MovingLayer, Paint
from mammoview.ui.viewport.placement import Placement

if TYPE_CHECKING:
    from mammoview.ui.viewport.canvas import Canvas
    from mammoview.ui.viewport.decor import Fonts


class OverlayLayer:
    """One layer for all, because each costs every step of a zoom what it covers."""

    def __init__(self) -> None:
        self._layer = MovingLayer()
        self._states: tuple[object, ...] = ()
        self._around: tuple[object, ...] = ()

    def forget(self) -> None:
        """Other overlays are to be painted."""
        self._layer.forget()

    def sharpen(self) -> bool:
        """Paint anew what was shown stretched: whether that is so."""
        return self._layer.sharpen()

    def draw(self, painter: QPainter, canvas: Canvas, fonts: Fonts, overlays: Paint | None) -> None:
        """Draw over a canvas.

        While the image moves, what was painted last moves with it. At rest the riders paint anew, because a label
        looks for its place among the words of a pane.

        Parameters
        ----------
        painter
            Works in device pixels.
        overlays
            Paints what lies under the riders; None where there is nothing.
        """
        states = tuple(rider.state_on(canvas) for rider in canvas.riders)
        around = canvas.placement, canvas.written
        is_ridden = any(states)
        if states != self._states or (is_ridden and not canvas.is_in_motion and around != self._around):
            self._layer.forget()
        if overlays is None and not is_ridden:
            self._states = states
            return
        size = canvas.device_size

        def paint(on: QPainter, placement: Placement, wide: tuple[int, int]) -> None:
            self._states, self._around = states, around
            if overlays is not None:
                on.save()
                overlays(on, placement, wide)
                on.restore()
            on.translate((wide[1] - size[1]) / 2, (wide[0] - size[0]) / 2)
            for rider in canvas.riders:
                on.save()
                rider.paint_on(on, canvas, fonts)
                on.restore()

        self._layer.draw(painter, canvas.placement, size, paint)
