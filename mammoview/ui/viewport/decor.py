"""Paint the corner annotations and the edge letters of a pane, on the side away from the chest wall."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor, QFont, QPainter

from mammoview.session.orientation import Side
from mammoview.ui import theme
from mammoview.ui.viewport.annotation import Line, Tone
from mammoview.ui.viewport.marks import text_block

_COLOURS: dict[Tone, QColor] = {
    Tone.LABEL: QColor(235, 238, 242),
    Tone.PLAIN: theme.TEXT,
    Tone.QUIET: theme.QUIET,
    Tone.WARNING: theme.WARNING,
    Tone.LOUD: theme.LOUD,
}


class Fonts:
    """The fonts of a pane of ``rows`` device pixels on a screen of ``ratio`` device pixels per point unit."""

    def __init__(self, base: QFont, rows: int, ratio: float) -> None:
        logical = rows / ratio
        self.plain = _sized(base, min(17.0, max(12.0, logical * 0.018)) * ratio)
        self.label = _sized(base, min(34.0, max(19.0, logical * 0.038)) * ratio, is_bold=True)
        self.line_px = max(1.0, 1.4 * ratio)

    def of(self, tone: Tone) -> QFont:
        """The font of one line."""
        return self.label if tone in {Tone.LABEL, Tone.LOUD} else self.plain


def _sized(base: QFont, pixels: float, *, is_bold: bool = False) -> QFont:
    font = QFont(base)
    font.setPixelSize(max(8, round(pixels)))
    font.setBold(is_bold)
    return font


def paint_corners(
    painter: QPainter,
    fonts: Fonts,
    upper: Sequence[Line],
    lower: Sequence[Line],
    *,
    size: tuple[int, int],
    chest_wall: Side | None,
) -> None:
    """Paint the two corners away from the chest wall; the lowest line is left free for the window's values.

    Parameters
    ----------
    size
        (rows, columns) of the pane, device pixels.
    chest_wall
        The edge where the chest wall lies; None counts as left.
    """
    rows, columns = size
    margin = margin_px(fonts)
    is_right = chest_wall is not Side.RIGHT
    x = columns - margin if is_right else margin
    styled = [(line.text, _COLOURS[line.tone], fonts.of(line.tone)) for line in upper]
    top = text_block(painter, styled, x=x, y=margin, is_right=is_right, is_up=False)
    painter.setFont(fonts.plain)
    high = painter.fontMetrics().lineSpacing()
    bottom = rows - margin - high
    # What stands first in the lower corner matters least and is left out where it would run into the upper one.
    room = max(0, int((bottom - top) / high) - 1)
    kept = tuple(lower)[-room:] if room else ()
    styled = [(line.text, _COLOURS[line.tone], fonts.of(line.tone)) for line in reversed(kept)]
    text_block(painter, styled, x=x, y=bottom, is_right=is_right, is_up=True)


def paint_window(painter: QPainter, fonts: Fonts, text: str, *, size: tuple[int, int], chest_wall: Side | None) -> None:
    """Paint the window's values in the lowest line of the lower corner."""
    rows, columns = size
    margin = margin_px(fonts)
    is_right = chest_wall is not Side.RIGHT
    line = (text, _COLOURS[Tone.PLAIN], fonts.plain)
    text_block(
        painter, [line], x=columns - margin if is_right else margin, y=rows - margin, is_right=is_right, is_up=True
    )


def paint_letters(
    painter: QPainter, fonts: Fonts, letters: dict[str, str], *, size: tuple[int, int], chest_wall: Side | None
) -> None:
    """Paint the patient's directions in the middle of the edges that are free of the chest wall (MG-F08)."""
    rows, columns = size
    margin = margin_px(fonts)
    painter.setFont(fonts.plain)
    high = painter.fontMetrics().height()
    for edge, letter in letters.items():
        if chest_wall is not None and edge == chest_wall.value:
            continue
        x = {"left": margin, "right": columns - margin}.get(edge, columns / 2)
        y = {"top": margin * 0.5, "bottom": rows - margin * 0.5 - high}.get(edge, (rows - high) / 2)
        line = (letter, _COLOURS[Tone.QUIET], fonts.plain)
        text_block(painter, [line], x=x, y=y, is_right=edge == "right", is_up=False)


def margin_px(fonts: Fonts) -> float:
    """The room between text and the edges of a pane, device pixels."""
    return fonts.plain.pixelSize() * 0.7


def paint_badge(painter: QPainter, fonts: Fonts, text: str, *, size: tuple[int, int], chest_wall: Side | None) -> None:
    """Paint a banner in the upper corner at the chest wall: what is shown is not the image as acquired."""
    painter.setFont(fonts.label)
    metrics = painter.fontMetrics()
    wide, high = metrics.horizontalAdvance(text) + metrics.height(), metrics.height()
    left = size[1] - wide if chest_wall is Side.RIGHT else 0
    painter.fillRect(int(left), 0, int(wide), int(high), theme.WARNING)
    painter.setPen(theme.BLACK)
    painter.drawText(int(left + metrics.height() / 2), metrics.ascent(), text)
