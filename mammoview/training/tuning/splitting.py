"""The job ``split``: draw the patients' sets to look at, or draw and seal them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mammoview.training.tuning.sealing import Seal
from mammoview.training.tuning.split_messages import SetCount

if TYPE_CHECKING:
    from mammoview.core.progress import Cancel, Progress


@dataclass(frozen=True)
class SplitRequest:
    """Draw the split of a project.

    Attributes
    ----------
    folder
        Of the project, with its cases.
    seed, test_share, validation_share
        As `Shares` takes them.
    is_sealed
        Whether the test set is sealed and the split written; else it is only shown.
    """

    folder: str
    seed: int
    test_share: float
    validation_share: float
    is_sealed: bool = False


@dataclass(frozen=True)
class SplitReport:
    """A drawn split.

    Attributes
    ----------
    counts, notes
        As of a `Division`.
    reused
        Patients of an earlier test set, who judge again.
    seal
        None where nothing was sealed.
    """

    counts: tuple[SetCount, ...]
    notes: tuple[str, ...]
    reused: int
    seal: Seal | None = None


def split(request: SplitRequest, progress: Progress, cancel: Cancel, partial: Callable[[object], None]) -> SplitReport:
    """Draw a project's split, and seal it where that is asked for.

    Raises
    ------
    UsageError
        When the shares cannot be, or the project is sealed with others.
    InputError
        When the cases cannot be read, or nobody is left to learn from.
    OutputError
        When the disk refuses.
    """
    from mammoview.training.tuning.dividing import draw, seal
    from mammoview.training.tuning.split_messages import Shares

    del partial
    folder, shares = Path(request.folder), Shares(request.seed, request.test_share, request.validation_share)
    if not request.is_sealed:
        division, _, _ = draw(folder, shares, progress=progress, cancel=cancel)
        return SplitReport(division.counts, division.notes, len(division.reused))
    division, made = seal(folder, shares, progress=progress, cancel=cancel)
    return SplitReport(division.counts, division.notes, len(division.reused), made)
