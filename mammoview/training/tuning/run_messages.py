"""What is asked of the child that plans, trains, judges and publishes, and what it tells: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mammoview.training.tuning.messages import TuneTask

#: Kinds of jobs.
READ_CASES, AUDIT, SPLIT, TAKE = "read_cases", "audit", "split", "take"
PLAN, RUN, VERDICT, PUBLISH = "plan", "run", "verdict", "publish"
#: What can be watched, as people write it.
_MEASURES: Final = {"auc": "AUC", "dice": "Dice"}


@dataclass(frozen=True)
class PlanRequest:
    """Plan a training and measure what it will cost here.

    Attributes
    ----------
    folder
        Of the project, with its table and split.
    parent
        Folder of the package that it starts from.
    device, precision, batch_size, epochs, learning_rate_factor, seed
        Wishes; empty and 0 leave it to the plan.
    devices, nodes
        GPUs on each machine, and machines, for the commands.
    is_measured
        Whether two batches are tried.
    """

    folder: str
    task: TuneTask
    parent: str
    device: str = "auto"
    precision: str = ""
    batch_size: int = 0
    epochs: int = 0
    learning_rate_factor: float = 1.0
    seed: int = 1
    devices: int = 1
    nodes: int = 1
    threads: int = 1
    is_measured: bool = True


@dataclass(frozen=True)
class PlanReport:
    """The plan; the config file is written.

    Attributes
    ----------
    source
        Where the schedule comes from, one sentence.
    epochs
        At most.
    images, patients, watched, sealed
        Images and patients to learn from, patients watched meanwhile, patients of the test set.
    minutes_to_prepare, minutes_per_epoch, memory_mb
        As measured; None where nothing was.
    reproducible
        Which part of the run can be repeated on this device.
    command, torchrun, slurm
        The same training from a terminal; with several GPUs; as a batch script.
    notes
        What to know before starting.
    """

    source: str
    epochs: int
    batch_size: int
    device: str
    precision: str
    images: int
    patients: int
    watched: int
    sealed: int
    minutes_to_prepare: float | None
    minutes_per_epoch: float | None
    memory_mb: float | None
    reproducible: str
    command: str
    torchrun: str
    slurm: str
    notes: tuple[str, ...] = ()

    @property
    def minutes(self) -> float | None:
        """Of the whole run."""
        if self.minutes_per_epoch is None or self.minutes_to_prepare is None:
            return None
        return self.minutes_to_prepare + self.epochs * self.minutes_per_epoch


@dataclass(frozen=True)
class RunRequest:
    """Train as the config says, or go on with what an earlier run began."""

    folder: str
    task: TuneTask
    parent: str
    device: str = "auto"
    threads: int = 1


class NoticeKind(StrEnum):
    """What happened to a run."""

    BEGAN = "began"
    RESUMED = "resumed"
    PAUSED = "paused"
    YIELDED = "yielded"
    WENT_ON = "went_on"
    SKIPPED = "skipped"
    LABELS_CHANGED = "labels_changed"
    BATCH_HALVED = "batch_halved"


@dataclass(frozen=True)
class Notice:
    """Something that the user should see beside the curves.

    Attributes
    ----------
    count
        How many there are of it by now: images skipped, parts of a batch.
    """

    kind: NoticeKind
    text: str
    count: int = 0


@dataclass(frozen=True, eq=False)
class SamplesTold:
    """What the net says of a few samples after an epoch.

    Attributes
    ----------
    images
        Shape (n, rows, columns), uint8.
    truth, told
        Shape (n,): malignant, and how probable; or shape (n, rows, columns), uint8: outlines.
    """

    images: NDArray[Any]
    truth: NDArray[Any]
    told: NDArray[Any]


@dataclass(frozen=True, eq=False)
class EpochTold:
    """One epoch is done and saved.

    Attributes
    ----------
    epochs
        At most.
    measure, value, low, high
        What is watched, with its 95 % interval; None where nobody is watched or nothing can be told.
    minutes_left
        At this pace.
    """

    epoch: int
    epochs: int
    stage: str
    loss: float
    learning_rate: float
    seconds: float
    measure: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    minutes_left: float | None = None
    samples: SamplesTold | None = None

    @property
    def measure_name(self) -> str:
        """The measure as people write it."""
        return _MEASURES.get(self.measure, self.measure)

    @property
    def text(self) -> str:
        """The epoch in words: how many of how many, the loss, and what is watched."""
        of = f" of {self.epochs}" if self.epochs else ""
        watched = "" if self.value is None else f", {self.measure_name} {self.value:.3f}"
        if self.low is not None and self.high is not None:
            watched += f" (95 % interval {self.low:.3f} to {self.high:.3f})"
        return f"Epoch {self.epoch}{of}: loss {self.loss:.4f}{watched}"


@dataclass(frozen=True)
class RunReport:
    """A run that came to its end.

    Attributes
    ----------
    package
        Folder of what was trained; not yet installed.
    skipped
        Images that could not be read, and why.
    """

    package: str
    epochs: int
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakeRequest:
    """Take what another machine trained; ends in a `RunReport`.

    Attributes
    ----------
    result
        Folder of that training.
    """

    folder: str
    parent: str
    result: str


@dataclass(frozen=True)
class VerdictRequest:
    """Judge what was trained against what it started from, on the sealed test set; see `RunRequest`.

    Attributes
    ----------
    against
        Folder of the package that it is compared with, where it cannot be the one that it started from.
    """

    folder: str
    task: TuneTask
    parent: str
    threads: int = 1
    against: str = ""


@dataclass(frozen=True)
class PublishRequest:
    """Make the package of what was trained, and install it.

    Attributes
    ----------
    id, version, title
        Of the package; empty leaves what the config says.
    """

    folder: str
    task: TuneTask
    parent: str
    id: str = ""
    version: str = ""
    title: str = ""


@dataclass(frozen=True)
class PublishReport:
    """The package is installed, and not yet in use."""

    key: str
    folder: str
