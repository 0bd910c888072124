"""Colour maps for values in [0, 1], as 256-entry tables interpolated between a few anchors."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class ColorMap(StrEnum):
    """The maps that an overlay may use."""

    HEAT = "heat"
    SPECTRUM = "spectrum"


# Every map rises in lightness over gray tissue, so that more reads as more also without colour vision.
_ANCHORS: dict[ColorMap, tuple[tuple[int, int, int], ...]] = {
    ColorMap.HEAT: ((70, 10, 110), (160, 30, 110), (225, 70, 50), (250, 150, 20), (255, 235, 120)),
    ColorMap.SPECTRUM: ((40, 60, 190), (20, 150, 200), (40, 190, 110), (220, 200, 40), (255, 240, 200)),
}


def rgb_table(name: ColorMap) -> NDArray[np.uint8]:
    """The map's colours: shape (256, 3), uint8, red green blue."""
    anchors = np.array(_ANCHORS[name], np.float64)
    at = np.linspace(0, 255, len(anchors))
    channels = [np.interp(np.arange(256), at, anchors[:, k]) for k in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


def rgba_table(name: ColorMap, *, opacity: float, threshold: float) -> NDArray[np.uint8]:
    """Colours with premultiplied alpha: clear below ``threshold``, ``opacity`` above it.

    Returns
    -------
    ndarray, shape (256, 4), uint8
        Blue, green, red, alpha: the byte order of a 32-bit colour on a little-endian machine.
    """
    alpha = np.where(np.arange(256) >= round(threshold * 255), opacity, 0.0)[:, None]
    rgb = rgb_table(name) * alpha
    table = np.concatenate([rgb[:, ::-1], alpha * 255], axis=1)
    return np.asarray(np.rint(table).astype(np.uint8))


def colorize(values: NDArray[np.floating], name: ColorMap) -> NDArray[np.uint8]:
    """Colour values in [0, 1]: shape (…, 3), uint8, red green blue."""
    index = np.rint(np.clip(values, 0.0, 1.0) * 255).astype(np.uint8)
    return np.asarray(rgb_table(name)[index])
