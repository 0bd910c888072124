"""The whole-image score of an image, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import ValueMap
from mammoview.core.geometry import PixelTransform
from mammoview.models.ensemble import MALIGNANT, Samples
from mammoview.models.names import FEATURES
from mammoview.models.networks import Network, PatchNet, WholeImageNet
from mammoview.models.preprocess import ImageSpec, prepare_image
from mammoview.models.runtime import Runner
from mammoview.models.saliency import attention_map, attention_weights, gradcam, guided_backprop, patch_map
from mammoview.pipeline.inputs import ModuleOf, Sampling, sample
from mammoview.pipeline.request import SaliencyMethod
from mammoview.pipeline.stages import PreparedImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

Input = tuple["NDArray[np.float32]", PixelTransform]


@dataclass
class Inputs:
    """Whole-image inputs of the images at hand; networks that take the same input share it."""

    _made: dict[tuple[str, ImageSpec], Input] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget all: other images are at hand."""
        self._made.clear()

    def of(self, runner: Runner, prepared: PreparedImage) -> Input:
        """One image for a network: shape (channels, h, w), float32, with the map from native pixels."""
        spec = runner.package.preprocess.image
        assert spec is not None
        assert prepared.suppression is not None
        key = (prepared.image.id, spec)
        if key not in self._made:
            breast = prepared.suppression.breast.to_array()
            self._made[key] = prepare_image(prepared.cleaned, spec, breast=breast)
        return self._made[key]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network saw of one image, kept for its explanation.

    Attributes
    ----------
    features
        The body's map of the unflipped input, shape (channels, h, w), float32.
    """

    runner: Runner
    input: NDArray[np.float32]
    features: NDArray[np.float32]
    transform: PixelTransform


def score(
    runner: Runner, images: Sequence[Input], *, how: Sampling, batch: int, module_of: ModuleOf
) -> tuple[list[Samples], list[Seen]]:
    """Score images with one network.

    Parameters
    ----------
    runner
        A whole-image classifier.
    images
        From `Inputs.of`.
    how
        Mirror images and dropout passes.
    batch
        Images that are taken at once, all their mirror images with them; 1 takes even those one by one.
    module_of
        Opens the torch network.

    Returns
    -------
    list of Samples
        Of two classes: not malignant, malignant.
    list of Seen
        What explaining the scores needs.
    """
    at_once = 1 if batch == 1 else batch * how.count
    found, features = sample(runner, [image for image, _ in images], how=how, at_once=at_once, module_of=module_of)
    target = target_of(runner)
    samples = [Samples(one.model, _against(one.flips, target), _against(one.passes, target)) for one in found]
    seen = [Seen(runner, image, own, transform) for (image, transform), own in zip(images, features, strict=True)]
    return samples, seen


def _against(shares: NDArray[np.float64], target: int) -> NDArray[np.float64]:
    """Two classes, the second the target: networks that name others beside it can be averaged with those that don't."""
    malignant = shares[..., target]
    return np.stack([1.0 - malignant, malignant], axis=-1)


def target_of(runner: Runner) -> int:
    """Index of the malignant class."""
    return runner.package.manifest.labels.index(MALIGNANT)


def explain(module_of: ModuleOf, seen: Sequence[Seen], method: SaliencyMethod) -> ValueMap:
    """Where a score comes from, by attention, Grad-CAM or guided back-propagation.

    Parameters
    ----------
    module_of
        Opens a runner's torch network.
    seen
        What the networks of an ensemble saw of one image, at least one.
    method
        Attention is the mean over the networks, as their score is; of the others, and where not all networks have
        attention over the same places, the first network's map stands for all.
    """
    if method is SaliencyMethod.ATTENTION and (found := _mean_attention(module_of, seen)):
        return found
    first = seen[0]
    network, target = module_of(first.runner), target_of(first.runner)
    assert isinstance(network, WholeImageNet)
    if method is SaliencyMethod.GUIDED:
        return guided_backprop(network, first.input, target=target, transform=first.transform)
    return gradcam(network, first.features, target=target, transform=first.transform)


def _mean_attention(module_of: ModuleOf, seen: Sequence[Seen]) -> ValueMap | None:
    maps: list[NDArray[np.float32]] = []
    for one in seen:
        network = module_of(one.runner)
        assert isinstance(network, WholeImageNet)
        weights = attention_weights(network, one.features)
        if weights is None or (maps and weights.shape != maps[0].shape):
            return None
        maps.append(weights)
    if any(one.transform != seen[0].transform for one in seen):
        return None
    return attention_map(np.mean(maps, axis=0), transform=seen[0].transform)


def five_class_map(network: Network, runner: Runner, seen: Input) -> tuple[ValueMap, ...]:
    """The patch classifier at every place of an image; ``seen`` is from `Inputs.of`."""
    package = runner.package
    assert package.preprocess.patch is not None
    assert isinstance(network, PatchNet)
    image, transform = seen
    return patch_map(
        network,
        runner.run(image[None])[FEATURES][0],
        labels=package.manifest.labels,
        patch_px=package.preprocess.patch.size_px,
        transform=transform,
        temperature=package.calibration.temperature,
    )
