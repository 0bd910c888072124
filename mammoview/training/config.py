"""What a training run is asked to do, read from a TOML file; everything that decides its outcome stands here."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_serializer,
    model_serializer,
    model_validator,
)

from mammoview.core.errors import UsageError
from mammoview.models.preprocess import Preprocess
from mammoview.training.cases.augment import Ranges
from mammoview.training.learning.engine import Arithmetic
from mammoview.training.learning.losses import LossName
from mammoview.training.learning.schedule import Stage

#: What may be watched.
Value = Literal["accuracy", "auc", "dice"]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
#: The architecture of the package that a network starts from.
OF_PARENT = "parent"


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitConfig(_Config):
    """Which patients are held out; the same seed and share give the same split for every model.

    Attributes
    ----------
    seed, validation_share
        A share of the patients, drawn.
    table, fold
        Instead of a share: the fold of a table ``dataset,patient,fold`` that is held out. Relative to the working
        directory; ``splits/site.csv`` comes with the program.
    """

    seed: int
    validation_share: Share = 0.25
    table: Path | None = None
    fold: Annotated[int, Field(ge=0)] | None = None

    @property
    def rule(self) -> str:
        """How patients are held out, a few words for a card."""
        if self.table is not None:
            return f"fold {self.fold} of {self.table.name} held out"
        return f"{self.validation_share:.0%} held out (seed {self.seed})"

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if (self.table is None) is not (self.fold is None):
            raise ValueError("a table needs a fold, and a fold its table")
        return self

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is not used is not told, so that configs without a table keep their hash; a table is told by name."""
        words: dict[str, Any] = dump(self)
        if self.table is None:
            return {name: value for name, value in words.items() if name not in {"table", "fold"}}
        return {**words, "table": self.table.name}


class NetworkConfig(_Config):
    """An architecture of `mammoview.models.architectures` and its sizes.

    Attributes
    ----------
    architecture
        ``parent`` takes architecture and sizes of the package that is tuned.
    init
        Checkpoint file whose weights the body starts from, in the common torch layout (ImageNet); None starts from
        random numbers.
    """

    architecture: str = OF_PARENT
    sizes: dict[str, object] = {}
    init: Path | None = None

    @field_serializer("init")
    def _name(self, init: Path | None) -> str | None:
        """A package says what it started from, not where that lay."""
        return None if init is None else init.name


class PackageConfig(_Config):
    """What the package says of itself."""

    id: str
    version: str
    title: str
    score_meaning: str


class Watch(_Config):
    """What is watched after each epoch.

    Attributes
    ----------
    value
        ``accuracy`` of patch classes, ``auc`` of malignant images, ``dice`` of masks; all should become large.
    share
        Of the training patients, set aside for it: they are not learned from.
    fold
        Instead of a share: the fold of the split's table that is set aside.
    keep
        The weights that a run ends with: of the ``best`` epoch, or of the ``last``.
    """

    value: Value
    share: Share = 0.1
    fold: Annotated[int, Field(ge=0)] | None = None
    keep: Literal["best", "last"] = "best"

    @model_serializer(mode="wrap")
    def _without_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A fold that is not named is not told, so that configs without one keep their hash."""
        words: dict[str, Any] = dump(self)
        return {name: value for name, value in words.items() if name != "fold" or value is not None}


class TrainingConfig(_Config):
    """A whole run.

    Attributes
    ----------
    seed
        Of weights, order and augmentation.
    optimizer_betas
        Of Adam.
    arithmetic
        Of the convolutions while training; weights, loss and evaluation are float32.
    background_per_film
        Background tiles from each film (patch nets).
    describing
        Weight of what the readers wrote of a lesion, as further targets of a patch net; 0 leaves it out.
    placing
        Weight of where the marked lesions lie, as further targets of a whole-image net with attention; 0 leaves it out.
    hard_negatives
        Whether half of the background tiles are places that the proposer of regions took for masses.
    sampling
        Which patches a patch net learns from: ``lesion``, squares as large as their lesion says; ``s1`` or ``s10``,
        squares of ``preprocess.patch.size_px`` from images stretched to the size of ``preprocess.image`` (Shen et al.
        2019), which have their own number of background patches.
    augmentation
        What a segmenter learns from: ``random`` changes of lesion crops, or the ``forty_fold`` variants of ROI-centred
        crops of ``preprocess.patch.size_px`` native pixels (B-Cir U-Net); these leave ``augment`` unused.
    watch
        What is watched after each epoch on a part of the training patients; None watches the loss alone.
    source
        Whose outlines a segmenter learns; ``phantom_masses`` of a patch net: the masses of drawn women.
    phantoms
        How many synthetic women, or views of them, are drawn.
    batch_size
        Of one step, over all devices.
    loss
        ``cross_entropy`` weighs the classes of each batch equally; ``bce_dice`` is for masks, ``cross_entropy_dice``
        and ``lesion_then_class`` for masks of several classes.
    """

    package: PackageConfig
    augment: Ranges = Ranges()
    network: NetworkConfig = NetworkConfig()
    preprocess: Preprocess = Preprocess()
    split: SplitConfig
    stages: tuple[Stage, ...]
    batch_size: Annotated[int, Field(ge=1)]
    seed: int
    loss: LossName
    optimizer_betas: tuple[float, float] = (0.9, 0.999)
    arithmetic: Arithmetic = "fp32"
    background_per_film: Annotated[int, Field(ge=0)] = 2
    describing: Annotated[float, Field(ge=0)] = 0.0
    placing: Annotated[float, Field(ge=0)] = 0.0
    hard_negatives: bool = False
    sampling: Literal["lesion", "s1", "s10"] = "lesion"
    augmentation: Literal["random", "forty_fold"] = "random"
    watch: Watch | None = None
    source: Literal["cesm", "three_class", "phantom_calcifications", "phantom_masses"] = "cesm"
    phantoms: Annotated[int, Field(ge=0)] = 0

    @property
    def sha256(self) -> str:
        """Hash of all values, whatever the file's layout."""
        # What is as it was before it could be chosen is not told, so that runs which began then go on.
        later = {"sampling": "lesion", "augmentation": "random", "watch": None, "placing": 0.0}
        usual = {name for name, value in later.items() if getattr(self, name) == value}
        return hashlib.sha256(self.model_dump_json(exclude=usual).encode()).hexdigest()


def read_config(path: Path) -> TrainingConfig:
    """Read a training config; one that says ``extends = "other.toml"`` changes what the other, beside it, says.

    Tables are merged, all else is replaced.

    Raises
    ------
    UsageError
        When the file is absent, not TOML, or says something that is not allowed.
    """
    try:
        return TrainingConfig.model_validate(_words(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"The training config {path} says “{where}” wrongly: {first['msg']}.", "Correct it."
        ) from error


def _words(path: Path, before: tuple[Path, ...] = ()) -> dict[str, Any]:
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The training config {path} cannot be read.", "Name one of trainers/configs.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The training config {path} is not TOML: {error}.", "Correct that line.") from error
    base = words.pop("extends", None)
    if base is None:
        return words
    other = (path.parent / str(base)).resolve()
    if other in before:
        raise UsageError(f"The training config {path} extends itself.", "Correct its “extends”.")
    return _merged(_words(other, (*before, other)), words)


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in change.items():
        known = base.get(name)
        merged[name] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
