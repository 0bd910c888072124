"""The only place that opens weights: checked safetensors in, tensors out; nothing is ever unpickled into objects."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from mammoview.core.errors import ModelPackageError
from mammoview.models.manifest import (
    CALIBRATION,
    EVALUATION,
    GRAPH,
    PREPROCESS,
    Calibration,
    Evaluation,
    Manifest,
    read_checked,
    read_words,
)
from mammoview.models.networks import Classifier, Network, build
from mammoview.models.networks.bodies import load_torch_layout
from mammoview.models.preprocess import Preprocess
from mammoview.models.registry import PackageInfo

#: Shards stay below this, so that no part of a package is awkward to host or to check.
MAX_SHARD_BYTES = 16 << 20

_COUNTER = "num_batches_tracked"


@dataclass(frozen=True, eq=False)
class LoadedPackage:
    """A package whose every opened file was checked.

    Attributes
    ----------
    state
        The network's numbers, float32, by their names in the network.
    graph
        The ONNX graph without weights; None where the package has none.
    """

    info: PackageInfo
    preprocess: Preprocess
    calibration: Calibration
    evaluation: Evaluation
    state: Mapping[str, Tensor]
    graph: bytes | None

    @property
    def manifest(self) -> Manifest:
        """What the package says about itself."""
        return self.info.manifest

    def network(self) -> Network:
        """The network in evaluation mode, its parameters shared with ``state`` and closed to training.

        Raises
        ------
        ModelPackageError
            When the weights do not fit the architecture.
        """
        # On the meta device nothing is allocated: a manifest that asks for a huge net costs no memory.
        with torch.device("meta"):
            net = build(self.manifest.architecture, self.manifest.hyper_parameters)
        counters = {
            name: torch.zeros((), dtype=torch.long) for name, _ in net.named_buffers() if name.endswith(_COUNTER)
        }
        try:
            net.load_state_dict({**self.state, **counters}, assign=True)
        except RuntimeError as error:
            raise ModelPackageError(
                f"The weights of {self.info.key} do not fit its architecture: {' '.join(str(error).split())[:300]}",
                "Install the package again, or ask its maker.",
            ) from error
        return net.eval().requires_grad_(False)


def load(info: PackageInfo) -> LoadedPackage:
    """Open a package.

    Raises
    ------
    ModelPackageError
        For a file that differs from the manifest, or does not hold what its name says.
    """
    manifest = info.manifest
    state: dict[str, Tensor] = {}
    for name in manifest.weights:
        state.update(_tensors(info, name))
    graph = read_checked(info.folder, manifest, GRAPH) if GRAPH in manifest.files else None
    return LoadedPackage(
        info,
        read_words(info.folder, manifest, PREPROCESS, Preprocess),
        read_words(info.folder, manifest, CALIBRATION, Calibration),
        read_words(info.folder, manifest, EVALUATION, Evaluation),
        state,
        graph,
    )


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.safetensors``, ``.pt`` or ``.pth`` file from elsewhere, to be re-saved in a package.

    Only tensors are taken: torch files are opened with ``weights_only``, which runs no code of the file.

    Raises
    ------
    ModelPackageError
        When the file holds anything else.
    """
    try:
        if path.suffix == ".safetensors":
            return dict(safetensors.torch.load(path.read_bytes()))
        with warnings.catch_warnings():
            # Old torch files announce their age; what they hold is checked below.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelPackageError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, safetensors.SafetensorError) as error:
        raise ModelPackageError(
            f"{path.name} was refused: it is a pickle of more than tensors, which could run code when opened, or is "
            "damaged.",
            "Ask for the weights as safetensors, or as a plain state dict.",
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ModelPackageError(
            f"{path.name} was refused: it is not a state dict of tensors.", "Save the network's state dict alone."
        )
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def load_pretrained(network: Classifier, path: Path) -> tuple[str, ...]:
    """Start a classifier's body from weights of the common torch layout, such as ImageNet's.

    Parameters
    ----------
    network
        Its body is filled; its head is left as it is.
    path
        As for `read_checkpoint`.

    Returns
    -------
    tuple of str
        What was changed on the way, see `networks.bodies.load_torch_layout`.

    Raises
    ------
    ModelPackageError
        As `read_checkpoint`, and where the weights do not fit.
    """
    return load_torch_layout(network.body, read_checkpoint(path))


def resave(source: Path, target: Path) -> Path:
    """Write the tensors of a checkpoint from elsewhere as safetensors.

    Raises
    ------
    ModelPackageError
        As `read_checkpoint`.
    """
    state = {name: value.detach().clone().contiguous() for name, value in read_checkpoint(source).items()}
    target.write_bytes(safetensors.torch.save(state))
    return target


def _tensors(info: PackageInfo, name: str) -> dict[str, Tensor]:
    data = read_checked(info.folder, info.manifest, name)
    if len(data) >= MAX_SHARD_BYTES:
        raise _refuse(info, f"its file {name} is 16 MiB or larger")
    try:
        tensors = safetensors.torch.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise _refuse(info, f"its file {name} is not a safetensors file") from error
    for key, tensor in tensors.items():
        if tensor.dtype not in (torch.float16, torch.float32):
            raise _refuse(info, f"its weight {key} is neither float16 nor float32")
        if not torch.isfinite(tensor).all():
            raise _refuse(info, f"its weight {key} holds values that are not finite")
    return {key: tensor.float() for key, tensor in tensors.items()}


def _refuse(info: PackageInfo, reason: str) -> ModelPackageError:
    return ModelPackageError(
        f"The model package {info.key} was refused: {reason}.", "Install the package again, or ask its maker."
    )
