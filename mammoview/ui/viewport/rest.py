"""What follows when a pane comes to rest: the exact view in place of the quick one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from mammoview.core.geometry import PixelTransform
from mammoview.ui.viewport.render import GrayRenderer

#: As `mammoview.ui.bridge.Background.run`.
Runner: TypeAlias = Callable[[Callable[[], Any], Callable[[Any], None]], None]

#: A hand that moves the mouse or turns the wheel pauses for less.
_REST_MS = 80


def at_once(work: Callable[[], Any], then: Callable[[Any], None]) -> None:
    """Run on this thread: where nobody else does."""
    then(work())


class Rest(QObject):
    """Waits until a renderer was left alone for a moment, then has its exact view made and shown.

    Attributes
    ----------
    run
        Makes the view off the GUI thread; at once where nobody set another.
    """

    begun = Signal()
    settled = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.run: Runner = at_once
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._settle)
        self._wanted: tuple[GrayRenderer, PixelTransform, tuple[int, int]] | None = None

    def wait(self, renderer: GrayRenderer, to_device: PixelTransform, size: tuple[int, int]) -> None:
        """Begin to wait anew: the renderer was placed here."""
        self._wanted = renderer, to_device, size
        self._timer.start()

    def _settle(self) -> None:
        self.begun.emit()
        if self._wanted is None or self._wanted[0].is_exact:
            self.settled.emit()
            return
        (renderer, to_device, size), self._wanted = self._wanted, None

        def show(view: Any) -> None:
            # The pane may have gone with another hanging.
            if renderer.settle(view) and isValid(self):
                self.settled.emit()

        self.run(lambda: renderer.exact(to_device, size), show)
