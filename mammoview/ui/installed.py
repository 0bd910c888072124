"""What the model folders hold, read off the GUI thread: names for the settings dialog and what scores mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.findings import ScoreMeaning
from mammoview.session.settings import Settings

if TYPE_CHECKING:
    from mammoview.models.registry import PackageInfo

_TASKS = {"model_whole_image": "whole_image", "model_patch": "patch", "model_segmentation": "segmentation"}


@dataclass(frozen=True)
class Installed:
    """The installed packages.

    Attributes
    ----------
    choices
        (key of the setting, ((id, label), …)) pairs.
    meaning
        What the score of the whole-image model in force means, or None without one.
    finding_meaning
        The same for the scores of findings.
    """

    choices: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    meaning: ScoreMeaning | None = None
    finding_meaning: ScoreMeaning | None = None


def installed(settings: Settings) -> Installed:
    """Read the manifests. Never call it on the GUI thread: it reads files, and imports their checker."""
    from mammoview.models import registry

    packages = registry.packages()
    choices = []
    for key, task in _TASKS.items():
        active = registry.active(task)
        first = ("", f"Active: {active.key}" if active else "None installed")
        own = tuple((info.id, f"{info.key} ({info.origin.value})") for info in packages if info.task == task)
        choices.append((key, (first, *own)))
    whole = _meaning(packages, settings.model_whole_image, "whole_image")
    return Installed(tuple(choices), whole, _meaning(packages, settings.model_patch, "patch"))


def _meaning(packages: Sequence[PackageInfo], chosen: str, task: str) -> ScoreMeaning | None:
    from mammoview.models import registry

    named = next((info for info in packages if chosen and chosen in (info.id, info.key)), None)
    used = named or registry.active(task)
    score = used.manifest.score if used else None
    return score.as_value() if score else None
