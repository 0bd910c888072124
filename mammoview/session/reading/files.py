"""The files of a case: its own images, and those of the priors that hang beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mammoview.session.worklist.errors import WorklistError
from mammoview.session.worklist.readers import Seat
from mammoview.session.worklist.worklist import Worklist

#: Priors whose images are opened beside a case: the newest ones.
_PRIORS: Final = 2


@dataclass(frozen=True)
class CaseFiles:
    """Where the images of a case lie. ``priors`` holds the UID and the files of each, newest first."""

    uid: str
    own: tuple[str, ...]
    priors: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """The case's own files, then its priors'."""
        return (*self.own, *(path for _, paths in self.priors for path in paths))

    @property
    def uids(self) -> tuple[str, ...]:
        """The case, then its priors."""
        return (self.uid, *(uid for uid, _ in self.priors))


def case_files(worklist: Worklist, seat: Seat, row: int) -> CaseFiles:
    """The files of a study of the worklist, and of its newest priors.

    Raises
    ------
    WorklistError
        When there is no such study.
    LockedError
        When the seat is locked.
    """
    listed = worklist.listing.rows(seat, (row,))
    if not listed:
        raise WorklistError("The study is not in the worklist.", "Import it again.")
    priors = worklist.patients.priors(seat, row)[:_PRIORS]
    return CaseFiles(
        listed[0].uid,
        worklist.listing.paths(seat, row),
        tuple((prior.study.uid, worklist.listing.paths(seat, prior.study.id)) for prior in priors),
    )
