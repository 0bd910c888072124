"""How each kind of net is tuned to a site, as the papers say where they do: the words of a training config.

Shen et al. 2019 (doi 10.1038/s41598-019-48995-4) tune a whole-image classifier to another site with image labels alone,
all layers at a hundredth of the first rate, and a patch classifier from the top layers down. Of the B-Cir U-Net no
tuning is published: it goes on with its own optimizer at a tenth of its rate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mammoview.core.errors import UsageError
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.surgery import surgery_stages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mammoview.models.manifest import Manifest

#: From so many patients to learn from on, some of them are watched while the net learns.
LEAST_TO_WATCH = 30
#: From so many on the run ends early, with the weights of its best epoch.
LEAST_TO_STOP_EARLY = 200
#: Nets with more numbers are the published ones, which have schedules of their own.
_COMPACT = 5_000_000

_IMAGE_AUGMENT = {
    "jitter": 0.05,
    "rotation_deg": 15.0,
    "shear_rad": 0.1,
    "zoom": 0.15,
    "shift": 10.0,
    "gamma": 0.15,
}
_PATCH_AUGMENT = {
    "rotation_deg": 10.0,
    "shear_rad": 0.08,
    "zoom": 0.08,
    "jitter": 0.1,
    "blur_px": 0.4,
    "shift": 10.0,
    "gamma": 0.15,
}
_MASK_AUGMENT = {"rotation_deg": 90.0, "gamma": 0.0, "shift": 0.0, "blur_px": 1.0}
_WATCHED = {TuneTask.IMAGE: "auc", TuneTask.PATCH: "accuracy", TuneTask.SEGMENT: "dice"}
#: Smallest batch whose last step is not left out with a handful of samples.
_BATCH = {TuneTask.IMAGE: 8, TuneTask.PATCH: 32, TuneTask.SEGMENT: 8}


@dataclass(frozen=True)
class Wishes:
    """What an expert changed; 0 and empty leave it to the schedule.

    Attributes
    ----------
    seed
        Of order and augmentation.
    learning_rate_factor
        Of all stages.
    """

    seed: int = 1
    epochs: int = 0
    batch_size: int = 0
    learning_rate_factor: float = 1.0
    precision: str = ""


@dataclass(frozen=True)
class Schedule:
    """A training config as words, and where they come from.

    Attributes
    ----------
    words
        What `config.TrainingConfig` validates.
    source
        One sentence.
    """

    words: Mapping[str, Any]
    source: str


def schedule_for(
    task: TuneTask,
    parent: Manifest,
    *,
    parameters: int,
    samples: int,
    patients: int,
    watched: int,
    wishes: Wishes = Wishes(),
    surgery: Mapping[str, Any] | None = None,
) -> Schedule:
    """The schedule for a task and so many cases.

    Parameters
    ----------
    parent
        Of the package that is tuned.
    parameters
        Numbers of its net.
    samples, patients
        To learn from.
    watched
        Patients set aside in the split to be watched; 0 where it has none.
    surgery
        What `surgery_words` gave, where a patch classifier becomes a whole-image classifier.

    Raises
    ------
    UsageError
        When nothing is trained for this task.
    """
    if task is TuneTask.CALIBRATE:
        raise UsageError("A calibration has no schedule.", "Go on to the verdict: nothing is trained.")
    is_compact = parameters < _COMPACT
    stages, source = _stages(task, is_compact=is_compact) if surgery is None else _surgery(is_compact=is_compact)
    is_early = patients >= LEAST_TO_STOP_EARLY and watched > 0
    for stage in stages:
        stage["learning_rate"] *= wishes.learning_rate_factor
        if wishes.epochs:
            stage["epochs"] = wishes.epochs
        if is_early:
            stage["patience"] = 5
    named = {"id": parent.id, "title": f"{parent.name}, tuned to a site", **(surgery or {}).get("package", {})}
    words: dict[str, Any] = {
        "seed": wishes.seed,
        # A batch that is never full would leave samples out.
        "batch_size": min(wishes.batch_size or _BATCH[task], max(1, samples)),
        "loss": "bce_dice" if task is TuneTask.SEGMENT else "cross_entropy",
        "arithmetic": wishes.precision or "fp32",
        "package": {
            "score_meaning": parent.score.meaning if parent.score else "outline of the lesion in the middle",
            **named,
            "id": site_id(named["id"]),
            "version": "0.1" if site_id(named["id"]) != parent.id else later(parent.version),
        },
        "augment": {
            TuneTask.IMAGE: _IMAGE_AUGMENT,
            TuneTask.PATCH: _PATCH_AUGMENT,
            TuneTask.SEGMENT: _MASK_AUGMENT,
        }[task],
        "split": {"seed": wishes.seed, "table": "folds.csv", "fold": 0},
        "stages": stages,
    }
    words |= {name: value for name, value in (surgery or {}).items() if name != "package"}
    if task is TuneTask.SEGMENT:
        words["optimizer_betas"] = [0.5, 0.999]
    if watched:
        words["watch"] = {"value": _WATCHED[task], "fold": 1, "keep": "best" if is_early else "last"}
    elif patients >= LEAST_TO_WATCH:
        share = 0.2 if patients < LEAST_TO_STOP_EARLY else 0.1
        words["watch"] = {"value": _WATCHED[task], "share": share, "keep": "last"}
    return Schedule(words, source)


def _stages(task: TuneTask, *, is_compact: bool) -> tuple[list[dict[str, Any]], str]:
    if task is TuneTask.SEGMENT:
        stage = {"name": "all", "epochs": 20, "learning_rate": 1e-4, "decay": "cosine", "batch_norm": "eval"}
        return [stage], "The published optimizer of the B-Cir U-Net at a tenth of its rate; no tuning is published."
    if task is TuneTask.PATCH:
        top = {"name": "top", "epochs": 3, "learning_rate": 1e-3, "trains": ["head.*"], "batch_norm": "eval"}
        whole = {"name": "all", "epochs": 12, "learning_rate": 1e-4 if is_compact else 1e-5, "batch_norm": "eval"}
        return [top, {**whole, "weight_decay": 1e-4}], "Shen et al. 2019: the top first, then all layers, slower."
    if is_compact:
        stage = {"name": "all", "epochs": 10, "learning_rate": 1e-5, "weight_decay": 1e-4, "batch_norm": "eval"}
        return [stage], "Shen et al. 2019, transfer to another site: all layers at a hundredth of the first rate."
    stage = {"name": "all", "epochs": 50, "learning_rate": 1e-6, "weight_decay": 1e-3, "batch_norm": "eval"}
    return [stage], "Shen et al. 2019, transfer to another site, as published for the full-size nets."


def _surgery(*, is_compact: bool) -> tuple[list[dict[str, Any]], str]:
    faster = " (ten times as fast, as a compact net can)" if is_compact else ""
    words = (
        f"Shen et al. 2019, a patch classifier's body under a new top: first the top learns, then all layers{faster}."
    )
    return surgery_stages(is_compact=is_compact), words


def site_id(parent: str) -> str:
    """The id of a package that is tuned from another: once ``site-`` in front, whatever is tuned from it again."""
    return parent if parent.startswith("site-") else f"site-{parent}"[:64]


def later(version: str) -> str:
    """The version behind another: 0.3 after 0.2."""
    *front, last = version.split(".")
    return ".".join((*front, str(int(last) + 1)))


def to_toml(words: Mapping[str, Any], *, head: str = "") -> str:
    """A config file of a schedule's words, which `config.read_config` reads.

    Parameters
    ----------
    head
        Comment lines in front.
    """
    lines = [f"# {line}" for line in head.splitlines()]
    tables: list[str] = []
    for name, value in words.items():
        if isinstance(value, dict):
            tables += _table(name, value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for one in value:
                tables += ["", f"[[{name}]]", *(f"{key} = {_word(word)}" for key, word in one.items())]
        else:
            lines.append(f"{name} = {_word(value)}")
    return "\n".join((*lines, *tables)) + "\n"


def _table(name: str, words: Mapping[str, Any]) -> list[str]:
    """A table's lines, and those of the tables in it."""
    lines = ["", f"[{name}]", *(f"{key} = {_word(word)}" for key, word in words.items() if not isinstance(word, dict))]
    for key, word in words.items():
        if isinstance(word, dict):
            lines += _table(f"{name}.{key}", word)
    return lines


def _word(value: object) -> str:
    # JSON's strings, numbers, lists and truth values are TOML's; it alone knows DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
