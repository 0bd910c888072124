"""Which patients a model is judged on, and what can be known about whether it learned from them.

A package names the split it was trained with by its SHA-256 and nobody in it: patients' names stay where they are.
Whether a patient was in training can be told only with the table of that very split at hand.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mammoview.core.errors import InputError, UsageError
from mammoview.training.cases.splits import SITE_FOLD, Split, fold_split, read_folds, read_split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mammoview.models.manifest import Evaluation
    from mammoview.training.cases.case import Case


@dataclass(frozen=True)
class Holdout:
    """The cases to judge, and on what grounds.

    Attributes
    ----------
    cases
        Those that are kept.
    splits
        The splits that the named table can mean; empty without one.
    rule
        How the cases were chosen, one sentence.
    """

    cases: tuple[Case, ...]
    splits: tuple[Split, ...]
    rule: str


def hold_out(
    cases: Sequence[Case], *, split: Path | None = None, fold: int | None = None, patients: Path | None = None
) -> Holdout:
    """Keep the patients that a model is to be judged on.

    Parameters
    ----------
    cases
        All there are.
    split
        A table ``patient,set``, whose ``validation`` side is kept, or a table ``dataset,patient,fold``.
    fold
        The fold that is kept of a table of folds.
    patients
        A text file that names the patients to keep, one a line.

    Raises
    ------
    UsageError
        When a table of folds comes without a fold, or a fold without such a table.
    InputError
        When a file cannot be read, or nobody is left.
    """
    if fold is not None and split is None:
        raise UsageError("A fold was named without its table.", "Name the table with --split.")
    splits = () if split is None else _splits(split, fold, cases)
    kept, rules = tuple(cases), []
    if splits and split is not None and patients is None:
        which = "the validation side" if fold is None else f"fold {fold}"
        kept = tuple(case for case in kept if case.patient in splits[0].validation)
        rules.append(f"{which} of {split.name}")
    if patients is not None:
        names = _names(patients)
        kept = tuple(case for case in kept if case.patient in names)
        rules.append(f"the {len(names)} patients of {patients.name}")
    if not kept:
        raise InputError("No case is left to judge.", "Check that the patients are named as in the data.")
    return Holdout(kept, splits, f"Kept: {', '.join(rules)}." if rules else "All cases of the data.")


def check_seen(evaluation: Evaluation, model: str, held: Holdout) -> str:
    """What can be said about whether a model learned from the patients it is judged on.

    Parameters
    ----------
    evaluation
        The package's own, with the hash of its split.
    model
        The package's name.
    held
        From `hold_out`.

    Returns
    -------
    str
        A warning; empty where the split shows that no patient was used to train.

    Raises
    ------
    UsageError
        When the split shows that some were.
    """
    own = next((split for split in held.splits if split.sha256 == evaluation.split_sha256), None)
    judged = {case.patient for case in held.cases}
    if own is not None:
        seen = judged & own.training
        if seen:
            raise UsageError(
                f"{model} learned from {len(seen)} of the {len(judged)} patients, {min(seen)} for one: the numbers "
                "would say nothing.",
                "Judge it on the validation side of its split.",
            )
        strangers = judged - own.validation
        return f"{model}: {len(strangers)} patients are on neither side of its split." if strangers else ""
    if not evaluation.split_sha256:
        return f"{model} does not say which split it was trained with: it may have learned from these very patients."
    reason = "no table of its split was named" if not held.splits else "the table named is not that of its split"
    return (
        f"It cannot be told whether {model} learned from these very patients: {reason} (its SHA-256 is "
        f"{evaluation.split_sha256[:16]}…). If it did, the numbers are too good."
    )


def _splits(path: Path, fold: int | None, cases: Sequence[Case]) -> tuple[Split, ...]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            columns = set(csv.DictReader(file).fieldnames or ())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read.", "Name a table of a split.") from error
    if {"patient", "set"} <= columns:
        if fold is not None:
            raise UsageError(f"{path} has no folds.", "Leave out --fold.")
        return (read_split(path),)
    if not {"dataset", "patient", "fold"} <= columns:
        raise InputError(f"{path} is no table of a split.", "It has the columns patient,set or dataset,patient,fold.")
    if fold is None:
        raise UsageError(f"{path} holds folds.", "Say with --fold which one is judged.")
    present = {case.patient for case in cases}
    # Collections may use the same names for different patients: the one that knows most of them is meant.
    folds = max(read_folds(path).values(), key=lambda one: len(present & set(one)))
    found = [fold_split(folds, fold)]
    if fold != SITE_FOLD:
        found.append(fold_split(folds, fold, left_out=frozenset({SITE_FOLD})))
    return tuple(found)


def _names(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read.", "Name a text file with one patient a line.") from error
    return frozenset(line.strip() for line in lines if line.strip())
