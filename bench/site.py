"""Does tuning to a site's cases help? ``python -m bench.site --data DIR --out docs/results``.

The site is fold 0 of ``splits/site.csv``, the parents are the shipped packages that never saw it. The segmenter is
tuned to 10 and 20 patients of CDD-CESM, the whole-image classifier to 20, 40 and 80 of CBIS-DDSM, each as the wizard
plans it; the rest of the site is sealed and judges. What was done already is not done again.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from mammoview.core.paths import shipped_models, site_folds
from mammoview.models.loading import load
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.case import Case, labelled, outlined
from mammoview.training.cases.folds import CBIS, CESM
from mammoview.training.cases.importers import open_data
from mammoview.training.cases.manifest import write_manifest
from mammoview.training.cases.splits import SITE_FOLD, read_folds, write_folds
from mammoview.training.recipes.launch import Kind, Order, launch, lines_to
from mammoview.training.recipes.papers import PACKAGE
from mammoview.training.recipes.site import patient_classes
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.schedules import Wishes, schedule_for, to_toml

SEED = 2026
PAGE = "site.md"
CASES, CONFIG, FOLDS, RUN = "cases.csv", "config.toml", "folds.csv", "run"


@dataclass(frozen=True)
class Part:
    """A kind of net and the numbers of patients that it is tuned to."""

    task: TuneTask
    dataset: str
    folder: str
    parent: str
    counts: tuple[int, ...]


PARTS = (
    Part(TuneTask.SEGMENT, CESM, "cdd_cesm", "cesm-bcir-unet-1-0.2", (10, 20)),
    Part(TuneTask.IMAGE, CBIS, "cbis_ddsm", "cbis-whole-image-1-0.3", (20, 40, 80)),
)


def drawn(classes: dict[str, bool | None]) -> list[str]:
    """The site's patients in the order in which they are learned from; every start of it is mixed as the whole."""
    rng = np.random.default_rng(SEED)
    groups: dict[str, list[str]] = {}
    for patient in sorted(classes):
        groups.setdefault(str(classes[patient]), []).append(patient)
    placed = []
    for names in groups.values():
        order = rng.permutation(len(names))
        placed += [((place + 0.5) / len(names), names[index]) for place, index in enumerate(order.tolist())]
    return [name for _, name in sorted(placed)]


def prepare(part: Part, count: int, cases: list[Case], work: Path) -> Path:
    """The project of one run: table, folds and config, as the wizard writes them."""
    folder = work / f"{part.task.value}-{count}"
    if (folder / CONFIG).exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    classes = patient_classes(cases)
    learned = set(drawn(classes)[:count])
    write_manifest(cases, folder / CASES)
    write_folds({"site": {patient: 2 if patient in learned else 0 for patient in classes}}, folder / FOLDS)
    info = read_info(shipped_models() / part.parent)
    net = load(info).network()
    schedule = schedule_for(
        part.task,
        info.manifest,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        samples=sum(case.patient in learned for case in cases),
        patients=count,
        watched=0,
        wishes=Wishes(seed=SEED),
    )
    # Nobody is set aside to be watched: all of so many patients are learned from.
    words = {name: value for name, value in schedule.words.items() if name != "watch"}
    words = {**words, "split": {**words["split"], "table": str((folder / FOLDS).resolve())}}
    (folder / CONFIG).write_text(to_toml(words, head=schedule.source), encoding="utf-8")
    return folder


def tuned(part: Part, folder: Path) -> PackageInfo:
    """The package of one run, trained where it is not yet."""
    if not (folder / RUN / PACKAGE).exists():
        order = Order(
            kind=Kind(part.task.value),
            config=folder / CONFIG,
            data=folder / CASES,
            out=folder / RUN,
            parent=shipped_models() / part.parent,
            device="cpu",
        )
        started = time.process_time()
        launch(order, lines_to(sys.stderr))
        (folder / "seconds.txt").write_text(f"{time.process_time() - started:.0f}", encoding="utf-8")
    return read_info(folder / RUN / PACKAGE)


def site_cases(part: Part, data: Path) -> list[Case]:
    """The images of the site's patients that the task can use."""
    known = read_folds(site_folds())[part.dataset]
    use = labelled if part.task is TuneTask.IMAGE else outlined
    return [case for case in use(open_data(data / part.folder).cases) if known.get(case.patient) == SITE_FOLD]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--work", type=Path, default=Path("runs/site"), help="projects and runs are kept here")
    parser.add_argument("--only", help="one run, segment-10 for example")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for part in PARTS:
        cases = site_cases(part, given.data)
        print(part.task, len(cases), len({case.patient for case in cases}), file=sys.stderr)
        for count in part.counts:
            if given.only in (None, f"{part.task.value}-{count}"):
                tuned(part, prepare(part, count, cases, given.work))


if __name__ == "__main__":
    main()
