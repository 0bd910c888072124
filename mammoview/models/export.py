"""Writing a package: weights in shards, a graph without weights, and the words around them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from pydantic import BaseModel
from torch import Tensor

from mammoview.core.errors import OutputError
from mammoview.models.graphs import export_graph
from mammoview.models.loading import MAX_SHARD_BYTES
from mammoview.models.manifest import (
    CALIBRATION,
    CARD,
    EVALUATION,
    GRAPH,
    MANIFEST,
    PREPROCESS,
    TRAINING,
    Calibration,
    Evaluation,
    Identity,
    Manifest,
)
from mammoview.models.networks import Network
from mammoview.models.preprocess import Preprocess
from mammoview.models.registry import PackageInfo, read_info

Precision = Literal["fp16", "fp32"]

# Room for the header of a shard below the limit.
_SHARD_BUDGET = MAX_SHARD_BYTES - (1 << 20)
_COUNTER = "num_batches_tracked"


def write_package(
    folder: Path,
    network: Network,
    *,
    identity: Identity,
    preprocess: Preprocess,
    calibration: Calibration,
    evaluation: Evaluation,
    card: str,
    training: BaseModel | None = None,
    precision: Precision = "fp16",
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
    training
        How it was trained, schedule and all: ``training.json``.
    precision
        Storage of convolution and dense weights; what has one axis (batch norms, biases) stays float32. See
        `stored_state` for what the package will compute with.

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
        GRAPH: export_graph(network),
        PREPROCESS: _json(preprocess),
        CALIBRATION: _json(calibration),
        EVALUATION: _json(evaluation),
        CARD: card.encode(),
        **({} if training is None else {TRAINING: _json(training)}),
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
