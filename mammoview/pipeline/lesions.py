"""Candidates to findings: the patch classifiers look at each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import Candidate, Finding, LesionKind, PatchClass
from mammoview.core.geometry import Box
from mammoview.models.ensemble import Average, Samples, average
from mammoview.models.preprocess import PatchSpec, prepare_patch
from mammoview.models.runtime import Runner
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.inputs import ModuleOf, Sampling, sample
from mammoview.pipeline.stages import PreparedImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Patches that a processor takes at once.
_PATCH_BATCH = 4
_ORDER = list(PatchClass)
_CALCIFICATIONS = [_ORDER.index(kind) for kind in (PatchClass.BENIGN_CALCIFICATION, PatchClass.MALIGNANT_CALCIFICATION)]
_MASSES = [_ORDER.index(kind) for kind in (PatchClass.BENIGN_MASS, PatchClass.MALIGNANT_MASS)]
_MALIGNANT = [_ORDER.index(kind) for kind in (PatchClass.MALIGNANT_CALCIFICATION, PatchClass.MALIGNANT_MASS)]

#: An image of a group and one of its candidates.
_Place = tuple[int, Candidate]


def classify(
    runners: Sequence[Runner],
    images: Sequence[PreparedImage],
    *,
    batch: int,
    module_of: ModuleOf,
    how: Sampling = Sampling(),  # noqa: B008 - frozen
) -> list[tuple[Finding, ...]]:
    """Look at every candidate of some images with every classifier that knows images of their kind.

    Parameters
    ----------
    runners
        Patch classifiers, each with an input of its own; their probabilities are averaged.
    batch
        Images that are taken at once.
    module_of
        Opens a runner's torch network.
    how
        Mirror images and dropout passes.

    Returns
    -------
    list
        The findings of each image, the most suspicious first. A candidate that is background to the mean is none.
    """
    told = look(runners, images, batch=batch, module_of=module_of, how=how)
    found: list[list[Finding]] = []
    for prepared, answers in zip(images, told, strict=True):
        judged = (_finding(candidate, one) for candidate, one in zip(prepared.candidates, answers, strict=True) if one)
        found.append([finding for finding in judged if finding is not None])
    return [_numbered(prepared, findings) for prepared, findings in zip(images, found, strict=True)]


def look(
    runners: Sequence[Runner],
    images: Sequence[PreparedImage],
    *,
    batch: int,
    module_of: ModuleOf,
    how: Sampling = Sampling(),  # noqa: B008 - frozen
) -> list[list[Average | None]]:
    """What the classifiers say of every candidate, background or not; parameters as for `classify`.

    Returns
    -------
    list
        For each image one entry for each candidate, classes in the order of `PatchClass`; None where no classifier
        knows images of its kind.
    """
    told: dict[tuple[int, int], list[Samples]] = {}
    for runner in runners:
        contract = runner.package.manifest.input
        places = {
            (index, number): (index, candidate)
            for index, prepared in enumerate(images)
            if not why_not_scored(prepared.image, contract)
            for number, candidate in enumerate(prepared.candidates)
        }
        samples = _look(runner, images, list(places.values()), batch=batch, module_of=module_of, how=how)
        for key, one in zip(places, samples, strict=True):
            told.setdefault(key, []).append(one)
    return [
        [
            average(told[index, number], _MALIGNANT) if (index, number) in told else None
            for number in range(len(prepared.candidates))
        ]
        for index, prepared in enumerate(images)
    ]


def _look(
    runner: Runner,
    images: Sequence[PreparedImage],
    places: Sequence[_Place],
    *,
    batch: int,
    module_of: ModuleOf,
    how: Sampling,
) -> list[Samples]:
    """One classifier's samples at some places, classes in our order."""
    if not places:
        return []
    spec = _patch_spec(runner)
    inputs = [_patch(images[index], candidate.box, spec) for index, candidate in places]
    at_once = _PATCH_BATCH if batch == 1 else len(inputs) * how.count
    samples, _ = sample(runner, inputs, how=how, at_once=at_once, module_of=module_of)
    labels = runner.package.manifest.labels
    order = [labels.index(kind.value) for kind in PatchClass]
    return [Samples(one.model, one.flips[..., order], one.passes[..., order]) for one in samples]


def _patch(prepared: PreparedImage, box: Box, spec: PatchSpec) -> NDArray[np.float32]:
    return prepare_patch(prepared.cleaned, box, spec, spacing_mm=prepared.image.spacing_mm)[0]


def _patch_spec(runner: Runner) -> PatchSpec:
    spec = runner.package.preprocess.patch
    assert spec is not None, "a package for patches says how patches are prepared"
    return spec


def _finding(candidate: Candidate, told: Average) -> Finding | None:
    """Judge a candidate; None where the mean takes it for background."""
    shares = told.probabilities
    if _ORDER[int(shares.argmax())] is PatchClass.BACKGROUND:
        return None
    is_calcification = shares[_CALCIFICATIONS].sum() > shares[_MASSES].sum()
    return Finding(
        id="",
        kind=LesionKind.CALCIFICATION if is_calcification else LesionKind.MASS,
        box=candidate.box,
        centre=candidate.box.centre,
        p_malignant=told.p_malignant,
        probabilities=tuple(float(share) for share in shares),
        uncertainty=told.uncertainty,
        spread_over=told.spread_over,
        members=told.members,
    )


def _numbered(prepared: PreparedImage, findings: list[Finding]) -> tuple[Finding, ...]:
    ordered = sorted(findings, key=lambda finding: -finding.p_malignant)
    return tuple(
        replace(finding, id=f"{prepared.image.id}#{number}") for number, finding in enumerate(ordered, start=1)
    )
