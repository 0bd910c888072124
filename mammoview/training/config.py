"""What a training run is asked to do, read from a TOML file; everything that decides its outcome stands here."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammoview.core.errors import UsageError
from mammoview.models.preprocess import Preprocess
from mammoview.training.augment import Ranges
from mammoview.training.schedule import Stage

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitConfig(_Config):
    """Which patients are held out; the same seed and share give the same split for every model."""

    seed: int
    validation_share: Share = 0.25


class NetworkConfig(_Config):
    """An architecture of `mammoview.models.architectures` and its sizes."""

    architecture: str
    sizes: dict[str, object] = {}


class PackageConfig(_Config):
    """What the package says of itself."""

    id: str
    version: str
    title: str
    score_meaning: str


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
    loss
        ``cross_entropy`` weighs the classes of each batch equally; ``bce_dice`` is for masks.
    """

    package: PackageConfig
    augment: Ranges = Ranges()
    network: NetworkConfig
    preprocess: Preprocess
    split: SplitConfig
    stages: tuple[Stage, ...]
    batch_size: Annotated[int, Field(ge=1)]
    seed: int
    loss: Literal["cross_entropy", "bce_dice"]
    optimizer_betas: tuple[float, float] = (0.9, 0.999)
    arithmetic: Literal["fp32", "bf16"] = "fp32"
    background_per_film: Annotated[int, Field(ge=0)] = 2

    @property
    def sha256(self) -> str:
        """Hash of all values, whatever the file's layout."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_config(path: Path) -> TrainingConfig:
    """Read a training config.

    Raises
    ------
    UsageError
        When the file is absent, not TOML, or says something that is not allowed.
    """
    try:
        return TrainingConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"The training config {path} cannot be read.", "Name one of trainers/configs.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The training config {path} is not TOML: {error}.", "Correct that line.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"The training config {path} says “{where}” wrongly: {first['msg']}.", "Correct it."
        ) from error
