"""Key images of a report, made beside the window from the pixels that the reader sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QImage

from mammoview.core.errors import MammoViewError
from mammoview.core.geometry import Dihedral
from mammoview.core.image import DisplayImage
from mammoview.core.study import Mammogram
from mammoview.imaging.windowing import display_table
from mammoview.report.breast_report.drafting import named_lesions
from mammoview.report.breast_report.key_images import BAND_PX, KeyImage, Shown, key_images
from mammoview.report.breast_report.values import Content, Draft
from mammoview.session.events import FrameFailed, FrameReady, PixelsFailed, PixelsReady
from mammoview.session.session import Session
from mammoview.ui import theme
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.look import first_look

#: So long an export waits for pixels that are still being read.
PATIENCE_MS: Final = 5000
#: Height of a small picture on the page.
_SMALL_PX: Final = 150


@dataclass(frozen=True, eq=False)
class Source:
    """An image, or one frame of a volume, whose pixels are in memory, and how it hangs.

    Attributes
    ----------
    frame
        As in `ReaderFinding.frame`.
    header
        Of that frame alone.
    """

    image_id: str
    frame: int
    header: Mammogram
    pixels: DisplayImage
    orientation: Dihedral


def shown_of(source: Source) -> Shown:
    """The image through its header's window, 8 bits, native orientation; takes a moment."""
    display, gray = source.pixels, source.header.grayscale
    look = first_look(display, source.header)
    table = display_table(gray, look.default, value_offset=display.value_offset)
    pixels = table[display.levels[0]]
    if display.padding:
        pixels[display.padding[0] > 127] = 0
    return Shown(np.ascontiguousarray(pixels), source.orientation)


@dataclass(frozen=True, eq=False)
class Pictured:
    """A key image, and small ones of it for the page: with the band that names the patient, and without."""

    key: KeyImage
    named: QImage
    unnamed: QImage


def made(written: Draft | Content, sources: Sequence[Source], height_px: int) -> tuple[Pictured, ...]:
    """The key images of a report, the small ones ``height_px`` high; none where they cannot be made."""
    try:
        keys = key_images(written, {(source.image_id, source.frame): shown_of(source) for source in sources})
    except MammoViewError:
        return ()
    return tuple(_pictured(key, height_px) for key in keys)


def _pictured(key: KeyImage, height_px: int) -> Pictured:
    whole = QImage.fromData(key.png)
    unnamed = whole.copy(0, BAND_PX, whole.width(), whole.height() - BAND_PX)
    smooth = Qt.TransformationMode.SmoothTransformation
    return Pictured(key, whole.scaledToHeight(height_px, smooth), unnamed.scaledToHeight(height_px, smooth))


@dataclass(eq=False)
class _Order:
    """Pictures that somebody waits for."""

    written: Draft | Content
    then: Callable[[tuple[Pictured, ...]], None]
    requested: set[str] = field(default_factory=set)
    is_done: bool = False


class Pictures:
    """Makes the key images of the case's report anew when what they show changes.

    Parameters
    ----------
    session
        Asked for pixels and for how they hang.
    background
        Where they are made.
    told
        Told the key images, on the GUI thread.
    """

    def __init__(self, session: Session, background: Background, told: Callable[[tuple[Pictured, ...]], None]) -> None:
        self._session, self._background, self._told = session, background, told
        self._key: object = None
        self._of_page: _Order | None = None
        self._orders: list[_Order] = []
        self._failed: set[str] = set()
        self.pictured: tuple[Pictured, ...] = ()

    @property
    def images(self) -> tuple[KeyImage, ...]:
        """The key images that the page shows."""
        return tuple(one.key for one in self.pictured)

    def follow(self, written: Draft | Content | None) -> None:
        """Show the pictures of another state of a report; None where there is none."""
        key = None if written is None else (written.exam, named_lesions(written))
        if key == self._key:
            return
        self._key = key
        if self._of_page is not None:
            self._of_page.is_done = True
        self._of_page = None
        if written is None or not named_lesions(written):
            self._show(())
            return
        self._failed.clear()
        self._of_page = self._take(_Order(written, self._show))

    def of(self, written: Draft | Content, then: Callable[[tuple[KeyImage, ...]], None]) -> None:
        """Hand the pictures of a report over, when they are made: soon, or after a while those that there are."""
        order = self._take(_Order(written, lambda pictured: then(tuple(one.key for one in pictured))))
        if not order.is_done:
            QTimer.singleShot(PATIENCE_MS, lambda: self._try(order, is_last=True))

    def hear(self, event: object) -> None:
        """Pixels that were missing have come, or never will."""
        if isinstance(event, PixelsFailed):
            self._failed.add(event.image_id)
        if isinstance(event, PixelsReady | PixelsFailed | FrameReady | FrameFailed):
            for order in tuple(self._orders):
                self._try(order)

    def _take(self, order: _Order) -> _Order:
        self._orders.append(order)
        self._try(order)
        return order

    def _try(self, order: _Order, *, is_last: bool = False) -> None:
        """Make the pictures of an order if all pixels are here; ask for what is missing."""
        if not order.is_done:
            sources, is_complete = self._gather(order)
            if not (is_complete or is_last):
                return
            order.is_done = True
            height_px = theme.px(_SMALL_PX)

            def hand_over(pictured: tuple[Pictured, ...]) -> None:
                # Another state of the report may be on the page by now.
                if order.then != self._show or order is self._of_page:
                    order.then(pictured)

            self._background.run(lambda: made(order.written, sources, height_px), hand_over)
        self._orders = [one for one in self._orders if not one.is_done]

    def _gather(self, order: _Order) -> tuple[list[Source], bool]:
        """The pixels that an order needs, as far as they are here, and whether that is all."""
        lesions = named_lesions(order.written)
        marked = {(finding.image_id, finding.frame) for one in lesions for finding in one.lesion.findings}
        sources: list[Source] = []
        waits: set[str] = set()
        for image_id, frame in sorted(marked):
            image = self._session.image(image_id)
            position = image.volume.position_of(frame) if image is not None and image.volume is not None else None
            if image is None:
                continue
            if image.frames > 1 and position is not None:
                pixels = self._session.volumes.get(image, position)
                header = image.frame_alone(position)
                can_come = not self._session.volumes.has_failed(image_id, position)
                if pixels is None and can_come and image_id not in waits:
                    self._session.volumes.want(image, position, reach=0)
            else:
                pixels, header, can_come = self._session.pixels_of(image_id), image, image_id not in self._failed
                if pixels is None and can_come and image_id not in order.requested:
                    order.requested.add(image_id)
                    self._session.request_pixels([image_id])
            if pixels is not None:
                sources.append(Source(image_id, frame, header, pixels, self._laid(image)))
            elif can_come:
                waits.add(image_id)
        return sources, not waits

    def _laid(self, image: Mammogram) -> Dihedral:
        hanging = self._session.hanging_of(image.study_uid)
        hung = hanging.hung if hanging is not None else ()
        return next((item.orientation.dihedral for item in hung if item.image.id == image.id), Dihedral())

    def _show(self, pictured: tuple[Pictured, ...]) -> None:
        self.pictured = pictured
        self._told(pictured)
