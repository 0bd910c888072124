"""A project that is killed on its way again and again: before each file that a step puts in its place.

python kill_walk.py SITE PARENT

Torch is loaded once. Each try is a fork in a process group of its own, which is killed as a whole: at moment 1, before
the first file is put in its place, at moment 2 right after that, at moment 3 before the second file, and so on, until a
try comes to the step's end. After every kill the project has to open and to stand where it stood. Prints how often each
step was killed.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from mammoview.core import paths
from mammoview.models import registry
from mammoview.models.manifest import Task, verify
from mammoview.session.tuning import in_use
from mammoview.session.tuning.project import OpenProject, Page, Plan, Project, new_project, open_project
from mammoview.session.tuning.standing import Standing, standing_of
from mammoview.session.tuning.tuner import plan_request, publish_request, run_request, verdict_request
from mammoview.training.learning import checkpoint
from mammoview.training.tuning.activations import read_record
from mammoview.training.tuning.audit import audit
from mammoview.training.tuning.audit_messages import AuditRequest
from mammoview.training.tuning.case_reading import read_cases
from mammoview.training.tuning.judging_site import judge
from mammoview.training.tuning.messages import CaseSource, CasesRequest, SourceKind, TuneTask
from mammoview.training.tuning.planning import plan
from mammoview.training.tuning.publishing import publish_tuned
from mammoview.training.tuning.running import run
from mammoview.training.tuning.splitting import SplitRequest, split

NAME = "Killed"
#: What the steps import when they need it, and every fork would import again.
SLOW = ("lightning_fabric", "matplotlib.backends.backend_agg", "matplotlib.figure", "onnx", "scipy.stats", "sympy")
Ask = Callable[[OpenProject, Project], object]


def job(do: Callable[..., object], request: Callable[[OpenProject, Project], object]) -> Ask:
    return lambda opened, project: do(request(opened, project), lambda *_: None, lambda: False, lambda _: None)


def kill_at(moment: int) -> None:
    """Kill this process and its children at a moment."""
    passed = 0

    def next_moment() -> None:
        nonlocal passed
        passed += 1
        if passed == moment:
            os.killpg(0, signal.SIGKILL)

    def counted(real: Callable[[Path, Any], Path]) -> Callable[[Path, Any], Path]:
        def put(self: Path, target: Any) -> Path:
            next_moment()
            found = real(self, target)
            next_moment()
            return found

        return put

    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    Path.rename = counted(Path.rename)  # type: ignore[method-assign]


def tried(page: Page | None, do: Ask, moment: int) -> tuple[int, int]:
    """A try in a group of its own: its process, and the signal that ended it, 0 where it came to its end."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "a try failed"
        return pid, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    try:
        os.setsid()
        kill_at(moment)
        opened, project = open_project(NAME)
        with opened:
            do(opened, project)
            if page is not None:
                opened.finish(page, project)
        os._exit(0)
    finally:
        traceback.print_exc()
        os._exit(1)


def stands() -> tuple[Standing, int]:
    """Where the project is, and the process that was killed over it."""
    opened, project = open_project(NAME)
    with opened:
        assert opened.left_by is not None
        assert not list(opened.path.glob("*.tmp"))
        return standing_of(opened, project), opened.left_by.pid


def look_at_packages(standing: Standing) -> None:
    """Each package is whole or not there."""
    assert registry.listing().refused == ()
    own = [folder for folder in (standing.path / "run" / "package", standing.path / "package") if folder.exists()]
    for info in (*registry.packages(), *map(registry.read_info, own)):
        verify(info.folder, info.manifest)


def look_at_use() -> None:
    """What is in use is what the record says."""
    record = read_record()
    assert registry.chosen(Task.SEGMENTATION) == (record[-1].after if record else ())


def walk(page: Page | None, do: Ask, moments: range) -> int:
    """Kill the step at each moment until it is done; how often that was."""
    pages = list(Page)
    kills = 0
    for moment in moments:
        before = registry.chosen(Task.SEGMENTATION)
        pid, ended = tried(page, do, moment)
        if not ended:
            return kills
        assert ended == signal.SIGKILL
        kills += 1
        standing, left_by = stands()
        assert left_by == pid
        look_at_packages(standing)
        look_at_use()
        if page is None and registry.chosen(Task.SEGMENTATION) != before:
            return kills
        if page is None:
            continue
        assert standing.finished >= set(pages[: pages.index(page)]), standing.finished
        if standing.reached is not page or page in standing.finished:
            # Killed when all was written.
            assert standing.reached is page.next
            return kills
    raise AssertionError(f"{page} does not come to its end")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = checkpoint.load(folder / "run" / checkpoint.CHECKPOINT)["net"]
    return found


def undisturbed(opened: OpenProject, project: Project) -> None:
    """The same run in a copy of the project, killed by nobody."""
    folder = Path(shutil.copytree(opened.path, opened.path.parent / "Whole"))
    request = replace(run_request(opened, project), folder=str(folder))
    run(request, lambda *_: None, lambda: False, lambda _: None)


def main(site: Path, parent: Path) -> dict[str, int]:
    torch.set_num_threads(1)
    for name in SLOW:
        importlib.import_module(name)
    key = registry.install(parent).key
    opened, project = new_project(NAME, task=TuneTask.SEGMENT, parent=key)
    source = CaseSource(SourceKind.TABLE, str(site / "cases.csv"), is_copied=True)
    plan_wish = Plan(device="cpu", batch_size=4, epochs=3)
    opened.finish(Page.TASK, replace(project, source=source, plan=plan_wish, validation_share=0.25))
    opened.close()
    kills: dict[str, int] = {}
    # 24 images and their masks are copied, then the two tables and the project are written.
    kills["read"] = walk(
        Page.CASES, job(read_cases, lambda one, _: CasesRequest(str(one.path), source)), range(2, 199, 33)
    )
    kills["audit"] = walk(
        Page.AUDIT, job(audit, lambda one, p: AuditRequest(str(one.path), p.task, p.parent, p.test_share)), range(1, 9)
    )
    kills["split"] = walk(
        Page.SPLIT,
        job(split, lambda o, p: SplitRequest(str(o.path), p.seed, p.test_share, p.validation_share, is_sealed=True)),
        range(1, 19),
    )
    kills["plan"] = walk(Page.PLAN, job(plan, plan_request), range(1, 19, 3))
    assert tried(None, undisturbed, 0)[1] == 0
    # Two steps at a time: inputs, folds, split; then best net, checkpoint, log and curves of each epoch; the package.
    kills["run"] = walk(Page.RUN, job(run, run_request), range(3, 60, 4))
    folder = paths.user_data() / "tuning"
    for name, value in weights(folder / "Whole").items():
        torch.testing.assert_close(weights(folder / NAME)[name], value, rtol=0, atol=0, msg=name)
    kills["judge"] = walk(Page.VERDICT, job(judge, verdict_request), range(1, 19, 2))
    kills["publish"] = walk(Page.PUBLISH, job(publish_tuned, publish_request), range(1, 19, 2))
    new = [info for info in registry.packages() if info.id.startswith("site-")]
    assert len(new) == 1, new
    opened, project = open_project(NAME)
    with opened:
        standing = standing_of(opened, project)
    assert standing.package == new[0].key
    kills["activate"] = walk(
        None, lambda *_: in_use.activate(new[0].key, standing.verdict, reason="To see that it works."), range(1, 19)
    )
    kills["roll back"] = walk(None, lambda *_: in_use.take_back(Task.SEGMENTATION), range(1, 19))
    assert registry.chosen(Task.SEGMENTATION) == ()
    drafts = [p for p in paths.user_data().rglob(".*") if p.is_file() and p.name not in (".lock",)]
    assert not drafts, drafts
    return kills


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
