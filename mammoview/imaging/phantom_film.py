"""What digitised film shows beside the breast: lead letters, stickers, tape, frame edges, redaction bars, stripes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.findings import ArtifactKind
from mammoview.core.geometry import Box
from mammoview.imaging.phantom_tissue import power_noise
from mammoview.imaging.phantom_truth import Region, TrueArtifact

Field = NDArray[np.float32]

# One coarse map in this many millimetres (of a full-size field) is enough to find room for an artifact.
_ROOM_STEP_MM = 1.5
# How often an artifact may touch the breast's margin.
_TOUCHING = 0.04


def add_film(
    value: Field, skin_distance: Field, *, rng: np.random.Generator, spacing_mm: float, label: str
) -> tuple[TrueArtifact, ...]:
    """Turn a picture on black into a picture on film, in place, and put artifacts around the breast.

    Parameters
    ----------
    value
        Brightness in [0, 1], shape (rows, columns), float32, in the image's own frame; 0 outside of the breast.
    skin_distance
        Distance into the breast, mm, positive inside, same shape, float32.
    spacing_mm
        Millimetres a pixel.
    label
        What the lead letters say, ``RMLO``.

    Returns
    -------
    tuple of TrueArtifact
        With the pixels where each is seen, the breast left out except where frame edge or an opaque thing covers it.
    """
    film = _Film(value, skin_distance, rng=rng, spacing_mm=spacing_mm)
    film.fog()
    painters: tuple[tuple[float, Callable[[_Film], None]], ...] = (
        (0.45, _tape),
        (0.50, _sticker),
        (0.95, lambda film: _letters(film, label)),
        (0.55, _stripes),
        (0.60, _frame_edges),
        (0.40, _redaction),
    )
    # Drawn before anything else, so that a seed's choice of artifacts does not hang on the image's size.
    chosen = rng.random(len(painters))
    for dice, (chance, paint) in zip(chosen, painters, strict=True):
        if dice < chance:
            paint(film)
    return film.artifacts()


class _Film:
    """The film while it is painted: brightness, and which artifact is seen where."""

    def __init__(self, value: Field, skin_distance: Field, *, rng: np.random.Generator, spacing_mm: float) -> None:
        self.value, self.rng, self.spacing = value, rng, spacing_mm
        self.rows, self.columns = value.shape
        self.breast = skin_distance > 0
        self.scale = min(self.rows * spacing_mm / 286.7, self.columns * spacing_mm / 233.0)
        self.base = float(rng.uniform(0.02, 0.10))
        self.seen = np.zeros(value.shape, dtype=np.uint8)
        self.kinds: list[ArtifactKind] = []
        self.room_step = max(1.0, _ROOM_STEP_MM * self.scale / spacing_mm)
        size = (max(8, round(self.columns / self.room_step)), max(8, round(self.rows / self.room_step)))
        self.skin_map = np.asarray(cv2.resize(skin_distance, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        self.taken = np.zeros(self.skin_map.shape, dtype=bool)

    def px(self, length_mm: float) -> float:
        """Pixels of a length on a full-size film, at this film's scale."""
        return float(length_mm * self.scale / self.spacing)

    def fog(self) -> None:
        """Lift black to the gray of exposed film, uneven and grainy."""
        coarse = (max(8, self.rows // 16), max(8, self.columns // 16))
        waves = power_noise(self.rng, coarse, step=1.0, beta=3.0, longest_mm=float(coarse[0]))
        uneven = cv2.resize(waves, (self.columns, self.rows), interpolation=cv2.INTER_LINEAR)
        grain = self.rng.standard_normal(self.value.shape, dtype=np.float32)
        amount = float(self.rng.uniform(0.002, 0.006))
        level = self.base * (1 + 0.10 * uneven) + amount * grain
        np.copyto(self.value, level + (0.97 - self.base) * self.value)

    def find_room(self, height: float, width: float, *, angle: float, upper: float = 1.0) -> NDArray[np.float64] | None:
        """Corners (x, y) of a free rectangle of that size in pixels, shape (4, 2); None where there is no room."""
        may_touch = self.rng.random() < _TOUCHING
        margin = 0.0 if may_touch else 5.0 * self.scale
        blocked = (self.skin_map > -margin) | self.taken
        for attempt in range(160):
            shrink = 0.85 ** (attempt // 40)
            corners = _rectangle(height * shrink, width * shrink, angle)
            centre = self.rng.uniform((0.02, 0.02), (0.98, 0.98 * upper)) * (self.columns, self.rows)
            corners = corners + centre
            if not _fits(corners, self.columns, self.rows):
                continue
            spot = np.zeros(blocked.shape, dtype=np.uint8)
            cv2.fillConvexPoly(spot, np.rint(corners / self.room_step - 0.5).astype(np.int32), 1)
            if not blocked[spot > 0].any():
                self.taken |= cv2.dilate(spot, np.ones((3, 3), np.uint8)) > 0
                return np.asarray(corners)
        return None

    def paint(
        self, kind: ArtifactKind, slices: tuple[slice, slice], cover: Field, level: Field | float, *, adds: bool = False
    ) -> None:
        """Lay ``level`` over (or add it to) a part of the film, as far as ``cover`` (0 to 1) says, and remember it."""
        self.kinds.append(kind)
        part = self.value[slices]
        part += cover * (level if adds else level - part)
        seen = cover >= 0.5
        if kind is ArtifactKind.STRIPE:
            seen &= ~self.breast[slices] & (self.seen[slices] == 0)
        self.seen[slices][seen] = len(self.kinds)

    def artifacts(self) -> tuple[TrueArtifact, ...]:
        """What can still be seen of each artifact."""
        found = []
        for index, kind in enumerate(self.kinds, start=1):
            region = Region.from_mask(self.seen == index)
            if region is not None:
                found.append(TrueArtifact(kind, region))
        return tuple(found)

    def polygon(self, corners: NDArray[np.float64]) -> tuple[tuple[slice, slice], Field]:
        """Rasterise a convex polygon (x, y): the part of the image that it touches, and how far it covers it."""
        low, high = np.floor(corners.min(axis=0)) - 1, np.ceil(corners.max(axis=0)) + 1
        slices = Box(low[1], low[0], high[1], high[0]).clipped(self.rows, self.columns).slices()
        origin = np.array([slices[1].start, slices[0].start])
        canvas = np.zeros((slices[0].stop - slices[0].start, slices[1].stop - slices[1].start), dtype=np.uint8)
        points = np.rint((corners - origin - 0.5) * 16).astype(np.int32)
        cv2.fillConvexPoly(canvas, points, 255, cv2.LINE_AA, 4)
        return slices, canvas.astype(np.float32) / np.float32(255)


def _rectangle(height: float, width: float, angle: float) -> NDArray[np.float64]:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    return np.asarray(half @ turn)


def _fits(corners: NDArray[np.float64], columns: int, rows: int) -> bool:
    low, high = corners.min(axis=0), corners.max(axis=0)
    return bool(low[0] >= 2 and low[1] >= 2 and high[0] <= columns - 2 and high[1] <= rows - 2)


def _text(text: str, height: int, *, weight: float) -> NDArray[np.uint8]:
    """White capitals of about that height in pixels on black, shape (rows, columns), uint8."""
    font, size = cv2.FONT_HERSHEY_SIMPLEX, height / 22.0
    thickness = max(1, round(weight * height))
    (width, tall), below = cv2.getTextSize(text, font, size, thickness)
    canvas = np.zeros((tall + below + 2 * thickness, width + 2 * thickness), dtype=np.uint8)
    cv2.putText(canvas, text, (thickness, tall + thickness), font, size, 255, thickness, cv2.LINE_AA)
    rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
    return canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _stamp(film: _Film, corners: NDArray[np.float64], picture: NDArray[np.uint8]) -> tuple[tuple[slice, slice], Field]:
    """Lay a picture into a rectangle: the part of the image that it touches, and the picture's values there, 0 to 1."""
    slices, cover = film.polygon(corners)
    tall, wide = picture.shape
    source = np.array([[0, 0], [wide, 0], [wide, tall]], dtype=np.float32)
    target = (corners[:3] - (slices[1].start, slices[0].start)).astype(np.float32)
    move = cv2.getAffineTransform(source - 0.5, target - 0.5)
    laid = cv2.warpAffine(picture, move, (cover.shape[1], cover.shape[0]), flags=cv2.INTER_LINEAR)
    return slices, np.asarray(laid.astype(np.float32) / 255)


def _letters(film: _Film, label: str) -> None:
    """Lead letters near the axilla: side and view, sometimes in two pieces, at any angle, sometimes from behind."""
    rng = film.rng
    words = [label] if rng.random() < 0.7 else [label[0], label[1:]]
    angle = float(rng.normal(0, 0.5))
    is_mirrored = rng.random() < 0.12
    level = float(rng.uniform(0.45, 0.98))
    for word in words:
        picture = _text(word, max(9, round(film.px(rng.uniform(8, 14)))), weight=float(rng.uniform(0.10, 0.2)))
        corners = film.find_room(*picture.shape, angle=angle, upper=0.45)
        if corners is None:
            continue
        slices, cover = _stamp(film, corners, picture[:, ::-1] if is_mirrored else picture)
        film.paint(ArtifactKind.LETTER, slices, np.asarray(cover), level)


def _sticker(film: _Film) -> None:
    """A label: a bright rectangle with dark print on it, or dark with bright print."""
    rng = film.rng
    height, width = film.px(rng.uniform(10, 24)), film.px(rng.uniform(20, 48))
    corners = film.find_room(height, width, angle=float(rng.choice((0.0, np.pi / 2)) + rng.normal(0, 0.12)))
    if corners is None:
        return
    slices, cover = film.polygon(corners)
    is_bright = rng.random() < 0.75
    paper = float(rng.uniform(0.6, 0.95) if is_bright else film.base + rng.uniform(0.14, 0.25))
    ink = paper * 0.35 if is_bright else 0.85
    tall, wide = max(8, round(height)), max(16, round(width))
    picture = np.zeros((tall, wide), dtype=np.uint8)
    lines = int(rng.integers(1, 4))
    for line in range(lines):
        words = "".join(rng.choice(list("ABCDEFGHKLMNPRSTUVX 0123456789"), int(rng.integers(4, 10))))
        text = _text(f"A{words}", max(6, round(0.55 * tall / lines)), weight=0.09)
        top, left = round((line + 0.2) * tall / lines), round(0.08 * wide)
        fitted = text[: max(0, tall - top), : max(0, wide - 2 * left)]
        picture[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    _, print_cover = _stamp(film, corners, picture)
    grain = film.rng.standard_normal(cover.shape, dtype=np.float32) * 0.008
    film.paint(ArtifactKind.STICKER, slices, cover, paper + (ink - paper) * print_cover + grain)


def _tape(film: _Film) -> None:
    """A strip of adhesive tape: long, half transparent, brighter at its edges."""
    rng = film.rng
    for _ in range(int(rng.integers(1, 3))):
        height, width = film.px(rng.uniform(7, 14)), film.px(rng.uniform(35, 90))
        corners = film.find_room(height, width, angle=float(rng.uniform(0, np.pi)))
        if corners is None:
            continue
        slices, cover = film.polygon(corners)
        inner = cv2.erode((cover >= 0.5).astype(np.uint8), np.ones((3, 3)), iterations=max(1, round(film.px(0.5))))
        lift = float(rng.uniform(0.10, 0.28))
        film.paint(ArtifactKind.TAPE, slices, cover, lift * (1 + 0.35 * (1 - inner.astype(np.float32))), adds=True)


def _stripes(film: _Film) -> None:
    """Thin lines across the whole film, left by the digitiser; faint where they cross the breast."""
    rng = film.rng
    is_vertical = rng.random() < 0.5
    length = film.columns if is_vertical else film.rows
    for _ in range(int(rng.integers(1, 4))):
        width = max(1, round(rng.uniform(0.15, 0.45) * film.scale / film.spacing))
        start = int(rng.integers(0, length - width))
        here = slice(start, start + width)
        slices = (slice(0, film.rows), here) if is_vertical else (here, slice(0, film.columns))
        lift = np.where(film.breast[slices], 0.02, float(rng.uniform(0.08, 0.3))).astype(np.float32)
        film.paint(ArtifactKind.STRIPE, slices, np.ones_like(lift), lift, adds=True)


def _frame_edges(film: _Film) -> None:
    """White margins where the film ends and the digitiser's light shines past it, along one or two borders."""
    rng = film.rng
    borders = rng.permutation(4)[: int(rng.integers(1, 3))]
    for border in borders:
        along, across = (film.columns, film.rows) if border < 2 else (film.rows, film.columns)
        one, other = film.px(rng.uniform(1.0, 7.0)), film.px(rng.uniform(1.0, 7.0))
        # (along, inwards) of the strip's corners, then turned to the border that it lies on.
        strip = np.array([[-2.0, -2.0], [along + 2.0, -2.0], [along + 2.0, other], [-2.0, one]])
        if border % 2:
            strip[:, 1] = across - strip[:, 1]
        slices, cover = film.polygon(strip if border < 2 else strip[:, ::-1])
        film.paint(ArtifactKind.FRAME_EDGE, slices, cover, float(rng.uniform(0.85, 1.0)))


def _redaction(film: _Film) -> None:
    """Upright bars of one value that hide what was written there."""
    rng = film.rng
    for _ in range(int(rng.integers(1, 3))):
        size = film.px(rng.uniform(8, 18)), film.px(rng.uniform(25, 60))
        height, width = size if rng.random() < 0.6 else size[::-1]
        corners = film.find_room(height, width, angle=0.0)
        if corners is None:
            continue
        low, high = np.rint(corners.min(axis=0)).astype(int), np.rint(corners.max(axis=0)).astype(int)
        slices = (slice(low[1], high[1]), slice(low[0], high[0]))
        cover = np.ones((high[1] - low[1], high[0] - low[0]), dtype=np.float32)
        film.paint(ArtifactKind.REDACTION, slices, cover, 0.0 if rng.random() < 0.7 else 1.0)
