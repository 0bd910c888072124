"""Trying a package out: every hash, every weight, and the same answer from both engines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammoview.core.errors import ModelPackageError
from mammoview.models.architectures import sizes_of
from mammoview.models.calibration import probabilities
from mammoview.models.devices import CPU
from mammoview.models.engines import OnnxEngine, Outputs, TorchEngine
from mammoview.models.loading import LoadedPackage, load
from mammoview.models.manifest import verify
from mammoview.models.names import FEATURES, LOGITS, PROBABILITIES
from mammoview.models.registry import PackageInfo
from mammoview.models.sizes import HeatmapSizes, HyperParameters

#: Largest difference of a probability between the engines.
TOLERANCE = 1e-4

_SMALL_PX = 64


@dataclass(frozen=True)
class Checked:
    """What trying a package out gave.

    Attributes
    ----------
    files
        How many hashes agreed.
    numbers
        How many the network is made of.
    difference
        Largest difference between ONNX Runtime and torch; None where the package has no graph.
    """

    files: int
    numbers: int
    difference: float | None


def check(info: PackageInfo) -> Checked:
    """Check the hash of every file, open the weights, and run the network on a drawn input.

    Raises
    ------
    ModelPackageError
        With the reason, for the first thing that is wrong.
    """
    verify(info.folder, info.manifest)
    package = load(info)
    image = golden_input(package)
    by_torch = _told(TorchEngine(package, CPU).run(image), package)
    if not np.isfinite(by_torch).all():
        raise _refuse(info, "it gives numbers that are not finite")
    difference = None
    if package.graph is not None:
        by_graph = _told(OnnxEngine(package).run(image), package)
        difference = float(np.abs(by_graph - by_torch).max()) if by_graph.shape == by_torch.shape else np.inf
        if not difference <= TOLERANCE:
            raise _refuse(info, f"its graph and its weights disagree (by {difference:.2g})")
    return Checked(len(info.manifest.files), sum(tensor.numel() for tensor in package.state.values()), difference)


def golden_input(package: LoadedPackage) -> NDArray[np.float32]:
    """A drawn breast in the network's own input size, the same for everybody.

    Returns
    -------
    ndarray, shape (1, channels, rows, columns), float32
    """
    sizes = sizes_of(package.manifest.architecture, package.manifest.hyper_parameters)
    rows, columns = _input_size(package, sizes)
    row, col = np.mgrid[0:rows, 0:columns] / np.array([rows, columns]).reshape(2, 1, 1)
    inside = np.clip(1.0 - (2 * row - 1) ** 2 - (1.2 * col) ** 2, 0.0, 1.0)
    texture = 0.6 + 0.2 * np.sin(37 * row + 11 * col) + 0.2 * np.sin(53 * col * (1 + row))
    plane = (inside * texture - 0.5) / 0.25
    return np.tile(plane.astype(np.float32), (1, int(getattr(sizes, "in_channels", 1)), 1, 1))


def _input_size(package: LoadedPackage, sizes: HyperParameters) -> tuple[int, int]:
    if isinstance(sizes, HeatmapSizes):
        return sizes.rows, sizes.columns
    spec = package.preprocess
    if spec.patch is not None:
        return spec.patch.size_px, spec.patch.size_px
    if spec.image is not None:
        return spec.image.rows, spec.image.columns
    return _SMALL_PX, _SMALL_PX


def _told(outputs: Outputs, package: LoadedPackage) -> NDArray[np.float64]:
    """Probabilities, or a body's map in parts of its largest value where the network gives no more."""
    if PROBABILITIES in outputs:
        return outputs[PROBABILITIES].astype(np.float64)
    if LOGITS in outputs:
        return probabilities(outputs[LOGITS], temperature=package.calibration.temperature)
    features = outputs[FEATURES].astype(np.float64)
    return features / max(1.0, float(np.abs(features).max()))


def _refuse(info: PackageInfo, reason: str) -> ModelPackageError:
    return ModelPackageError(
        f"The model package {info.key} was refused: {reason}.", "Install the package again, or ask its maker."
    )
