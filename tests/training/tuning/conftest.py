"""A home of its own for each test, shared makers of small cases, and a made-up site with its parents."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from mammoview.models.registry import PackageInfo
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.planning import plan
from mammoview.training.tuning.run_messages import PlanRequest

# Tests share ``case_makers``.
sys.path.insert(0, str(Path(__file__).parent))


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made_up_site", Path(__file__).with_name("made_up_site.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_site = _load()
Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MAMMOVIEW_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(_site.write_site(tmp_path_factory.mktemp("site") / "project"))


@pytest.fixture(scope="session")
def parents(tmp_path_factory: pytest.TempPathFactory) -> dict[TuneTask, PackageInfo]:
    root = tmp_path_factory.mktemp("parents")
    found = {task: _site.write_parent(root / task.value, task) for task in _site.NETWORKS}
    return {**found, TuneTask.CALIBRATE: found[TuneTask.IMAGE]}


@pytest.fixture(scope="session")
def planned(site: Path, parents: dict[TuneTask, PackageInfo]) -> Make:
    """Makes a planned project of a task in a folder that is not there yet, with so many epochs."""

    def make(folder: Path, task: TuneTask, *, epochs: int = 2, parent: str = "", **wishes: object) -> Path:
        shutil.copytree(site, folder)
        words: dict[str, object] = {"batch_size": 4, "epochs": epochs, "is_measured": False, "device": "cpu", **wishes}
        request = PlanRequest(str(folder), task, parent or str(parents[task].folder), **words)  # type: ignore[arg-type]
        plan(request, lambda *_: None, lambda: False, lambda _: None)
        return folder

    return make


@pytest.fixture
def project(planned: Make, tmp_path: Path) -> Make:
    """The same in the test's own folder."""
    return lambda task, *, name="project", **wishes: planned(tmp_path / name, task, **wishes)
