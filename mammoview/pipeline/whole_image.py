"""The whole-image score of an image, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.core.findings import ValueMap
from mammoview.core.geometry import PixelTransform
from mammoview.models.calibration import probabilities
from mammoview.models.names import FEATURES, LOGITS
from mammoview.models.networks import Network, PatchNet, WholeImageNet
from mammoview.models.preprocess import prepare_image
from mammoview.models.runtime import Runner
from mammoview.models.saliency import gradcam, guided_backprop, patch_map
from mammoview.pipeline.inputs import FLIPS, flips_of, in_parts
from mammoview.pipeline.request import SaliencyMethod
from mammoview.pipeline.stages import PreparedImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MALIGNANT = "malignant"


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network saw of one image, kept for its explanation.

    Attributes
    ----------
    features
        The body's map of the unflipped input, shape (channels, h, w), float32.
    """

    input: NDArray[np.float32]
    features: NDArray[np.float32]
    transform: PixelTransform


def look(runner: Runner, prepared: PreparedImage) -> tuple[NDArray[np.float32], PixelTransform]:
    """Prepare one image for a network: shape (channels, h, w), float32, with the map from native pixels."""
    spec = runner.package.preprocess.image
    assert spec is not None
    assert prepared.suppression is not None
    return prepare_image(prepared.cleaned, spec, breast=prepared.suppression.breast.to_array())


def score(
    runner: Runner, images: Sequence[PreparedImage], *, batch: int
) -> tuple[list[NDArray[np.float64]], list[Seen]]:
    """Score images with one network.

    Parameters
    ----------
    runner
        A whole-image classifier.
    batch
        Images that are taken at once; each counts four times, once a flip. 1 takes even the flips one by one.

    Returns
    -------
    list of ndarray, each of shape (4,), float64
        The calibrated probability of malignancy at each flip.
    list of Seen
        What explaining the scores needs.
    """
    inputs = [look(runner, prepared) for prepared in images]
    flips = np.concatenate([flips_of(image) for image, _ in inputs])
    outputs = [runner.run(part) for part in in_parts(flips, 1 if batch == 1 else batch * FLIPS)]
    logits = np.concatenate([part[LOGITS] for part in outputs])
    features = [part[FEATURES][place] for part in outputs for place in range(len(part[FEATURES]))]
    shares = probabilities(logits, temperature=runner.package.calibration.temperature)[:, target_of(runner)]
    seen = [Seen(image, features[index * FLIPS], transform) for index, (image, transform) in enumerate(inputs)]
    return list(shares.reshape(len(images), FLIPS)), seen


def target_of(runner: Runner) -> int:
    """Index of the malignant class."""
    return runner.package.manifest.labels.index(_MALIGNANT)


def explain(network: Network, runner: Runner, seen: Seen, method: SaliencyMethod) -> ValueMap:
    """Where a score comes from, by Grad-CAM or guided back-propagation.

    Parameters
    ----------
    network
        The runner's network, from `LoadedPackage.network`.
    """
    assert isinstance(network, WholeImageNet)
    if method is SaliencyMethod.GUIDED:
        return guided_backprop(network, seen.input, target=target_of(runner), transform=seen.transform)
    return gradcam(network, seen.features, target=target_of(runner), transform=seen.transform)


def five_class_map(network: Network, runner: Runner, prepared: PreparedImage) -> tuple[ValueMap, ...]:
    """The patch classifier at every place of an image; empty where its package does not say how to do that."""
    package = runner.package
    if package.preprocess.image is None or package.preprocess.patch is None:
        return ()
    assert isinstance(network, PatchNet)
    image, transform = look(runner, prepared)
    return patch_map(
        network,
        runner.run(image[None])[FEATURES][0],
        labels=package.manifest.labels,
        patch_px=package.preprocess.patch.size_px,
        transform=transform,
        temperature=package.calibration.temperature,
    )
