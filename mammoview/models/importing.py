"""Weights from elsewhere become packages of ours: tensors alone are taken, and what they are has to be said.

A MONAI bundle brings expressions that its own loader would execute, and its weights are a pickle: nothing of it is run
here. Its tensors are read with ``weights_only`` and saved anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from torch import Tensor

from mammoview.core.errors import InputError, ModelPackageError, UsageError
from mammoview.core.findings import PatchClass
from mammoview.models import registry
from mammoview.models.architectures import BCirUNetSizes, GruPriorsSizes, sizes_of
from mammoview.models.checking import check
from mammoview.models.export import write_package
from mammoview.models.loading import read_checkpoint
from mammoview.models.manifest import MANIFEST, Calibration, Evaluation, Identity, Score, Task
from mammoview.models.networks import Network, build
from mammoview.models.preprocess import Equalise, ImageSpec, PatchSpec, Preprocess
from mammoview.models.registry import PackageInfo
from mammoview.models.sizes import HyperParameters, ImageHeadSizes

CHECKPOINTS = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle")
_BUNDLE_WORDS = "configs/metadata.json"
_BUNDLE_WEIGHTS = ("models/model.safetensors", "models/model.pt")
_COUNTER = "num_batches_tracked"
_MAX_BYTES = 2 << 30
#: Names of the outputs, where whoever imports gives none.
_LABELS: Mapping[tuple[Task, int], tuple[str, ...]] = {
    (Task.WHOLE_IMAGE, 2): ("benign", "malignant"),
    (Task.PATCH, len(PatchClass)): tuple(kind.value for kind in PatchClass),
    (Task.SEGMENTATION, 1): ("lesion",),
    (Task.SEGMENTATION, 3): ("background", "benign", "malignant"),
}


@dataclass(frozen=True)
class Claims:
    """What whoever imports bare weights says of them.

    Attributes
    ----------
    architecture, sizes
        What the weights are of.
    licence
        SPDX name of the weights' licence.
    id, name
        Empty for the file's own name.
    labels
        Of the outputs, in order; empty for the usual ones.
    preprocess
        How the input is made; None for the published sizes (Shen et al. 2019, Roychowdhury et al.).
    score
        What the output says; None where nobody knows.
    """

    architecture: str
    licence: str
    sizes: Mapping[str, object]
    id: str = ""
    version: str = "1.0"
    name: str = ""
    labels: tuple[str, ...] = ()
    preprocess: Preprocess | None = None
    score: Score | None = None
    training_data: str = "Not known: weights from elsewhere."


def is_package(source: Path) -> bool:
    """Whether a path is a package folder or a zipped package, rather than bare weights or a bundle."""
    if source.is_dir():
        return (source / MANIFEST).is_file() or not (source / _BUNDLE_WORDS).is_file()
    return source.suffix not in CHECKPOINTS and _bundle_root(source) is None


def import_package(source: Path) -> PackageInfo:
    """Install a package after trying it out, see `checking.check`.

    Raises
    ------
    InputError
        When there is nothing at ``source``.
    ModelPackageError, OutputError
        As `registry.install` and `checking.check`; nothing is kept then.
    """
    _require(source)
    return registry.install(source, check=check)


def import_weights(source: Path, claims: Claims) -> PackageInfo:
    """Make a package of bare weights or of a MONAI bundle, and install it. It is experimental: nobody measured it.

    Parameters
    ----------
    source
        A checkpoint, or a bundle's folder or zip file.
    claims
        What the weights are.

    Raises
    ------
    InputError
        When there is nothing at ``source``.
    UsageError
        When the claims lack something, or say what cannot be.
    ModelPackageError
        When the file holds more than tensors, or they are not those of the architecture.
    OutputError
        When the package cannot be written.
    """
    _require(source)
    with _weights_of(source) as (weights, words), tempfile.TemporaryDirectory(prefix="mammoview-") as draft:
        network = _network(weights, claims)
        identity = _identity(source, claims, words)
        sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        info = write_package(
            Path(draft) / identity.id,
            network,
            identity=identity,
            preprocess=claims.preprocess or usual_preprocess(network.sizes),
            calibration=Calibration(),
            evaluation=Evaluation(protocol="Not measured."),
            card=_card(identity, weights.name, sha256, words),
            precision="fp32",
        )
        return import_package(info.folder)


def task_of(sizes: HyperParameters) -> Task:
    """What a network of these sizes is for."""
    if isinstance(sizes, BCirUNetSizes):
        return Task.SEGMENTATION
    if isinstance(sizes, GruPriorsSizes):
        return Task.PRIORS
    return Task.WHOLE_IMAGE if isinstance(sizes, ImageHeadSizes) else Task.PATCH


def usual_preprocess(sizes: HyperParameters) -> Preprocess:
    """The published input sizes: 1152 × 896 images and 224 px patches, 1024 px crops for the U-Net."""
    channels: Literal[1, 3] = 3 if getattr(sizes, "in_channels", 1) == 3 else 1
    task = task_of(sizes)
    if task is Task.SEGMENTATION:
        return Preprocess(patch=PatchSpec(size_px=1024, channels=channels, equalise=Equalise.HISTOGRAM))
    rows, columns = getattr(sizes, "rows", 1152), getattr(sizes, "columns", 896)
    image = ImageSpec(rows=rows, columns=columns, channels=channels)
    return Preprocess(image=image, patch=PatchSpec(size_px=224, channels=channels) if task is Task.PATCH else None)


def _require(source: Path) -> None:
    if not source.exists():
        raise InputError(f"{source} does not exist.", "Check its spelling.")


def _network(weights: Path, claims: Claims) -> Network:
    state = read_checkpoint(weights)
    network = build(claims.architecture, claims.sizes)
    counters = {name: value for name, value in network.state_dict().items() if name.endswith(_COUNTER)}
    try:
        network.load_state_dict({**counters, **_floats(state)})
    except RuntimeError as error:
        raise ModelPackageError(
            f"The weights of {weights.name} are not those of {claims.architecture} in these sizes: "
            f"{' '.join(str(error).split())[:300]}",
            "Check --architecture and --sizes.",
        ) from error
    return network.eval()


def _floats(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def _identity(source: Path, claims: Claims, words: Mapping[str, Any]) -> Identity:
    sizes = sizes_of(claims.architecture, claims.sizes)
    task = task_of(sizes)
    labels = claims.labels or _LABELS.get((task, sizes.outputs), ())
    if len(labels) != sizes.outputs:
        raise UsageError(
            f"The network has {sizes.outputs} outputs, and {len(labels)} are named.", "Name all of them with --labels."
        )
    own = claims.id or "".join(c if c.isalnum() or c in "._-" else "-" for c in source.stem.lower()).strip("._-")
    try:
        return Identity(
            id=own,
            version=claims.version,
            name=claims.name or str(words.get("name") or own),
            task=task,
            labels=labels,
            score=claims.score,
            licence=claims.licence,
            training_data=claims.training_data,
            experimental=True,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"The model's “{where}” is not allowed: {first['msg']}.", "Say it otherwise.") from error


def _card(identity: Identity, file: str, sha256: str, words: Mapping[str, Any]) -> str:
    told = [f"- {key}: {words[key]}" for key in ("description", "authors", "copyright") if words.get(key)]
    return "\n".join(
        [
            f"# {identity.name}",
            "",
            f"`{identity.id}` {identity.version} · experimental · licence of the weights: {identity.licence}",
            "",
            f"Imported from `{file}` (SHA-256 `{sha256}`). Nobody measured it with this program's own input: no score "
            "of it was calibrated, and how good it is is not known.",
            "",
            *(["Its maker says:", "", *told, ""] if told else []),
            "Research software. Not a medical device; no clinical decision may rest on it.",
            "",
        ]
    )


@contextmanager
def _weights_of(source: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The file with the weights, and a bundle's words."""
    with tempfile.TemporaryDirectory(prefix="mammoview-") as room:
        folder = _opened(source, Path(room)) if source.is_file() and source.suffix not in CHECKPOINTS else source
        if folder.is_file():
            yield folder, {}
            return
        weights = next((folder / name for name in _BUNDLE_WEIGHTS if (folder / name).is_file()), None)
        if weights is None:
            raise ModelPackageError(
                f"The bundle {source.name} was refused: it holds none of {', '.join(_BUNDLE_WEIGHTS)}.",
                "Name the file with the weights instead.",
            )
        yield weights, _bundle_words(folder / _BUNDLE_WORDS)


def _bundle_words(path: Path) -> Mapping[str, Any]:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return words if isinstance(words, dict) else {}


def _bundle_root(source: Path) -> str | None:
    """Where in a zip file a bundle lies; None where it holds none."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return None
    return next((name.removesuffix(_BUNDLE_WORDS) for name in names if name.endswith(_BUNDLE_WORDS)), None)


def _opened(source: Path, room: Path) -> Path:
    """A zipped bundle's words and weights, and nothing else of it."""
    root = _bundle_root(source) or ""
    with zipfile.ZipFile(source) as archive:
        for name in (_BUNDLE_WORDS, *_BUNDLE_WEIGHTS):
            if f"{root}{name}" not in archive.namelist():
                continue
            if archive.getinfo(f"{root}{name}").file_size > _MAX_BYTES:
                raise ModelPackageError(f"The bundle {source.name} was refused: it claims more than 2 GiB.")
            target = room / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"{root}{name}") as content, target.open("wb") as out:
                shutil.copyfileobj(content, out)
    return room
