"""Findings with their outlines, and the outlines stacked in a benign and a malignant layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import (
    Candidate,
    Finding,
    LayerPart,
    LayerSource,
    LesionKind,
    LesionLayer,
    LesionLayers,
)
from mammoview.core.geometry import Box
from mammoview.core.image import Mask
from mammoview.imaging.outline import outline
from mammoview.models.preprocess import SlidingSpec
from mammoview.models.runtime import Runner
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.outlines import Part, all_over, around_finding, has_classes
from mammoview.pipeline.request import Outlining
from mammoview.pipeline.stages import PreparedImage, area_mm2, paste

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The patch classifier: the findings among an image's candidates; what it takes for background is left out.
Judge = Callable[[PreparedImage], tuple[Finding, ...]]

#: Crops of findings, most suspicious first, are outlined until they hold as many input pixels as this: two of 1024².
_CROP_PIXELS = 2 * 1024**2
#: A lesion found all over the breast is that of a finding whose box it covers by this share.
_CLAIM_SHARE = 0.1
_HALF = 0.5


@dataclass(frozen=True)
class Segmented:
    """What outlining an image gave.

    Attributes
    ----------
    findings
        The most suspicious first; outlined where a segmenter saw the lesion, too.
    layers
        None where nothing was outlined.
    """

    findings: tuple[Finding, ...]
    layers: LesionLayers | None = None


@dataclass(frozen=True, eq=False)
class _Outlined:
    finding: Finding
    part: Part
    is_experimental: bool
    is_new: bool = False


def segment(
    segmenters: Sequence[Runner],
    judge: Judge,
    prepared: PreparedImage,
    findings: tuple[Finding, ...],
    *,
    outlining: Outlining = Outlining.AUTO,
    threshold: float,
) -> Segmented:
    """Outline lesions and sort the outlines into layers.

    Parameters
    ----------
    segmenters
        Each outlines the kinds of findings that its package names; where two name one kind, the one made for fewer
        kinds does, and those made for the same kinds answer together.
    judge
        Scores the outlines: each once more, in the box around its own pixels.
    findings
        The most suspicious first.
    outlining
        Whether the segmenters look around the findings, or for lesions all over the breast, which gives new findings.
    threshold
        Malignancy from which an outline goes into the malignant layer.
    """
    if prepared.suppression is None or not prepared.has_breast:
        return Segmented(findings)
    fit = [one for one in segmenters if not why_not_scored(prepared.image, one.package.manifest.input)]
    breast = prepared.suppression.breast.to_array()
    done: list[_Outlined] = []
    for runners, kinds in duties(fit):
        own = [finding for finding in findings if finding.kind in kinds]
        windows = [_windows(runner, outlining) for runner in runners]
        moved = [(runner, spec) for runner, spec in zip(runners, windows, strict=True) if spec is not None]
        # Members of an ensemble look at the same thing: all over the breast where all of them can.
        if len(moved) == len(runners):
            done += _everywhere(moved, judge, prepared, own, breast)
        else:
            done += _around([one for one in runners if one.package.preprocess.patch], prepared, own, breast)
    if not done:
        return Segmented(findings)
    outlined = {one.finding.id for one in done}
    entries: list[tuple[Finding, _Outlined | None]] = [(f, None) for f in findings if f.id not in outlined]
    entries += [(_written(one, prepared), one) for one in done]
    entries.sort(key=lambda entry: -entry[0].p_malignant)
    named = [
        (replace(finding, id=f"{prepared.image.id}#{number}"), one)
        for number, (finding, one) in enumerate(entries, start=1)
    ]
    inside = [(finding, one) for finding, one in named if one is not None]
    return Segmented(tuple(finding for finding, _ in named), _layers(inside, judge, prepared, threshold))


def duties(segmenters: Sequence[Runner]) -> list[tuple[list[Runner], set[LesionKind]]]:
    """Segmenters that answer together, with the kinds that they outline: those made for fewer kinds come first."""
    left, duties = set(LesionKind), []
    for kinds in sorted(
        {frozenset(one.package.manifest.kinds) for one in segmenters}, key=lambda own: (len(own), *own)
    ):
        if kinds & left:
            duties.append(([one for one in segmenters if set(one.package.manifest.kinds) == kinds], set(kinds & left)))
        left -= kinds
    return [duty for duty in duties if duty[1]]


def _windows(runner: Runner, outlining: Outlining) -> SlidingSpec | None:
    """The windows that a segmenter is moved over the breast in; None where it looks around findings."""
    preprocess = runner.package.preprocess
    if preprocess.patch is None or (preprocess.sliding is not None and outlining is not Outlining.FINDINGS):
        return preprocess.sliding
    return SlidingSpec.for_lesions(preprocess.patch) if outlining is Outlining.BREAST else None


def is_unproven(runner: Runner) -> bool:
    """Whether a segmenter was not validated on real images of its kind."""
    return runner.package.manifest.experimental or has_classes(runner)


def _around(
    runners: Sequence[Runner], prepared: PreparedImage, findings: Sequence[Finding], breast: NDArray[np.bool_]
) -> list[_Outlined]:
    specs = [runner.package.preprocess.patch for runner in runners]
    crop_px = sum(spec.size_px**2 for spec in specs if spec is not None)
    is_experimental = any(map(is_unproven, runners))
    done = []
    for finding in findings[: max(1, _CROP_PIXELS // crop_px)]:
        part = around_finding(runners, prepared, finding, breast=breast)
        if part is not None:
            done.append(_Outlined(finding, part, is_experimental))
    return done


def _everywhere(
    runners: Sequence[tuple[Runner, SlidingSpec]],
    judge: Judge,
    prepared: PreparedImage,
    findings: Sequence[Finding],
    breast: NDArray[np.bool_],
) -> list[_Outlined]:
    """Give the lesions found all over the breast to the findings that they cover; the others are new findings."""
    # A net of crops has always seen a lesion in the middle: what it says elsewhere was never measured.
    is_experimental = any(is_unproven(one) or one.package.preprocess.sliding is None for one, _ in runners)
    parts = all_over(runners, prepared, breast=breast)
    done = []
    for finding in findings:
        best = max(parts, key=lambda part: part.covered(finding.box), default=None)
        if best is not None and best.covered(finding.box) >= _CLAIM_SHARE:
            parts.remove(best)
            done.append(_Outlined(finding, best, is_experimental))
    judged = _judged(judge, prepared, [part.box for part in parts])
    for part in parts:
        new = judged.get(part.box)
        if new is not None:
            done.append(_Outlined(replace(new, id=f"new {part.box}"), part, is_experimental, is_new=True))
    return done


def _judged(judge: Judge, prepared: PreparedImage, boxes: Sequence[Box]) -> dict[Box, Finding]:
    """What the patch classifier says of each box; boxes that it takes for background are left out."""
    if not boxes:
        return {}
    candidates = tuple(Candidate(box, 1.0, LesionKind.MASS) for box in boxes)
    return {finding.box: finding for finding in judge(replace(prepared, candidates=candidates))}


def _written(one: _Outlined, prepared: PreparedImage) -> Finding:
    mask = paste(one.part.mask, one.part.place, *prepared.cleaned.shape)
    return replace(
        one.finding,
        mask=Mask.from_array(mask),
        contour=outline(mask),
        area_mm2=area_mm2(mask, prepared.image.spacing_mm),
    )


def _layers(
    outlined: Sequence[tuple[Finding, _Outlined]], judge: Judge, prepared: PreparedImage, threshold: float
) -> LesionLayers:
    unsorted = [one.part.box for _, one in outlined if one.part.malignancy is None and not one.is_new]
    judged = _judged(judge, prepared, unsorted)
    stacked = {layer: np.zeros(prepared.cleaned.shape, dtype=bool) for layer in LesionLayer}
    parts = []
    for finding, one in outlined:
        if one.part.malignancy is not None:
            part, malignant = _by_segmenter(finding.id, one.part, one.part.malignancy)
        else:
            seen = finding if one.is_new else judged.get(one.part.box)
            part = _by_classifier(finding.id, one.part, seen, threshold)
            malignant = np.full(one.part.mask.shape, part.layer is LesionLayer.MALIGNANT)
        parts.append(part)
        if part.layer is not None:
            for layer, pixels in ((LesionLayer.MALIGNANT, malignant), (LesionLayer.BENIGN, ~malignant)):
                _lay(stacked[layer], one.part.mask & pixels, one.part.place)
    # Where two lesions lie over each other the more serious one counts.
    stacked[LesionLayer.BENIGN] &= ~stacked[LesionLayer.MALIGNANT]
    return LesionLayers(
        benign=Mask.from_array(stacked[LesionLayer.BENIGN]),
        malignant=Mask.from_array(stacked[LesionLayer.MALIGNANT]),
        parts=tuple(parts),
        threshold=threshold,
        is_experimental=any(one.is_experimental for _, one in outlined),
    )


def _by_classifier(finding_id: str, part: Part, seen: Finding | None, threshold: float) -> LayerPart:
    if seen is None:
        return LayerPart(finding_id, part.box, None, None)
    layer = LesionLayer.MALIGNANT if seen.p_malignant >= threshold else LesionLayer.BENIGN
    return LayerPart(finding_id, part.box, seen.p_malignant, layer)


def _by_segmenter(finding_id: str, part: Part, malignancy: NDArray[np.float32]) -> tuple[LayerPart, NDArray[np.bool_]]:
    """Pixel by pixel; the part as a whole is what most of it is."""
    malignant = malignancy > _HALF
    is_mostly = bool(2 * np.count_nonzero(malignant & part.mask) > np.count_nonzero(part.mask))
    layer = LesionLayer.MALIGNANT if is_mostly else LesionLayer.BENIGN
    share = float(malignancy[part.mask].mean())
    return LayerPart(finding_id, part.box, share, layer, LayerSource.SEGMENTER), malignant


def _lay(layer: NDArray[np.bool_], mask: NDArray[np.bool_], place: Box) -> None:
    inside = place.clipped(*layer.shape)
    row, col = int(inside.row0 - place.row0), int(inside.col0 - place.col0)
    whole = layer[inside.slices()]
    whole |= mask[row : row + whole.shape[0], col : col + whole.shape[1]]
