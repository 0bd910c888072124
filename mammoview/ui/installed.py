"""What the model folders hold, read off the GUI thread: names for the settings dialog and what scores mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.findings import ScoreMeaning
from mammoview.session.analysis import MODEL_SETTINGS
from mammoview.session.settings import Settings

if TYPE_CHECKING:
    from mammoview.models.registry import PackageInfo


@dataclass(frozen=True)
class Installed:
    """The installed packages.

    Attributes
    ----------
    choices
        (key of the setting, ((id, label), …)) pairs.
    meaning
        What the score of the whole-image models in force means, or None without one.
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
    used = {}
    for task, key in MODEL_SETTINGS.items():
        active = registry.active(task, among=packages)
        names = " + ".join(info.key for info in active)
        first = ("", f"None ticked: {names}" if active else "None installed")
        own = tuple((info.id, _label(info)) for info in packages if info.task == task)
        choices.append((key, (first, *own)))
        wanted = [name for name in getattr(settings, key).split(",") if name]
        named = [next((info for info in packages if name in (info.id, info.key)), None) for name in wanted]
        used[task] = tuple(info for info in named if info) or active
    return Installed(
        tuple(choices), _meaning(used["whole_image"], settings.flips), _meaning(used["patch"], settings.flips)
    )


def _label(info: PackageInfo) -> str:
    experimental = ", experimental" if info.manifest.experimental else ""
    return f"{info.key} ({info.origin.value}{experimental})"


def _meaning(infos: tuple[PackageInfo, ...], flips: bool) -> ScoreMeaning | None:
    from mammoview.core.errors import ModelPackageError
    from mammoview.models.ensemble import meaning_of

    try:
        return meaning_of(infos, flips=flips)
    except ModelPackageError:
        # The engine refuses the package too, and says why.
        return None
