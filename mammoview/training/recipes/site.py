"""A site's own cases: opened, split by patient, checked, and told of in the card of what learned from them.

All patients of the data are split, whatever is known of their images: the patch classifier and the whole-image
classifier of one site share a split, so that the body of the first never knew the held-out patients of the second.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError, UsageError
from mammoview.core.paths import site_folds
from mammoview.training.cases.importers import open_data
from mammoview.training.cases.importers.registry import MANIFEST
from mammoview.training.cases.splits import Split, fold_split, read_folds, read_split, split_by_patient
from mammoview.training.recipes.publish import CBIS, CESM, RESEARCH_ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from pathlib import Path

    from mammoview.core.progress import Cancel, Progress
    from mammoview.models.registry import PackageInfo
    from mammoview.training.cases.case import Case
    from mammoview.training.config import SplitConfig
    from mammoview.training.recipes.publish import Source

#: Patients of each class that each side of a split needs: half of the held-out ones calibrate, half judge.
LEAST_OF_CLASS = 2
SPLIT_TABLE = "split.csv"
#: The licence of weights that learned from a site's data is the site's to say (an SPDX custom reference).
LICENCE = "LicenseRef-Site"
_OWN_FOLDS = "splits/site.csv"


@dataclass(frozen=True)
class Site:
    """The cases that a network learns from and is judged by.

    Attributes
    ----------
    cases
        Those that the task can use.
    classes
        Whether each patient of the data has anything malignant; None where nothing is known.
    split
        Of all patients of the data.
    sources
        The collections, or the table's name.
    left_out
        How many images of the data the task cannot use.
    """

    cases: tuple[Case, ...]
    classes: Mapping[str, bool | None]
    split: Split
    sources: tuple[str, ...]
    left_out: int

    @property
    def patients(self) -> frozenset[str]:
        """Those with a case that is used."""
        return frozenset(case.patient for case in self.cases)

    @property
    def fingerprint(self) -> str:
        """Hash of the cases, to know again what was made of them."""
        return fingerprint_of(self.cases)

    @property
    def extent(self) -> str:
        """How much there is, a few words."""
        return self.extent_of(self.patients)

    def extent_of(self, patients: frozenset[str]) -> str:
        """How much there is of some patients, a few words."""
        images = sum(case.patient in patients for case in self.cases)
        return f"{len(self.patients & patients)} patients with {images} images"


def fingerprint_of(cases: tuple[Case, ...]) -> str:
    """Hash of cases, in their order."""
    return hashlib.sha256(repr(cases).encode()).hexdigest()


def public_folder(data: Path, name: str) -> Path | None:
    """The folder that holds the public collection ``name``; None where the data are something else.

    A folder with a table of cases is a site's, whatever else lies in it.
    """
    if (data / MANIFEST).is_file():
        return None
    parent = data.parent if data.name == name else data
    return parent if (parent / name).is_dir() else None


def open_site(
    data: Path,
    split: SplitConfig,
    use: Callable[[Sequence[Case]], tuple[Case, ...]],
    *,
    lacks: str,
    progress: Progress,
    cancel: Cancel,
) -> Site:
    """Open data of any kind, keep what a task can use, and split the patients.

    Parameters
    ----------
    data
        As for `importers.open_data`.
    split
        How patients are held out.
    use
        `cases.labelled`, `cases.boxed` or `cases.outlined`.
    lacks
        What images that are left out lack: ``label``.
    progress
        Told what was passed over, too.
    cancel
        Asked between images.

    Raises
    ------
    InputError
        When nothing can be used, a row is bad, or the table of folds lacks a patient.
    """
    opened = open_data(data, progress=progress, cancel=cancel)
    for warning in opened.warnings:
        progress(0.0, warning)
    cases = use(opened.cases)
    left_out = len(opened.cases) - len(cases)
    if not cases:
        raise InputError(f"None of the {left_out} images of {data} has a {lacks}.", "See docs/data.md for the columns.")
    if left_out:
        progress(0.0, f"{left_out} of {len(opened.cases)} images have no {lacks}: left out")
    classes = patient_classes(opened.cases)
    return Site(cases, classes, configured_split(classes, split), opened.sources, left_out)


def patient_classes(cases: Iterable[Case]) -> dict[str, bool | None]:
    """Whether each patient has anything malignant, by image or by lesion; None where nothing says."""
    found: dict[str, bool | None] = {}
    for case in cases:
        said = [case.is_malignant, *(lesion.is_malignant for lesion in case.lesions), found.get(case.patient)]
        known = [word for word in said if word is not None]
        found[case.patient] = any(known) if known else None
    return found


def configured_split(strata: Mapping[str, Hashable], config: SplitConfig, *, dataset: str = "") -> Split:
    """Hold patients out as a config says.

    Parameters
    ----------
    strata
        Stratum of each patient.
    config
        A share, or a fold of a table.
    dataset
        Whose folds are meant; where it is not said, those that know most of the patients.

    Raises
    ------
    InputError
        When the table cannot be read, lacks a patient, or has nobody in the fold.
    """
    if config.table is None or config.fold is None:
        return split_by_patient(strata, config.validation_share, seed=config.seed)
    is_own = config.table.as_posix() == _OWN_FOLDS and not config.table.exists()
    tables = read_folds(site_folds() if is_own else config.table)
    likely = max(tables.values(), key=lambda one: len(strata.keys() & one.keys()), default={})
    folds = tables.get(dataset, {}) if dataset else likely
    missing = strata.keys() - folds.keys()
    if missing:
        raise InputError(
            f"{config.table} gives {len(missing)} of {len(strata)} patients no fold, {min(missing)} for one.",
            "Write every patient into the table, or leave [split] table out of the config.",
        )
    return fold_split(folds, config.fold)


def check_sides(site: Site, *, has_classes: bool = True) -> None:
    """Refuse a site whose split leaves a side with too little to learn from, or to be judged by.

    Parameters
    ----------
    site
        With its split.
    has_classes
        Whether both classes are needed on both sides; else patients alone.

    Raises
    ------
    InputError
        With how many there are.
    """
    sides = {"learn from": site.split.training, "hold out": site.split.validation}
    for purpose, side in sides.items():
        here = Counter(site.classes[patient] for patient in site.patients & side)
        is_enough = min(here[True], here[False]) >= LEAST_OF_CLASS if has_classes else here.total() >= LEAST_OF_CLASS
        if not is_enough:
            counts = f"{here[True]} with malignant findings and {here[False]} without" if has_classes else here.total()
            kind = " of each kind" if has_classes else ""
            raise InputError(
                f"There are too few patients to {purpose}: {counts}; {LEAST_OF_CLASS}{kind} are needed.",
                "Add cases, or change [split] in the config.",
            )


def check_parent(info: PackageInfo, held: frozenset[str], splits: Iterable[Split] = ()) -> str:
    """What can be said about whether a package learned from patients that are to judge its child.

    Parameters
    ----------
    info
        The parent. A ``split.csv`` beside its folder, as a run leaves it, is believed when its hash is the parent's.
    held
        Patients that judge.
    splits
        Other splits that the parent may have been trained with.

    Returns
    -------
    str
        A warning; empty where the split shows that it knew none of them.

    Raises
    ------
    UsageError
        When the split shows that it knew some.
    """
    known = list(splits)
    beside = info.folder.parent / SPLIT_TABLE
    if beside.is_file():
        known.append(read_split(beside))
    sha256 = info.evaluation().split_sha256
    own = next((split for split in known if split.sha256 == sha256), None)
    if own is None:
        return f"Whether {info.key} learned from these patients is not known; if it did, the numbers are too good."
    seen = held & own.training
    if seen:
        raise UsageError(
            f"{info.key} learned from {len(seen)} of the {len(held)} patients that are to judge it, {min(seen)} for "
            "one.",
            "Start from a package that never saw them, or train both with the same [split].",
        )
    return ""


def site_source(
    source: Source,
    site: Site,
    *,
    learned: frozenset[str],
    parent: PackageInfo | None = None,
    notes: Sequence[str] = (),
) -> Source:
    """What stands behind a network that learned from a site.

    Parameters
    ----------
    source
        Of the same task, trained on public data: gives what the task has in common.
    site
        Whose cases there were.
    learned
        The patients that it learned from; others were watched or judged.
    parent
        What it started from.
    notes
        Further limits.
    """
    passed_over = f" {site.left_out} images were left out." if site.left_out else ""
    description = f"A site's own cases ({', '.join(site.sources)}): {site.extent}.{passed_over}"
    limits = [
        RESEARCH_ONLY,
        f"Learned from {site.extent_of(learned)} of one site; what it is worth elsewhere was not measured.",
        *notes,
        f"Licence: {LICENCE} stands for the terms of the site's data; ask the site before the weights leave it.",
    ]
    licence, citations = LICENCE, [cited for cited in source.citations if cited not in (CBIS, CESM)]
    if parent is not None:
        description += f" It started from `{parent.key}` (SHA-256 `{parent.sha256[:16]}`)."
        limits.append(f"What the card of `{parent.key}` says of its limits holds here, too.")
        licence = " AND ".join(dict.fromkeys((*parent.manifest.licence.split(" AND "), LICENCE)))
        citations = list(dict.fromkeys((*parent.manifest.citations, *citations)))
    return replace(source, licence=licence, description=description, limits=tuple(limits), citations=tuple(citations))
