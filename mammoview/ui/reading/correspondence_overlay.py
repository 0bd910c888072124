"""Where the other view of a breast must show what is selected: an arc with its uncertainty, and who lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from mammoview.core.geometry import Box, PixelTransform
from mammoview.core.image import DisplayImage
from mammoview.core.marks import Point
from mammoview.imaging.correspondence import Band, BandOutline, band_for, outline_of, rank_partners
from mammoview.imaging.location import ViewFrame, centre_of
from mammoview.ui.bridge import Background
from mammoview.ui.reading.finding_board import FindingBoard
from mammoview.ui.reading.finding_overlay import pen
from mammoview.ui.reading.shown import Standing, standing
from mammoview.ui.viewport.canvas import Canvas
from mammoview.ui.viewport.decor import Fonts
from mammoview.ui.viewport.markup import device_points
from mammoview.ui.viewport.wall import Wall

_COLOUR: Final = QColor(150, 205, 235)
#: The breast's outline is looked for on a copy of at most so many pixels along a side.
_BREAST_PX: Final = 1024
#: Above this share of the range a pixel is breast.
_BREAST_SHARE: Final = 0.02


@dataclass(frozen=True)
class _Key:
    """What a band was made from."""

    frame: ViewFrame
    point: Point
    other: ViewFrame


@dataclass
class _Drawn:
    """A band on one image."""

    key: _Key
    band: Band
    outline: BandOutline | None = None
    is_asked: bool = False


class Correspondence(QObject):
    """Finds the band and the candidates for the selected finding, and paints the band.

    Attributes
    ----------
    is_shown
        Whether bands are painted.
    """

    def __init__(self, board: FindingBoard, wall: Wall, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board, self._wall, self._background = board, wall, background
        self._drawn: dict[str, _Drawn] = {}
        self._found = ""
        self.is_shown = True
        board.changed.connect(self._follow)
        wall.image_shown.connect(lambda _pane: self._follow())

    def set_shown(self, *, is_shown: bool) -> None:
        """Show or hide the bands."""
        self.is_shown = is_shown
        for pane in self._wall.panes:
            pane.update()

    def band_on(self, image_id: str) -> Band | None:
        """The band on an image, where there is one now."""
        drawn = self._drawn.get(image_id)
        return drawn.band if drawn is not None else None

    def outline_on(self, image_id: str) -> BandOutline | None:
        """Its outline, once it was made."""
        drawn = self._drawn.get(image_id)
        return drawn.outline if drawn is not None else None

    def _follow(self) -> None:
        """Look again at what the selected finding corresponds to."""
        found, frames = self._board.finding, self._board.frames
        here = frames.get(found.image_id) if found is not None else None
        if found is None or here is None:
            self._drawn = {}
            self._board.set_candidates(())
            return
        point, made = centre_of(found.contour), {}
        for image_id, other in frames.items():
            is_pair = other.side is here.side and other.view.is_craniocaudal is not here.view.is_craniocaudal
            band = band_for(here, point, other) if is_pair else None
            if band is not None:
                key, known = _Key(here, point, other), self._drawn.get(image_id)
                # Until the new one is traced, the one before stays: a band that blinks is worse than one that lags.
                is_same = known is not None and known.key.other == other and found.id == self._found
                before = known.outline if known is not None and is_same else None
                made[image_id] = known if known is not None and known.key == key else _Drawn(key, band, before)
        self._drawn, self._found = made, found.id
        for image_id, drawn in made.items():
            self._draw(image_id, drawn)
        self._board.set_candidates(self._ranked())

    def _ranked(self) -> tuple[str, ...]:
        """Findings of the other views that lie in the band and are not linked yet, the best fitting first."""
        draft, lesion = self._board.draft, self._board.lesion
        assert draft is not None
        if lesion is not None and len(lesion.findings) > 1:
            return ()
        ranked = []
        for image_id, drawn in self._drawn.items():
            others = [
                (one.id, centre_of(one.contour))
                for one in (self._board.of(each.id) for each in draft.findings if each.image_id == image_id)
                if one is not None and standing(one) is not Standing.REJECTED
            ]
            ranked += [(partner.fit, partner.id) for partner in rank_partners(drawn.band, drawn.key.other, others)]
        return tuple(name for _, name in sorted(ranked, key=lambda one: -one[0]))

    def _draw(self, image_id: str, drawn: _Drawn) -> None:
        """Trace the band off the GUI thread, once the image's pixels are here."""
        pane = self._wall.pane_of(image_id)
        if drawn.is_asked or pane is None or pane.image is None or pane.hung is None:
            return
        image, box, is_dark_high = pane.image, pane.breast, pane.hung.image.grayscale.is_dark_high
        drawn.is_asked = True

        def work() -> BandOutline:
            return outline_of(drawn.band, drawn.key.other, breast_of(image, box, is_dark_high=is_dark_high))

        def then(outline: BandOutline) -> None:
            drawn.outline = outline
            if self._drawn.get(image_id) is drawn and (seen := self._wall.pane_of(image_id)) is not None:
                seen.update()

        self._background.run(work, then)

    def _outline(self, canvas: Canvas) -> BandOutline | None:
        return (
            self.outline_on(canvas.hung.image.id)
            if canvas.hung is not None and self.is_shown and self._board.is_shown
            else None
        )

    def state_on(self, canvas: Canvas) -> tuple[object, ...]:
        """What there is to paint on a pane; see `mammoview.ui.viewport.mouse.Rider`."""
        outline = self._outline(canvas)
        return (outline,) if outline is not None and outline.edges else ()

    def hidden_on(self, canvas: Canvas) -> str:  # noqa: ARG002 - an aid, not a finding
        """Nothing is told of an arc that is switched off."""
        return ""

    def paint_on(self, painter: QPainter, canvas: Canvas, fonts: Fonts) -> None:
        """Paint the arc dashed, and the band's edges faintly."""
        outline, to_device = self._outline(canvas), canvas.placement.to_device
        if outline is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        faint = QColor(_COLOUR)
        faint.setAlpha(120)
        painter.setPen(pen(faint, fonts.line_px * 0.9))
        for edge in outline.edges:
            painter.drawPolygon(QPolygonF(_points(edge, to_device)))
        painter.setPen(pen(_COLOUR, fonts.line_px * 1.3, is_dashed=True))
        for line in outline.middle:
            painter.drawPolyline(QPolygonF(_points(line, to_device)))


def _points(line: tuple[Point, ...], to_device: PixelTransform) -> list[QPointF]:
    return device_points(line[:: 1 + len(line) // 600], to_device)


def breast_of(image: DisplayImage, box: Box, *, is_dark_high: bool) -> NDArray[np.bool_]:
    """A rough mask of the breast from the display pyramid, for clipping: the largest bright piece in ``box``.

    Parameters
    ----------
    image
        Its pyramid.
    box
        Around the breast, native pixels.
    is_dark_high
        Whether high values are dark.

    Returns
    -------
    ndarray
        Shape (rows, columns) of the native image, bool.
    """
    k = next((k for k, one in enumerate(image.levels) if max(one.shape) <= _BREAST_PX), len(image.levels) - 1)
    level = image.levels[k].astype(np.float32)
    level = level.max() - level if is_dark_high else level
    if image.padding:
        level[image.padding[k] > 127] = level.min()
    low, high = float(level.min()), float(np.percentile(level, 99.5))
    seen = (cv2.blur(level, (3, 3)) > low + _BREAST_SHARE * max(high - low, 1.0)).astype(np.uint8)
    inside, step = np.zeros_like(seen), 2.0**k
    inside[Box(box.row0 / step, box.col0 / step, box.row1 / step, box.col1 / step).slices()] = 1
    count, labels, stats, _ = cv2.connectedComponentsWithStats(seen & inside)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()) if count > 1 else 0
    rows, columns = image.levels[0].shape
    native = cv2.resize((labels == largest).astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST)
    return np.asarray(native, np.uint8).view(np.bool_)
