"""The loop: it goes on after a kill to the same bits, stops when it should, keeps what it should, shares its work."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mammoview.core.errors import DeviceError, OutputError, UsageError
from mammoview.training.learning import checkpoint
from mammoview.training.learning.course import EpochLog
from mammoview.training.learning.curves import CURVES, LOG
from mammoview.training.learning.engine import Machine, own_part
from mammoview.training.learning.loop import CHECKPOINT, Batch, OutOfMemoryError, TrainingError, train
from mammoview.training.learning.prefetch import AHEAD, prefetched
from mammoview.training.learning.validation import validation_of

HERE = Path(__file__).with_name("toy_run.py")
_spec = importlib.util.spec_from_file_location("toy_run", HERE)
assert _spec is not None
assert _spec.loader is not None
toy_run = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(toy_run)


def state(out: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = checkpoint.load(out / CHECKPOINT)["net"]
    return found


def losses(out: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / LOG).read_text(encoding="utf-8").splitlines()]


def assert_same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=0, atol=0, msg=name)


def start_script(*words: object, shared: bool = False) -> subprocess.Popen[str]:
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"] if shared else []
    return subprocess.Popen(
        [sys.executable, *torchrun, str(HERE), *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[3],
    )


#: How a run dies, and how many epochs it has saved by then.
DEATHS = {("--die-at", 5): 2, ("--die-while-saving", 2): 1}


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """Folders of runs that were killed, all at the same time: what takes long is to import the engine."""
    root = tmp_path_factory.mktemp("killed")
    running = {death: start_script(root / death[0], *death) for death in DEATHS}
    for process in running.values():
        _, told = process.communicate(timeout=300)
        assert process.returncode == -9, told
    return {death: root / death[0] for death in DEATHS}


@pytest.mark.parametrize("death", DEATHS)
def test_a_killed_run_goes_on_to_the_same_bits(
    death: tuple[str, int], killed: Mapping[tuple[str, int], Path], tmp_path: Path
) -> None:
    train(toy_run.net(), toy_run.plan(), tmp_path)
    kept = DEATHS[death]
    # What the kill left is whole.
    assert len(checkpoint.load(killed[death] / CHECKPOINT)["course"]["log"]) == kept
    logs = train(toy_run.net(), toy_run.plan(), killed[death])
    assert [log.epoch for log in logs] == list(range(kept + 1, 5))
    assert_same(state(tmp_path), state(killed[death]))
    assert losses(tmp_path) == losses(killed[death])


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    process = start_script(tmp_path / "shared", shared=True)
    # A batch norm over each process's own part would not be that of the whole batch.
    schedule = toy_run.stages(2, 2, batch_norm="eval")
    train(toy_run.net(), toy_run.plan(stages=schedule), tmp_path / "alone")
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert len(losses(tmp_path / "alone")) == 4
    np.testing.assert_allclose(losses(tmp_path / "shared"), losses(tmp_path / "alone"), rtol=1e-5)
    for name, value in state(tmp_path / "alone").items():
        torch.testing.assert_close(state(tmp_path / "shared")[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_a_batch_that_cannot_be_shared_equally_is_refused() -> None:
    fabric = SimpleNamespace(world_size=2, global_rank=1, device=torch.device("cpu"))
    batch = Batch(torch.arange(16.0).reshape(4, 1, 2, 2), torch.arange(4))
    assert own_part(batch, fabric).targets.tolist() == [2, 3]
    with pytest.raises(UsageError, match="batch of 3"):
        own_part(Batch(batch.images[:3], batch.targets[:3]), fabric)


def test_a_full_disk_keeps_the_last_checkpoint_and_says_so_once(tmp_path: Path) -> None:
    def fill_up(fraction: float, text: str) -> None:
        if text.startswith("Epoch 3") and not draft.is_symlink():
            draft.symlink_to("/dev/full")

    draft = tmp_path / (CHECKPOINT + ".part")
    with pytest.raises(OutputError, match=r"checkpoint\.pt cannot be written: No space left.*is kept"):
        train(toy_run.net(), toy_run.plan(), tmp_path, progress=fill_up)
    assert len(checkpoint.load(tmp_path / CHECKPOINT)["course"]["log"]) == 2
    assert not list(tmp_path.glob("*.part"))
    assert len(train(toy_run.net(), toy_run.plan(), tmp_path)) == 2


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    def explode(output: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        # The loss is finite, its gradient is not.
        return torch.sqrt((output * 0).sum().abs())

    def one_batch(rng: np.random.Generator) -> Iterator[Batch]:
        yield next(toy_run.batches(rng))

    with pytest.raises(TrainingError, match="not a finite number in epoch 1"):
        train(
            toy_run.net(), toy_run.plan(loss=explode, batches=lambda rng: iter([next(toy_run.batches(rng))])), tmp_path
        )
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_damaged_checkpoint_is_one_message(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(TrainingError, match="cannot be read"):
        train(toy_run.net(), toy_run.plan(), tmp_path)


def values(*told: float) -> Callable[[nn.Module, int | None], Mapping[str, float]]:
    """A validation that gives one value after the other."""
    rest = iter(told)

    def validate(net: nn.Module, limit: int | None) -> Mapping[str, float]:
        assert not net.training
        return {"auc": math.nan if limit else next(rest)}

    return validate


def test_patience_ends_a_stage_starts_anew_in_the_next_and_the_best_is_kept(tmp_path: Path) -> None:
    told = (0.5, 0.7, 0.6, 0.6, 0.4, 0.5, 0.6, 0.65)
    plan = toy_run.plan(
        stages=toy_run.stages(9, 4, patience=2),
        validate=values(*told),
        monitor="auc",
        direction="max",
        keep="best",
    )
    net = toy_run.net()
    logs = train(net, plan, tmp_path)
    assert [log.stage for log in logs] == ["s1"] * 4 + ["s2"] * 4
    assert [log.validation["auc"] for log in logs] == list(told)
    kept = checkpoint.load(tmp_path / checkpoint.BEST)
    assert kept["epoch"] == 2
    assert_same(kept["net"], net.state_dict())
    assert any(not torch.equal(value, kept["net"][name]) for name, value in state(tmp_path).items())
    # Called again there is nothing to do, and the net is the best once more.
    again = toy_run.net()
    assert train(again, plan, tmp_path) == ()
    assert_same(kept["net"], again.state_dict())


def test_patience_outlives_a_stop(tmp_path: Path) -> None:
    def stop(fraction: float, text: str) -> None:
        if text.startswith("Epoch 3"):
            raise KeyboardInterrupt

    words = {"stages": toy_run.stages(9, patience=2), "monitor": "auc", "direction": "max"}
    with pytest.raises(KeyboardInterrupt):
        train(toy_run.net(), toy_run.plan(**words, validate=values(0.7, 0.6)), tmp_path, progress=stop)
    assert len(train(toy_run.net(), toy_run.plan(**words, validate=values(0.65, 0.9)), tmp_path)) == 1


def test_a_loss_that_hardly_changes_ends_the_stage(tmp_path: Path) -> None:
    steady = toy_run.stages(9, least_change=1e9)
    assert len(train(toy_run.net(), toy_run.plan(stages=steady), tmp_path / "steady")) == 2
    lively = toy_run.stages(5, least_change=1e-12)
    assert len(train(toy_run.net(), toy_run.plan(stages=lively), tmp_path / "lively")) == 5


def test_a_broken_validation_fails_before_the_first_step(tmp_path: Path) -> None:
    def no_batches(rng: np.random.Generator) -> Iterator[Batch]:
        raise AssertionError("a batch was drawn")

    def broken(net: nn.Module, limit: int | None) -> Mapping[str, float]:
        assert limit == 2
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(toy_run.net(), toy_run.plan(batches=no_batches, validate=broken), tmp_path)
    with pytest.raises(UsageError, match="watches “f1”, but validation gives loss, auc"):
        train(toy_run.net(), toy_run.plan(batches=no_batches, validate=values(), monitor="f1"), tmp_path)


def test_validation_runs_the_net_over_all_batches_and_over_two_at_first(tmp_path: Path) -> None:
    asked: list[int] = []

    def batches() -> Iterator[Batch]:
        for _ in range(5):
            yield next(toy_run.batches(np.random.default_rng(0)))

    def measure(outputs: np.ndarray, targets: np.ndarray) -> Mapping[str, float]:
        assert outputs.shape == (len(targets), 3)
        asked.append(len(targets))
        return {"accuracy": float((outputs.argmax(axis=1) == targets).mean())}

    plan = toy_run.plan(stages=toy_run.stages(2), validate=validation_of(batches, measure), monitor="accuracy")
    logs = train(toy_run.net(), plan, tmp_path)
    assert asked == [2 * toy_run.BATCH, 5 * toy_run.BATCH, 5 * toy_run.BATCH]
    assert all(0 <= log.validation["accuracy"] <= 1 for log in logs)


def test_the_log_and_the_curves_tell_of_each_epoch(tmp_path: Path) -> None:
    train(toy_run.net(), toy_run.plan(validate=values(0.5, 0.6, 0.7, 0.8)), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text(encoding="utf-8").splitlines()]
    assert [(line["epoch"], line["stage"], line["validation"]["auc"]) for line in lines] == [
        (1, "s1", 0.5),
        (2, "s1", 0.6),
        (3, "s2", 0.7),
        (4, "s2", 0.8),
    ]
    assert all(line["learning_rate"] == 3e-3 and line["samples_per_second"] > 0 for line in lines)
    assert (tmp_path / CURVES).read_bytes().startswith(b"\x89PNG")


def test_net_and_images_are_channels_last(tmp_path: Path) -> None:
    seen = []
    net = toy_run.net()
    first = next(net.children())

    def look(module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        seen.append([tensor.is_contiguous(memory_format=torch.channels_last) for tensor in (*given, module.weight)])

    first.register_forward_pre_hook(look)
    train(net, toy_run.plan(stages=toy_run.stages(1)), tmp_path)
    assert seen == [[True, True]] * toy_run.STEPS
    assert first.get_parameter("weight").is_contiguous()


def test_bfloat16_reaches_the_convolutions_and_not_the_weights(tmp_path: Path) -> None:
    seen = []
    net = toy_run.net()
    next(net.children()).register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    train(net, toy_run.plan(stages=toy_run.stages(1), arithmetic="bf16"), tmp_path)
    assert set(seen) == {torch.bfloat16}
    assert {value.dtype for value in net.parameters()} == {torch.float32}


def test_what_the_device_cannot_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fp16"):
        train(toy_run.net(), toy_run.plan(arithmetic="fp16"), tmp_path)
    with pytest.raises(UsageError, match="not a device"):
        train(toy_run.net(), toy_run.plan(machine=Machine("toaster")), tmp_path)
    with pytest.raises(DeviceError):
        train(toy_run.net(), toy_run.plan(machine=Machine("cuda:99")), tmp_path)


def jobs(count: int, wait: Callable[[int], float]) -> Iterator[Callable[[], Batch]]:
    def draw(number: int) -> Batch:
        time.sleep(wait(number))
        return Batch(torch.full((1, 1, 1, 1), float(number)), torch.tensor([number]))

    for number in range(count):
        yield lambda number=number: draw(number)


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_keep_their_order_whoever_is_late(workers: int) -> None:
    drawn = prefetched(jobs(9, lambda number: 0.02 * (number % 3 == 0)), lambda batch: batch, workers=workers)
    assert [int(batch.targets) for batch in drawn] == list(range(9))


def test_batches_are_drawn_in_the_background_and_few_at_once() -> None:
    alive: weakref.WeakSet[Batch] = weakref.WeakSet()
    threads = set()

    def epoch() -> Iterator[Batch]:
        for _ in range(50):
            threads.add(threading.get_ident())
            batch = Batch(torch.zeros(1, 1, 1, 1), torch.zeros(1))
            alive.add(batch)
            yield batch

    most = 0
    for _ in prefetched(epoch(), lambda batch: batch):
        most = max(most, len(alive))
    # Those ahead, the one that is drawn, the one that is learned from.
    assert most <= AHEAD + 2
    assert len(threads - {threading.get_ident()}) == 1


def test_an_error_while_drawing_arrives_and_a_stop_ends_the_drawing() -> None:
    def fails() -> Iterator[Batch]:
        yield Batch(torch.zeros(1, 1, 1, 1), torch.zeros(1))
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(prefetched(fails(), lambda batch: batch))
    drawn: list[int] = []
    endless = prefetched(jobs(10_000, lambda number: drawn.append(number) or 0.0), lambda batch: batch)
    next(endless)
    endless.close()
    count = len(drawn)
    time.sleep(0.05)
    assert len(drawn) == count < 10


def test_an_empty_epoch_is_empty() -> None:
    assert list(prefetched(iter(()), lambda batch: batch)) == []


def test_fabric_is_imported_when_a_training_starts_and_not_before() -> None:
    code = (
        "import sys, mammoview.training.recipes.papers, mammoview.training.learning.curves;"
        "found = [name for name in ('lightning_fabric', 'matplotlib', 'torchvision') if name in sys.modules];"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_a_batch_in_parts_learns_as_the_whole_batch(tmp_path: Path) -> None:
    words = {"stages": toy_run.stages(2, batch_norm="eval"), "loss": functional.cross_entropy}
    whole, parted = toy_run.net(), toy_run.net()
    (one, *_), (other, *_) = (
        train(whole, toy_run.plan(**words), tmp_path / "whole"),
        train(parted, toy_run.plan(**words, parts=3), tmp_path / "parts"),
    )
    assert other.loss == pytest.approx(one.loss, abs=1e-6)
    for first, second in zip(whole.parameters(), parted.parameters(), strict=True):
        torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("words", ["[enforce fail] DefaultCPUAllocator: can't allocate memory", "shape mismatch"])
def test_a_device_that_is_too_small_says_so_and_other_errors_stay_what_they_are(tmp_path: Path, words: str) -> None:
    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(words)

    wanted = OutOfMemoryError if "memory" in words else RuntimeError
    with pytest.raises(wanted) as caught:
        train(toy_run.net(), toy_run.plan(loss=loss), tmp_path)
    assert isinstance(caught.value, OutOfMemoryError) is ("memory" in words)


def test_each_saved_epoch_is_told_with_the_net(tmp_path: Path) -> None:
    told: list[tuple[int, bool, bool]] = []

    def on_epoch(net: torch.nn.Module, log: EpochLog) -> None:
        told.append((log.epoch, net.training, (tmp_path / CHECKPOINT).exists()))

    train(toy_run.net(), toy_run.plan(on_epoch=on_epoch), tmp_path)
    assert told == [(number, False, True) for number in (1, 2, 3, 4)]
