"""What a reader should know before believing a saliency map."""

from __future__ import annotations

import cv2
import numpy as np

from mammoview.core.findings import ValueMap
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.models.saliency import GUIDED_NOTE

#: Beyond this share of its energy outside the breast a map is called into doubt.
OUTSIDE_LIMIT = 0.25


def share_outside(saliency: ValueMap, breast: Mask) -> float:
    """Share of a map's energy that lies outside the breast, 0 to 1; 0 for an empty map.

    Parameters
    ----------
    saliency
        The map; only what it covers of the image counts.
    breast
        The breast in native pixels.
    """
    values = saliency.to_array()
    total = float(values.sum())
    if total <= 0:
        return 0.0
    inside = saliency.box.intersection(Box(0, 0, breast.rows, breast.columns))
    covered = np.ascontiguousarray(breast.to_array()[inside.slices()], dtype=np.float32)
    if not covered.size:
        return 1.0
    weight = cv2.resize(covered, (saliency.columns, saliency.rows), interpolation=cv2.INTER_AREA)
    return 1.0 - float((values * weight).sum()) / total


def doubts(saliency: ValueMap | None, breast: Mask | None) -> tuple[str, ...]:
    """Sentences for the warnings of an image; none where there is no map or nothing to say."""
    if saliency is None or breast is None:
        return ()
    said = [GUIDED_NOTE] if saliency.name == "guided" else []
    outside = share_outside(saliency, breast)
    if outside > OUTSIDE_LIMIT:
        said.append(f"{outside:.0%} of the saliency lies outside the breast: the map explains this score poorly.")
    return tuple(said)
