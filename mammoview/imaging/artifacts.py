"""What lies on an image and is no breast: letters, stickers, tape, film edges, redaction bars, stripes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import ArtifactKind
from mammoview.imaging.workcopy import WorkCopy, disk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.imaging.breast import BreastArea


@dataclass(frozen=True, eq=False)
class FoundArtifact:
    """An artifact on a work copy: its kind and its pixels (bool, shape of the copy)."""

    kind: ArtifactKind
    mask: NDArray[np.bool_]


def find_frame(copy: WorkCopy) -> NDArray[np.bool_]:
    """Find the white edges of a film: bright runs from the border that end within 6 % of the image.

    Returns
    -------
    ndarray, shape of the copy, bool
    """
    values = copy.values
    frame = np.zeros(values.shape, dtype=bool)
    bright = 0.75 * float(np.percentile(values, 99.8))
    if bright <= 0.0:
        return frame
    for turn in range(4):
        turned = np.rot90(values, turn)
        depth = max(3, int(0.06 * turned.shape[0]))
        strip = turned[: depth + 2] > bright
        start = strip[:3].any(axis=0)
        run = np.argmin(np.vstack([strip[3:] | ~start, np.zeros((1, strip.shape[1]), bool)]), axis=0) + 3
        is_edge = start & (run <= depth)
        is_edge = cv2.morphologyEx(is_edge[None].astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, 9), np.uint8))[0] > 0
        if is_edge.mean() < 0.1:
            continue
        view = np.rot90(frame, turn)
        inside = np.arange(depth + 2)[:, None] < np.where(is_edge, run + 1, 0)[None]
        view[: depth + 2] |= inside
    return frame


def _kind(mask: NDArray[np.bool_]) -> ArtifactKind:
    rows, cols = np.nonzero(mask)
    (_, (height, width), _) = cv2.minAreaRect(np.column_stack([cols, rows]).astype(np.float32))
    long, short = max(height, width) + 1, min(height, width) + 1
    side = max(mask.shape)
    at_border = rows.min() == 0 or cols.min() == 0 or rows.max() == mask.shape[0] - 1 or cols.max() == mask.shape[1] - 1
    fill = rows.size / (long * short)
    if at_border and long > 0.25 * side and short < 0.1 * side:
        return ArtifactKind.FRAME_EDGE
    if long > 5 * short and fill > 0.5:
        return ArtifactKind.STRIPE
    if fill > 0.7 and rows.size > 0.002 * mask.size:
        return ArtifactKind.STICKER
    return ArtifactKind.LETTER


def find_artifacts(copy: WorkCopy, breast: BreastArea, frame: NDArray[np.bool_]) -> list[FoundArtifact]:
    """Find what stands above the background outside the breast.

    Parameters
    ----------
    copy
        The image.
    breast
        Where the breast is.
    frame
        Shape of the copy, bool: white film edges.

    Returns
    -------
    list of FoundArtifact
        Top to bottom.
    """
    guard = max(2.0, 0.008 * max(copy.values.shape))
    near = cv2.dilate(breast.mask.astype(np.uint8), disk(guard)).astype(bool)
    above = (copy.values > breast.background.threshold) & ~near & ~frame & copy.known
    joined = cv2.morphologyEx(above.astype(np.uint8), cv2.MORPH_CLOSE, disk(0.012 * max(above.shape)))
    count, labels, _, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for index in range(1, count):
        mask = (labels == index) & above
        if mask.sum() < 3e-4 * mask.size:
            continue
        found.append(FoundArtifact(_kind(mask), mask))
    count, labels, _, _ = cv2.connectedComponentsWithStats(frame.astype(np.uint8), connectivity=8)
    return found + [FoundArtifact(ArtifactKind.FRAME_EDGE, np.asarray(labels == i)) for i in range(1, count)]
