"""What test patterns are drawn with: rectangles, bars, frames, ramps and letters, each exactly at its level."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

#: Rows and columns are counted from the upper left corner; the lower and right edges are not part of a rectangle.
Rectangle = tuple[int, int, int, int]

#: The published patterns are designed on so many pixels a side.
DESIGN_PX: Final = 1024


class Sheet:
    """A screen to draw on.

    Parameters
    ----------
    shape
        Rows and columns of the screen in device pixels.
    level
        Digital driving level of the ground, 0 to 255.
    """

    def __init__(self, shape: tuple[int, int], level: int) -> None:
        self.pixels: NDArray[np.uint8] = np.full(shape, level, np.uint8)
        self.rows, self.columns = shape

    @property
    def scale(self) -> float:
        """Device pixels a pixel of the published design, so that the design fits the shorter side."""
        return min(self.rows, self.columns) / DESIGN_PX

    def fill(self, where: Rectangle, level: int) -> None:
        """Paint a rectangle; what lies outside the screen is left out."""
        top, left, bottom, right = where
        self.pixels[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = level

    def frame(self, where: Rectangle, level: int, *, width: int = 1) -> None:
        """Paint the outline of a rectangle, inside its edges."""
        top, left, bottom, right = where
        self.fill((top, left, top + width, right), level)
        self.fill((bottom - width, left, bottom, right), level)
        self.fill((top, left, bottom, left + width), level)
        self.fill((top, right - width, bottom, right), level)

    def bars(self, where: Rectangle, levels: tuple[int, int], *, width: int, is_horizontal: bool = False) -> None:
        """Paint bars of two levels in turn, each ``width`` device pixels wide, the first one at the upper left."""
        top, left, bottom, right = where
        length = bottom - top if is_horizontal else right - left
        profile = np.asarray(levels, np.uint8)[np.arange(length) // width % 2]
        self.pixels[top:bottom, left:right] = profile[:, None] if is_horizontal else profile

    def ramp(self, where: Rectangle, *, is_rising: bool) -> None:
        """Paint all levels from top to bottom, each the same number of lines; ``where`` is 256 times that high."""
        top, left, bottom, right = where
        profile = np.repeat(np.arange(256, dtype=np.uint8), (bottom - top) // 256)
        self.pixels[top : top + profile.size, left:right] = (profile if is_rising else profile[::-1])[:, None]

    def letters(self, text: str, centre: tuple[int, int], *, size_px: int, levels: tuple[int, ...]) -> None:
        """Write a word around (row, column), letter by letter, each at its own level. The edges are not smoothed."""
        masks = [letter_mask(letter, size_px) for letter in text]
        width = sum(mask.shape[1] for mask in masks)
        row, column = centre[0] - masks[0].shape[0] // 2, centre[1] - width // 2
        for mask, level in zip(masks, levels, strict=True):
            self.pixels[row : row + mask.shape[0], column : column + mask.shape[1]][mask] = level
            column += mask.shape[1]

    def label(self, lines: tuple[str, ...], upper_left: tuple[int, int], *, size_px: int, level: int) -> None:
        """Write lines of text; what does not fit the screen is left out."""
        row, column = upper_left
        for line in lines:
            mask = letter_mask(line, size_px)
            part = self.pixels[row : row + mask.shape[0], column : column + mask.shape[1]]
            part[mask[: part.shape[0], : part.shape[1]]] = level
            row += mask.shape[0]


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


@cache
def letter_mask(text: str, size_px: int) -> NDArray[np.bool_]:
    """The pixels of a text in the font that Pillow brings along.

    Returns
    -------
    ndarray, shape (1.3 ``size_px``, what the text takes and a gap), bool
    """
    font = _font(size_px)
    # Without smoothing a text may run wider than its font says.
    image = Image.new("1", (2 * int(font.getlength(text)) + size_px, round(1.3 * size_px)))
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    draw.text((0, 0), text, fill=1, font=font)
    inked = np.array(image, dtype=np.bool_)
    mask = inked[:, : int(np.flatnonzero(inked.any(axis=0)).max(initial=0)) + 1 + max(1, size_px // 8)].copy()
    mask.flags.writeable = False
    return mask
