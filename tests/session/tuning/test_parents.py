"""Which models a task can start from, and which one the result is compared with."""

from __future__ import annotations

import pytest

from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.session.tuning.errors import TuningError
from mammoview.session.tuning.parents import NEW_TOP, parents
from mammoview.session.tuning.project import ProjectFolder, new_project
from mammoview.session.tuning.tuner import verdict_request
from mammoview.training.tuning.messages import TuneTask


def test_a_patch_classifier_can_be_built_upon_for_whole_images() -> None:
    found = parents(TuneTask.IMAGE)
    tasks = [registry.find(one.key).task for one in found]
    assert set(tasks) == {Task.WHOLE_IMAGE, Task.PATCH}
    # Those that are tuned as they are come first, the one in use in front.
    assert tasks == sorted(tasks, key=lambda task: task is Task.PATCH)
    assert found[0].is_active
    built_upon = [one.name.startswith(NEW_TOP) for one in found]
    assert built_upon == [task is Task.PATCH for task in tasks]
    assert not [one for one in parents(TuneTask.PATCH) if one.name.startswith(NEW_TOP)]


def test_what_is_built_upon_a_patch_classifier_is_compared_with_what_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    used = registry.active(Task.WHOLE_IMAGE)[0]
    patch = registry.active(Task.PATCH)[0]
    for parent, task, against in (
        (patch.key, TuneTask.IMAGE, str(used.folder)),
        (used.key, TuneTask.IMAGE, ""),
        (patch.key, TuneTask.PATCH, ""),
    ):
        opened, project = new_project(f"{task.value} {parent[:12]}", task=task, parent=parent)
        with opened:
            assert verdict_request(ProjectFolder(opened.path), project).against == against
    monkeypatch.setattr(registry, "active", lambda _task: ())
    opened, project = new_project("alone", task=TuneTask.IMAGE, parent=patch.key)
    with opened, pytest.raises(TuningError, match="No whole-image classifier is in use"):
        verdict_request(opened, project)
