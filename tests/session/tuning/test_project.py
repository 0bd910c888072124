"""A project's folder: left and resumed, killed anywhere, opened twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mammoview.core import small_files
from mammoview.core.errors import DamagedDocumentError, NewerDocumentError, OutputError
from mammoview.session.tuning import project as module
from mammoview.session.tuning.errors import ProjectInUseError, TuningError
from mammoview.session.tuning.project import (
    AUDIT,
    CASES,
    CONFIG,
    PROJECT,
    SEAL,
    SPLIT,
    OpenProject,
    Page,
    Plan,
    Project,
    new_project,
    open_project,
    projects,
    remove_project,
)
from mammoview.training.tuning.messages import CaseSource, DateRule, SourceKind, TuneTask

SOURCE = CaseSource(
    SourceKind.TABLE,
    'C:\\cases\\"é".xlsx',
    columns=(("patient", "Patienten-Nr."), ("label", "Befund")),
    is_copied=True,
    dates=DateRule.SHIFT,
)


def test_project_comes_back_as_it_was_left() -> None:
    opened, project = new_project("Site A-1", task=TuneTask.IMAGE, parent="site@1.2")
    project = replace(project, source=SOURCE, seed=7, plan=Plan("cuda", batch_size=4), page=Page.CASES)
    opened.finish(Page.TASK, project)
    opened.close()
    again, found = open_project("Site A-1")
    with again:
        assert found == replace(project, page=Page.CASES, stamps=found.stamps)
        assert set(found.stamps) == {Page.TASK}
        assert again.left_by is None
    assert projects() == ("Site A-1",)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".hidden", "con", "COM1", "nul.x", "x" * 61, "dot."])
def test_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(TuningError, match="cannot be called"):
        new_project(name)
    assert projects() == ()


def test_name_is_taken_once_and_case_stays_open_to_its_maker() -> None:
    opened, project = new_project("one")
    opened.close()
    with pytest.raises(TuningError, match="already"):
        new_project("one")
    # The refusal gave the lock back.
    with open_project("one")[0] as again:
        assert again.load() == project


def test_two_wizards_at_once_are_told() -> None:
    opened, _ = new_project("one")
    with pytest.raises(ProjectInUseError, match=str(os.getpid())):
        open_project("one")
    opened.close()
    open_project("one")[0].close()


HOLD = """
import sys
from mammoview.session.tuning.project import open_project
opened, _ = open_project("one")
print("held", flush=True)
sys.stdin.read()
"""


def test_lock_of_another_process_holds_until_it_is_killed() -> None:
    new_project("one")[0].close()
    child = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(ProjectInUseError, match=f"process {child.pid} on"):
        open_project("one")
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    opened, _ = open_project("one")
    with opened:
        assert opened.left_by is not None
        assert opened.left_by.pid == child.pid


def test_page_is_undone_by_a_change_of_what_it_read() -> None:
    opened, project = new_project("one")
    with opened:
        project = walk_to_plan(opened, project)
        assert opened.reached(project) is Page.RUN
        opened.put(CASES, "other cases")
        assert opened.reached(project) is Page.CASES
        project = opened.finish(Page.CASES, project)
        # The audit was of other cases.
        assert opened.reached(project) is Page.AUDIT
        opened.file(SEAL).unlink()
        assert not opened.is_finished(Page.SPLIT, project)
    again, found = open_project("one")
    with again:
        assert found.page is Page.AUDIT


def test_page_without_its_file_is_not_finished() -> None:
    opened, project = new_project("one")
    with opened, pytest.raises(TuningError, match="lacks a file"):
        opened.finish(Page.CASES, project)


def walk_to_plan(opened: OpenProject, project: Project) -> Project:
    """Every write of the first five pages, in the wizard's order."""
    project = opened.finish(Page.TASK, replace(project, task=TuneTask.IMAGE))
    project = opened.save(replace(project, source=SOURCE))
    for page, files in (
        (Page.CASES, [CASES]),
        (Page.AUDIT, [AUDIT]),
        (Page.SPLIT, [SPLIT, SEAL]),
        (Page.PLAN, [CONFIG]),
    ):
        for name in files:
            opened.put(name, f"what {name} holds")
        project = opened.finish(page, project)
    return project


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("is_torn", [False, True], ids=["before", "half-written"])
@pytest.mark.parametrize("at", range(12))
def test_kill_between_any_two_writes_loses_one_page_at_most(
    at: int, is_torn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, project = new_project("one")
    done = 0
    replaced: Callable[[Path, Path], Path] = Path.replace

    def dying(self: Path, target: Path) -> Path:
        nonlocal done
        if done == at:
            if is_torn:
                self.write_bytes(self.read_bytes()[:3])
            raise Killed
        done += 1
        return replaced(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dying)
        try:
            walk_to_plan(opened, project)
        except Killed:
            opened.close()
        else:
            assert at == 11
            opened.close()
    # Writes: TASK; source; then for each page its files and its stamp.
    finished_after = {0: 0, 1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 3, 8: 3, 9: 4, 10: 4}
    again, found = open_project("one")
    with again:
        assert again.reached(found) is list(Page)[finished_after.get(at, 5)]
        assert not list(again.path.glob("*.tmp"))
        # And goes on to the end.
        walk_to_plan(again, found)
        assert again.reached(again.load()) is Page.RUN


def test_full_disk_leaves_the_old_project(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, project = new_project("one")

    def full(self: Path, text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device")

    with opened:
        with monkeypatch.context() as patched:
            patched.setattr(small_files.Path, "write_text", full)
            with pytest.raises(OutputError, match="No space"):
                opened.save(replace(project, seed=9))
        assert opened.load() == project


def test_newer_and_damaged_projects_are_refused_with_the_reason() -> None:
    opened, _ = new_project("one")
    opened.close()
    path = opened.file(PROJECT)
    good = path.read_text()
    for text, error, words in (
        (good.replace("schema = 1", "schema = 2"), NewerDocumentError, "newer"),
        (good.replace("schema = 1", ""), DamagedDocumentError, "schema"),
        (good + "\nwrong = 1", DamagedDocumentError, "wrong"),
        (good.replace('page = "task"', 'page = "tusk"'), DamagedDocumentError, "page"),
        ("[", DamagedDocumentError, "TOML"),
    ):
        path.write_text(text)
        with pytest.raises(error, match=words):
            open_project("one")
    path.write_text(good)
    # The refusals gave the lock back.
    open_project("one")[0].close()


def test_unknown_project_is_refused_and_nothing_is_made(home: Path) -> None:
    with pytest.raises(TuningError, match="no project"):
        open_project("../one")
    assert not home.exists()


def test_removed_project_is_gone_unless_it_is_open() -> None:
    opened, _ = new_project("one")
    with pytest.raises(ProjectInUseError):
        remove_project("one")
    opened.close()
    remove_project("one")
    assert projects() == ()
    assert not (module.projects_folder() / "one").exists()
