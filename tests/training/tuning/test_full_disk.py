"""A disk that takes no more: one message with what to do, nothing lost, and the step goes on once there is room."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from case_makers import write_site
from small_disk import refused, room_for

from mammoview.core import paths
from mammoview.core.errors import CancelledError, OutputError
from mammoview.models import registry
from mammoview.models.manifest import verify
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.tuning.activations import activate_tuned, read_record
from mammoview.training.tuning.audit import audit
from mammoview.training.tuning.audit_messages import AuditRequest
from mammoview.training.tuning.case_reading import read_cases
from mammoview.training.tuning.judging_site import judge
from mammoview.training.tuning.messages import CaseSource, CasesRequest, SourceKind, TuneTask
from mammoview.training.tuning.publishing import publish_tuned, take_result
from mammoview.training.tuning.run_messages import PublishRequest, RunRequest, VerdictRequest
from mammoview.training.tuning.running import run

Make = Callable[..., Path]
Parents = dict[TuneTask, PackageInfo]


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def call(do: Callable[..., object], request: object, partial: Callable[[object], None] = lambda _: None) -> object:
    return do(request, lambda *_: None, lambda: False, partial)


def run_of(folder: Path, parents: Parents, task: TuneTask) -> RunRequest:
    return RunRequest(str(folder), task, str(parents[task].folder), device="cpu")


def test_cases_that_were_read_stay_when_others_cannot_be_copied(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    few, many = write_site(tmp_path / "few", 1, views=("CC",)), write_site(tmp_path / "many", 2)

    def request(table: Path) -> CasesRequest:
        return CasesRequest(str(folder), CaseSource(SourceKind.TABLE, str(table), is_copied=True))

    call(read_cases, request(few))
    before = files_of(folder)
    with refused(40_000):
        call(read_cases, request(many))
    assert files_of(folder) == before
    with refused(600):
        # There is room for the images now, as they are there, and none for the table.
        with room_for(10**9):
            call(read_cases, request(many))
        before = files_of(folder)
        call(read_cases, CasesRequest(str(folder), CaseSource(SourceKind.TABLE, str(many))))
    assert files_of(folder) == before


def test_an_audit_stays_when_the_next_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    table = write_site(tmp_path / "site", 2, views=("CC",))
    call(read_cases, CasesRequest(str(folder), CaseSource(SourceKind.TABLE, str(table))))
    call(audit, AuditRequest(str(folder)))
    before = (folder / "audit.json").read_bytes()
    with refused(500):
        call(audit, AuditRequest(str(folder)))
    assert (folder / "audit.json").read_bytes() == before
    assert not list(folder.glob("*.tmp"))
    call(audit, AuditRequest(str(folder)))


def test_images_are_prepared_again_once_there_is_room(project: Make, parents: Parents) -> None:
    """24 images of 4 KiB: the disk is full in the middle of them, then when their list is written."""
    folder = project(TuneTask.IMAGE, epochs=1)
    for size in (50_000, 3_000):
        with refused(size):
            call(run, run_of(folder, parents, TuneTask.IMAGE))
        assert not [path for path in (folder / "run").iterdir() if path.suffix in (".rows", ".npz")]

    def cancel() -> bool:
        return bool(list((folder / "run").glob("site-*.npz")))

    with pytest.raises(CancelledError):
        run(run_of(folder, parents, TuneTask.IMAGE), lambda *_: None, cancel, lambda _: None)


def test_a_package_is_published_taken_installed_and_exported_whole_or_not_at_all(
    project: Make, parents: Parents, tmp_path: Path
) -> None:
    task = TuneTask.SEGMENT
    folder, parent = project(task, epochs=1), parents[task]
    call(run, run_of(folder, parents, task))
    call(judge, VerdictRequest(str(folder), task, str(parent.folder)))
    request = PublishRequest(str(folder), task, str(parent.folder))
    with refused(2_000):
        call(publish_tuned, request)
    assert not (folder / "package").exists()
    call(publish_tuned, request)
    (info,) = registry.packages()[:1]
    verify(info.folder, info.manifest)
    # Elsewhere it is taken from, exported and installed again.
    away = Path(shutil.move(folder / "run", tmp_path / "away"))
    with room_for(2_000), pytest.raises(OutputError, match="room"):
        take_result(folder, away, parent)
    assert not [path for path in (folder / "run").iterdir() if path.is_dir()]
    taken = take_result(folder, away, parent)
    verify(taken, read_info(taken).manifest)
    (tmp_path / "out").mkdir()
    with refused(2_000):
        registry.pack(info, tmp_path / "out" / "model")
    assert not list((tmp_path / "out").iterdir())
    packed = registry.pack(info, tmp_path / "out" / "model")
    shutil.rmtree(info.folder)
    with room_for(2_000), pytest.raises(OutputError, match="could not be installed"):
        registry.install(packed)
    assert registry.packages()[:1] != (info,)
    assert not list(paths.user_models().glob(".install*"))
    assert registry.install(packed).key == info.key


def test_what_is_in_use_stays_when_the_choice_or_its_record_finds_no_room(parents: Parents) -> None:
    info = registry.install(parents[TuneTask.SEGMENT].folder)
    activate_tuned(info, None, reason="the first")
    with refused(500):
        # Enough for what is in use, not for a reason as long as this one, nor for the record.
        activate_tuned(info, None, reason="the second " * 50)
    record = paths.user_models() / "activations.jsonl"
    with refused(record.stat().st_size + 100):
        activate_tuned(info, None, reason="the second")
    assert [entry.reason for entry in read_record()] == ["the first"]
    assert registry.chosen(info.task) == (info.key,)
    assert {path.name for path in paths.user_models().iterdir() if path.is_file()} == {"active.json", record.name}
    activate_tuned(info, None, reason="the second")
    assert [entry.reason for entry in read_record()] == ["the first", "the second"]
