"""Writing a package: weights in shards, a graph without weights, and the words around them.

Only whoever trains needs the packages ``onnx`` and ``onnxscript``; reading a package does not.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import safetensors.torch
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from mammoview.core.errors import OutputError
from mammoview.models.loading import MAX_SHARD_BYTES
from mammoview.models.manifest import (
    CALIBRATION,
    CARD,
    EVALUATION,
    GRAPH,
    MANIFEST,
    PREPROCESS,
    Calibration,
    Evaluation,
    Identity,
    Manifest,
)
from mammoview.models.names import FEATURES, IMAGES, LOGITS, PROBABILITIES
from mammoview.models.networks import BCirUNet, Classifier, Network
from mammoview.models.preprocess import Preprocess
from mammoview.models.registry import PackageInfo, read_info

if TYPE_CHECKING:
    from onnx import ModelProto

Precision = Literal["fp16", "fp32"]

_OPSET = 18
# Room for the header of a shard below the limit.
_SHARD_BUDGET = MAX_SHARD_BYTES - (1 << 20)
_COUNTER = "num_batches_tracked"
_PREFIX = "network."


class ClassifierGraph(nn.Module):
    """What a classifier's graph computes: (features, logits)."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images (n, channels, h, w) to the body's map and the logits."""
        features = self.network.body(images)
        return features, self.network.head(features)


class SegmenterGraph(nn.Module):
    """What a segmenter's graph computes: probabilities."""

    def __init__(self, network: BCirUNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, h, w) to probabilities (n, 1, h, w)."""
        return torch.sigmoid(self.network(images))


def write_package(
    folder: Path,
    network: Network,
    *,
    identity: Identity,
    preprocess: Preprocess,
    calibration: Calibration,
    evaluation: Evaluation,
    card: str,
    precision: Precision = "fp16",
    graph: bytes | None = None,
) -> PackageInfo:
    """Write a package folder and read it back.

    Parameters
    ----------
    folder
        Must not exist: a package is never overwritten.
    network
        Its architecture, sizes and weights are written; evaluation mode is set.
    card
        ``MODEL_CARD.md``.
    precision
        Storage of convolution and dense weights; what has one axis (batch norms, biases) stays float32. See
        `stored_state` for what the package will compute with.
    graph
        The result of an earlier `export_graph` of the same architecture and sizes; exported here when left out.

    Raises
    ------
    OutputError
        When the folder exists or cannot be written.
    ModelPackageError
        When what was written would be refused, with the reason.
    """
    draft = folder.with_name(f".{folder.name}.part")
    if folder.exists():
        raise OutputError(f"{folder} exists already.", "A package is never overwritten: choose a new version.")
    contents: dict[str, bytes] = {
        GRAPH: export_graph(network) if graph is None else graph,
        PREPROCESS: _json(preprocess),
        CALIBRATION: _json(calibration),
        EVALUATION: _json(evaluation),
        CARD: card.encode(),
        **_shards(stored_state(network, precision)),
    }
    manifest = Manifest(
        **identity.model_dump(),
        architecture=network.architecture,
        hyper_parameters=network.sizes.model_dump(mode="json"),
        precision=precision,
        files={name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())},
    )
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name, data in {**contents, MANIFEST: _json(manifest)}.items():
            (draft / name).write_bytes(data)
        read_info(draft)
        draft.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}.", "Check permissions and space.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return read_info(folder)


def stored_state(network: Network, precision: Precision) -> dict[str, Tensor]:
    """The numbers as they will be stored, on the CPU; evaluate a network that has loaded these, not the training ones.

    Returns
    -------
    dict
        float16 for weights of two and more axes when ``precision`` says so, float32 for all else.
    """
    state = {}
    for name, value in network.state_dict().items():
        if name.endswith(_COUNTER):
            continue
        is_half = precision == "fp16" and value.ndim > 1
        state[name] = value.detach().cpu().to(torch.float16 if is_half else torch.float32).contiguous()
    return state


def export_graph(network: Network) -> bytes:
    """The ONNX graph of a network, any batch, height and width, with its weights named but left out.

    The names are those of the state dict; `runtime` gives the values when it opens the graph. Takes some 15 s for a
    ResNet-50. Needs the packages ``onnx`` and ``onnxscript``.
    """
    is_segmenter = isinstance(network, BCirUNet)
    whole: nn.Module = SegmenterGraph(network) if isinstance(network, BCirUNet) else ClassifierGraph(network)
    whole = whole.cpu().eval()
    example = torch.zeros(2, network.sizes.in_channels, 128, 96)
    free = torch.export.Dim.DYNAMIC
    with warnings.catch_warnings(), _quiet("torch.onnx", "torch.export", "onnxscript"):
        # The exporter warns of its own deprecations, which no caller can act on.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            whole,
            (example,),
            dynamo=True,
            # Unoptimised, so that weights keep their names; ONNX Runtime fuses batch norms when it opens the graph.
            optimize=False,
            input_names=[IMAGES],
            output_names=[PROBABILITIES] if is_segmenter else [FEATURES, LOGITS],
            dynamic_shapes={"images": {0: free, 2: free, 3: free}},
            opset_version=_OPSET,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    _leave_out_weights(proto, set(network.state_dict()))
    _forget_origin(proto)
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def _leave_out_weights(proto: ModelProto, names: set[str]) -> None:
    import onnx

    renamed = {i.name: i.name.removeprefix(_PREFIX) for i in proto.graph.initializer}
    renamed = {old: new for old, new in renamed.items() if new in names}
    for node in proto.graph.node:
        for k, name in enumerate(node.input):
            node.input[k] = renamed.get(name, name)
    kept = []
    used = {name for node in proto.graph.node for name in node.input}
    for initializer in proto.graph.initializer:
        name = renamed.get(initializer.name)
        if name is None:
            kept.append(initializer)
        elif name in used:
            empty = onnx.TensorProto(name=name, data_type=initializer.data_type, dims=initializer.dims)
            empty.data_location = onnx.TensorProto.EXTERNAL
            # The format asks for a file name; the values are handed over in memory and no file is ever opened.
            empty.external_data.add(key="location", value="weights.safetensors")
            kept.append(empty)
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)


def _forget_origin(proto: ModelProto) -> None:
    """Take out the exporter's notes: they carry paths of the machine that trained."""
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.graph.value_info[:]
    proto.doc_string = ""
    proto.graph.doc_string = ""
    for part in (*proto.graph.node, *proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


class _quiet:
    """Keeps the exporter's progress chatter out of the log."""

    def __init__(self, *names: str) -> None:
        self._loggers = [logging.getLogger(name) for name in names]
        self._levels = [logger.level for logger in self._loggers]

    def __enter__(self) -> None:
        for logger in self._loggers:
            logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for logger, level in zip(self._loggers, self._levels, strict=True):
            logger.setLevel(level)


def _shards(state: Mapping[str, Tensor]) -> dict[str, bytes]:
    parts = list(_split(state))
    if len(parts) == 1:
        return {"weights.safetensors": safetensors.torch.save(parts[0])}
    return {
        f"weights-{k:02d}-of-{len(parts):02d}.safetensors": safetensors.torch.save(part)
        for k, part in enumerate(parts, start=1)
    }


def _split(state: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    part: dict[str, Tensor] = {}
    size = 0
    for name, value in state.items():
        length = value.numel() * value.element_size()
        if part and size + length > _SHARD_BUDGET:
            yield part
            part, size = {}, 0
        part[name] = value
        size += length
    yield part


def _json(value: BaseModel) -> bytes:
    words: Any = value.model_dump(mode="json")
    return (json.dumps(words, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
