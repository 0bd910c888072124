"""A quick look at an image's pixels: which way it faces, whether letters stand beside the breast, and what it is like.

All is done on a small copy, so that looking costs a fraction of decoding. Every copy, of any contrast, gives the same
marks: they rest on the order of the values, not on the values.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import cv2
import numpy as np

from mammoview.imaging.chestwall import chest_wall_is_left

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.core.image import StoredImage
    from mammoview.core.study import Mammogram

_Pixel = TypeVar("_Pixel", np.uint8, np.float32)

#: Long sides of the copies: the sample, what is compared, what is put in order, what letters are sought on.
_SAMPLE_PX: Final = 832
_VALUES_PX: Final = 256
_ORDER_PX: Final = 96
_TEXT_PX: Final = 520
_THUMB_PX: Final = 160
#: The brightest share of an image is cut out as its breast: the same in every copy, whatever its contrast.
_BREAST_RANK: Final = 0.6
COARSE_PX: Final = 28
FINE_PX: Final = 112
#: Fine marks are kept as whole numbers, this many to a unit.
_STEPS: Final = 50.0
#: Letters are at least so bright between air and white, and so high, as shares of the image's height.
_LETTER_LEVEL: Final = 0.4
_LETTER_HEIGHTS: Final = (0.005, 0.06)
_LETTER_FILLS: Final = (0.2, 0.92)
_LETTER_ASPECT: Final = 0.75


@dataclass(frozen=True, eq=False)
class Look:
    """What an image looks like.

    Attributes
    ----------
    sampled
        Hash of the size and of the pixels on a grid: equal for equal pixels.
    coarse
        Shape (784,), float32, of length 1: the shape of the breast and what is dense in it.
    fine
        Shape (112, 112), int8: the texture.
    is_left
        Whether the chest wall is on the left; None where it cannot be told.
    characters
        About how many letters stand beside the breast.
    thumbnail
        JPEG.
    """

    sampled: bytes
    coarse: NDArray[np.float32]
    fine: NDArray[np.int8]
    is_left: bool | None
    characters: int
    thumbnail: bytes


def look_at(image: Mammogram, stored: StoredImage) -> Look:
    """Look at an image; see `Look`.

    Parameters
    ----------
    image
        Its header.
    stored
        Its pixels.
    """
    pixels = stored.pixels
    step = max(1, -(-max(pixels.shape) // _SAMPLE_PX))
    sample = np.ascontiguousarray(pixels[::step, ::step])
    digest = hashlib.blake2b(f"{pixels.shape}".encode(), digest_size=32)
    digest.update(np.ascontiguousarray(sample[::2, ::2]).data)
    shown = _eight_bits(sample, is_inverse=image.grayscale.is_dark_high)
    small = _smaller(shown, _VALUES_PX)
    values = _smaller(sample.astype(np.float32), _VALUES_PX)
    if image.grayscale.is_dark_high:
        values = -values
    ordered = _ordered(values)
    part, is_turned = _breast(ordered)
    return Look(
        digest.digest(),
        _coarse(ordered[part], is_turned=is_turned),
        _fine(values, part, ordered.shape, is_turned=is_turned),
        chest_wall_is_left(small.astype(np.uint16) * np.uint16(257)),
        _characters(shown, small),
        _thumbnail(small),
    )


def _eight_bits(sample: NDArray[np.uint16], *, is_inverse: bool) -> NDArray[np.uint8]:
    low, high = np.percentile(sample[::8, ::8], (0.5, 99.8))
    shown = cv2.convertScaleAbs(
        np.clip(sample, low, max(high, low + 1)) - np.uint16(low), alpha=255.0 / max(1, high - low)
    )
    return np.asarray(255 - shown if is_inverse else shown, dtype=np.uint8)


def _smaller(image: NDArray[_Pixel], side: int) -> NDArray[_Pixel]:
    scale = side / max(image.shape)
    if scale >= 1.0:
        return image
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=image.dtype)


def _ordered(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A small copy with each value's rank, 0 to 1, in its place."""
    small = cv2.GaussianBlur(np.asarray(_smaller(values, _ORDER_PX), dtype=np.float32), (0, 0), 1.0)
    order = np.argsort(small, axis=None, kind="stable")
    ranks = np.empty(small.size, np.float32)
    ranks[order] = np.linspace(0.0, 1.0, small.size, dtype=np.float32)
    return ranks.reshape(small.shape)


def _breast(ordered: NDArray[np.float32]) -> tuple[tuple[slice, slice], bool]:
    """The part of the ordered copy that holds the largest bright piece; whether its wall is on the right."""
    bright = cv2.morphologyEx((ordered > _BREAST_RANK).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bright)
    if count < 2:
        return (slice(None), slice(None)), False
    place = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    column, row, width, height = (int(edge) for edge in stats[place, :4])
    weight = (labels == place).sum(axis=0) @ np.linspace(1.0, -1.0, ordered.shape[1])
    return (slice(row, row + height), slice(column, column + width)), bool(weight < 0)


def _coarse(part: NDArray[np.float32], *, is_turned: bool) -> NDArray[np.float32]:
    part = np.ascontiguousarray(part[:, ::-1] if is_turned else part)
    side = COARSE_PX + 4
    even = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)
    detail = (even - cv2.GaussianBlur(even, (0, 0), side / 10))[2:-2, 2:-2]
    limit = 2.5 * detail.std()
    detail = np.clip(detail, -limit, limit)
    detail -= detail.mean()
    return np.asarray((detail / (np.linalg.norm(detail) + 1e-6)).ravel(), dtype=np.float32)


def _fine(
    values: NDArray[np.float32], part: tuple[slice, slice], shape: tuple[int, int], *, is_turned: bool
) -> NDArray[np.int8]:
    rows, columns = (
        slice(
            int((one.start or 0) * large / size),
            max(int((size if one.stop is None else one.stop) * large / size), int((one.start or 0) * large / size) + 2),
        )
        for one, large, size in zip(part, values.shape, shape, strict=True)
    )
    cut = values[rows, columns]
    side = FINE_PX + 16
    even = cv2.resize(
        np.ascontiguousarray(cut[:, ::-1] if is_turned else cut), (side, side), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    detail = cv2.GaussianBlur(even, (0, 0), 1.0) - cv2.GaussianBlur(even, (0, 0), 4.0)
    local = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 8.0)) + 0.05 * detail.std() + 1e-6
    marks = np.clip(detail / local, -2.5, 2.5)[8:-8, 8:-8]
    return np.asarray(np.rint(marks * _STEPS), dtype=np.int8)


def _characters(shown: NDArray[np.uint8], small: NDArray[np.uint8]) -> int:
    """About how many letters stand in the air beside the breast; those upon it are not seen."""
    image = shown
    if max(shown.shape) > _TEXT_PX:
        # The brightest of four: thin strokes stay.
        even = shown[: shown.shape[0] // 2 * 2, : shown.shape[1] // 2 * 2]
        image = np.maximum(np.maximum(even[::2, ::2], even[1::2, ::2]), np.maximum(even[::2, 1::2], even[1::2, 1::2]))
    air = 1 - cv2.resize(_body(small), image.shape[::-1], interpolation=cv2.INTER_NEAREST)
    counts = np.cumsum(cv2.calcHist([image], [0], air, [256], [0, 256]))
    if counts[-1] < 0.01 * air.size:
        return 0
    level = int(np.searchsorted(counts, counts[-1] / 2))
    limit = int(level + _LETTER_LEVEL * (255 - level))
    bright = np.where(air, image > np.uint8(limit), False).astype(np.uint8)
    if not bright.any():
        return 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
    rows, columns = image.shape
    total = 0.0
    for column, row, width, height, area in stats[1:]:
        is_inside = column > 2 and row > 2 and column + width < columns - 2 and row + height < rows - 2
        is_letter = _LETTER_HEIGHTS[0] <= height / rows <= _LETTER_HEIGHTS[1] and width >= 2
        if is_inside and is_letter and _LETTER_FILLS[0] <= area / (width * height) <= _LETTER_FILLS[1]:
            # Letters of one word may run together.
            total += max(1.0, width / (_LETTER_ASPECT * height))
    return round(total)


def _body(shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Where the breast is, roughly and generously: the hull of the largest piece above Otsu's threshold."""
    small = np.asarray(_smaller(shown, 128), dtype=np.float32)
    spread = (np.sqrt(small / 255.0) * 255.0).astype(np.uint8)
    _, tissue = cv2.threshold(spread, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    tissue = cv2.morphologyEx(tissue, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(tissue)
    body = np.zeros_like(tissue)
    if count >= 2:
        largest = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
        points = cv2.findNonZero(largest)
        cv2.fillConvexPoly(body, cv2.convexHull(points), 1)
        body = cv2.dilate(body, np.ones((7, 7), np.uint8))
    return np.asarray(body, dtype=np.uint8)


def _thumbnail(shown: NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".jpg", _smaller(shown, _THUMB_PX), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return encoded.tobytes()
