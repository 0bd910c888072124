"""Mass candidates: bright blobs at the common scale, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Candidate, LesionKind, Suppression
from mammoview.core.geometry import Box
from mammoview.imaging.breast_frame import STEP_MM, BreastFrame, believed_spacing, lay_down

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 20
APART_MM = 12.0


def mass_candidates(
    cleaned: NDArray[np.uint16], suppression: Suppression, *, spacing_mm: tuple[float, float] | None = None
) -> tuple[Candidate, ...]:
    """Propose places that may be masses.

    Parameters
    ----------
    cleaned
        Shape (rows, columns), uint16 P-values with everything suppressed set to black.
    suppression
        What `imaging.suppress.suppress` found on the image.
    spacing_mm
        (row, column) millimetres a pixel; derived from the frame and the breast where unknown.

    Returns
    -------
    tuple of Candidate
        Best first, at most `MOST`.
    """
    breast = suppression.breast.to_array()
    pectoral = suppression.pectoral.to_array() if suppression.pectoral else None
    frame = lay_down(cleaned, breast, pectoral, spacing_mm=believed_spacing(breast, spacing_mm))
    back = frame.transform.inverse()
    found = []
    for row, column, score in _peaks(_blobness(frame), frame.breast):
        box = back.apply_box(Box.square(row, column, 16.0 / STEP_MM)).clipped(*cleaned.shape)
        found.append(Candidate(box, score, LesionKind.MASS))
    return tuple(found)


def _blobness(frame: BreastFrame) -> NDArray[np.float32]:
    """Difference of Gaussians inside the breast, shape as the frame, over its own highest value."""
    weight = (frame.breast & ~frame.pectoral).astype(np.float32)
    fine, wide = (
        cv2.GaussianBlur(frame.values * weight, (0, 0), sigma / STEP_MM)
        / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma / STEP_MM), 1e-3)
        for sigma in (3.0, 9.0)
    )
    response = np.maximum(fine - wide, 0.0) * weight
    return np.asarray(response / max(float(response.max()), 1e-6), dtype=np.float32)


def _peaks(score: NDArray[np.float32], inside: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """(row, column, score) of the highest places, at least `APART_MM` from each other."""
    left = np.where(inside, score, 0.0).astype(np.float32)
    found = []
    for _ in range(MOST):
        row, column = np.unravel_index(int(np.argmax(left)), left.shape)
        if left[row, column] <= 0:
            break
        found.append((float(row) + 0.5, float(column) + 0.5, float(left[row, column])))
        cv2.circle(left, (int(column), int(row)), round(APART_MM / STEP_MM), 0.0, -1)
    return found
