"""What lies over an image: made ready off the GUI thread, in native coordinates. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.findings import Artifact, Candidate, Finding, ImageResult, ValueMap
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.ui.viewport.pyramid import mask_pyramid

#: Closed lines in native pixels, shape (n, 2) each, (row, column), float64.
Outlines = tuple[NDArray[np.float64], ...]

#: How far, in native pixels, a drawn outline may lie from the mask's.
_TOLERANCE_PX = 1.0

#: Names of the patch classes whose sum the patch map shows first.
MALIGNANT = "malignant (mass or calcification)"


class Layer(Enum):
    """The overlays that a reader switches; the value is the name shown."""

    BREAST = "Breast mask"
    PECTORAL = "Pectoral muscle"
    ARTIFACTS = "Artifacts"
    CANDIDATES = "Candidates"
    FINDINGS = "Findings"
    SALIENCY = "Saliency"
    PATCH_MAP = "Patch map"


@dataclass(frozen=True)
class OverlayOptions:
    """Which overlays are shown, and how.

    Attributes
    ----------
    visible
        The layers switched on.
    opacity, threshold
        Of the colour maps, in [0, 1]: nothing is drawn below the threshold.
    patch_channel
        Which channel of the patch map is shown: a class name, or `MALIGNANT`.
    is_cleaned
        Whether the image is shown as the models see it, with everything suppressed black.
    """

    visible: frozenset[Layer] = frozenset({Layer.FINDINGS})
    opacity: float = 0.45
    threshold: float = 0.35
    patch_channel: str = MALIGNANT
    is_cleaned: bool = False

    def toggled(self, layer: Layer) -> OverlayOptions:
        """With ``layer`` switched; the two colour maps exclude each other."""
        visible = self.visible ^ {layer}
        maps = {Layer.SALIENCY, Layer.PATCH_MAP}
        if layer in visible & maps:
            visible -= maps - {layer}
        return replace(self, visible=frozenset(visible))


@dataclass(frozen=True, eq=False)
class Map:
    """A coarse map as bytes: shape (rows, columns), uint8, 255 is 1; it covers ``box`` of the native image."""

    name: str
    box: Box
    values: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Prepared:
    """The overlays of one image."""

    image_id: str
    breast: Outlines = ()
    pectoral: Outlines = ()
    artifact_outlines: Outlines = ()
    artifacts: tuple[Artifact, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    findings: tuple[Finding, ...] = ()
    finding_outlines: tuple[Outlines, ...] = ()
    saliency: Map | None = None
    patch_maps: tuple[Map, ...] = ()
    suppressed: tuple[NDArray[np.uint8], ...] = field(default=(), repr=False)

    def patch_map(self, channel: str) -> Map | None:
        """The channel of that name, if there."""
        return next((m for m in self.patch_maps if m.name == channel), None)


def outlines(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> Outlines:
    """Closed outlines of a mask, along its outermost pixels to within 1.5 native pixels."""
    found, _ = cv2.findContours(np.ascontiguousarray(mask).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    # A line of every pixel's corner would take longer to draw than the image.
    simple = [cv2.approxPolyDP(line, _TOLERANCE_PX, closed=True) for line in found]
    # OpenCV gives (column, row) of pixel centres.
    return tuple(line[:, 0, ::-1].astype(np.float64) + 0.5 for line in simple if len(line) > 2)


def _mask_outlines(mask: Mask | None) -> Outlines:
    return outlines(mask.to_array()) if mask is not None else ()


def _map(value: ValueMap) -> Map:
    return Map(value.name, value.box, np.rint(np.clip(value.to_array(), 0, 1) * 255).astype(np.uint8))


def _patch_maps(values: Sequence[ValueMap]) -> tuple[Map, ...]:
    each = tuple(_map(value) for value in values)
    malignant = [value.to_array() for value in values if value.name.startswith("malignant")]
    if not malignant:
        return each
    total = np.rint(np.clip(np.sum(malignant, axis=0), 0, 1) * 255).astype(np.uint8)
    return (Map(MALIGNANT, values[0].box, total), *each)


def _finding_outlines(finding: Finding) -> Outlines:
    if len(finding.contour) > 2:
        return (np.array(finding.contour, np.float64),)
    return _mask_outlines(finding.mask)


def prepare(result: ImageResult, levels: int) -> Prepared:
    """Unpack and trace the overlays of an image whose display pyramid has ``levels`` levels.

    Takes some 100 ms for 13 million pixels: never on the GUI thread.
    """
    base = Prepared(
        result.image_id,
        candidates=result.candidates,
        findings=result.findings,
        finding_outlines=tuple(_finding_outlines(finding) for finding in result.findings),
        saliency=_map(result.saliency) if result.saliency else None,
        patch_maps=_patch_maps(result.patch_map),
    )
    found = result.suppression
    if found is None:
        return base
    suppressed = found.suppressed.to_array()
    return replace(
        base,
        breast=_mask_outlines(found.breast),
        pectoral=_mask_outlines(found.pectoral),
        artifacts=found.artifacts,
        artifact_outlines=_inside(suppressed, found.artifacts),
        suppressed=mask_pyramid(suppressed, levels),
    )


def _inside(suppressed: NDArray[np.bool_], artifacts: Sequence[Artifact]) -> Outlines:
    """What of the suppressed pixels lies in the artifacts' boxes, traced box by box."""
    lines: list[NDArray[np.float64]] = []
    for artifact in artifacts:
        rows, cols = artifact.box.clipped(*suppressed.shape).slices()
        corner = np.array((rows.start, cols.start))
        lines.extend(line + corner for line in outlines(suppressed[rows, cols]))
    return tuple(lines)
