"""What lies over an image: made ready off the GUI thread, in native coordinates. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from mammoview.core.findings import (
    Artifact,
    Candidate,
    Finding,
    ImageResult,
    LayerSource,
    LesionKind,
    LesionLayers,
    ValueMap,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.report.truth import compare, words
from mammoview.session.settings import Settings
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
    BENIGN = "Benign layer"
    MALIGNANT = "Malignant layer"
    TRUTH = "Truth"
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
    layer_opacity
        Of the benign and malignant layers.
    patch_channel
        Which channel of the patch map is shown: a class name, or `MALIGNANT`.
    is_cleaned
        Whether the image is shown as the models see it, with everything suppressed black.
    read
        Ids of the images whose findings the reader judges: `mammoview.ui.reading` paints them.
    """

    visible: frozenset[Layer] = frozenset({Layer.FINDINGS})
    opacity: float = 0.45
    threshold: float = 0.35
    layer_opacity: float = 0.3
    patch_channel: str = MALIGNANT
    is_cleaned: bool = False
    read: frozenset[str] = frozenset()

    def under(self, settings: Settings) -> OverlayOptions:
        """With the opacities and the threshold of the settings."""
        return replace(
            self,
            opacity=settings.overlay_opacity,
            threshold=settings.overlay_threshold,
            layer_opacity=settings.layer_opacity,
        )

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
class Stack:
    """The benign and the malignant layer of an image; ``threshold`` where a score told them apart."""

    benign: Outlines
    malignant: Outlines
    threshold: float | None
    is_experimental: bool


@dataclass(frozen=True, eq=False)
class Truth:
    """A reader's own mask of an image, and how well the outlines agree with it, in words."""

    outlines: Outlines
    text: str


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
    stack: Stack | None = None
    suppressed: tuple[NDArray[np.uint8], ...] = field(default=(), repr=False)

    def patch_map(self, channel: str) -> Map | None:
        """The channel of that name, if there."""
        return next((m for m in self.patch_maps if m.name == channel), None)


def legend(prepared: Prepared, truth: Truth | None, options: OverlayOptions) -> tuple[str, ...]:
    """What the colours of layers and truth mean, in short lines; empty where none is shown."""
    lines = []
    if prepared.stack is not None:
        names = {Layer.BENIGN: "benign blue", Layer.MALIGNANT: "malignant orange"}
        on = [name for layer, name in names.items() if layer in options.visible]
        threshold = prepared.stack.threshold
        lines += [", ".join(on)] if on else []
        lines += [f"malignant from {threshold:.2f} on"] if on and threshold is not None else []
        lines += ["layers are experimental"] if on and prepared.stack.is_experimental else []
    if truth is not None and Layer.TRUTH in options.visible:
        lines += ["truth red, outlines yellow", truth.text]
    return tuple(lines)


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


def _stack(layers: LesionLayers) -> Stack:
    is_scored = any(part.source is LayerSource.PATCH_CLASSIFIER for part in layers.parts)
    return Stack(
        _mask_outlines(layers.benign),
        _mask_outlines(layers.malignant),
        layers.threshold if is_scored else None,
        layers.is_experimental,
    )


def prepare_truth(mask: Mask, result: ImageResult) -> Truth:
    """Trace a reader's mask and compare it with what was outlined; as slow as `prepare`."""
    truth = mask.to_array()
    return Truth(outlines(truth), words(compare(truth, result, file="")))


def _finding_outlines(finding: Finding) -> Outlines:
    # A cluster's mask has many parts; a contour is that of the largest.
    is_whole = finding.mask is None or finding.kind is not LesionKind.CALCIFICATION
    if len(finding.contour) > 2 and is_whole:
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
        stack=_stack(result.layers) if result.layers else None,
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
