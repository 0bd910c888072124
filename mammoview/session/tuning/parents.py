"""Which models a task can start from, with their cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from mammoview.core.errors import ModelPackageError
from mammoview.models import registry
from mammoview.models.manifest import CARD, Task, read_checked
from mammoview.session.tuning.project import Page, Project
from mammoview.training.tuning.messages import TuneTask

#: What the models of each task are for.
MODELS: Final[Mapping[TuneTask, tuple[Task, ...]]] = {
    TuneTask.IMAGE: (Task.WHOLE_IMAGE, Task.PATCH),
    TuneTask.PATCH: (Task.PATCH,),
    TuneTask.SEGMENT: (Task.SEGMENTATION,),
    TuneTask.CALIBRATE: (Task.WHOLE_IMAGE, Task.PATCH),
}
#: What is said of a patch classifier whose body a whole-image classifier is to have (Shen et al. 2019).
NEW_TOP: Final = "New top on: "
#: Pages that another task or another model makes stale.
_STALE: Final = (Page.PLAN, Page.RUN, Page.VERDICT, Page.PUBLISH)


@dataclass(frozen=True)
class Parent:
    """A model to start from.

    Attributes
    ----------
    key
        ``id@version``.
    is_shipped, is_active
        Whether it came with the program, and whether it is in use now.
    card
        Markdown.
    """

    key: str
    name: str
    is_shipped: bool
    is_active: bool
    card: str


def parents(task: TuneTask) -> tuple[Parent, ...]:
    """The installed models that a task can start from, those in use first."""
    known = registry.packages()
    active = {info.key for kind in MODELS[task] for info in registry.active(kind, among=known)}
    found = [
        Parent(
            info.key,
            _named(info, task),
            info.origin is registry.Origin.SHIPPED,
            info.key in active,
            _card(info),
        )
        for info in known
        if info.task in MODELS[task]
    ]
    # What is tuned as it is stands before what is built upon.
    ordered = sorted(found, key=lambda parent: not parent.is_active)
    return tuple(sorted(ordered, key=lambda parent: parent.name.startswith(NEW_TOP)))


def unreadable() -> tuple[str, ...]:
    """Why models that lie in the model folders cannot be used, a sentence or two each."""
    return tuple(f"{problem.message} {problem.hint}".strip() for problem in registry.listing().refused)


def with_task(project: Project, task: TuneTask, parent: str) -> Project:
    """The project with a task and a model; what was planned and trained for others counts no more."""
    if (project.task, project.parent) == (task, parent):
        return project
    stamps: dict[Page, str] = {page: stamp for page, stamp in project.stamps.items() if page not in _STALE}
    return replace(project, task=task, parent=parent, stamps=stamps)


def _named(info: registry.PackageInfo, task: TuneTask) -> str:
    is_built_upon = task is TuneTask.IMAGE and info.task is Task.PATCH
    return f"{NEW_TOP}{info.manifest.name}" if is_built_upon else info.manifest.name


def _card(info: registry.PackageInfo) -> str:
    try:
        return read_checked(info.folder, info.manifest, CARD).decode()
    except (ModelPackageError, UnicodeDecodeError):
        return "The model's card cannot be read."
