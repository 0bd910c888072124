"""What a fine-tuning run takes, against what its plan says: ``python -m bench.tuning_run [--cases N]``.

For each kind of net a made-up site is planned and learned from. First the pace: what the plan measured on two batches
beside what an epoch really takes, validation and saving included. Then the memory: the peak of a process that prepares
so many cases, four of them as large as a mammogram, and learns for a few steps; and the same with a tenth of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from bench.audit import breast
from mammoview.core.errors import CancelledError
from mammoview.core.paths import shipped_models
from mammoview.core.progress import never_cancel, no_progress
from mammoview.training.cases.manifest import read_manifest
from mammoview.training.tuning import costing
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.planning import plan
from mammoview.training.tuning.run_messages import EpochTold, PlanReport, PlanRequest, RunRequest
from mammoview.training.tuning.running import run
from mammoview.training.tuning.sealing import Seal, labels_hash

PARENTS = {
    TuneTask.IMAGE: "cbis-whole-image-1-0.3",
    TuneTask.PATCH: "cbis-patch-1-0.3",
    TuneTask.SEGMENT: "cesm-bcir-unet-1-0.2",
}
#: Of the pictures whose number counts, of those whose pace counts, and of a mammogram.
TINY, SMALL, LARGE = (256, 208), (800, 640), (4096, 3328)
#: Patients and epochs of the real run that the plan is compared with.
PATIENTS, EPOCHS = 60, 4
CASES, LARGE_ONES, STEPS = 2000, 4, 4
MOST_MIB, MOST_OFF = 2048.0, 1.3
CLOCKS: dict[str, Callable[[], float]] = {"the clock": time.perf_counter, "processor time": time.process_time}


def main() -> int:
    """Print the numbers; the exit code is 1 when a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--task", choices=[task.value for task in PARENTS], action="append")
    given = parser.parse_args()
    is_good = True
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as home:
        os.environ["MAMMOVIEW_HOME"] = str(Path(home) / "home")
        for task in map(TuneTask, given.task or list(PARENTS)):
            is_good &= _pace(Path(home), task)
            for count in (given.cases // 10, given.cases):
                is_good &= _memory(Path(home), task, count)
    return 0 if is_good else 1


def write_site(folder: Path, cases: int, *, large: int = 0) -> Path:
    """A project with one image of each patient: a lesion with box and mask, split and seal; no two files are equal."""
    folder.mkdir(parents=True)
    kinds = [(TINY, 8), (LARGE, 1)] if large else [(SMALL, 8)]
    for number, (shape, variants) in enumerate(kinds):
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        centre, radius = (shape[0] * 0.45, shape[1] * 0.3), shape[0] * 0.03
        disc = ((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) < radius**2
        assert cv2.imwrite(str(folder / f"mask-{number}.png"), disc.astype(np.uint8) * 255)
        for seed in range(variants):
            pixels = np.clip(breast(shape, seed) / 16.0 + 60.0 * disc, 0, 255).astype(np.uint8)
            assert cv2.imwrite(str(folder / f"image-{number}-{seed}.png"), pixels)
    lines, split = ["path,patient,laterality,view,label,boxes,mask"], ["patient,set"]
    for place in range(cases):
        kind = 1 if place < large else 0
        image = (folder / f"image-{kind}-{0 if kind else place % 8}.png").read_bytes()
        # Behind the end of the picture: each file is an image of its own.
        (folder / f"{place:05d}.png").write_bytes(image + place.to_bytes(4, "big"))
        rows_px, columns_px = kinds[kind][0]
        top, left, half = rows_px * 0.45, columns_px * 0.3, rows_px * 0.03
        box = f"{top - half:.0f} {left - half:.0f} {top + half:.0f} {left + half:.0f} mass"
        label = "malignant" if place % 2 else "benign"
        lines.append(f"{place:05d}.png,W{place:05d},L,CC,{label},{box},mask-{kind}.png")
        split.append(f"W{place:05d},{('training', 'training', 'training', 'validation', 'test')[place // 2 % 5]}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "split.csv").write_text("\n".join(split) + "\n", encoding="utf-8")
    judges = {line.partition(",")[0] for line in split if line.endswith("test")}
    sealed = [case for case in read_manifest(folder / "cases.csv").cases if case.patient in judges]
    seal = Seal("made-up", labels_hash(sealed), "", "", 1, 0.2, 0.2, "", len(sealed), len(sealed))
    (folder / "sealed.json").write_text(json.dumps(asdict(seal)), encoding="utf-8")
    return folder


def planned(folder: Path, task: TuneTask, *, epochs: int, is_measured: bool = True) -> PlanReport:
    """The project's plan."""
    parent = str(shipped_models() / PARENTS[task])
    request = PlanRequest(str(folder), task, parent, device="cpu", epochs=epochs, is_measured=is_measured)
    return plan(request, no_progress, never_cancel, lambda _: None)


def request_of(folder: Path, task: TuneTask) -> RunRequest:
    """The project's run."""
    return RunRequest(str(folder), task, str(shipped_models() / PARENTS[task]), device="cpu")


def _pace(home: Path, task: TuneTask) -> bool:
    """By the clock, and by processor time, which others on the machine lengthen less."""
    folder = write_site(home / f"pace-{task.value}", PATIENTS)
    plans = {name: planned_s(folder, task, clock) for name, clock in CLOCKS.items()}
    ends: dict[str, list[float]] = {name: [] for name in CLOCKS}

    def partial(value: object) -> None:
        if isinstance(value, EpochTold):
            for name, clock in CLOCKS.items():
                ends[name].append(clock())

    run(request_of(folder, task), no_progress, never_cancel, partial)
    ratio = 0.0
    for name, clock in CLOCKS.items():
        # Once more at the end: whoever came to this machine meanwhile shows.
        said = (plans[name], planned_s(folder, task, clock))
        real = statistics.median(np.diff(ends[name]).tolist())
        ratio = real / statistics.mean(said)
        print(
            f"{task.value}: an epoch of {PATIENTS} cases takes {real:.1f} s by {name}; planned before {said[0]:.1f} s, "
            f"after {said[1]:.1f} s; real / planned {ratio:.2f}"
        )
    return 1 / MOST_OFF <= ratio <= MOST_OFF


def planned_s(folder: Path, task: TuneTask, clock: Callable[[], float]) -> float:
    """Seconds of an epoch, as a plan says that measures by a clock."""
    with patch.object(costing, "time", SimpleNamespace(perf_counter=clock)):
        return 60.0 * (planned(folder, task, epochs=EPOCHS).minutes_per_epoch or 0.0)


def _memory(home: Path, task: TuneTask, count: int) -> bool:
    folder = write_site(home / f"memory-{task.value}-{count}", count, large=LARGE_ONES)
    planned(folder, task, epochs=1, is_measured=False)
    code = f"from bench.tuning_run import child; child({str(folder)!r}, {task.value!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return False
    empty, peak = (float(word) for word in done.stdout.split())
    print(f"{task.value}: {count} cases, peak {peak:.0f} MiB, {empty:.0f} of them the program alone (bar {MOST_MIB:g})")
    return peak <= MOST_MIB


def child(folder: str, kind: str) -> None:
    """Prepare all cases and learn for a few steps, in a process of its own; print its memory before and its peak."""
    steps, empty = 0, _peak_mib()

    def progress(_done: float, text: str) -> None:
        nonlocal steps
        steps += text.startswith("Epoch")

    with suppress(CancelledError):
        run(request_of(Path(folder), TuneTask(kind)), progress, lambda: steps >= STEPS, lambda _: None)
    print(empty, _peak_mib())


def _peak_mib() -> float:
    # What the system counts as the peak of a process begins with that of its parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
