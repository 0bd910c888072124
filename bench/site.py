"""Does tuning to a site's cases help? ``python -m bench.site --data DIR --out docs/results``.

The site is fold 0 of ``splits/site.csv``, the parents are the shipped packages that never saw it. The segmenter is
tuned to 10 and 20 patients of CDD-CESM, the whole-image classifier to 20, 40 and 80 of CBIS-DDSM, each as the wizard
plans it; the rest of the site is sealed and judges. What was done already is not done again. Prints the page
``site.md``, and writes it where ``--out`` says.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from mammoview.core.errors import UsageError
from mammoview.core.paths import shipped_models, site_folds
from mammoview.core.progress import never_cancel, no_progress
from mammoview.models.loading import load
from mammoview.models.registry import PackageInfo, read_info
from mammoview.training.cases.case import Case, labelled, outlined
from mammoview.training.cases.folds import CBIS, CESM
from mammoview.training.cases.importers import open_data
from mammoview.training.cases.manifest import write_manifest
from mammoview.training.cases.splits import SITE_FOLD, fold_split, read_folds, write_folds
from mammoview.training.judging.site_verdict import Side, SiteVerdict, from_json, to_json
from mammoview.training.recipes.launch import Kind, Order, launch, lines_to
from mammoview.training.recipes.papers import PACKAGE
from mammoview.training.recipes.site import check_parent, patient_classes
from mammoview.training.tuning.judging_site import compare
from mammoview.training.tuning.messages import TuneTask
from mammoview.training.tuning.schedules import Wishes, schedule_for, to_toml

SEED = 2026
PAGE = "site.md"
CASES, CONFIG, FOLDS, RUN, SECONDS = "cases.csv", "config.toml", "folds.csv", "run", "seconds.txt"


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
        (folder / SECONDS).write_text(f"{time.process_time() - started:.0f}", encoding="utf-8")
    return read_info(folder / RUN / PACKAGE)


def site_cases(part: Part, data: Path) -> list[Case]:
    """The images of the site's patients that the task can use."""
    known = read_folds(site_folds())[part.dataset]
    unseen = fold_split(known, SITE_FOLD)
    parent = read_info(shipped_models() / part.parent)
    if check_parent(parent, unseen.validation, (unseen,)):
        raise UsageError(f"Nothing shows that {parent.key} never saw the site.", "Name a net of fold 0.")
    use = labelled if part.task is TuneTask.IMAGE else outlined
    return [case for case in use(open_data(data / part.folder).cases) if known.get(case.patient) == SITE_FOLD]


def judged(part: Part, folder: Path, new: PackageInfo, cases: list[Case]) -> dict[str, SiteVerdict]:
    """The verdicts of one run: on all that it left sealed, and on the patients that every run of the part did."""
    old = read_info(shipped_models() / part.parent)
    folds = read_folds(folder / FOLDS)["site"]
    order = drawn(patient_classes(cases))
    sides = {
        "rest": frozenset(name for name, fold in folds.items() if fold == 0),
        "common": frozenset(order[max(part.counts) :]),
    }
    found = {}
    for name, patients in sides.items():
        kept = folder / f"verdict-{name}.json"
        if not kept.exists():
            known = open_data(folder / CASES).cases
            test = [case for case in known if case.patient in patients]
            verdict = compare(
                load(old), load(new), test, folder / RUN, among=known, progress=no_progress, cancel=never_cancel
            )
            kept.write_text(to_json(verdict), encoding="utf-8")
        found[name] = from_json(kept.read_text(encoding="utf-8"))
    return found


HEAD = """# A site's own cases: did tuning help?

`{command}` prints and writes this page, from runs that are kept; what is missing is trained first.

The site is fold 0 of `splits/site.csv`. The parents, `cesm-bcir-unet-1@0.2` and `cbis-whole-image-1@0.3`, never saw
its patients (their packages carry the hash of the split that holds fold 0 out, which the command checks). Each is
tuned as the wizard plans it for so many patients (`mammoview.training.tuning.schedules`), on one thread of a
processor, in float32, with one seed; nobody is set aside to be watched. Patients are drawn in their mixture of
classes, and more hold fewer. Of the 30 CESM patients 28 have an outlined lesion of usable size; of the 244 CBIS
patients 136 have a mammogram here. All other patients of the site are sealed and judge once. 95 % intervals: 2,000
bootstrap samples of whole test patients, paired; those of the change are widened for few patients, of the rarer class
where there are two (Hesterberg 2015); those of sensitivity and specificity are Clopper and Pearson's over patients
([why](../adr/0370-no-interval-without-a-width.md)).
One draw of patients and one seed for each line: how much another draw would differ was not measured.
"""
SEGMENT = """
## Segmenter: CDD-CESM, lesion crops, Dice

| learned from | judged on | before | after | change | 95 % interval | p | verdict |
|---|---|---|---|---|---|---|---|"""
IMAGE = """
## Whole-image classifier: CBIS-DDSM, AUC by image

| learned from | judged on | before | after | change | 95 % interval | p | DeLong p | verdict |
|---|---|---|---|---|---|---|---|---|"""
CALIBRATION = """
### Calibration: fitted on half of the sealed patients, measured on the other half

| learned from | model | patients measured | ECE, T = 1 | fitted T | ECE with it | sensitivity | specificity |
|---|---|---|---|---|---|---|---|"""
TAIL = """
Sensitivity and specificity are at the point of 90 % specificity of the fitting half. The AUC ranks and Dice does not
ask for a temperature, so both use all sealed patients.

“Better” and “worse” follow from the interval alone and say nothing of size: a change of a few thousandths is one that
no reader would see. With eight patients a difference by chance is called a change about once in twelve times, not once
in twenty, even with the widened interval (tried with random numbers in `tests/training/judging/test_sentence.py`).
The widening came after the first of these runs were seen: with plain percentiles the classifier tuned to 20 patients
(+0.000 to +0.021) would be called better. That it goes by the rarer class came later, with the same verdicts.

{cost}
"""


def page(verdicts: dict[tuple[Part, int], dict[str, SiteVerdict]], cost: str, command: str) -> Iterator[str]:
    """Lines of the page."""
    yield HEAD.format(command=command)
    for part in PARTS:
        is_image = part.task is TuneTask.IMAGE
        yield IMAGE if is_image else SEGMENT
        own = {count: found for (one, count), found in verdicts.items() if one == part}
        for count, found in own.items():
            for name, verdict in found.items():
                if name == "rest" or count != max(part.counts):
                    yield _row(count, name, verdict, is_image=is_image)
        for count in part.counts:
            if count not in own:
                yield f"| {count} patients | not run | | | | | | {'| ' if is_image else ''}|"
        yield ""
        yield from (f"- {count} patients: {found['rest'].sentence}" for count, found in own.items())
        if is_image and own:
            yield CALIBRATION
            for count, found in own.items():
                verdict = found["rest"]
                for which, side in (("before", verdict.old), ("after", verdict.new)):
                    yield _calibration(count, which, side, verdict.half_patients)
    yield TAIL.format(cost=cost)


def _row(count: int, name: str, verdict: SiteVerdict, *, is_image: bool) -> str:
    change, gap = verdict.change, verdict.change.difference
    which = "the rest" if name == "rest" else "those of every run"
    delong = f" {change.delong_p:.2g} |" if is_image and change.delong_p is not None else " |" if is_image else ""
    numbers = " | | " if gap.value is None else f"{gap.value:+.3f} | {gap.ends or 'cannot be told'} | "
    p_value = "" if change.p_value is None else f"{change.p_value:.2g}"
    return (
        f"| {count} patients | {which}: {change.patients} patients, {change.samples} {change.unit} | {change.before} | "
        f"{change.after} | {numbers}{p_value} |{delong} {verdict.outcome.value} |"
    )


def _calibration(count: int, which: str, side: Side, patients: int) -> str:
    return (
        f"| {count} patients | {which} | {patients} | {side.raw_ece:.3f} | {side.fitted_temperature:.3g} | "
        f"{side.fitted_ece:.3f} | {side.sensitivity} | {side.specificity} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the training images")
    parser.add_argument("--work", type=Path, default=Path("runs/site"), help="projects and runs are kept here")
    parser.add_argument("--only", help="one run, segment-10 for example")
    parser.add_argument("--kept", action="store_true", help="tell of the runs that are there, train none")
    parser.add_argument("--out", type=Path, help="folder of the page")
    given = parser.parse_args()
    torch.set_num_threads(1)
    verdicts: dict[tuple[Part, int], dict[str, SiteVerdict]] = {}
    costs = []
    for part in PARTS:
        cases = site_cases(part, given.data)
        for count in part.counts:
            name = f"{part.task.value}-{count}"
            is_there = (given.work / name / RUN / PACKAGE).exists()
            if given.only not in (None, name) or (given.kept and not is_there):
                continue
            folder = prepare(part, count, cases, given.work)
            verdicts[part, count] = judged(part, folder, tuned(part, folder), cases)
            costs.append(f"{name}: {(folder / SECONDS).read_text(encoding='utf-8')} s")
    cost = f"Processor time of reading, training and judging the package: {', '.join(costs)}."
    command = "python -m bench.site --data ../shared/data --out docs/results"
    lines = "\n".join(page(verdicts, cost, command))
    print(lines)
    if given.out is not None:
        (given.out / PAGE).write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
