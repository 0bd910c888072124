"""From an image to its breast, pectoral muscle and artifacts, and the cleaned copy that the models see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Artifact, ArtifactKind, Suppression
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.core.study import Laterality, ViewPosition
from mammoview.imaging.artifacts import FoundArtifact, find_artifacts, find_stripes
from mammoview.imaging.background import Background, measure_background
from mammoview.imaging.breast import BreastArea, find_breast, no_breast
from mammoview.imaging.frame_edges import find_frame_edges
from mammoview.imaging.pectoral import PectoralArea, find_pectoral
from mammoview.imaging.workcopy import WorkCopy, disk, reduce

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The cleaned copy keeps a rim around the breast, so that a mask a little too small costs no skin.
_RIM_SHARE = 0.01
# How far a film edge shines beyond its step, pixels of the work copy.
_EDGE_BLUR_PX = 2


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found on a work copy, before it is brought to native pixels."""

    breast: BreastArea
    pectoral: PectoralArea
    artifacts: tuple[FoundArtifact, ...]

    @property
    def suppressed(self) -> NDArray[np.bool_]:
        """All that lies beyond the rim around the breast, and the artifacts; nothing where there is no breast."""
        mask = self.breast.mask
        outside = np.zeros_like(mask)
        if mask.any():
            outside = ~cv2.dilate(mask.astype(np.uint8), disk(_RIM_SHARE * max(mask.shape))).astype(bool)
        for artifact in self.artifacts:
            outside |= artifact.mask
        return outside


@dataclass(frozen=True, eq=False)
class Outline:
    """The breast on a work copy, and what was found on the way.

    Attributes
    ----------
    breast
        Where it is.
    background
        None where the image is constant.
    edges, usable
        Masks of film edges, and of the known pixels that none shines on.
    """

    breast: BreastArea
    background: Background | None
    edges: tuple[NDArray[np.bool_], ...]
    usable: NDArray[np.bool_]


def find_outline(copy: WorkCopy) -> Outline:
    """Find the breast on a work copy."""
    edges = find_frame_edges(copy.values)
    usable = _without(copy.known, edges)
    background = measure_background(copy.values, usable)
    breast = no_breast(copy.values.shape) if background is None else find_breast(background, usable)
    if breast.is_digital and edges:
        # Only film has edges: what looked like one is skin or muscle along the border.
        edges, usable = (), copy.known
        background = measure_background(copy.values, usable)
        breast = breast if background is None else find_breast(background, usable)
    return Outline(breast, background, edges, usable)


def find_all(copy: WorkCopy, *, view: ViewPosition | None) -> Findings:
    """Find breast, muscle and artifacts on a work copy.

    Parameters
    ----------
    view
        The projection; the pectoral muscle is looked for on MLO and ML only.
    """
    outline = find_outline(copy)
    breast, background, edges, usable = outline.breast, outline.background, outline.edges, outline.usable
    found = tuple(FoundArtifact(ArtifactKind.FRAME_EDGE, edge) for edge in edges)
    pectoral = find_pectoral(copy.values, breast, view=view)
    if background is None:
        return Findings(breast, pectoral, found)
    stripes = () if breast.is_digital else find_stripes(background, free=usable, breast=breast)
    excluded = ~usable
    for stripe in stripes:
        excluded = excluded | stripe
    found += tuple(FoundArtifact(ArtifactKind.STRIPE, stripe) for stripe in stripes)
    found += find_artifacts(copy.values, background, breast=breast, excluded=excluded)
    return Findings(breast, pectoral, found)


def _without(known: NDArray[np.bool_], edges: tuple[NDArray[np.bool_], ...]) -> NDArray[np.bool_]:
    """The known pixels that no film edge shines on."""
    usable = known.copy()
    for edge in edges:
        usable &= ~cv2.dilate(edge.astype(np.uint8), disk(_EDGE_BLUR_PX)).astype(bool)
    return usable


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
        Which breast. Not used: a quarter of the film images face against it, so that the side is read off the pixels.
    padding
        Same shape, bool: pixels that hold no measurement.
    spacing_mm
        (row, column) millimetres a pixel, where known. Not used: every length is a share of the image.

    Returns
    -------
    Suppression
        In native pixels. A blank image gives an empty breast mask and a reason for the absent pectoral muscle.
    """
    del laterality, spacing_mm
    copy = reduce(image, padding)
    found = find_all(copy, view=view)
    pectoral = found.pectoral
    return Suppression(
        breast=Mask.from_array(copy.enlarge(found.breast.mask)),
        artifacts=tuple(_native(copy, artifact) for artifact in found.artifacts),
        suppressed=Mask.from_array(copy.enlarge(found.suppressed)),
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
