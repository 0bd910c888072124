"""Overlay pictures: what was found, drawn on the image as a reader would see it, beside its saliency map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Finding, ImageResult, ScoreMeaning, ValueMap
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.score_words import point_words, spread_words, thresholds_of
from mammoview.core.study import Mammogram
from mammoview.imaging.colormaps import ColorMap, colorize

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Long side of the picture of the breast, pixels.
PANEL_PX = 1024

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_LINE_PX = 26
_MARGIN_PX = 12
_MIN_WIDTH_PX = 420
_MAP_OPACITY = 0.55
_WASH_OPACITY = 0.35

# Blue, green, red.
_BREAST = (200, 200, 0)
_PECTORAL = (0, 215, 255)
_ARTIFACT = (0, 140, 255)
_CANDIDATE = (210, 210, 210)
_FINDING = (120, 80, 255)
_BENIGN = (255, 150, 80)
_MALIGNANT = (30, 130, 255)
_TEXT = (225, 225, 225)

_PLAIN = str.maketrans({"±": "+-", "×": "x", "“": '"', "”": '"'})

_KEY = (
    ("breast", _BREAST),
    ("pectoral", _PECTORAL),
    ("artifact", _ARTIFACT),
    ("candidate", _CANDIDATE),
    ("finding", _FINDING),
)
_LAYER_KEY = (("benign: blue", _BENIGN), ("malignant: orange", _MALIGNANT))


@dataclass(frozen=True, eq=False)
class _Panel:
    """A picture of the image at ``scale``, blue-green-red, uint8, drawn on in native coordinates."""

    picture: NDArray[np.uint8]
    scale: float

    def point(self, row: float, col: float) -> tuple[int, int]:
        return round(col * self.scale), round(row * self.scale)

    def box(self, box: Box, colour: tuple[int, int, int], text: str, *, thickness: int = 1) -> None:
        top_left, bottom_right = self.point(box.row0, box.col0), self.point(box.row1, box.col1)
        cv2.rectangle(self.picture, top_left, bottom_right, colour, thickness, cv2.LINE_AA)
        _put(self.picture, text, (top_left[0], max(12, top_left[1] - 5)), colour, size=0.45)

    def border(self, mask: Mask, colour: tuple[int, int, int], *, thickness: int = 1) -> None:
        contours, _ = cv2.findContours(self.small(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(self.picture, contours, -1, colour, thickness, cv2.LINE_AA)

    def small(self, mask: Mask) -> NDArray[np.uint8]:
        size = self.picture.shape[1::-1]
        whole = mask.to_array().astype(np.uint8)
        return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)

    def wash(self, mask: Mask, colour: tuple[int, int, int]) -> None:
        here = self.small(mask) > 0
        tinted = self.picture[here] * (1 - _WASH_OPACITY) + np.array(colour) * _WASH_OPACITY
        self.picture[here] = tinted.astype(np.uint8)


def draw(
    image: Mammogram, result: ImageResult, *, shown: NDArray[np.uint16], meaning: ScoreMeaning | None = None
) -> NDArray[np.uint8]:
    """Draw one image's result.

    Parameters
    ----------
    shown
        P-values, shape (rows, columns), uint16.
    meaning
        Stands beside the score where there is one.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        Blue, green, red: the marks on the left, the saliency map on the right, words below.
    """
    panel = _panel(shown)
    _draw_marks(panel, result)
    panels = [panel.picture]
    if result.saliency is not None:
        panels.append(_heat(_panel(shown), result.saliency))
    picture = np.hstack([cv2.copyMakeBorder(p, 0, 0, 0, 6, cv2.BORDER_CONSTANT) for p in panels])
    lacking = max(0, _MIN_WIDTH_PX - picture.shape[1])
    picture = cv2.copyMakeBorder(picture, 0, 0, 0, lacking, cv2.BORDER_CONSTANT)
    return np.vstack([picture, _words(image, result, meaning, picture.shape[1])])


def _panel(shown: NDArray[np.uint16]) -> _Panel:
    scale = min(1.0, PANEL_PX / max(shown.shape))
    size = (max(1, round(shown.shape[1] * scale)), max(1, round(shown.shape[0] * scale)))
    small = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), dtype=np.uint16)
    return _Panel(np.repeat((small >> 8).astype(np.uint8)[..., None], 3, axis=2), scale)


def _draw_marks(panel: _Panel, result: ImageResult) -> None:
    if result.suppression is not None:
        panel.border(result.suppression.breast, _BREAST)
        if result.suppression.pectoral is not None:
            panel.border(result.suppression.pectoral, _PECTORAL)
        for artifact in result.suppression.artifacts:
            panel.box(artifact.box, _ARTIFACT, artifact.kind.value)
    if result.layers is not None:
        panel.wash(result.layers.benign, _BENIGN)
        panel.wash(result.layers.malignant, _MALIGNANT)
    for candidate in result.candidates:
        panel.box(candidate.box, _CANDIDATE, "")
    for finding in result.findings:
        panel.box(finding.box, _FINDING, _name(finding), thickness=2)
        if finding.mask is not None:
            panel.border(finding.mask, _FINDING, thickness=2)


def _name(finding: Finding) -> str:
    return f"{finding.kind.value} {finding.p_malignant:.2f}"


def _heat(panel: _Panel, heat: ValueMap) -> NDArray[np.uint8]:
    """Lay a map over the picture, as opaque as its value, with its colour bar."""
    picture = panel.picture
    values = spread(heat, picture.shape[0], picture.shape[1], scale=panel.scale)
    colours = colorize(values, ColorMap.HEAT)[..., ::-1]
    opacity = (_MAP_OPACITY * np.clip(values * 1.5, 0, 1))[..., None]
    blended: NDArray[np.uint8] = (picture * (1 - opacity) + colours * opacity).astype(np.uint8)
    _colour_bar(blended, heat.name)
    return blended


def _colour_bar(picture: NDArray[np.uint8], name: str) -> None:
    height = min(200, picture.shape[0] // 3)
    ramp = np.linspace(1, 0, height)[:, None].repeat(12, axis=1)
    top, left = _MARGIN_PX, picture.shape[1] - 24
    if height < 8 or left < 0:
        return
    picture[top : top + height, left : left + 12] = colorize(ramp, ColorMap.HEAT)[..., ::-1]
    for text, row in (("1", top + 10), ("0", top + height)):
        _put(picture, text, (left - 12, row), _TEXT, size=0.4)
    _put(picture, name, (max(0, left - 90), top + height + 16), _TEXT, size=0.4)


def spread(values: ValueMap, rows: int, columns: int, *, scale: float) -> NDArray[np.float32]:
    """A map laid out over the whole image at a smaller size.

    Parameters
    ----------
    rows, columns
        Size of the picture, pixels.
    scale
        Picture pixels per native pixel.

    Returns
    -------
    ndarray, shape (rows, columns), float32 in [0, 1]
        0 outside the map's box.
    """
    coarse = values.to_array()
    # Centres of the picture's pixels in the map's own grid, whose first cell's centre is 0.
    row_at = ((np.arange(rows) + 0.5) / scale - values.box.row0) / values.box.height_px * values.rows - 0.5
    col_at = ((np.arange(columns) + 0.5) / scale - values.box.col0) / values.box.width_px * values.columns - 0.5
    grid_cols, grid_rows = np.meshgrid(
        np.clip(col_at, 0, values.columns - 1).astype(np.float32),
        np.clip(row_at, 0, values.rows - 1).astype(np.float32),
    )
    laid = cv2.remap(coarse, grid_cols, grid_rows, cv2.INTER_LINEAR)
    inside_rows = (row_at >= -0.5) & (row_at < values.rows - 0.5)
    inside_cols = (col_at >= -0.5) & (col_at < values.columns - 0.5)
    return np.asarray(np.clip(laid, 0, 1) * np.outer(inside_rows, inside_cols), dtype=np.float32)


def _words(image: Mammogram, result: ImageResult, meaning: ScoreMeaning | None, width: int) -> NDArray[np.uint8]:
    lines = _lines(image, result, meaning)
    wrapped = [part for line in lines for part in _wrap(line, width)]
    placed, left, row = [], _MARGIN_PX, 1
    for text, colour in (*_KEY, *(_LAYER_KEY if result.layers is not None else ())):
        wide = cv2.getTextSize(text, _FONT, 0.5, 1)[0][0]
        if left + wide > width - _MARGIN_PX:
            left, row = _MARGIN_PX, row + 1
        placed.append((text, (left, row * _LINE_PX), colour))
        left += wide + 16
    placed += [(text, (_MARGIN_PX, number * _LINE_PX), _TEXT) for number, text in enumerate(wrapped, start=row + 1)]
    block = np.zeros(((len(wrapped) + row) * _LINE_PX + 2 * _MARGIN_PX, width, 3), dtype=np.uint8)
    for text, at, colour in placed:
        _put(block, text, at, colour, size=0.5)
    return block


def _lines(image: Mammogram, result: ImageResult, meaning: ScoreMeaning | None) -> list[str]:
    lines = []
    if result.p_malignant is None:
        lines.append(f"{image.label}: no score")
    else:
        words = (f"{result.p_malignant:.2f}", spread_words(result.uncertainty, result.spread_over))
        lines.append(f"{image.label}: {', '.join(word for word in words if word)}")
        points = point_words(result.p_malignant, thresholds_of(meaning, result.members))
        lines.extend([points] if points else [])
        if meaning is not None:
            lines.append(f"{meaning.text}; {meaning.training_prevalence:.0%} malignant in training")
    if result.layers is not None and result.layers.is_experimental:
        lines.append("Outlines and their colours are experimental.")
    lines.extend(result.warnings)
    lines.append("Research software. Not a diagnosis.")
    return lines


def _wrap(text: str, width: int) -> list[str]:
    parts = [""]
    for word in text.split():
        longer = f"{parts[-1]} {word}".strip()
        if cv2.getTextSize(longer, _FONT, 0.5, 1)[0][0] > width - 2 * _MARGIN_PX and parts[-1]:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts


def _put(
    picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int], *, size: float
) -> None:
    # OpenCV's strokes know ASCII alone.
    plain = text.translate(_PLAIN).encode("ascii", "replace").decode()
    cv2.putText(picture, plain, at, _FONT, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(picture, plain, at, _FONT, size, colour, 1, cv2.LINE_AA)
