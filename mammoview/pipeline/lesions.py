"""Candidates to findings: the patch classifier looks at each, the segmenter outlines the suspicious ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mammoview.core.findings import Candidate, Finding, LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.models.calibration import probabilities
from mammoview.models.names import LOGITS, PROBABILITIES
from mammoview.models.preprocess import PatchSpec, patch_box, prepare_patch
from mammoview.models.runtime import Runner
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.inputs import FLIPS, flips_of, in_parts
from mammoview.pipeline.stages import PreparedImage, area_mm2, outline, paste

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Findings that are outlined, at most, in one image.
SEGMENT_LIMIT = 2
#: Patches that a processor takes at once.
_PATCH_BATCH = 4
_MASK_LEVEL = 0.5
_CALCIFICATIONS = (PatchClass.BENIGN_CALCIFICATION, PatchClass.MALIGNANT_CALCIFICATION)
_MASSES = (PatchClass.BENIGN_MASS, PatchClass.MALIGNANT_MASS)
_MALIGNANT = (PatchClass.MALIGNANT_CALCIFICATION, PatchClass.MALIGNANT_MASS)


def classify(runner: Runner, images: Sequence[PreparedImage], *, batch: int) -> list[tuple[Finding, ...]]:
    """Look at every candidate of some images, each with its four flips.

    Parameters
    ----------
    runner
        A patch classifier.
    batch
        Images that are taken at once.

    Returns
    -------
    list
        The findings of each image, the most suspicious first. A candidate that the classifier takes for background
        is none.
    """
    spec = _patch_spec(runner)
    places = [
        (index, candidate)
        for index, prepared in enumerate(images)
        if not why_not_scored(prepared.image, runner.package.manifest.input)
        for candidate in prepared.candidates
    ]
    if not places:
        return [() for _ in images]
    inputs = np.concatenate([flips_of(_patch(images[index], candidate.box, spec)) for index, candidate in places])
    size = _PATCH_BATCH if batch == 1 else len(inputs)
    logits = np.concatenate([runner.run(part)[LOGITS] for part in in_parts(inputs, size)])
    classes = _in_our_order(probabilities(logits, temperature=runner.package.calibration.temperature), runner)
    found: list[list[Finding]] = [[] for _ in images]
    for (index, candidate), flips in zip(places, classes.reshape(len(places), FLIPS, -1), strict=True):
        finding = _finding(candidate, flips)
        if finding is not None:
            found[index].append(finding)
    return [_numbered(prepared, findings) for prepared, findings in zip(images, found, strict=True)]


def _patch(prepared: PreparedImage, box: Box, spec: PatchSpec) -> NDArray[np.float32]:
    return prepare_patch(prepared.cleaned, box, spec, spacing_mm=prepared.image.spacing_mm)[0]


def _patch_spec(runner: Runner) -> PatchSpec:
    spec = runner.package.preprocess.patch
    assert spec is not None, "a package for patches says how patches are prepared"
    return spec


def _in_our_order(values: NDArray[np.float64], runner: Runner) -> NDArray[np.float64]:
    labels = runner.package.manifest.labels
    return values[:, [labels.index(kind.value) for kind in PatchClass]]


def _finding(candidate: Candidate, flips: NDArray[np.float64]) -> Finding | None:
    """Judge a candidate from its class probabilities at each flip, shape (4, 5)."""
    share = dict(zip(PatchClass, (float(value) for value in flips.mean(axis=0)), strict=True))
    if max(share, key=lambda kind: share[kind]) is PatchClass.BACKGROUND:
        return None
    calcification, mass = (sum(share[kind] for kind in kinds) for kinds in (_CALCIFICATIONS, _MASSES))
    order = list(PatchClass)
    malignant = flips[:, [order.index(kind) for kind in _MALIGNANT]].sum(axis=1)
    return Finding(
        id="",
        kind=LesionKind.CALCIFICATION if calcification > mass else LesionKind.MASS,
        box=candidate.box,
        centre=candidate.box.centre,
        p_malignant=float(malignant.mean()),
        probabilities=tuple(share.values()),
        uncertainty=float(malignant.std()),
    )


def _numbered(prepared: PreparedImage, findings: list[Finding]) -> tuple[Finding, ...]:
    ordered = sorted(findings, key=lambda finding: -finding.p_malignant)
    return tuple(
        replace(finding, id=f"{prepared.image.id}#{number}") for number, finding in enumerate(ordered, start=1)
    )


def segment(
    runner: Runner, prepared: PreparedImage, findings: tuple[Finding, ...], *, threshold: float
) -> tuple[Finding, ...]:
    """Outline the most suspicious findings of an image.

    Parameters
    ----------
    runner
        A segmenter.
    findings
        The most suspicious first.
    threshold
        Findings below it are left as they are, and so are all but the first two above it.
    """
    done = list(findings)
    chosen = [index for index, finding in enumerate(findings) if finding.p_malignant >= threshold][:SEGMENT_LIMIT]
    for index in chosen:
        done[index] = _outlined(runner, prepared, findings[index])
    return tuple(done)


def _outlined(runner: Runner, prepared: PreparedImage, finding: Finding) -> Finding:
    spec = _patch_spec(runner)
    image = _patch(prepared, finding.box, spec)
    inside = runner.run(image[None])[PROBABILITIES][0, 0]
    square = patch_box(finding.box, spec)
    # The square maps onto the input without a rest, so that resizing to its side is the inverse of the preparation.
    side = round(square.height_px)
    native = cv2.resize(inside, (side, side), interpolation=cv2.INTER_LINEAR) >= _MASK_LEVEL
    mask = paste(_central_part(native, finding.box, square), square, *prepared.cleaned.shape)
    if not mask.any():
        return finding
    return replace(
        finding,
        mask=Mask.from_array(mask),
        contour=outline(mask),
        area_mm2=area_mm2(mask, prepared.image.spacing_mm),
    )


def _central_part(mask: NDArray[np.bool_], box: Box, square: Box) -> NDArray[np.bool_]:
    """The connected part that covers most of the finding's own box: neighbours in the crop are other lesions."""
    count, parts = cv2.connectedComponents(mask.astype(np.uint8))
    own = Box(box.row0 - square.row0, box.col0 - square.col0, box.row1 - square.row0, box.col1 - square.col0)
    shares = np.bincount(parts[own.clipped(*mask.shape).slices()].ravel(), minlength=count)
    shares[0] = 0
    return np.asarray(parts == int(shares.argmax())) & mask if shares.any() else np.zeros_like(mask)
