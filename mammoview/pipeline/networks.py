"""The opened models of one analysis, as the runner asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mammoview.core.findings import Finding, ModelUse, ScoreMeaning, ValueMap
from mammoview.core.study import Mammogram
from mammoview.models.networks import Network
from mammoview.models.runtime import Runner
from mammoview.pipeline import lesions, whole_image
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.inputs import threshold_of
from mammoview.pipeline.request import SaliencyMethod
from mammoview.pipeline.runner import ImageScore
from mammoview.pipeline.stages import PreparedImage


@dataclass
class OpenNetworks:
    """See `mammoview.pipeline.runner.Networks`.

    Attributes
    ----------
    scorers
        Whole-image classifiers; their mean is the score; usually one.
    patch, segmentation
        None where no such package is installed.
    modules
        The same networks in torch, by the package's hash, for gradients.
    saliency
        How scores are explained.
    batch
        Images taken at once.
    pending_notes
        Filled by the runners.
    """

    scorers: tuple[Runner, ...]
    patch: Runner | None
    segmentation: Runner | None
    modules: dict[str, Network]
    saliency: SaliencyMethod
    batch: int
    pending_notes: list[str]
    _seen: dict[str, whole_image.Seen] = field(default_factory=dict)

    @property
    def _runners(self) -> tuple[Runner, ...]:
        return tuple(runner for runner in (*self.scorers, self.patch, self.segmentation) if runner is not None)

    @property
    def device(self) -> str:
        """Where the networks are computed now."""
        names = (
            d.torch_name if d.torch_name == "cpu" else f"{d.torch_name} ({d.name})"
            for d in dict.fromkeys(runner.device for runner in self._runners)
        )
        return ", ".join(names) or "none"

    @property
    def backend(self) -> str:
        """What computes them now."""
        return ", ".join(dict.fromkeys(runner.backend.value for runner in self._runners)) or "none"

    @property
    def uses(self) -> tuple[ModelUse, ...]:
        """The packages in use."""
        return tuple(runner.package.info.as_use() for runner in self._runners)

    @property
    def meaning(self) -> ScoreMeaning | None:
        """What the scores say: the whole-image package's words, else the patch package's."""
        scores = (runner.package.manifest.score for runner in self._runners)
        return next((score.as_value() for score in scores if score is not None), None)

    def notes(self) -> tuple[str, ...]:
        """What went otherwise than asked since the last call."""
        told = tuple(dict.fromkeys(self.pending_notes))
        self.pending_notes.clear()
        return told

    def why_not_scored(self, image: Mammogram) -> str:
        """Why the whole-image networks do not score ``image``; empty when they do."""
        contracts = (runner.package.manifest.input for runner in self.scorers)
        reasons = (why_not_scored(image, contract) for contract in contracts)
        return next((reason for reason in reasons if reason), why_not_scored(image))

    def score(self, images: Sequence[PreparedImage]) -> list[ImageScore | None]:
        """Score whole images, each as the mean over its four flips and over the networks."""
        self._seen.clear()
        wanted = [one for one in images if one.has_breast and not self.why_not_scored(one.image)]
        if not wanted or not self.scorers:
            return [None for _ in images]
        by_network = []
        for runner in self.scorers:
            flips, seen = whole_image.score(runner, wanted, batch=self.batch)
            by_network.append(flips)
            # The first network of an ensemble is the one that is explained.
            for prepared, what in zip(wanted, seen, strict=True):
                self._seen.setdefault(prepared.image.id, what)
        scores = {}
        for prepared, shares in zip(wanted, np.stack(by_network, axis=1), strict=True):
            members = tuple(float(share) for share in shares.mean(axis=1))
            scores[prepared.image.id] = ImageScore(float(np.mean(members)), members, float(shares.std()))
        return [scores.get(prepared.image.id) for prepared in images]

    def explain(self, image: PreparedImage) -> ValueMap | None:
        """Where the score of an image that was just scored comes from; None when nobody asked."""
        seen = self._seen.pop(image.image.id, None)
        if seen is None or self.saliency is SaliencyMethod.NONE:
            return None
        runner = self.scorers[0]
        return whole_image.explain(self._module(runner), runner, seen, self.saliency)

    def classify(self, images: Sequence[PreparedImage]) -> list[tuple[Finding, ...]]:
        """Look at the candidates of each image."""
        if self.patch is None:
            return [() for _ in images]
        return lesions.classify(self.patch, images, batch=self.batch)

    def patch_map(self, image: PreparedImage) -> tuple[ValueMap, ...]:
        """The patch classifier's five classes over the image, where it may look at it and was not told to keep off."""
        if self.patch is None or self.saliency is SaliencyMethod.NONE:
            return ()
        if not image.has_breast or why_not_scored(image.image, self.patch.package.manifest.input):
            return ()
        return whole_image.five_class_map(self._module(self.patch), self.patch, image)

    def segment(self, image: PreparedImage, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Outline the findings that are suspicious enough."""
        if self.segmentation is None or self.patch is None or not findings:
            return findings
        return lesions.segment(self.segmentation, image, findings, threshold=threshold_of(self.patch))

    def _module(self, runner: Runner) -> Network:
        key = runner.package.info.sha256
        if key not in self.modules:
            self.modules[key] = runner.package.network()
        return self.modules[key]
