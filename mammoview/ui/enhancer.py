"""Switches local contrast and denoising: made beside the window, shown when ready, marked all the while."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from mammoview.ui.bridge import Background
from mammoview.ui.viewport.enhanced import Enhanced, Wish, enhance
from mammoview.ui.viewport.pane import Pane
from mammoview.ui.viewport.wall import Wall

_WAITING = "ENHANCING …"


class Enhancer(QObject):
    """The two toggles of one wall. The original is what is painted until the other pixels are ready."""

    def __init__(self, wall: Wall, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wall, self._background = wall, background
        self._wish = Wish()
        # What each image waits for: what is overtaken is not begun, or dropped.
        self._wanted: dict[str, Wish] = {}
        wall.renewed.connect(self._update)

    def set_wish(self, *, is_clahe: bool, is_denoised: bool, clip_limit: float) -> None:
        """Say what is wanted of every image that hangs."""
        self._wish = Wish(is_denoised, is_clahe, clip_limit)
        self._wanted.clear()
        for pane in sorted(self._wall.panes, key=lambda pane: not pane.is_active):
            self._update(pane)

    def _update(self, pane: Pane) -> None:
        if pane.image is None or pane.hung is None or not (self._wish.is_clahe or self._wish.is_denoised):
            _show(pane, None, ())
            return
        if pane.hung.image.volume is not None:
            # Each slice would be made anew while scrolling.
            _show(pane, None, ("NOT ENHANCED: VOLUME",))
            return
        image, gray = pane.image, pane.hung.image.grayscale
        wish = replace(self._wish, voi=pane.shade.voi if self._wish.is_clahe else None)
        if pane.enhanced is not None and pane.enhanced.wish == wish and pane.enhanced.source is image:
            return
        _show(pane, None, (_WAITING,))
        if self._wanted.get(image.image_id) == wish:
            return
        self._wanted[image.image_id] = wish

        def work() -> Enhanced | None:
            return enhance(image, gray, wish) if self._wanted.get(image.image_id) == wish else None

        self._background.run(work, self._ready)

    def _ready(self, made: Enhanced | None) -> None:
        if made is None or self._wanted.get(made.source.image_id) != made.wish:
            return
        del self._wanted[made.source.image_id]
        pane = self._wall.pane_of(made.source.image_id)
        if pane is not None and pane.image is made.source:
            _show(pane, made, made.wish.badges)
            # The window may have changed meanwhile.
            self._update(pane)


def _show(pane: Pane, enhanced: Enhanced | None, badges: tuple[str, ...]) -> None:
    if pane.enhanced is enhanced and pane.badges == badges:
        return
    is_other_image = pane.enhanced is not enhanced
    pane.enhanced, pane.badges = enhanced, badges
    pane.renew() if is_other_image else pane.refresh()
