"""What both kinds of classifier share: mirror images, parts of a batch, one model's samples, the threshold in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mammoview.models.calibration import probabilities
from mammoview.models.dropout import dropout_logits
from mammoview.models.ensemble import Samples
from mammoview.models.names import FEATURES, LOGITS
from mammoview.models.networks import Classifier, Network
from mammoview.models.runtime import Backend, Runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Used where a package names no operating point.
DEFAULT_THRESHOLD = 0.5

_FLIPS = 4
#: Gives the torch network of a runner, opened once.
ModuleOf = Callable[[Runner], Network]


@dataclass(frozen=True)
class Sampling:
    """How often a classifier is asked about one input, see `AnalysisRequest`."""

    flips: bool = True
    dropout_passes: int = 0

    @property
    def count(self) -> int:
        """Mirror images of one input."""
        return _FLIPS if self.flips else 1

    def images_of(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """An input and its mirror images: as it is, left to right, upside down, both (Shen et al. 2019).

        Parameters
        ----------
        image
            Shape (channels, h, w), float32.

        Returns
        -------
        ndarray, shape (4, channels, h, w) or (1, channels, h, w), float32
        """
        if not self.flips:
            return image[None]
        return np.stack([image, image[..., ::-1], image[..., ::-1, :], image[..., ::-1, ::-1]])


def sample(
    runner: Runner, inputs: Sequence[NDArray[np.float32]], *, how: Sampling, at_once: int, module_of: ModuleOf
) -> tuple[list[Samples], list[NDArray[np.float32]]]:
    """Ask one classifier about some inputs.

    Parameters
    ----------
    runner
        The classifier.
    inputs
        Each of shape (channels, h, w), float32.
    how
        Mirror images and dropout passes.
    at_once
        Images, mirrored ones counted, that go through the network together: on a processor larger batches cost memory
        and gain nothing.
    module_of
        Opens the torch network, for dropout passes.

    Returns
    -------
    list of Samples
        Calibrated probabilities, in the order of the package's labels.
    list of ndarray
        The body's map of each unmirrored input, shape (channels, h, w), float32.
    """
    package = runner.package
    temperature = package.calibration.temperature
    images = np.concatenate([how.images_of(image) for image in inputs])
    outputs = [runner.run(images[start : start + at_once]) for start in range(0, len(images), at_once)]
    logits = np.concatenate([part[LOGITS] for part in outputs])
    features = np.concatenate([part[FEATURES] for part in outputs])
    told = probabilities(logits, temperature=temperature).reshape(len(inputs), how.count, -1)
    passes = np.empty((len(inputs), 0, *told.shape[1:]))
    if how.dropout_passes:
        network = module_of(runner)
        assert isinstance(network, Classifier)
        varied = dropout_logits(network, features, passes=how.dropout_passes)
        shares = probabilities(varied.reshape(-1, told.shape[2]), temperature=temperature)
        passes = shares.reshape(len(varied), *told.shape).swapaxes(0, 1)
    found = [Samples(package.info.key, one, more) for one, more in zip(told, passes, strict=True)]
    return found, [features[index * how.count] for index in range(len(inputs))]


def precision_of(runner: Runner) -> str:
    """The arithmetic in use, as operating points name it."""
    return "bf16" if runner.backend is Backend.TORCH_BF16 else "fp32"


def threshold_of(runners: Sequence[Runner]) -> float:
    """The mean over classifiers of each one's first operating point for the arithmetic in use."""
    return float(np.mean([_threshold(runner) for runner in runners]))


def _threshold(runner: Runner) -> float:
    points = runner.package.calibration.operating_points
    return next((p.threshold for p in points if p.precision == precision_of(runner)), DEFAULT_THRESHOLD)
