"""What a model package says about itself. No torch here.

A package is a folder: ``manifest.json``, ``weights*.safetensors``, ``graph.onnx``, ``preprocess.json``,
``calibration.json``, ``eval.json``, ``MODEL_CARD.md`` and, where known, ``training.json``; zipped it is a
``*.mvmodel`` file. It brings numbers and words, never code, and the manifest names the SHA-256 of every other file.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from mammoview.core.errors import ModelPackageError
from mammoview.core.findings import LesionKind, ScoreMeaning
from mammoview.core.study import Mammogram, PresentationIntent, ViewModifier, ViewPosition
from mammoview.models.architectures import sizes_of

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
GRAPH = "graph.onnx"
PREPROCESS = "preprocess.json"
CALIBRATION = "calibration.json"
EVALUATION = "eval.json"
TRAINING = "training.json"
CARD = "MODEL_CARD.md"

_SUFFIXES = {".safetensors", ".onnx", ".json", ".md"}
_NEEDED = (PREPROCESS, CALIBRATION, EVALUATION, CARD)
_MAX_JSON_BYTES = 4 << 20

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Content = TypeVar("_Content", bound=BaseModel)


class Task(StrEnum):
    """What a model is for; the packages that are active for one of them work together."""

    WHOLE_IMAGE = "whole_image"
    PATCH = "patch"
    SEGMENTATION = "segmentation"
    PRIORS = "priors"


#: What every analysis does; models of other tasks are used only where they are asked for.
EXPECTED = (Task.WHOLE_IMAGE, Task.PATCH, Task.SEGMENTATION)


class _Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputContract(_Words):
    """The images that a model may score; all others are shown without a score.

    Attributes
    ----------
    intents
        Presentation intents accepted; an image that has none (a film, a research image) is accepted.
    views
        View positions accepted; an unknown view is not.
    modifiers
        View modifiers accepted.
    """

    intents: tuple[PresentationIntent, ...] = (PresentationIntent.FOR_PRESENTATION,)
    views: tuple[ViewPosition, ...] = (ViewPosition.CC, ViewPosition.MLO)
    modifiers: tuple[ViewModifier, ...] = ()

    def reason_against(self, image: Mammogram) -> str:
        """Why ``image`` is not scored, one sentence; empty where it may be."""
        foreign = [
            modifier.name.replace("_", " ").lower() for modifier in image.modifiers if modifier not in self.modifiers
        ]
        if image.is_tomosynthesis:
            return "Tomosynthesis is not scored by this model."
        if image.intent is not None and image.intent not in self.intents:
            return f"{image.intent.value.title()} images are not scored by this model."
        if image.view is None:
            return "The view is unknown, so the image is not scored."
        if image.view not in self.views:
            return f"{image.view.value} views are not scored by this model."
        if foreign:
            return f"Views with {', '.join(foreign)} are not scored by this model."
        return ""


class Score(_Words):
    """What a score says; stands beside every number.

    Attributes
    ----------
    meaning
        One sentence.
    training_prevalence
        Share of malignant cases in training, 0 to 1.
    """

    meaning: Text
    training_prevalence: Share

    def as_value(self) -> ScoreMeaning:
        """As the result carries it."""
        return ScoreMeaning(self.meaning, self.training_prevalence)


class Identity(_Words):
    """What whoever trains a model has to say about it.

    Attributes
    ----------
    id, version
        Together they name the package.
    labels
        One for each output, in order.
    score
        None for a segmenter.
    licence
        SPDX name of the weights' licence.
    training_data, citations
        What it was trained on, and whom to cite.
    parent_sha256
        `PackageInfo.sha256` of the package that it was tuned from.
    experimental
        Never in use unless a user names it.
    kinds
        The findings that a segmenter outlines.
    """

    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
    version: Annotated[str, Field(pattern=r"^\d{1,6}(\.\d{1,6}){0,3}$")]
    name: Text
    task: Task
    labels: Annotated[tuple[Text, ...], Field(min_length=1)]
    input: InputContract = InputContract()
    score: Score | None = None
    licence: Text
    training_data: Text
    citations: tuple[Text, ...] = ()
    parent_sha256: Sha256 | None = None
    experimental: bool = False
    kinds: Annotated[tuple[LesionKind, ...], Field(min_length=1)] = tuple(LesionKind)


class Manifest(Identity):
    """``manifest.json``.

    Attributes
    ----------
    architecture, hyper_parameters
        Resolved by `networks.build`.
    precision
        How convolution weights are stored; all is computed in float32.
    files
        SHA-256 of every file but this one.
    """

    schema_version: Literal[1] = 1
    architecture: Text
    hyper_parameters: dict[str, JsonValue] = Field(default_factory=dict)
    precision: Literal["fp16", "fp32"] = "fp32"
    files: dict[FileName, Sha256]

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weight shards, in order."""
        return tuple(sorted(name for name in self.files if name.endswith(".safetensors")))


class OperatingPoint(_Words):
    """A threshold and what it achieved where it was fitted.

    Attributes
    ----------
    precision
        The arithmetic that it holds for.
    """

    name: Text
    threshold: Share
    sensitivity: Share | None = None
    specificity: Share | None = None
    precision: Literal["fp32", "bf16"] = "fp32"


class Calibration(_Words):
    """``calibration.json``.

    Attributes
    ----------
    temperature
        Logits are divided by it.
    fitted_on
        The data that it and the points were fitted on, one sentence.
    """

    temperature: Annotated[float, Field(gt=0.0, le=1000.0)] = 1.0
    operating_points: tuple[OperatingPoint, ...] = ()
    fitted_on: str = ""
    n_patients: Annotated[int, Field(ge=0)] = 0


class Metric(_Words):
    """One measured number with its 95 % interval. ``group`` names a subgroup, empty for all."""

    name: Text
    value: float
    low: float | None = None
    high: float | None = None
    group: str = ""
    n_images: Annotated[int, Field(ge=0)] = 0
    n_patients: Annotated[int, Field(ge=0)] = 0


class ReliabilityPoint(_Words):
    """Cases of about one probability: what was told on average, the share that came true, of how many."""

    told: Share
    came_true: Share
    count: Annotated[int, Field(ge=1)]


class Evaluation(_Words):
    """``eval.json``: how good the model was, on what.

    Attributes
    ----------
    reliability
        The reliability curve of the calibrated score, on patients that it was not fitted on.
    confusion
        How often each class (row) was taken for each (column), in the order of the labels; empty where not counted.
    """

    metrics: tuple[Metric, ...] = ()
    reliability: tuple[ReliabilityPoint, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    protocol: str = ""
    split_sha256: str = ""
    seed: int | None = None


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Read and check a package's manifest, and that the files it names are there and no others.

    The files' hashes are checked when they are opened, or all at once by `verify`.

    Returns
    -------
    Manifest
    str
        SHA-256 of the manifest; as it names every file's hash it stands for the whole package.

    Raises
    ------
    ModelPackageError
        With the reason.
    """
    raw = read_small(folder / MANIFEST)
    try:
        words = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _refuse(folder, "its manifest is not JSON") from error
    _check_words(folder, words)
    try:
        manifest = Manifest.model_validate(words)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refuse(folder, f"its manifest's “{where}” is wrong: {first['msg']}") from error
    sizes = sizes_of(manifest.architecture, manifest.hyper_parameters)
    if sizes.outputs != len(manifest.labels):
        raise _refuse(folder, "it does not name a label for each of its outputs")
    _check_files(folder, manifest)
    return manifest, hashlib.sha256(raw).hexdigest()


def verify(folder: Path, manifest: Manifest) -> None:
    """Check the SHA-256 of every file of a package.

    Raises
    ------
    ModelPackageError
        For the first file that differs.
    """
    for name in manifest.files:
        read_checked(folder, manifest, name)


def read_checked(folder: Path, manifest: Manifest, name: str) -> bytes:
    """The bytes of one file, after its hash was checked; what is parsed is what was checked.

    Raises
    ------
    ModelPackageError
        When the file is missing or differs from the manifest.
    """
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise _refuse(folder, f"its file {name} cannot be read") from error
    if hashlib.sha256(data).hexdigest() != manifest.files.get(name):
        raise _refuse(folder, f"its file {name} is not the one that the manifest names (hash mismatch)")
    return data


def read_words(folder: Path, manifest: Manifest, name: str, kind: type[_Content]) -> _Content:
    """One of a package's JSON files, after its hash was checked.

    Parameters
    ----------
    kind
        What it holds: `Calibration`, `Evaluation` or `mammoview.models.preprocess.Preprocess`.

    Raises
    ------
    ModelPackageError
        When the file differs from the manifest, or does not hold what its name says.
    """
    try:
        return kind.model_validate(json.loads(read_checked(folder, manifest, name)))
    except (ValueError, RecursionError) as error:
        raise _refuse(folder, f"its {name} cannot be understood") from error


def read_small(path: Path) -> bytes:
    """The bytes of a small file of a package.

    Raises
    ------
    ModelPackageError
        When it is missing, unreadable or too large to be what its name says.
    """
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            raise _refuse(path.parent, f"its {path.name} is too large")
        return path.read_bytes()
    except OSError as error:
        raise _refuse(path.parent, f"its {path.name} is missing or cannot be read") from error


def _check_words(folder: Path, words: object) -> None:
    if not isinstance(words, dict):
        raise _refuse(folder, "its manifest is not a JSON object")
    version = words.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ModelPackageError(
            f"The model package {folder.name} was refused: it was made for a newer MammoView (schema {version}).",
            "Update MammoView.",
        )
    if not words.get("licence"):
        raise _refuse(folder, "it names no licence")


def _check_files(folder: Path, manifest: Manifest) -> None:
    present = {entry.name for entry in folder.iterdir()} - {MANIFEST}
    foreign = sorted(name for name in present if Path(name).suffix not in _SUFFIXES)
    if foreign:
        raise _refuse(folder, f"it holds {foreign[0]}, and a package may hold neither code nor pickles")
    unnamed = sorted(present - set(manifest.files))
    if unnamed:
        raise _refuse(folder, f"its manifest does not name {unnamed[0]}")
    missing = sorted({*manifest.files, *_NEEDED} - present)
    if missing:
        raise _refuse(folder, f"it lacks {missing[0]}")
    if not manifest.weights:
        raise _refuse(folder, "it holds no weights")


def _refuse(folder: Path, reason: str) -> ModelPackageError:
    return ModelPackageError(
        f"The model package {folder.name} was refused: {reason}.", "Install the package again, or ask its maker."
    )
