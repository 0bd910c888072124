"""Paint the corner annotations, the edge letters, the banners and the ruler of a pane."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from mammoview.session.orientation import Side
from mammoview.ui import theme
from mammoview.ui.viewport.annotation import Tone
from mammoview.ui.viewport.corners import Layout, Placed, elided
from mammoview.ui.viewport.marks import outlined_text

_COLOURS: dict[Tone, QColor] = {
    Tone.LABEL: QColor(235, 238, 242),
    Tone.PLAIN: theme.TEXT,
    Tone.QUIET: QColor(170, 177, 186),
    Tone.WARNING: theme.WARNING,
    Tone.LOUD: theme.LOUD,
}
#: Behind warnings: dark enough for letters on white, and tissue stays to be guessed.
_BACKING: Final = QColor(0, 0, 0, 165)
_LARGE: Final = frozenset({Tone.LABEL, Tone.LOUD})
#: Letters take no more of a pane's height, however large the reader wants them.
_MOST_PLAIN, _MOST_LABEL = 0.055, 0.09
#: A ruler of the first of these lengths that fits, cm.
_RULERS_CM: Final = (10, 5, 2, 1)


class Fonts:
    """The fonts of a pane of ``rows`` device pixels on a screen of ``ratio`` device pixels per point unit."""

    def __init__(self, base: QFont, rows: int, ratio: float) -> None:
        logical = rows / ratio
        plain, label = min(20.0, max(12.0, logical * 0.018)), min(38.0, max(19.0, logical * 0.038))
        # As large as the reader wants letters, but a pane holds some lines of them.
        self.plain = _sized(base, min(plain * theme.scale(), max(plain, logical * _MOST_PLAIN)) * ratio)
        self.label = _sized(base, min(label * theme.scale(), max(label, logical * _MOST_LABEL)) * ratio, is_bold=True)
        self.line_px = max(1.0, 1.4 * ratio)
        # Every frame makes its fonts anew, but measures the same words: the cache goes by what a font says of itself.
        self._keys = (self.plain.toString(), self.label.toString())

    @property
    def key(self) -> tuple[str, str]:
        """What tells these fonts from others."""
        return self._keys

    def of(self, tone: Tone) -> QFont:
        """The font of one line."""
        return self.label if tone in _LARGE else self.plain

    # As `mammoview.ui.viewport.corners.Measure`

    def width(self, text: str, tone: Tone) -> float:
        """How wide a text is, device pixels."""
        return _width(self._keys[tone in _LARGE], text)

    def height(self, tone: Tone) -> float:
        """From one line to the next, device pixels."""
        return _metrics(self._keys[tone in _LARGE]).lineSpacing()

    def ascent(self, tone: Tone) -> float:
        """From a line's top to its baseline, device pixels."""
        return _metrics(self._keys[tone in _LARGE]).ascent()


@lru_cache(maxsize=16)
def _metrics(font: str) -> QFontMetricsF:
    made = QFont()
    made.fromString(font)
    return QFontMetricsF(made)


@lru_cache(maxsize=8192)
def _width(font: str, text: str) -> float:
    return _metrics(font).horizontalAdvance(text)


def _sized(base: QFont, pixels: float, *, is_bold: bool = False) -> QFont:
    font = QFont(base)
    font.setPixelSize(max(8, round(pixels)))
    font.setBold(is_bold)
    return font


def margin_px(fonts: Fonts) -> float:
    """The room between text and the edges of a pane, device pixels."""
    return fonts.plain.pixelSize() * 0.7


def paint_layout(painter: QPainter, fonts: Fonts, layout: Layout) -> None:
    """Paint lines, letters and banners where they were laid out."""
    for one in (*layout.lines, *layout.letters):
        _paint_line(painter, fonts, one)
    for badge in layout.badges:
        rect = badge.rect
        painter.fillRect(QRectF(rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top), theme.WARNING)
        painter.setFont(fonts.of(badge.tone))
        painter.setPen(theme.BLACK)
        left = rect.left + (rect.right - rect.left - fonts.width(badge.text, badge.tone)) / 2
        painter.drawText(QPointF(left, rect.top + fonts.ascent(badge.tone)), badge.text)


def _paint_line(painter: QPainter, fonts: Fonts, one: Placed) -> None:
    painter.setFont(fonts.of(one.tone))
    at = QPointF(one.rect.left, one.rect.top + fonts.ascent(one.tone))
    if one.tone is Tone.WARNING:
        # Yellow with a thin outline is lost on the white of an inverted film.
        rect = one.rect
        painter.fillRect(QRectF(rect.left - 2, rect.top, rect.right - rect.left + 4, rect.bottom - rect.top), _BACKING)
    outlined_text(painter, at, one.text, _COLOURS[one.tone])


def paint_window(painter: QPainter, fonts: Fonts, text: str, layout: Layout, chest_wall: Side | None) -> None:
    """Paint the window's values in the lowest line of the lower corner."""
    room = layout.caption
    shown = elided(text, Tone.PLAIN, room.right - room.left, fonts)
    left = room.left if chest_wall is Side.RIGHT else room.right - fonts.width(shown, Tone.PLAIN)
    painter.setFont(fonts.plain)
    outlined_text(painter, QPointF(left, room.top + fonts.ascent(Tone.PLAIN)), shown, _COLOURS[Tone.PLAIN])


def paint_ruler(
    painter: QPainter,
    fonts: Fonts,
    layout: Layout,
    *,
    px_per_mm: float,
    size: tuple[int, int],
    chest_wall: Side | None,
) -> None:
    """Paint a ruler with a tick each centimetre along the edge away from the chest wall (MG-F09).

    It lies in the margin, beside the text, and is left out where nothing would fit.

    Parameters
    ----------
    px_per_mm
        Device pixels per millimetre down the pane.
    size
        (rows, columns) of the pane, device pixels.
    """
    rows, columns = size
    margin = margin_px(fonts)
    cm = 10 * px_per_mm
    count = next((count for count in _RULERS_CM if count * cm <= rows - 4 * margin), 0)
    if not count or cm < 3 * fonts.line_px:
        return
    is_left = chest_wall is Side.RIGHT
    top = (rows - count * cm) / 2
    # Filled rectangles: strokes of a pen cost ten times as much, at each step of a zoom.
    for colour, width in ((QColor(0, 0, 0, 200), fonts.line_px + 2), (_COLOURS[Tone.QUIET], fonts.line_px)):

        def bar(length: float, y0: float, y1: float, *, width: float = width, colour: QColor = colour) -> None:
            left = 0.0 if is_left else columns - length
            painter.fillRect(QRectF(left, round(y0 - width / 2), length, round(y1 - y0 + width)), colour)

        bar(width / 2 + 0.5, top, top + count * cm)
        for tick in range(count + 1):
            y = top + tick * cm
            bar(margin * (0.75 if tick in {0, count} or tick % 5 == 0 else 0.45), y, y)
    name = f"{count} cm"
    high = fonts.height(Tone.QUIET)
    end = min(top + count * cm - high / 2, layout.gap[1] - high)
    letter_bottoms = [one.rect.bottom for one in layout.letters if layout.gap[0] <= one.rect.top < layout.gap[1]]
    if end >= max([layout.gap[0], *letter_bottoms]):
        left = margin if is_left else columns - margin - fonts.width(name, Tone.QUIET)
        painter.setFont(fonts.plain)
        outlined_text(painter, QPointF(left, end + fonts.ascent(Tone.QUIET)), name, _COLOURS[Tone.QUIET])
