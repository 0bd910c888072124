"""Test patterns for a display: what there is to show, and the pixels for a screen of any size.

Patterns hold digital driving levels of 8 bits. They are meant to reach the screen pixel by pixel, with no window and
no gray scale function applied. Sources and the rules for patterns after the TG18 series:
`mammoview.imaging.visual_patterns`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mammoview.core.errors import InputError
from mammoview.imaging.pattern_parts import Rectangle, Sheet, letter_mask
from mammoview.imaging.visual_patterns import all_round, quick

#: The levels of the eighteen luminance patterns: equal steps from black to white.
LUMINANCE_LEVELS: Final[tuple[int, ...]] = tuple(range(0, 256, 15))
#: 10 % and 80 % of the scale, for uniformity.
_UNIFORM_LEVELS: Final = (26, 204)
#: The ground around a luminance field (60 % of the scale, a fifth of the light of white on a standard display).
_SURROUND: Final = 153
#: A luminance or uniformity field is a tenth of the screen.
_FIELD_SHARE: Final = 0.1
_SMALLEST_PX: Final = 240


class Family(StrEnum):
    """Kinds of patterns."""

    ALL_ROUND = "all-round"
    QUICK = "quick"
    MAMMOGRAPHY = "mammography"
    LUMINANCE = "luminance"
    FULL_FIELD = "full-field"
    UNIFORMITY = "uniformity"
    UNIFORMITY_FIELDS = "uniformity-fields"


@dataclass(frozen=True)
class Pattern:
    """What a user should know of a kind of pattern.

    Attributes
    ----------
    family
        Its kind.
    title
        A few words.
    look_for
        What to look at or to measure, in one sentence.
    levels
        The driving level of each step; empty where there is one pattern only.
    """

    family: Family
    title: str
    look_for: str
    levels: tuple[int, ...] = ()


PATTERNS: Final[tuple[Pattern, ...]] = (
    Pattern(
        Family.ALL_ROUND,
        "All-round (after TG18-QC)",
        "All sixteen squares with their small corner squares, the insets in black and white, the finest lines in the "
        "middle and in the corners, and even ramps.",
    ),
    Pattern(
        Family.QUICK,
        "Quick (after TG270-sQC)",
        "The bars in all eighteen squares, equally clear from black to white.",
    ),
    Pattern(
        Family.MAMMOGRAPHY,
        "5 % and 95 % for mammography",
        "Insets of 1 to 5 % above black and below white, also in the corners of the screen.",
    ),
    Pattern(
        Family.LUMINANCE,
        "Luminance (after TG18-LN)",
        "Measure the luminance of the field in the middle at each level.",
        LUMINANCE_LEVELS,
    ),
    Pattern(
        Family.FULL_FIELD,
        "Full field (after TG270-ULN)",
        "Measure the luminance of the whole field; look for dead pixels and stains.",
        LUMINANCE_LEVELS,
    ),
    Pattern(
        Family.UNIFORMITY,
        "Uniformity (after TG18-UN)",
        "One even gray over the whole screen, without stains, dead pixels or tint.",
        _UNIFORM_LEVELS,
    ),
    Pattern(
        Family.UNIFORMITY_FIELDS,
        "Uniformity with fields (after TG18-UNL)",
        "Measure the luminance in the five outlined fields.",
        _UNIFORM_LEVELS,
    ),
)


def pattern(family: Family) -> Pattern:
    """What there is to know of a kind of pattern."""
    return next(entry for entry in PATTERNS if entry.family is family)


def draw(family: Family, shape: tuple[int, int], *, step: int = 0) -> NDArray[np.uint8]:
    """The driving levels of a pattern for a whole screen.

    Parameters
    ----------
    family
        Which pattern.
    shape
        Rows and columns of the screen in device pixels, 240 each at least.
    step
        Which of the pattern's levels, where it has several.

    Returns
    -------
    ndarray, shape ``shape``, uint8
        0 black to 255 white, to be shown pixel by pixel.

    Raises
    ------
    InputError
        When the screen is too small for a pattern.
    """
    if min(shape) < _SMALLEST_PX:
        raise InputError(f"A test pattern needs a screen of {_SMALLEST_PX} pixels each way.", "Take another screen.")
    if family is Family.ALL_ROUND:
        return all_round(shape).pixels
    if family is Family.QUICK:
        return quick(shape).pixels
    if family is Family.MAMMOGRAPHY:
        return _mammography(shape).pixels
    level = pattern(family).levels[step]
    if family is Family.LUMINANCE:
        return _luminance(shape, level).pixels
    if family is Family.FULL_FIELD:
        return _full_field(shape, level).pixels
    return _uniformity(shape, level, has_fields=family is Family.UNIFORMITY_FIELDS).pixels


def _readable(level: int) -> int:
    """A level for writing and lines that shows on ``level``, and adds little light."""
    return level + 45 if level < 135 else level - 90


def _sign(sheet: Sheet, source: str, ground: int) -> None:
    text = f"Synthetic pattern after {source}, scaled to {sheet.columns} x {sheet.rows}"
    size = min(16, max(10, int(12 * sheet.scale)))
    left = (sheet.columns - letter_mask(text, size).shape[1]) // 2
    sheet.label((text,), (sheet.rows - 2 * size, max(0, left)), size_px=size, level=_readable(ground))


def _field(shape: tuple[int, int]) -> int:
    return round(math.sqrt(_FIELD_SHARE * shape[0] * shape[1]))


def _middle(shape: tuple[int, int]) -> Rectangle:
    side = _field(shape)
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    return top, left, top + side, left + side


def _luminance(shape: tuple[int, int], level: int) -> Sheet:
    sheet = Sheet(shape, _SURROUND)
    sheet.fill(_middle(shape), level)
    _sign(sheet, f"AAPM OR 03, TG18-LN, level {level}", _SURROUND)
    return sheet


def _full_field(shape: tuple[int, int], level: int) -> Sheet:
    """Even, but for lines of two pixels that part the screen in nine."""
    sheet = Sheet(shape, level)
    for third in (340 / 1024, 682 / 1024):
        row, column = round(third * shape[0]), round(third * shape[1])
        sheet.fill((row, 0, row + 2, shape[1]), _readable(level))
        sheet.fill((0, column, shape[0], column + 2), _readable(level))
    _sign(sheet, f"AAPM Report 270, TG270-ULN, level {level}", level)
    return sheet


def _uniformity(shape: tuple[int, int], level: int, *, has_fields: bool) -> Sheet:
    """Even, with the outlines of a field in the middle and one in each corner if wanted."""
    sheet = Sheet(shape, level)
    if has_fields:
        side = _field(shape)
        sheet.frame(_middle(shape), _readable(level))
        for top in (0, shape[0] - side):
            for left in (0, shape[1] - side):
                sheet.frame((top, left, top + side, left + side), _readable(level))
    _sign(sheet, f"AAPM OR 03, TG18-UN{'L' if has_fields else ''}, level {level}", level)
    return sheet


def _mammography(shape: tuple[int, int]) -> Sheet:
    """The left half black, the right half white, as breast beside air is; a row of five squares in each of nine places.

    The squares of a row are 5, 4, 3, 2 and 1 % of the scale off their ground.
    """
    sheet = Sheet(shape, 0)
    middle = shape[1] // 2
    sheet.fill((0, middle, *shape), 255)
    side = max(4, min(shape[0] // 12, middle // 24))
    for first, last, ground, sign in ((0, middle, 0, 1), (middle, shape[1], 255, -1)):
        for i in range(3):
            for j in range(3):
                row = side + i * (shape[0] - 4 * side) // 2
                left = first + side // 2 + j * ((last - first) - 7 * side) // 2
                for number, percent in enumerate((5, 4, 3, 2, 1)):
                    column = left + side * number * 5 // 4
                    level = ground + sign * round(255 * percent / 100)
                    sheet.fill((row, column, row + side, column + side), level)
    return sheet
