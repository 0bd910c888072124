"""What the model folders hold, read off the GUI thread: names for the settings dialog and what scores mean."""

from __future__ import annotations

from dataclasses import dataclass

from mammoview.core.findings import ScoreMeaning
from mammoview.session.settings import Settings

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
    """

    choices: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    meaning: ScoreMeaning | None = None


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
    chosen = settings.model_whole_image
    used = next((info for info in packages if chosen in (info.id, info.key)), None) or registry.active("whole_image")
    score = used.manifest.score if used else None
    return Installed(tuple(choices), score.as_value() if score else None)
