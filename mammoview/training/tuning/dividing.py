"""Who is learned from, who is watched meanwhile, and who judges: drawn by patient, in every stratum alike.

Patients of an earlier test set of the site judge again. Names that stand for one person stay on one side.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from mammoview.core.errors import InputError, UsageError
from mammoview.core.progress import Cancel, Progress, never_cancel, no_progress
from mammoview.core.small_files import write_whole
from mammoview.core.study import SourceKind
from mammoview.training.cases.manifest import check_rows, manifest_rows
from mammoview.training.tuning.audit_messages import AUDIT, read_report
from mammoview.training.tuning.sealing import SEAL, Seal, SealedSets, labels_hash, read_seal
from mammoview.training.tuning.split_file import keep_division
from mammoview.training.tuning.split_messages import (
    SETS,
    TEST,
    TRAINING,
    VALIDATION,
    Division,
    SetCount,
    Shares,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mammoview.core.study import Mammogram
    from mammoview.training.cases.case import Case

CASES, SPLIT = "cases.csv", "split.csv"
_CLASSES: Final = {True: "malignant", False: "benign", None: "unknown"}


def divide(
    cases: Sequence[Case],
    images: Sequence[Mammogram],
    shares: Shares,
    *,
    protected: frozenset[str] = frozenset(),
    groups: Iterable[Sequence[str]] = (),
) -> Division:
    """Draw a split; the same seed draws the same one, whatever the order of the cases.

    Parameters
    ----------
    cases, images
        All cases, and their headers in the same order; strata are label and vendor.
    shares
        Seed and shares.
    protected
        Patients of earlier test sets.
    groups
        Names that stand for one person.

    Raises
    ------
    InputError
        When nobody is left to learn from.
    """
    person = {name: group[0] for group in groups for name in group}
    strata = _strata(cases, images, person)
    kept = frozenset(person.get(patient, patient) for patient in protected) & strata.keys()
    drawn = dict.fromkeys(kept, TEST)
    for name, share in ((TEST, shares.test), (VALIDATION, shares.validation)):
        drawn.update(dict.fromkeys(_drawn(strata, drawn, name, share, shares.seed), name))
    people = {patient: drawn.get(patient, TRAINING) for patient in strata}
    if TRAINING not in people.values():
        raise InputError("No patient is left to learn from.", "Add cases, or make the shares smaller.")
    sets = {case.patient: people[person.get(case.patient, case.patient)] for case in cases}
    reused = frozenset(patient for patient in sets if person.get(patient, patient) in kept)
    counts = tuple(_count(name, cases, sets) for name in SETS)
    return Division(shares, sets, reused, counts, tuple(_notes(counts, reused, person)))


def _strata(cases: Sequence[Case], images: Sequence[Mammogram], person: Mapping[str, str]) -> dict[str, str]:
    """Label and vendor of each person."""
    labels: dict[str, set[bool]] = defaultdict(set)
    vendors: dict[str, set[str]] = defaultdict(set)
    for case, image in zip(cases, images, strict=True):
        who = person.get(case.patient, case.patient)
        said = [case.is_malignant, *(lesion.is_malignant for lesion in case.lesions)]
        labels[who].update(word for word in said if word is not None)
        vendors[who].add("picture" if image.kind is SourceKind.RASTER else image.manufacturer.strip())
    return {
        who: f"{_CLASSES[max(labels[who]) if labels[who] else None]}/{min(found)}" for who, found in vendors.items()
    }


def _drawn(strata: Mapping[str, str], taken: Mapping[str, str], name: str, share: float, seed: int) -> list[str]:
    """Who joins a set, so that it has its share of every class as far as whole patients allow."""
    order = np.random.default_rng([seed, SETS.index(name)])
    found: list[str] = []
    for kind in sorted(set(map(_class_of, strata.values()))):
        members = sorted((strata[who], who) for who in strata if _class_of(strata[who]) == kind)
        free = [who for _, who in _shuffled(members, order) if who not in taken]
        there = sum(taken.get(who) == name for _, who in members)
        wanted = min(max(0, round(len(members) * share) - there), len(free))
        # Evenly spread over the vendors, which stand one behind the other.
        places = np.floor((np.arange(wanted) + order.random()) * len(free) / max(1, wanted)).astype(int)
        found.extend(free[place] for place in places)
    return found


def _class_of(stratum: str) -> str:
    return stratum.partition("/")[0]


def _shuffled(members: list[tuple[str, str]], order: np.random.Generator) -> list[tuple[str, str]]:
    """Shuffled within each stratum."""
    keys = order.random(len(members))
    return [member for _, _, member in sorted(zip((m[0] for m in members), keys, members, strict=True))]


def _count(name: str, cases: Sequence[Case], sets: Mapping[str, str]) -> SetCount:
    labels: dict[str, set[bool]] = {patient: set() for patient, found in sets.items() if found == name}
    number = 0
    for case in cases:
        if case.patient in labels:
            number += 1
            said = [case.is_malignant, *(lesion.is_malignant for lesion in case.lesions)]
            labels[case.patient].update(word for word in said if word is not None)
    classes = Counter(_CLASSES[max(found) if found else None] for found in labels.values())
    return SetCount(name, len(labels), number, classes["malignant"], classes["benign"], classes["unknown"])


def _notes(counts: Sequence[SetCount], reused: frozenset[str], person: Mapping[str, str]) -> Iterable[str]:
    if reused:
        yield f"{len(reused)} patients judged an earlier model of this site; they judge again and are not learned from."
    if person:
        yield f"{len(person)} names stand for {len(set(person.values()))} people, each on one side."
    for count in counts:
        if count.malignant + count.benign and min(count.malignant, count.benign) < 2 and count.patients:
            yield (
                f"The set “{count.name}” has {count.malignant} patients with malignancy and {count.benign} without: "
                "a classifier needs two of each."
            )


def draw(
    folder: Path, shares: Shares, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> tuple[Division, tuple[Case, ...], tuple[Mammogram, ...]]:
    """Draw the split of a project without writing anything.

    Parameters
    ----------
    folder
        Of the project, with its cases; an audit there says which names are one person.
    shares
        Seed and shares.
    progress, cancel
        As usual; every header is read.

    Raises
    ------
    InputError
        When the cases cannot be read, or nobody is left to learn from.
    """
    _, rows = manifest_rows(folder / CASES)
    checked = check_rows(rows, folder, progress=progress, cancel=cancel)
    if checked.problems:
        first = checked.problems[0]
        raise InputError(f"{len(checked.problems)} cells of {CASES} are wrong now; {first}", "Read the cases again.")
    groups = read_report(folder / AUDIT).same_person if (folder / AUDIT).is_file() else ()
    before = _own_seal(folder)
    protected = SealedSets(but=before.test_set if before else "").patients_in(checked.cases, checked.images)
    division = divide(checked.cases, checked.images, shares, protected=protected, groups=groups)
    return division, checked.cases, checked.images


def seal(
    folder: Path, shares: Shares, *, progress: Progress = no_progress, cancel: Cancel = never_cancel
) -> tuple[Division, Seal]:
    """Draw the split of a project, seal its test set and write ``split.csv``, ``sealed.json`` and ``split.json``.

    A project is sealed once: the same shares give the same seal again, others are refused.

    Parameters
    ----------
    folder, shares, progress, cancel
        As for `draw`.

    Raises
    ------
    UsageError
        When the project is sealed with other shares or another seed.
    InputError
        As for `draw`.
    OutputError
        When the disk refuses.
    """
    division, cases, images = draw(folder, shares, progress=progress, cancel=cancel)
    before = _own_seal(folder)
    if before is not None:
        if (before.seed, before.test_share, before.validation_share) != (shares.seed, shares.test, shares.validation):
            raise UsageError(
                f"The test set is sealed, drawn with seed {before.seed}.",
                "A test set that is drawn until it pleases judges nothing: make a new project for other cases.",
            )
        if _sha256(folder / SPLIT) == before.split:
            keep_division(folder, division, before)
            return division, before
    judged = [place for place, case in enumerate(cases) if division.sets[case.patient] == TEST]
    test = [cases[place] for place in judged]
    digest = SealedSets().add(test, [images[place] for place in judged])
    made = Seal(
        digest,
        labels_hash(test),
        hashlib.sha256(division.text.encode()).hexdigest(),
        _sha256(folder / CASES),
        shares.seed,
        shares.test,
        shares.validation,
        datetime.now(UTC).isoformat(timespec="seconds"),
        len({case.patient for case in test}),
        len(test),
        len(division.reused),
    )
    write_whole(folder / SPLIT, division.text, "The split")
    write_whole(folder / SEAL, json.dumps(asdict(made), indent=1), "The seal")
    keep_division(folder, division, made)
    return division, made


def _own_seal(folder: Path) -> Seal | None:
    """The project's seal, where it is of the cases as they are now."""
    if not (folder / SEAL).is_file():
        return None
    before = read_seal(folder)
    return before if before.cases == _sha256(folder / CASES) else None


def _sha256(path: Path) -> str:
    """Hash of a file; empty where it is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
