"""A run goes on after whatever stopped it, and says what happened to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from small_disk import leave_room_for, refused

from mammoview.core.errors import CancelledError, DeviceError, ModelPackageError, UsageError
from mammoview.models.manifest import Task
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.learning import checkpoint, loop
from mammoview.training.learning.checkpoint import CHECKPOINT
from mammoview.training.learning.course import EpochLog
from mammoview.training.recipes.fitting import Shown
from mammoview.training.tuning import gate, running
from mammoview.training.tuning.anew import begin_anew
from mammoview.training.tuning.files import Files
from mammoview.training.tuning.gate import PAUSE, YIELD
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.run_messages import EpochTold, Notice, NoticeKind, RunReport, RunRequest
from mammoview.training.tuning.running import reproducible_words, run

SCRIPT = Path(__file__).with_name("made_up_site.py")
Make = Callable[..., Path]
Parents = dict[TuneTask, PackageInfo]


class Told:
    """What a run tells."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def __call__(self, value: object) -> None:
        self.values.append(value)

    @property
    def epochs(self) -> list[EpochTold]:
        return [value for value in self.values if isinstance(value, EpochTold)]

    def notices(self, kind: NoticeKind) -> list[Notice]:
        return [value for value in self.values if isinstance(value, Notice) and value.kind is kind]


def do(
    folder: Path, parents: Parents, task: TuneTask, told: Told | None = None, cancel: Callable[[], bool] = lambda: False
) -> RunReport:
    request = RunRequest(str(folder), task, str(parents[task].folder), device="cpu")
    return run(request, lambda *_: None, cancel, told or Told())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = checkpoint.load(folder / "run" / CHECKPOINT)["net"]
    return found


def assert_same(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=0, msg=name)


@pytest.mark.parametrize("task", [TuneTask.IMAGE, TuneTask.PATCH, TuneTask.SEGMENT])
def test_a_run_leaves_a_package_and_tells_every_epoch(project: Make, parents: Parents, task: TuneTask) -> None:
    folder, told = project(task), Told()
    report = do(folder, parents, task, told)
    info = read_info(Path(report.package))
    assert info.manifest.parent_sha256 == parents[task].sha256
    assert info.task is {TuneTask.IMAGE: Task.WHOLE_IMAGE, TuneTask.PATCH: Task.PATCH}.get(task, Task.SEGMENTATION)
    assert info.id == f"site-parent-{task.value}"
    epochs = told.epochs
    assert [one.epoch for one in epochs] == list(range(1, epochs[0].epochs + 1))
    assert epochs[-1].minutes_left == 0
    # Six patients are watched.
    assert epochs[0].measure == {"image": "auc", "patch": "accuracy", "segment": "dice"}[task.value]
    assert epochs[0].low is None or epochs[0].low <= (epochs[0].value or 0)
    shown = epochs[-1].samples
    assert shown is not None
    assert shown.images.dtype == np.uint8
    assert max(shown.images.shape[1:]) <= 96
    assert shown.told.shape == (shown.images.shape if task is TuneTask.SEGMENT else (len(shown.images),))
    assert (folder / "run" / "samples-0001.npz").exists()


@pytest.fixture(scope="module")
def whole(planned: Make, parents: Parents, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose segmenter learned without any interruption."""
    with pytest.MonkeyPatch.context() as patched:
        root = tmp_path_factory.mktemp("whole")
        patched.setenv("MAMMOVIEW_HOME", str(root / "home"))
        torch.set_num_threads(1)
        folder = planned(root / "project", TuneTask.SEGMENT)
        do(folder, parents, TuneTask.SEGMENT)
        yield folder


def test_a_sealed_patient_is_never_learned_from(project: Make, parents: Parents, whole: Path) -> None:
    """Change the pixels of the test patients: the weights do not notice."""
    other = project(TuneTask.SEGMENT)
    sealed = sorted(Files(other).sides().test)
    assert len(sealed) == 6
    for name in sealed:
        path = str(other / f"{int(name[1:])}.png")
        assert cv2.imwrite(path, np.asarray(cv2.imread(path, cv2.IMREAD_GRAYSCALE)) // 2)
    do(other, parents, TuneTask.SEGMENT)
    assert_same(whole, other)


# The gate is asked for each of 24 rows of the table, for each of 24 images, for each of two batches of the validation
# (once before the first epoch), and between the steps, three an epoch.
@pytest.mark.parametrize(("kill_at", "is_saved"), [(30, False), (51, False), (56, True)])
def test_a_killed_run_goes_on_to_the_same_weights(
    project: Make, parents: Parents, whole: Path, kill_at: int, is_saved: bool
) -> None:
    """SIGKILL while the images are cut, in the middle of an epoch, of the next one; same seed, same bits."""
    killed = project(TuneTask.SEGMENT)
    parent = parents[TuneTask.SEGMENT].folder
    words = [sys.executable, str(SCRIPT), str(killed), str(parent), "segment", str(kill_at)]
    done = subprocess.run(words, capture_output=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == -9, done.stderr.decode()[-500:]
    assert (killed / "run" / CHECKPOINT).exists() is is_saved
    told = Told()
    do(killed, parents, TuneTask.SEGMENT, told)
    assert bool(told.notices(NoticeKind.RESUMED)) is is_saved
    assert_same(whole, killed)


def test_a_checkpoint_that_finds_no_room_leaves_the_one_before(project: Make, parents: Parents, whole: Path) -> None:
    folder = project(TuneTask.SEGMENT)

    def fill(value: object) -> None:
        if isinstance(value, EpochTold):
            leave_room_for(10_000)

    request = RunRequest(str(folder), TuneTask.SEGMENT, str(parents[TuneTask.SEGMENT].folder), device="cpu")
    with refused(10**9):
        run(request, lambda *_: None, lambda: False, fill)
    assert len(checkpoint.load(folder / "run" / CHECKPOINT)["course"]["log"]) == 1
    assert not list((folder / "run").glob("*.part"))
    do(folder, parents, TuneTask.SEGMENT)
    assert_same(whole, folder)


def test_an_image_that_breaks_in_the_third_epoch_is_skipped_counted_and_shown(project: Make, parents: Parents) -> None:
    folder, told = project(TuneTask.IMAGE, epochs=4), Told()

    def partial(value: object) -> None:
        told(value)
        if isinstance(value, EpochTold) and value.epoch == 2:
            (rows,) = (folder / "run").glob("*.rows")
            with rows.open("r+b") as file:
                file.seek(2 * 64 * 32 * 2 + 100)
                file.write(b"\xff" * 8)

    request = RunRequest(str(folder), TuneTask.IMAGE, str(parents[TuneTask.IMAGE].folder), device="cpu")
    report = run(request, lambda *_: None, lambda: False, partial)
    (notice,) = told.notices(NoticeKind.SKIPPED)
    assert notice.count == 1
    assert "2.png" in notice.text
    assert [name for name, _ in report.skipped] == [str(folder / "2.png")]
    place = told.values.index(notice)
    assert [one.epoch for one in told.epochs if told.values.index(one) < place] == [1, 2]
    assert len(told.epochs) == 4


def test_a_broken_file_is_skipped_from_the_start(project: Make, parents: Parents) -> None:
    folder, told = project(TuneTask.SEGMENT), Told()
    (folder / "3.png").write_bytes((folder / "3.png").read_bytes()[:100])
    # Its header is checked with the table; what is behind it, when it is read.
    report = do(folder, parents, TuneTask.SEGMENT, told)
    assert [Path(name).name for name, _ in report.skipped] == ["3.png"]
    assert len(told.notices(NoticeKind.SKIPPED)) == 1


def test_labels_that_change_while_it_runs_are_told_once_and_refused_later(project: Make, parents: Parents) -> None:
    folder, told = project(TuneTask.SEGMENT), Told()
    table = folder / "cases.csv"
    before = table.read_text(encoding="utf-8")

    def partial(value: object) -> None:
        told(value)
        if isinstance(value, EpochTold) and value.epoch == 1:
            table.write_text(before.replace("benign", "malignant", 1), encoding="utf-8")

    stop = iter([False] * 28 + [True] * 100)
    request = RunRequest(str(folder), TuneTask.SEGMENT, str(parents[TuneTask.SEGMENT].folder), device="cpu")
    with pytest.raises(CancelledError):
        run(request, lambda *_: None, lambda: next(stop) and len(told.epochs) > 0, partial)
    assert len(told.epochs) == 1
    (notice,) = told.notices(NoticeKind.LABELS_CHANGED)
    assert "as they were at its beginning" in notice.text
    with pytest.raises(UsageError, match="something else has become of the table of cases"):
        do(folder, parents, TuneTask.SEGMENT)
    table.write_text(before, encoding="utf-8")
    do(folder, parents, TuneTask.SEGMENT)


@pytest.mark.parametrize("changed", ["split.csv", "config.toml"])
def test_a_run_goes_on_with_nothing_but_its_own(project: Make, parents: Parents, changed: str) -> None:
    folder = project(TuneTask.SEGMENT)
    with pytest.raises(CancelledError):
        do(folder, parents, TuneTask.SEGMENT, cancel=lambda: True)
    (folder / changed).write_text((folder / changed).read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=changed.partition(".")[0]):
        do(folder, parents, TuneTask.SEGMENT)
    begin_anew(folder)
    assert do(folder, parents, TuneTask.SEGMENT).epochs == 2


def test_a_device_that_is_too_small_takes_the_batch_in_parts_and_says_so(
    project: Make, parents: Parents, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, told = project(TuneTask.SEGMENT), Told()
    from mammoview.models.networks.bcir_unet import BCirUNet

    real = BCirUNet.forward

    def forward(self: BCirUNet, images: torch.Tensor) -> torch.Tensor:
        if self.training and len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(self, images)

    monkeypatch.setattr(BCirUNet, "forward", forward)
    do(folder, parents, TuneTask.SEGMENT, told)
    (notice,) = told.notices(NoticeKind.BATCH_HALVED)
    assert notice.count == 2
    assert "each batch of 4 goes through the net in 2 parts of 2" in notice.text
    assert json.loads((folder / "run" / "inputs.json").read_text(encoding="utf-8"))["parts"] == 2
    assert len(told.epochs) == 2


def test_not_even_one_image_fits(project: Make, parents: Parents, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, told = project(TuneTask.SEGMENT), Told()

    def loss(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(loop._Run, "_backward", loss)
    with pytest.raises(DeviceError, match="even with one image at a time"):
        do(folder, parents, TuneTask.SEGMENT, told)
    assert [notice.count for notice in told.notices(NoticeKind.BATCH_HALVED)] == [2, 4]


# While the table is read, in the middle of the first epoch, and in its validation.
@pytest.mark.parametrize(("name", "at"), [(PAUSE, 3), (PAUSE, 51), (YIELD, 54)])
def test_a_run_waits_while_it_should_and_loses_nothing(
    project: Make, parents: Parents, whole: Path, name: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_LOOK_S", 0.0)
    folder, told = project(TuneTask.SEGMENT), Told()
    wish, asked = folder / "run" / name, iter(range(10_000))
    kind = NoticeKind.PAUSED if name == PAUSE else NoticeKind.YIELDED

    def cancel() -> bool:
        if next(asked) == at:
            wish.touch()
        elif told.notices(kind):
            wish.unlink(missing_ok=True)
        return False

    do(folder, parents, TuneTask.SEGMENT, told, cancel)
    (waited,) = told.notices(kind)
    assert len(told.notices(NoticeKind.WENT_ON)) == 1
    assert not [one for one in told.epochs if told.values.index(one) < told.values.index(waited)]
    assert_same(whole, folder)


def test_a_pause_makes_the_estimate_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Epochs of ten seconds of learning and two of validation, and an hour's pause in the second."""
    now, told = 0.0, Told()
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=lambda: now))
    held = gate.Gate(tmp_path, lambda: False, told)
    inputs = running.Inputs(tmp_path / "inputs.json", {"table of cases": ""})
    watcher = running._Watcher(Files(tmp_path), inputs, held, told, epochs=4)
    shown = Shown(np.zeros((1, 8, 8), np.uint8), np.zeros(1), np.zeros(1))
    for epoch in (1, 2, 3):
        now += 12.0
        if epoch == 2:
            now += 3600.0
            held.waited_s += 3600.0
        watcher.on_epoch(EpochLog(epoch, "all", 0.5, 10.0, 1e-3, 1.0), shown)
    assert [one.minutes_left for one in told.epochs] == [0.5, 0.4, 0.2]


def test_a_paused_run_can_be_cancelled(project: Make, parents: Parents) -> None:
    folder, asked = project(TuneTask.SEGMENT), iter(range(100))
    (folder / "run").mkdir()
    (folder / "run" / PAUSE).touch()
    with pytest.raises(CancelledError):
        do(folder, parents, TuneTask.SEGMENT, cancel=lambda: next(asked) == 4)


def test_a_parent_from_a_newer_version_is_refused(project: Make, parents: Parents, tmp_path: Path) -> None:
    folder = project(TuneTask.SEGMENT)
    newer = Path(shutil.copytree(parents[TuneTask.SEGMENT].folder, tmp_path / "newer"))
    words = json.loads((newer / "manifest.json").read_text(encoding="utf-8"))
    (newer / "manifest.json").write_text(json.dumps({**words, "schema_version": 99}), encoding="utf-8")
    with pytest.raises(ModelPackageError, match="newer MammoView"):
        run(RunRequest(str(folder), TuneTask.SEGMENT, str(newer)), lambda *_: None, lambda: False, Told())


def test_a_finished_run_is_not_done_again(project: Make, parents: Parents) -> None:
    folder, told = project(TuneTask.SEGMENT), Told()
    first = do(folder, parents, TuneTask.SEGMENT)
    again = do(folder, parents, TuneTask.SEGMENT, told)
    assert again.package == first.package
    assert not told.epochs


def test_what_can_be_repeated_is_said() -> None:
    assert "to the last bit" in reproducible_words("cpu", threads=1, precision="fp32")
    assert "One thread repeats them exactly" in reproducible_words("cpu", threads=4, precision="fp32")
    assert "from run to run" in reproducible_words("cuda:0", threads=1, precision="bf16")
