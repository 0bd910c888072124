"""From an image to its breast, pectoral muscle and artifacts, and the cleaned copy that the models see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Artifact, Suppression
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.artifacts import FoundArtifact, find_artifacts, find_frame
from mammoview.imaging.breast import find_breast
from mammoview.imaging.pectoral import find_pectoral
from mammoview.imaging.workcopy import WorkCopy, disk, reduce

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The cleaned copy keeps a rim around the breast, so that a mask a little too small costs no skin.
RIM_SHARE = 0.01


def suppress(
    image: NDArray[np.uint16],
    *,
    view: ViewPosition | None,
    laterality: Laterality | None,
    padding: NDArray[np.bool_] | None = None,
    spacing_mm: tuple[float, float] | None = None,
) -> Suppression:
    """Find the breast, the pectoral muscle and the artifacts of an image.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16 P-values: bright is dense.
    view
        The projection; the pectoral muscle is looked for on MLO and ML only.
    laterality
        Which breast. Only a hint: the chest wall's side is read off the pixels.
    padding
        Same shape, bool: pixels that hold no measurement.
    spacing_mm
        (row, column) millimetres a pixel, where known.

    Returns
    -------
    Suppression
        In native pixels. A blank image gives an empty breast mask and a reason for the absent pectoral muscle.
    """
    _ = laterality, spacing_mm
    copy = reduce(image, padding)
    frame = find_frame(copy)
    breast = find_breast(copy, frame)
    found = find_artifacts(copy, breast, frame)
    pectoral = find_pectoral(copy.values, breast, view=view)
    suppressed = _outside(breast.mask)
    for artifact in found:
        suppressed |= artifact.mask
    return Suppression(
        breast=Mask.from_array(copy.enlarge(breast.mask)),
        artifacts=tuple(_native(copy, artifact) for artifact in found),
        suppressed=Mask.from_array(copy.enlarge(suppressed)),
        pectoral=None if pectoral.mask is None else Mask.from_array(copy.enlarge(pectoral.mask)),
        pectoral_reason=pectoral.reason,
    )


def clean(image: NDArray[np.uint16], suppression: Suppression) -> NDArray[np.uint16]:
    """Copy an image with everything suppressed set to black; the image itself stays as it is.

    Parameters
    ----------
    image
        Shape (rows, columns), uint16.
    suppression
        What `suppress` found on it.

    Returns
    -------
    ndarray, same shape, uint16
    """
    cleaned = image.copy()
    cleaned[suppression.suppressed.to_array()] = 0
    return cleaned


def _outside(breast: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All that lies beyond the rim around the breast; nothing where there is no breast."""
    if not breast.any():
        return np.zeros_like(breast)
    return ~cv2.dilate(breast.astype(np.uint8), disk(RIM_SHARE * max(breast.shape))).astype(bool)


def _native(copy: WorkCopy, artifact: FoundArtifact) -> Artifact:
    """The artifact in native pixels."""
    rows, cols = np.nonzero(artifact.mask)
    scale_row = copy.native_shape[0] / artifact.mask.shape[0]
    scale_col = copy.native_shape[1] / artifact.mask.shape[1]
    box = Box(
        float(np.floor(rows.min() * scale_row)),
        float(np.floor(cols.min() * scale_col)),
        float(np.ceil((rows.max() + 1) * scale_row)),
        float(np.ceil((cols.max() + 1) * scale_col)),
    )
    return Artifact(box.clipped(*copy.native_shape), artifact.kind, round(rows.size * scale_row * scale_col))
