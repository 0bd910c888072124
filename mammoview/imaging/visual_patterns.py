"""The patterns that are judged by eye: drawn from the published descriptions, none is a copy of a published file.

AAPM On-line Report 03 (Samei et al., "Assessment of display performance for medical imaging systems", 2005) lets users
make patterns after its TG18 series if they name the report, bear no TG18 label of their own, say that they are
synthetic, and say that they are scaled. Every pattern here says so on its face. AAPM Report 270 (Bevins et al.,
"Display quality assurance", 2019) describes TG270-sQC.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mammoview.imaging.pattern_parts import DESIGN_PX, Rectangle, Sheet

_GROUND = 128
_LINE = 191
#: A cell of the published crosshatch, pixels of the design.
_CELL_PX = 102
#: The sixteen luminance squares in their order around the centre, as (row, column) of cells from the centre.
_RING = (
    *((row, -3) for row in range(2, -4, -1)),
    *((-3, column) for column in range(-2, 3)),
    *((row, 2) for row in range(-2, 3)),
)
#: The letters' contrasts, from the first to the last of "QUALITYCONTROL".
_CONTRASTS = tuple(range(14, 0, -1))
#: One bar and one gap of the quick pattern.
_PERIOD_PX = 6


class _Cells:
    """Where the cells of the crosshatch lie: the middle of the screen is (0, 0)."""

    def __init__(self, sheet: Sheet) -> None:
        self.size = max(8, int(_CELL_PX * sheet.scale))
        self._middle = sheet.rows // 2, sheet.columns // 2

    def row(self, at: float) -> int:
        return self._middle[0] + round(at * self.size)

    def column(self, at: float) -> int:
        return self._middle[1] + round(at * self.size)

    def box(self, top: float, left: float, bottom: float, right: float) -> Rectangle:
        return self.row(top), self.column(left), self.row(bottom), self.column(right)


def all_round(shape: tuple[int, int]) -> Sheet:
    """The all-round pattern after TG18-QC, without its Cx patterns (TG18-OIQ has the same content).

    A crosshatch of level 191 on 128 over the whole screen; sixteen squares of levels 8 to 248 in a ring, each with
    four small squares 4 levels off; levels 0 and 255 with insets of 13 and 242; line pairs of one and two device
    pixels at 0/255 and 128/130 in the middle and in the four corners of the screen; "QUALITY CONTROL" 14 to 1 levels
    off 0, 128 and 255; two ramps of all 256 levels; white and black bars; lines of halving length for crosstalk.

    Parameters
    ----------
    shape
        Rows and columns of the screen in device pixels.
    """
    sheet = Sheet(shape, _GROUND)
    cells = _Cells(sheet)
    _squares(sheet, cells)
    _crosshatch(sheet, cells)
    _ramps(sheet, cells)
    _letters(sheet, cells)
    _artefact_bars(sheet, cells)
    _crosstalk(sheet, cells)
    for corner in _resolution_places(sheet, cells):
        _resolution(sheet, corner, cells.size)
    sheet.fill((*cells.box(2, -1, 3, 1)[:2], cells.row(3), cells.column(1)), _GROUND)
    sheet.frame(cells.box(2, -1, 3, 1), _LINE)
    lines = ("Synthetic pattern after", "AAPM OR 03, TG18-QC,", f"scaled to {shape[1]} x {shape[0]}")
    size = max(8, int(15 * sheet.scale))
    sheet.label(lines, (cells.row(2) + size // 2, cells.column(-1) + size // 2), size_px=size, level=_GROUND - 40)
    return sheet


def _squares(sheet: Sheet, cells: _Cells) -> None:
    corner = max(2, round(10 * sheet.scale))
    for number, (row, column) in enumerate(_RING):
        level = 8 + 16 * number
        top, left, bottom, right = cells.box(row, column, row + 1, column + 1)
        sheet.fill((top, left, bottom, right), level)
        # The crosshatch runs along the upper and the left edge.
        for y, x, step in (
            (top + 2, left + 2, 4),
            (top + 2, right - corner - 1, -4),
            (bottom - corner - 1, left + 2, -4),
            (bottom - corner - 1, right - corner - 1, 4),
        ):
            sheet.fill((y, x, y + corner, x + corner), level + step)
    for column, level, inset in ((-2, 0, 13), (1, 255, 242)):
        sheet.fill(cells.box(2, column, 3, column + 1), level)
        sheet.fill(cells.box(2.25, column + 0.25, 2.75, column + 0.75), inset)


def _crosshatch(sheet: Sheet, cells: _Cells) -> None:
    reach = max(sheet.rows, sheet.columns) // (2 * cells.size) + 1
    for k in range(-reach, reach + 1):
        # Thicker around the central region and along the border of the design.
        wide = 1 if abs(k) in (3, 5) else 0
        row, column = cells.row(k), cells.column(k)
        across = (cells.column(-abs(k)), cells.column(abs(k)) + 1)
        down = (cells.row(-abs(k)), cells.row(abs(k)) + 1)
        sheet.fill((row, 0, row + 1, sheet.columns), _LINE)
        sheet.fill((0, column, sheet.rows, column + 1), _LINE)
        sheet.fill((row - wide, across[0], row + wide + 1, across[1]), _LINE)
        sheet.fill((down[0], column - wide, down[1], column + wide + 1), _LINE)
    # The last pixels of the screen, so that a picture that is cut off shows.
    sheet.frame((0, 0, sheet.rows, sheet.columns), 255)


def _ramps(sheet: Sheet, cells: _Cells) -> None:
    height = 256 * max(1, int(2 * sheet.scale))
    top = cells.row(0) - height // 2
    for at, is_rising in ((-4.5, False), (4.5, True)):
        sheet.ramp((top, cells.column(at - 0.375), top + height, cells.column(at + 0.375)), is_rising=is_rising)


def _letters(sheet: Sheet, cells: _Cells) -> None:
    size = max(8, round(30 * sheet.scale))
    for column, ground, sign in ((-2, 0, 1), (0, 128, 1), (2, 255, -1)):
        box = cells.box(3, column - 1, 4, column + 1)
        sheet.fill(box, ground)
        sheet.frame((box[0], box[1], box[2] + 1, box[3] + 1), _LINE)
        for word, at, first in (("QUALITY", 3.3, 0), ("CONTROL", 3.7, 7)):
            levels = tuple(ground + sign * step for step in _CONTRASTS[first : first + 7])
            sheet.letters(word, (cells.row(at), cells.column(column)), size_px=size, levels=levels)


def _artefact_bars(sheet: Sheet, cells: _Cells) -> None:
    sheet.fill(cells.box(-3.5, -4, -3.25, 4), 255)
    sheet.fill(cells.box(-3.25, -4, -3, 4), 0)
    sheet.fill(cells.box(-3.375, -2, -3.25, 2), 0)
    sheet.fill(cells.box(-3.25, -2, -3.125, 2), 255)


def _crosstalk(sheet: Sheet, cells: _Cells) -> None:
    sheet.fill(cells.box(-4.9, -2.75, -4.5, 2.75), 255)
    sheet.fill(cells.box(-4.5, -2.75, -4.1, 2.75), 0)
    thick = max(1, round(3 * sheet.scale))
    for centre, level, order in ((-4.7, 0, 1), (-4.3, 255, -1)):
        first = cells.row(centre) - 9 * thick // 2
        for number in range(9):
            length = max(1, round(256 * sheet.scale) >> number)
            row = first + (number if order > 0 else 8 - number) * thick
            sheet.fill((row, cells.column(-0.125) - length, row + thick, cells.column(-0.125)), level)
            sheet.fill((row, cells.column(0.125), row + thick, cells.column(0.125) + length), level)


def _resolution_places(sheet: Sheet, cells: _Cells) -> tuple[tuple[int, int], ...]:
    edge, size = max(4, round(13 * sheet.scale)), cells.size
    rows, columns = (edge, sheet.rows - edge - size), (edge, sheet.columns - edge - 2 * size)
    corners = tuple((row, column) for row in rows for column in columns)
    return (*corners, (cells.row(-0.5), cells.column(-1)))


def _resolution(sheet: Sheet, upper_left: tuple[int, int], size: int) -> None:
    """Eight fields of line pairs, two cells wide and one high."""
    row, column = upper_left
    half = size // 2
    sheet.fill((row - 1, column - 1, row + 2 * half + 1, column + 4 * half + 1), 64)
    for number, levels in enumerate(((255, 0), (130, 128))):
        left = column + number * 2 * half
        for k, width in enumerate((1, 2)):
            x = left + k * half
            sheet.bars((row, x, row + half, x + half), levels, width=width)
            sheet.bars((row + half, x, row + 2 * half, x + half), levels, width=width, is_horizontal=True)


def quick(shape: tuple[int, int]) -> Sheet:
    """The quick pattern after TG270-sQC: eighteen squares, read in one glance along three rows.

    Three rows of six squares from 0 to 255 in steps of 15, the second row from right to left; in each, vertical bars
    with a period of 6 device pixels, 5 levels darker at the upper left and 5 brighter at the lower right (3 away from
    the end of the scale, where the far side is the scale's end); below, fields of 0, 128 and 255, a ramp, and line
    pairs of single device pixels.

    Parameters
    ----------
    shape
        Rows and columns of the screen in device pixels.
    """
    sheet = Sheet(shape, _GROUND)
    scale = sheet.scale

    def px(design: float) -> int:
        return round(design * scale)

    top = (sheet.rows - px(DESIGN_PX)) // 2
    left = (sheet.columns - px(DESIGN_PX)) // 2
    for number in range(18):
        row, place = divmod(number, 6)
        column = place if row % 2 == 0 else 5 - place
        y, x = top + px(96 + 160 * row), left + px(48 + 160 * column)
        _barred_square(sheet, (y, x), px, level=15 * number)
    for number, level in enumerate((0, 128, 255)):
        x = left + px(128 + 256 * number)
        sheet.fill((top + px(640), x, top + px(896), x + px(256)), level)
    _bottom_line(sheet, (top + px(960), left + px(64)), px)
    text = (f"Synthetic pattern after AAPM Report 270, TG270-sQC, scaled to {shape[1]} x {shape[0]}",)
    sheet.label(text, (top + px(24), left + px(48)), size_px=max(8, int(18 * scale)), level=_GROUND - 75)
    return sheet


def _barred_square(sheet: Sheet, upper_left: tuple[int, int], px: Callable[[float], int], *, level: int) -> None:
    y, x = upper_left
    sheet.fill((y, x, y + px(128), x + px(128)), level)
    darker, brighter = (3, 5) if level == 0 else (-5, -3) if level == 255 else (-5, 5)
    side = px(32) // _PERIOD_PX * _PERIOD_PX
    for at, step in ((16, darker), (80, brighter)):
        top, left = y + px(at), x + px(at)
        sheet.bars((top, left, top + px(32), left + side), (level + step, level), width=_PERIOD_PX // 2)


def _bottom_line(sheet: Sheet, upper_left: tuple[int, int], px: Callable[[float], int]) -> None:
    top, left = upper_left
    bottom, width = top + px(64), px(832)
    sheet.pixels[top:bottom, left : left + width] = np.arange(width) * 256 // width
    left += width
    sheet.bars((top, left, bottom, left + px(64)), (255, 0), width=1)
    sheet.bars((top, left + px(64), bottom, left + px(128)), (255, 0), width=1, is_horizontal=True)
