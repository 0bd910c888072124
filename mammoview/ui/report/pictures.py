"""Key images of a report, made beside the window from the pixels that the reader sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from mammoview.core.errors import MammoViewError
from mammoview.core.geometry import Dihedral
from mammoview.core.image import DisplayImage
from mammoview.core.study import Mammogram
from mammoview.imaging.windowing import display_table
from mammoview.report.breast_report.drafting import named_lesions
from mammoview.report.breast_report.key_images import BAND_PX, KeyImage, Shown, key_images
from mammoview.report.breast_report.values import Content, Draft
from mammoview.session.events import PixelsFailed, PixelsReady
from mammoview.session.session import Session
from mammoview.ui import theme
from mammoview.ui.bridge import Background
from mammoview.ui.viewport.look import first_look

#: Height of a small picture on the page.
_SMALL_PX: Final = 150


@dataclass(frozen=True, eq=False)
class Source:
    """An image whose pixels are in memory, and how it hangs."""

    image: Mammogram
    pixels: DisplayImage
    orientation: Dihedral


def shown_of(source: Source) -> Shown:
    """The image through its header's window, 8 bits, native orientation; takes a moment."""
    display, gray = source.pixels, source.image.grayscale
    look = first_look(display, source.image)
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
        keys = key_images(written, {(source.image.id, 0): shown_of(source) for source in sources})
    except MammoViewError:
        return ()
    return tuple(_pictured(key, height_px) for key in keys)


def _pictured(key: KeyImage, height_px: int) -> Pictured:
    whole = QImage.fromData(key.png)
    unnamed = whole.copy(0, BAND_PX, whole.width(), whole.height() - BAND_PX)
    smooth = Qt.TransformationMode.SmoothTransformation
    return Pictured(key, whole.scaledToHeight(height_px, smooth), unnamed.scaledToHeight(height_px, smooth))


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
        self._written: Draft | Content | None = None
        self._key: object = None
        self._failed: set[str] = set()
        self._waiting: list[Callable[[tuple[KeyImage, ...]], None]] = []
        self.pictured: tuple[Pictured, ...] = ()
        self.is_current = True

    @property
    def images(self) -> tuple[KeyImage, ...]:
        """The key images as they were made last."""
        return tuple(one.key for one in self.pictured)

    def follow(self, written: Draft | Content | None) -> None:
        """Show the pictures of another state of a report; None where there is none."""
        key = None if written is None else (written.exam, named_lesions(written))
        self._written = written
        if key == self._key:
            return
        self._key = key
        self._failed.clear()
        self._waiting.clear()
        if self._wanted():
            self._make()
        else:
            self._show((), key)

    def of(self, written: Draft | Content, then: Callable[[tuple[KeyImage, ...]], None]) -> None:
        """Hand the pictures of a report over, when they are made."""
        self.follow(written)
        if self.is_current:
            then(self.images)
        else:
            self._waiting.append(then)

    def hear(self, event: object) -> None:
        """Pixels that were missing have come, or never will."""
        if self.is_current:
            return
        if isinstance(event, PixelsReady) and event.image.image_id in self._wanted():
            self._make()
        elif isinstance(event, PixelsFailed) and event.image_id in self._wanted():
            self._failed.add(event.image_id)
            self._make()

    def _wanted(self) -> tuple[str, ...]:
        """The images with a described finding, less volumes, whose slices are not pictured."""
        written = self._written
        if written is None:
            return ()
        marked = {finding.image_id for one in named_lesions(written) for finding in one.lesion.findings}
        images = (self._session.image(one.id) for one in written.exam.images if one.id in marked)
        return tuple(
            image.id for image in images if image is not None and image.frames == 1 and image.id not in self._failed
        )

    def _make(self) -> None:
        written, key = self._written, self._key
        assert written is not None
        self.is_current = False
        wanted = self._wanted()
        missing = [image_id for image_id in wanted if self._session.pixels_of(image_id) is None]
        if missing:
            self._session.request_pixels(missing)
            return
        sources = [source for source in map(self._source, wanted) if source is not None]
        height_px = theme.px(_SMALL_PX)
        self._background.run(lambda: made(written, sources, height_px), lambda pictured: self._show(pictured, key))

    def _source(self, image_id: str) -> Source | None:
        image, pixels = self._session.image(image_id), self._session.pixels_of(image_id)
        if image is None or pixels is None:
            return None
        hanging = self._session.hanging_of(image.study_uid)
        hung = hanging.hung if hanging is not None else ()
        laid = next((item.orientation.dihedral for item in hung if item.image.id == image_id), Dihedral())
        return Source(image, pixels, laid)

    def _show(self, pictured: tuple[Pictured, ...], key: object) -> None:
        # A later state of the report may have asked meanwhile.
        if key == self._key:
            self.pictured, self.is_current = pictured, True
            self._told(pictured)
            waiting, self._waiting = self._waiting, []
            for then in waiting:
                then(self.images)
