"""Brings the images of a comparison, and what both models say of them, to the window's panes and table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mammoview.core.findings import ImageResult
from mammoview.core.study import Mammogram
from mammoview.pipeline.comparing import Side
from mammoview.session.compared import SoFar
from mammoview.session.comparing import Contender
from mammoview.session.events import PixelsFailed, PixelsReady
from mammoview.ui.comparing.pair import Heading, side_id
from mammoview.ui.comparing.window import ComparingWindow
from mammoview.ui.comparing.words import corner_notes, headline
from mammoview.ui.hiding import hidden_text
from mammoview.ui.viewport.layers import Prepared, prepare
from mammoview.ui.viewport.look import Look, first_look, look_for_air

if TYPE_CHECKING:
    from mammoview.ui.desk import Desk


class Showing(QObject):
    """One view of some images at a time.

    Parameters
    ----------
    window
        Where.
    desk
        Of the viewer: its pixels, and what its monitor needs.
    """

    def __init__(self, window: ComparingWindow, desk: Desk) -> None:
        super().__init__(window)
        self._window, self._desk, self._session = window, desk, desk.session
        self._images: tuple[Mammogram, ...] = ()
        self._view = 0
        self._so_far: SoFar | None = None
        self._pair: tuple[Contender, Contender] | None = None
        self._looks: dict[str, Look] = {}
        self._prepared: dict[str, tuple[ImageResult, Prepared | None]] = {}
        wall = window.pair.wall
        wall.run, wall.pitches = desk.background.run, desk.wall.pitches
        window.view_wanted.connect(self.show_view)
        window.views.stepped.connect(lambda step: self.show_view(self._view + step))
        window.pair.turned.connect(lambda: self.show_view(self._view))

    # What there is

    def set_images(self, images: tuple[Mammogram, ...]) -> None:
        """Show other images, from the first; the same ones stay at the view that is shown."""
        if images == self._images and images:
            return
        self._images, self._view, self._so_far = images, 0, None
        self._looks.clear()
        self._prepared.clear()
        if images:
            self._session.request_pixels([image.id for image in images])
            self.show_view(0)
        else:
            self._window.pair.clear()
            self._window.views.show_place("", 0, 0)

    def set_said(self, so_far: SoFar | None, pair: tuple[Contender, Contender] | None) -> None:
        """Show what both models say by now."""
        self._so_far, self._pair = so_far, pair
        self._show_said()

    def hear(self, event: object) -> None:
        """Take an event of the session: pixels came, or could not be read."""
        if isinstance(event, PixelsReady) and self._image(event.image.image_id) is not None:
            self._look_at(event.image.image_id)
        elif isinstance(event, PixelsFailed) and self._is_shown(event.image_id):
            for side in Side:
                self._window.pair.wall.show_failure(side_id(event.image_id, side), event.problem.message)

    def _image(self, image_id: str) -> Mammogram | None:
        return next((image for image in self._images if image.id == image_id), None)

    def _is_shown(self, image_id: str) -> bool:
        return bool(self._images) and self._images[self._view].id == image_id

    # The view

    def show_view(self, view: int) -> None:
        """Show one of the images; there is none beyond the last one."""
        if not 0 <= view < len(self._images):
            return
        self._view = view
        image = self._images[view]
        self._window.views.show_place(image.label, view, len(self._images))
        self._hang(image)
        self._look_at(image.id)
        self._show_said()

    def _hang(self, image: Mammogram) -> None:
        self._window.pair.wall.tones.set_output(self._desk.wall.tones.output)
        self._window.pair.hang(image, self._session.hangings.orientation(image))

    def _look_at(self, image_id: str) -> None:
        """Show an image that is here, once it was looked at."""
        image, pixels = self._image(image_id), self._session.pixels_of(image_id)
        known = self._looks.get(image_id)
        if known is not None:
            self._show_look(known)
        elif image is not None and pixels is not None:
            self._desk.background.run(lambda: first_look(pixels, image), self._looked)

    def _looked(self, look: Look) -> None:
        image = self._image(look.image.image_id)
        if image is None or image.id in self._looks:
            return
        self._looks[image.id] = look
        if self._is_shown(image.id):
            # Where the chest wall lies may be known only since the pixels are.
            self._hang(image)
            self._show_look(look)
        pair = self._window.pair
        self._desk.background.run(lambda: look_for_air(look, image), lambda air: pair.show_air(image.id, air))

    def _show_look(self, look: Look) -> None:
        if self._is_shown(look.image.image_id):
            self._window.pair.show_pixels(look)
            self._window.pair.turn()
            self._show_said()

    # What both say of it

    def _show_said(self) -> None:
        so_far, pair = self._so_far, self._pair
        self._window.show_so_far(so_far, self._view, self._worded)
        if so_far is None or pair is None or not self._images:
            for side in Side:
                self._window.pair.show_said(side, Heading("", ""), (), None)
            return
        image = self._images[self._view]
        for side, contender in zip(Side, pair, strict=True):
            heading = Heading(contender.label, headline(so_far, side, image))
            overlays = self._overlays(so_far, side, image)
            self._window.pair.show_said(side, heading, corner_notes(so_far, side, image), overlays)

    def _worded(self, text: str) -> str:
        is_named = self._desk.annotation.is_identity_shown
        return text if is_named else hidden_text(text, self._session.studies, [image.path for image in self._images])

    def set_identity(self) -> None:
        """Name the patient or not, as the viewer does."""
        self._window.pair.wall.set_annotation(self._desk.annotation)
        self._show_said()

    def _overlays(self, so_far: SoFar, side: Side, image: Mammogram) -> Prepared | None:
        """The overlays of a side; they are traced first, once, beside the window."""
        view, look = so_far.views.get((side, image.id)), self._looks.get(image.id)
        if view is None or look is None:
            return None
        name, result, levels = side_id(image.id, side), view.result, len(look.image.levels)
        known = self._prepared.get(name)
        if known is not None and known[0] is result:
            return known[1]
        self._prepared[name] = result, None

        def traced(made: Prepared) -> None:
            # Another comparison may have begun meanwhile, or none may be shown any more.
            if name in self._prepared and self._prepared[name][0] is result:
                self._prepared[name] = result, made
                self._show_said()

        self._desk.background.run(lambda: prepare(replace(result, image_id=name), levels), traced)
        return None
