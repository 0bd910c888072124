"""The run of a wizard's project: trains as the config says, goes on after whatever stopped it, and tells how it is."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from mammoview.core.errors import DamagedDocumentError, DeviceError, OutputError, UsageError
from mammoview.core.small_files import hint_for, write_whole
from mammoview.models.devices import resolve_device
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.lost import Lost
from mammoview.training.cases.stored import DRAFT
from mammoview.training.learning.checkpoint import CHECKPOINT
from mammoview.training.learning.engine import Machine
from mammoview.training.learning.lent import give_memory_back
from mammoview.training.learning.loop import OutOfMemoryError
from mammoview.training.recipes.fitting import Run, Shown
from mammoview.training.recipes.launch import tuning_recipe
from mammoview.training.tuning.anew import INPUTS
from mammoview.training.tuning.files import CONFIG, SPLIT, Files, sha256_of
from mammoview.training.tuning.gate import Gate
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.recalibrating import recalibrate
from mammoview.training.tuning.run_messages import (
    EpochTold,
    Notice,
    NoticeKind,
    RunReport,
    RunRequest,
    SamplesTold,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mammoview.core.progress import Cancel, Progress
    from mammoview.training.config import TrainingConfig
    from mammoview.training.learning.course import EpochLog

SAMPLES = "samples-{:04d}.npz"


def run(request: RunRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> RunReport:
    """Train a project's model, or go on with it.

    Parameters
    ----------
    request
        Which project, where to compute.
    partial
        Told of each epoch (`EpochTold`) and of what happens (`Notice`).

    Raises
    ------
    UsageError
        When table, split, config or parent are not those that the run began with.
    MammoViewError
        When the data or the device do not serve, or the disk is full; what was saved is kept.
    """
    files = Files(Path(request.folder))
    _make_ready(files.run)
    parent = read_info(Path(request.parent))
    inputs = Inputs.begin(files, parent)
    if files.trained.exists():
        # A kill between the package and the answer: there is nothing left to do.
        return RunReport(str(files.trained), _epochs_done(files.run))
    torch.set_num_threads(request.threads)
    cv2.setNumThreads(request.threads)
    lost = Lost(files.run)
    lost.tell = lambda name, reason: partial(Notice(NoticeKind.SKIPPED, f"Skipped {name}: {reason}", len(lost)))
    gate = Gate(files.run, cancel, partial)
    if (files.run / CHECKPOINT).exists():
        done = _epochs_done(files.run)
        partial(Notice(NoticeKind.RESUMED, f"The run goes on after epoch {done}.", done))
    watcher = _Watcher(files, inputs, gate, partial)
    if request.task is TuneTask.CALIBRATE:
        info = recalibrate(files, parent, lost=lost, progress=progress, cancel=gate)
    else:
        files.write_folds(files.sides())
        config = files.config()
        partial(_beginning(request, config))
        watcher.epochs = sum(stage.epochs for stage in config.stages)
        order = Run(
            config,
            files.run,
            progress=progress,
            cancel=gate,
            machine=Machine(request.device),
            lost=lost,
            on_epoch=watcher.on_epoch,
            lent=gate.device,
        )
        info = _trained(request, files, inputs, order, partial)
    watcher.look_at_labels()
    return RunReport(str(info.folder), _epochs_done(files.run), tuple(lost), tuple(watcher.notes))


def _make_ready(folder: Path) -> None:
    """Make the run's folder, without what a killed process began to write there and did not finish."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for draft in (*folder.glob(f"{DRAFT}*"), *folder.glob("*.tmp")):
            draft.unlink()
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ready ({error.strerror}).", hint_for(error)) from error


@dataclass(frozen=True)
class Inputs:
    """What a run began with.

    Attributes
    ----------
    hashes
        Of each input, by its name for people.
    parts
        In how many parts each batch goes through the net.
    """

    path: Path
    hashes: dict[str, str]
    parts: int = 1

    @classmethod
    def begin(cls, files: Files, parent: PackageInfo) -> Inputs:
        """Note the inputs of a run that begins, or check that those of one that goes on are the same.

        Raises
        ------
        UsageError
            When they are not.
        DamagedDocumentError
            When what the run noted cannot be read.
        """
        hashes = {
            "table of cases": sha256_of(files.cases),
            "split": sha256_of(files.folder / SPLIT),
            "config": sha256_of(files.folder / CONFIG),
            "model it starts from": parent.sha256,
        }
        path = files.run / INPUTS
        if not path.exists():
            found = cls(path, hashes)
            found.save()
            return found
        try:
            words = json.loads(path.read_text(encoding="utf-8"))
            before, parts = dict(words["hashes"]), int(words["parts"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedDocumentError(f"{path} cannot be read.", "Start the run anew.") from error
        changed = [name for name, sha256 in hashes.items() if before.get(name) != sha256]
        if changed:
            raise UsageError(
                f"Since the run began, something else has become of the {' and the '.join(changed)}.",
                "Put it back to go on with the run, or start the run anew.",
            )
        return cls(path, hashes, parts)

    def save(self) -> None:
        """Write them."""
        words = {"hashes": self.hashes, "parts": self.parts}
        write_whole(self.path, json.dumps(words, indent=1), "What the run began with")


@dataclass
class _Watcher:
    """Tells of epochs, keeps their samples, and looks whether the labels are still those that are learned."""

    files: Files
    inputs: Inputs
    gate: Gate
    partial: Callable[[object], None]
    epochs: int = 0
    notes: list[str] = field(default_factory=list)
    _stamp: tuple[int, int] | None = None
    _worked: float | None = None

    def on_epoch(self, log: EpochLog, shown: Shown) -> None:
        samples = SamplesTold(shown.images, shown.truth, shown.told)
        path = self.files.run / SAMPLES.format(log.epoch)
        # Nice to have: a full disk must not cost the epoch that was just saved.
        with suppress(OSError):
            np.savez_compressed(path, images=samples.images, truth=samples.truth, told=samples.told)
        self.partial(epoch_told(log, self.epochs, samples, seconds=self._pace(log)))
        self.look_at_labels()

    def _pace(self, log: EpochLog) -> float:
        """Seconds from one epoch to the next, with validation and saving, but not what the run was made to wait."""
        worked = time.monotonic() - self.gate.waited_s
        before, self._worked = self._worked, worked
        return log.seconds if before is None else worked - before

    def look_at_labels(self) -> None:
        """Tell once when the table of cases is no longer what the run began with."""
        try:
            found = self.files.cases.stat()
            stamp = (found.st_mtime_ns, found.st_size)
        except OSError:
            stamp = (0, 0)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        is_same = sha256_of(self.files.cases) == self.inputs.hashes["table of cases"]
        if not is_same and not self.notes:
            text = (
                "The table of cases was changed while the run goes on. The run learns from the labels as they were at "
                "its beginning; to learn from the new ones start it anew."
            )
            self.notes.append(text)
            self.partial(Notice(NoticeKind.LABELS_CHANGED, text))


def epoch_told(log: EpochLog, epochs: int, samples: SamplesTold | None = None, *, seconds: float = 0.0) -> EpochTold:
    """One line of the log, as the wizard shows it; ``seconds`` is what an epoch takes, all in all."""
    measure = next((name for name in log.validation if not name.endswith(("_low", "_high"))), "")
    value, low, high = (_finite(log.validation.get(name)) for name in (measure, f"{measure}_low", f"{measure}_high"))
    left = max(0, epochs - log.epoch) * max(seconds, log.seconds) / 60.0
    return EpochTold(
        log.epoch,
        epochs,
        log.stage,
        log.loss,
        log.learning_rate,
        log.seconds,
        measure,
        value,
        low,
        high,
        round(left, 2),
        samples,
    )


def _trained(
    request: RunRequest, files: Files, inputs: Inputs, order: Run, partial: Callable[[object], None]
) -> PackageInfo:
    """Train; where the device is too small, halve what goes through the net at once, and add the gradients up."""
    recipe = tuning_recipe(request.task.value, Path(request.parent))
    parts, most = inputs.parts, order.config.batch_size
    if parts > 1:
        partial(Notice(NoticeKind.BATCH_HALVED, _halved(order.config, parts), parts))
    while True:
        try:
            return recipe(files.cases, replace(order, parts=parts))
        except OutOfMemoryError as error:
            if parts >= most:
                raise DeviceError(
                    "The device ran out of memory even with one image at a time.", "Choose another device."
                ) from error
            parts = min(2 * parts, most)
            replace(inputs, parts=parts).save()
            partial(Notice(NoticeKind.BATCH_HALVED, _halved(order.config, parts), parts))
            give_memory_back()


def _halved(config: TrainingConfig, parts: int) -> str:
    size = -(-config.batch_size // parts)
    return (
        f"The device ran out of memory: each batch of {config.batch_size} goes through the net in {parts} parts of "
        f"{size} now, and their gradients add up. A step is as large as before and takes longer; what a batch shares "
        "(the weight of its classes) is that of each part, so that the weights differ a little from those of a larger "
        "device."
    )


def _beginning(request: RunRequest, config: TrainingConfig) -> Notice:
    device = resolve_device(request.device)
    words = reproducible_words(device.torch_name, threads=request.threads, precision=config.arithmetic)
    return Notice(NoticeKind.BEGAN, f"Learns on {device.name} in {config.arithmetic}. {words}")


def _epochs_done(run: Path) -> int:
    try:
        return len((run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    except OSError:
        return 0


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def reproducible_words(device: str, *, threads: int, precision: str) -> str:
    """Which part of a run can be repeated on a device, one or two sentences."""
    if device == "cpu" and threads == 1:
        return (
            "On this processor, with one thread, the same seed gives the same weights to the last bit, also across a "
            "pause or a crash."
        )
    if device == "cpu":
        return (
            f"With {threads} threads order, augmentation and split repeat; sums are rounded in another order each "
            "time, so that weights differ in their last digits. One thread repeats them exactly."
        )
    words = "in their last digits" if precision == "fp32" else "a little"
    return (
        "On this device order, augmentation and split repeat; the gradients of its convolutions are summed in another "
        f"order each time, so that weights differ {words} from run to run."
    )
