"""A project's split as values, with nothing but the core behind them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mammoview.core.errors import UsageError

TRAINING, VALIDATION, TEST = "training", "validation", "test"
SETS: Final = (TRAINING, VALIDATION, TEST)


@dataclass(frozen=True)
class Shares:
    """How the patients are to be divided: seed, and the shares that judge and that are watched."""

    seed: int = 1
    test: float = 0.3
    validation: float = 0.2

    def __post_init__(self) -> None:
        """Refuse shares that leave nobody to learn from.

        Raises
        ------
        UsageError
            When they do.
        """
        if not (0.0 < self.test < 1.0 and 0.0 <= self.validation < 1.0 and self.test + self.validation < 0.95):
            raise UsageError(
                f"A test share of {self.test:g} and a validation share of {self.validation:g} cannot be.",
                "Leave at least a twentieth of the patients to learn from.",
            )


@dataclass(frozen=True)
class SetCount:
    """Patients and images of one set, and how many of the patients are malignant, benign and unknown."""

    name: str
    patients: int
    images: int
    malignant: int
    benign: int
    unknown: int


@dataclass(frozen=True)
class Division:
    """A drawn split.

    Attributes
    ----------
    sets
        Set of each patient: ``training``, ``validation`` or ``test``.
    reused
        Patients of an earlier test set; they are in ``test``.
    counts
        One for each set.
    notes
        What to know of it, a sentence each.
    """

    shares: Shares
    sets: Mapping[str, str]
    reused: frozenset[str]
    counts: tuple[SetCount, ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """The table ``patient,set``."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("patient", "set"))
        writer.writerows(sorted(self.sets.items()))
        return text.getvalue()
