"""The opened models of one analysis, as the runner asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mammoview.core.findings import Finding, ModelUse, ScoreMeaning, ValueMap
from mammoview.core.study import Mammogram
from mammoview.models.ensemble import Average, Samples, average, meaning_of
from mammoview.models.networks import Network
from mammoview.models.runtime import Runner
from mammoview.pipeline import lesions, segmentation, whole_image
from mammoview.pipeline.eligibility import why_not_scored
from mammoview.pipeline.inputs import Sampling, precision_of, threshold_of
from mammoview.pipeline.priors import Comparison
from mammoview.pipeline.request import AnalysisRequest, Outlining, SaliencyMethod
from mammoview.pipeline.stages import PreparedImage

#: `whole_image.score` gives two classes, the malignant one second.
_MALIGNANT = (1,)


@dataclass
class OpenNetworks:
    """See `mammoview.pipeline.runner.Networks`.

    Attributes
    ----------
    scorers, patches, segmenters
        Whole-image classifiers, patch classifiers and segmenters; the mean of each kind counts. Empty where no such
        package is in use.
    modules
        The same networks in torch, by the package's hash, for gradients and for dropout passes.
    saliency
        How scores are explained.
    sampling
        Mirror images and dropout passes.
    outlining
        Where segmenters look for lesions.
    batch
        Images taken at once.
    pending_notes
        Filled by the runners.
    comparer
        Compares with earlier exams; None unless a user asked for such a package.
    """

    scorers: tuple[Runner, ...]
    patches: tuple[Runner, ...]
    segmenters: tuple[Runner, ...]
    modules: dict[str, Network]
    saliency: SaliencyMethod
    sampling: Sampling
    outlining: Outlining
    batch: int
    pending_notes: list[str]
    comparer: Runner | None = None
    _inputs: whole_image.Inputs = field(default_factory=whole_image.Inputs)
    _seen: dict[str, list[whole_image.Seen]] = field(default_factory=dict)

    @property
    def _runners(self) -> tuple[Runner, ...]:
        comparers = () if self.comparer is None else (self.comparer,)
        return (*self.scorers, *self.patches, *self.segmenters, *comparers)

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
        """What the scores of images say: the whole-image packages' words, else the patch packages'."""
        return self._meaning(self.scorers) or self.finding_meaning

    @property
    def finding_meaning(self) -> ScoreMeaning | None:
        """What the scores of findings say."""
        return self._meaning(self.patches)

    def _meaning(self, runners: tuple[Runner, ...]) -> ScoreMeaning | None:
        if not runners:
            return None
        infos = tuple(runner.package.info for runner in runners)
        return meaning_of(infos, precision=precision_of(runners[0]), flips=self.sampling.flips)

    def comparison(self, request: AnalysisRequest) -> Comparison | None:
        """What compares the request's study with earlier ones; None where that was not asked for."""
        return None if self.comparer is None else Comparison(self.comparer, request.priors, request.images)

    def notes(self) -> tuple[str, ...]:
        """What went otherwise than asked since the last call."""
        told = tuple(dict.fromkeys(self.pending_notes))
        self.pending_notes.clear()
        return told

    def why_not_scored(self, image: Mammogram) -> str:
        """Why no whole-image network scores ``image``; empty when one does."""
        if not self.scorers:
            return why_not_scored(image)
        reasons = [why_not_scored(image, runner.package.manifest.input) for runner in self.scorers]
        return reasons[0] if all(reasons) else ""

    def left_out(self, image: Mammogram) -> tuple[str, ...]:
        """Which networks take no part for ``image`` though others of their kind do, one sentence each."""
        return tuple(text for kind in (self.scorers, self.patches, self.segmenters) for text in _absent(kind, image))

    def score(self, images: Sequence[PreparedImage]) -> list[Average | None]:
        """Score whole images, each as the mean over its mirror images and over the networks that know its kind."""
        self._seen.clear()
        self._inputs.clear()
        told: dict[str, list[Samples]] = {}
        for runner in self.scorers:
            contract = runner.package.manifest.input
            wanted = [one for one in images if one.has_breast and not why_not_scored(one.image, contract)]
            if not wanted:
                continue
            inputs = [self._inputs.of(runner, one) for one in wanted]
            samples, seen = whole_image.score(
                runner, inputs, how=self.sampling, batch=self.batch, module_of=self._module
            )
            for prepared, one, what in zip(wanted, samples, seen, strict=True):
                told.setdefault(prepared.image.id, []).append(one)
                self._seen.setdefault(prepared.image.id, []).append(what)
        return [average(told[one.image.id], _MALIGNANT) if one.image.id in told else None for one in images]

    def explain(self, image: PreparedImage) -> ValueMap | None:
        """Where the score of an image that was just scored comes from; None when nobody asked."""
        seen = self._seen.pop(image.image.id, [])
        if not seen or self.saliency is SaliencyMethod.NONE:
            return None
        return whole_image.explain(self._module, seen, self.saliency)

    def classify(self, images: Sequence[PreparedImage]) -> list[tuple[Finding, ...]]:
        """Look at the candidates of each image."""
        return lesions.classify(self.patches, images, batch=self.batch, module_of=self._module, how=self.sampling)

    def look(self, images: Sequence[PreparedImage]) -> list[list[Average | None]]:
        """What the patch classifiers say of each candidate of each image, background or not."""
        return lesions.look(self.patches, images, batch=self.batch, module_of=self._module, how=self.sampling)

    def patch_map(self, image: PreparedImage) -> tuple[ValueMap, ...]:
        """The first patch classifier's five classes over an image that it knows; empty where it was told to keep off.

        A package that does not say how whole images are prepared draws no map.
        """
        runner = next((r for r in self.patches if not why_not_scored(image.image, r.package.manifest.input)), None)
        if runner is None or self.saliency is SaliencyMethod.NONE or not image.has_breast:
            return ()
        if runner.package.preprocess.image is None or runner.package.preprocess.patch is None:
            return ()
        return whole_image.five_class_map(self._module(runner), runner, self._inputs.of(runner, image))

    def segment(self, image: PreparedImage, findings: tuple[Finding, ...]) -> segmentation.Segmented:
        """Outline lesions, and sort the outlines into a benign and a malignant layer."""
        if not self.segmenters or not self.patches or why_not_scored(image.image):
            return segmentation.Segmented(findings)
        return segmentation.segment(
            self.segmenters,
            lambda one: self.classify([one])[0],
            image,
            findings,
            outlining=self.outlining,
            threshold=threshold_of(self.patches),
        )

    def _module(self, runner: Runner) -> Network:
        key = runner.package.info.sha256
        if key not in self.modules:
            self.modules[key] = runner.package.network()
        return self.modules[key]


def _absent(runners: tuple[Runner, ...], image: Mammogram) -> Iterator[str]:
    """One sentence for each of some networks that does not know images of this kind, if another one does."""
    reasons = {runner.package.info.key: why_not_scored(image, runner.package.manifest.input) for runner in runners}
    if all(reasons.values()):
        return
    for key, reason in reasons.items():
        if reason:
            yield f"{key} takes no part: {reason.removeprefix('Not scored. ')}"
