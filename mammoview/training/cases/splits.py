"""Splits by patient: stratified, seeded, written to a table whose hash stands in every result.

A split holds out one share of the patients. Folds deal all patients of a dataset out once and for all, so that several
models can be judged by cross-validation and one fifth, the site's, stays unseen by the models that a site adapts.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mammoview.core.errors import InputError
from mammoview.core.small_files import write_whole

#: Fold of each patient, for each dataset.
Folds = Mapping[str, Mapping[str, int]]
#: The fold that plays a new site: parents of transfer experiments never see its patients.
SITE_FOLD = 0


@dataclass(frozen=True)
class Split:
    """Which patients a model may learn from, and which judge it."""

    training: frozenset[str]
    validation: frozenset[str]

    def __post_init__(self) -> None:
        """Refuse a patient on both sides.

        Raises
        ------
        InputError
            When a patient is named twice.
        """
        leaked = self.training & self.validation
        if leaked:
            raise InputError(
                f"{len(leaked)} patients are in training and in validation, {min(leaked)} for one.",
                "Split by patient, not by image.",
            )

    @property
    def sha256(self) -> str:
        """Hash of the table that `write_split` writes."""
        return hashlib.sha256(_table(self).encode()).hexdigest()


def split_by_patient(strata: Mapping[str, Hashable], validation_share: float, *, seed: int) -> Split:
    """Hold out a share of the patients of every stratum.

    Parameters
    ----------
    strata
        Stratum of each patient.
    validation_share
        Share held out, between 0 and 1.
    seed
        The same seed gives the same split, whatever the order of ``strata``.
    """
    held_out: set[str] = set()
    for patients in _shuffled(strata, seed):
        held_out.update(patients[: round(len(patients) * validation_share)])
    return Split(frozenset(strata) - held_out, frozenset(held_out))


def deal_folds(strata: Mapping[str, Hashable], count: int, *, seed: int) -> dict[str, int]:
    """Give every patient a fold, so that the folds are alike in size and in every stratum, to one patient.

    Parameters
    ----------
    strata
        Stratum of each patient.
    count
        Number of folds.
    seed
        The same seed gives the same folds, whatever the order of ``strata``.
    """
    # Dealt like cards, one stratum after the other: the next stratum goes on where the last one stopped.
    dealt = [patient for patients in _shuffled(strata, seed) for patient in patients]
    return {patient: place % count for place, patient in enumerate(dealt)}


def fold_split(folds: Mapping[str, int], fold: int, *, left_out: frozenset[int] = frozenset()) -> Split:
    """Hold out one fold of a dataset and learn from the others.

    Parameters
    ----------
    folds
        Fold of each patient of one dataset.
    fold
        The fold that validates.
    left_out
        Folds on neither side: ``frozenset({SITE_FOLD})`` for the parents of transfer experiments.

    Raises
    ------
    InputError
        When nobody is in ``fold``, or it is left out.
    """
    held_out = frozenset(patient for patient, number in folds.items() if number == fold)
    if not held_out or fold in left_out:
        raise InputError(f"No patient is in fold {fold}.", f"Choose one of {sorted(set(folds.values()) - left_out)}.")
    kept = frozenset(patient for patient, number in folds.items() if number not in left_out)
    return Split(kept - held_out, held_out)


def write_folds(folds: Folds, path: Path) -> None:
    """Write the table ``dataset,patient,fold``, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("dataset", "patient", "fold"))
    writer.writerows((name, patient, folds[name][patient]) for name in sorted(folds) for patient in sorted(folds[name]))
    write_whole(path, text.getvalue(), "The table of folds")


def read_folds(path: Path) -> dict[str, dict[str, int]]:
    """Read what `write_folds` wrote.

    Raises
    ------
    InputError
        When the file is absent, is no such table, or names a patient twice.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["patient"] in found[row["dataset"]]:
                    raise InputError(f"{path} names patient {row['patient']} twice.", "Make the table again.")
                found[row["dataset"]][row["patient"]] = int(row["fold"])
    except OSError as error:
        raise InputError(f"{path} cannot be read.", "Name a table of folds.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no table of dataset, patient and fold.", "Make the table again.") from error
    return dict(found)


def check_patients(split: Split, *, training: Iterable[str], validation: Iterable[str]) -> None:
    """Make sure that samples lie on the side of the split that they are used on.

    Parameters
    ----------
    split
        The split in force.
    training, validation
        Patients of the samples used to learn, and to judge.

    Raises
    ------
    InputError
        When a patient of the other side, or of neither, is among them.
    """
    for used, allowed, what in ((training, split.training, "training"), (validation, split.validation, "validation")):
        strangers = set(used) - allowed
        if strangers:
            raise InputError(
                f"{len(strangers)} patients do not belong to {what}, {min(strangers)} for one.",
                "Choose the samples by the split.",
            )


def write_split(split: Split, path: Path) -> str:
    """Write the table ``patient,set`` and return its SHA-256."""
    write_whole(path, _table(split), "The split")
    return split.sha256


def read_split(path: Path) -> Split:
    """Read what `write_split` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["patient"], row["set"]) for row in csv.DictReader(file)]
    return Split(
        frozenset(patient for patient, name in rows if name == "training"),
        frozenset(patient for patient, name in rows if name == "validation"),
    )


def _shuffled(strata: Mapping[str, Hashable], seed: int) -> list[list[str]]:
    """The patients of each stratum, in an order that the seed decides."""
    groups: dict[str, list[str]] = defaultdict(list)
    for patient in sorted(strata):
        groups[repr(strata[patient])].append(patient)
    rng = np.random.default_rng(seed)
    return [[groups[name][index] for index in rng.permutation(len(groups[name]))] for name in sorted(groups)]


def _table(split: Split) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("patient", "set"))
    for patient in sorted(split.training | split.validation):
        writer.writerow((patient, "training" if patient in split.training else "validation"))
    return text.getvalue()
