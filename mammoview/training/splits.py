"""Splits by patient: stratified, seeded, written to a table whose hash stands in every result."""

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
    groups: dict[str, list[str]] = defaultdict(list)
    for patient in sorted(strata):
        groups[repr(strata[patient])].append(patient)
    held_out: set[str] = set()
    rng = np.random.default_rng(seed)
    for name in sorted(groups):
        order = rng.permutation(len(groups[name]))
        count = round(len(order) * validation_share)
        held_out.update(groups[name][index] for index in order[:count])
    return Split(frozenset(strata) - held_out, frozenset(held_out))


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
    path.write_text(_table(split), encoding="utf-8")
    return split.sha256


def read_split(path: Path) -> Split:
    """Read what `write_split` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["patient"], row["set"]) for row in csv.DictReader(file)]
    return Split(
        frozenset(patient for patient, name in rows if name == "training"),
        frozenset(patient for patient, name in rows if name == "validation"),
    )


def _table(split: Split) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("patient", "set"))
    for patient in sorted(split.training | split.validation):
        writer.writerow((patient, "training" if patient in split.training else "validation"))
    return text.getvalue()
